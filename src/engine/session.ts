import type { CatalogEntry } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import type { BytePath } from '../model/path.ts'
import { type CatalogPort, chooseBackup, listBackups } from './catalog.ts'
import type { Configured } from './configuration.ts'
import { secretFromText } from './keys/secrets.ts'
import { type KdfChoice, type Keys, kdfDefaults, type SlotKey } from './keys/slots.ts'
import { absolutePath } from './plan/settings-sources.ts'
import { openRepository, type Repository, type World } from './repository.ts'
import type { SchedulesPort } from './schedules-port.ts'
import { type FoundKey, findKey, keyringForWriting, keysForReading } from './unlock.ts'

/** What the composition root hands to the engine. */
export interface EngineParts {
  readonly world: World
  readonly configured: Configured
  /** The directory relative paths start from. */
  readonly workingDirectory: BytePath
  readonly nodeVersion: string
  catalogOf(repository: Repository): CatalogPort
  schedulesOf(repository: Repository): SchedulesPort
  /** Asks a person for the passphrase; null where there is nobody to ask. */
  readonly askPassphrase: (() => Promise<string>) | null
  /** What was typed was wrong: `askPassphrase` asks anew. */
  forgetPassphrase?(): void
}

/** What the deeds of one process share: the repository, the key once it was looked for, the catalog. */
export class Session {
  readonly parts: EngineParts
  readonly root: BytePath
  #key: FoundKey | null | undefined

  constructor(parts: EngineParts) {
    this.parts = parts
    this.root = parts.configured.settings.root
  }

  get world(): World {
    return this.parts.world
  }

  /** @throws E_NO_REPOSITORY. */
  repository(): Repository {
    return openRepository(this.world.files, this.root)
  }

  catalog(repository: Repository): CatalogPort {
    return this.parts.catalogOf(repository)
  }

  /** Where a key file is looked for when no variable holds the key. */
  get keyFile(): BytePath {
    const { key, keyFile } = this.parts.configured.settings.encryption
    return key.kind === 'file' ? key.path : keyFile
  }

  /** The key at hand without asking anybody. @throws E_KEY_UNUSABLE, E_IO. */
  foundKey(): FoundKey | null {
    if (this.#key !== undefined) return this.#key
    const { encryption } = this.parts.configured.settings
    this.#key = findKey(this.world.files, {
      fromEnvironment:
        encryption.key.kind === 'environment' ? this.parts.configured.lookUpSecret(encryption.keyVariable) : null,
      variable: encryption.keyVariable,
      keyFile: this.keyFile,
    })
    return this.#key
  }

  /** The key at hand, or the passphrase a person types. */
  async key(): Promise<FoundKey | null> {
    const found = this.foundKey()
    if (found !== null || this.parts.askPassphrase === null) return found
    const text = await this.parts.askPassphrase()
    this.#key = text === '' ? null : { secret: secretFromText(text), origin: 'the passphrase that was typed' }
    return this.#key
  }

  /** What a person typed opens nothing: whoever needs the key next asks again. */
  forgetTypedKey(): void {
    this.#key = undefined
    this.parts.forgetPassphrase?.()
  }

  /** Keys for backups that may be encrypted; asks only where one of them is. */
  async keys(repository: Repository, encrypted: boolean): Promise<Keys> {
    const found = encrypted ? await this.key() : this.foundKey()
    return keysForReading(this.world.files, repository, found, this.keyFile)
  }

  /** Keys to write for. Asked for late: a key that was added meanwhile is among them. */
  writeKeys(repository: Repository, encrypt: boolean, found: FoundKey | null): () => Promise<readonly SlotKey[]> {
    return async () =>
      encrypt ? (await keyringForWriting(this.world, repository, found, this.derivation())).slotKeys : []
  }

  async backups(repository: Repository): Promise<readonly CatalogEntry[]> {
    return (await listBackups(this.world.files, repository, this.catalog(repository))).backups
  }

  async backup(repository: Repository, wanted: string, services: readonly string[] = []): Promise<CatalogEntry> {
    return chooseBackup(await this.backups(repository), wanted, services)
  }

  /** What is to be said of a backup that is not encrypted where everything should be: who made it cannot be known. */
  unproven(id: string): string[] {
    if (!this.parts.configured.settings.encryption.enabled) return []
    return [`${id} is not encrypted, as new backups are: nothing proves who made it, or that nobody has changed it`]
  }

  /** A path as typed, made absolute without resolving symlinks. */
  absolute(path: string): BytePath {
    if (path === '') throw new BackupError('E_USAGE', 'a path is empty', 'name a path')
    return absolutePath(this.parts.workingDirectory, path)
  }

  derivation(): KdfChoice {
    const { derivation } = this.parts.configured.settings.encryption
    const salt = this.world.random.bytes(derivation.saltBytes)
    switch (derivation.algorithm) {
      case 'scrypt':
        return { ...kdfDefaults.scrypt, salt }
      case 'argon2id':
        return { ...kdfDefaults.argon2id, salt }
      case 'pbkdf2':
        return { kdf: 'pbkdf2', params: { i: derivation.iterations }, salt }
    }
  }
}
