import { BackupError } from '../model/errors.ts'
import type { Keyring } from '../model/keyring.ts'
import { type BytePath, displayPath } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { createKeyring, parseKeyring, type UnlockedKeyring, unlockKeyring } from './keys/keyring.ts'
import { blanksHint, hidesRawKey, type Secret, secretFromKeyfile, secretFromText } from './keys/secrets.ts'
import { type KdfChoice, type Keys, noKeys, slotKeyFor } from './keys/slots.ts'
import { explainIo } from './platform/explain-io.ts'
import { readBytes, readText, replaceFile } from './platform/json-file.ts'
import type { Repository, World } from './repository.ts'

/** Which key there is, and what it opens. */

export interface KeyPlaces {
  /** The environment's word; resolved late, never kept. */
  readonly fromEnvironment: string | null
  readonly variable: string
  readonly keyFile: BytePath
}

export interface FoundKey {
  readonly secret: Secret
  /** For people: which variable, which file. */
  readonly origin: string
}

/** The first key found: environment, key file. Null where there is none. @throws E_KEY_UNUSABLE, E_IO. */
export function findKey(files: Files, places: KeyPlaces): FoundKey | null {
  if (places.fromEnvironment !== null)
    return { secret: secretFromText(places.fromEnvironment), origin: `the variable ${places.variable}` }
  let bytes: Uint8Array | null
  try {
    bytes = readBytes(files, places.keyFile, 1024 * 1024 + 1)
  } catch (error) {
    throw explainIo(error, 'read the key file', places.keyFile)
  }
  if (bytes === null) return null
  return { secret: secretFromKeyfile(bytes), origin: `the key file ${displayPath(places.keyFile)}` }
}

export function readKeyring(files: Files, repository: Repository): Keyring | null {
  const text = readText(files, repository.keyring)
  if (text === null) return null
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new BackupError('E_KEYRING', 'keys/keyring.json is not JSON', 'put back an older copy of keys/keyring.json')
  }
  return parseKeyring(json)
}

/**
 * Keys for reading. Archives carry their own slots, so a lost or damaged keyring, or one the key does not open, only
 * narrows what can be opened; each archive says for itself whether the key fits.
 */
export function keysForReading(files: Files, repository: Repository, found: FoundKey | null, keyFile: BytePath): Keys {
  if (found === null) return { ...noKeys, absentFile: displayPath(keyFile) }
  const secrets = [found.secret]
  try {
    const keyring = readKeyring(files, repository)
    if (keyring === null) return { secrets, slotKeys: [] }
    return { secrets, slotKeys: unlockKeyring(keyring, found.secret).slotKeys }
  } catch (error) {
    if (error instanceof BackupError && (error.code === 'E_KEY_WRONG' || error.code === 'E_KEYRING'))
      return { secrets, slotKeys: [] }
    throw error
  }
}

/**
 * The repository's keyring, unlocked; made where there is none yet.
 *
 * @throws E_KEY_MISSING, E_KEY_WRONG, E_KEYRING: nothing is ever written under a key that does not open the rest.
 */
export async function keyringForWriting(
  world: World,
  repository: Repository,
  found: FoundKey | null,
  derivation: KdfChoice,
): Promise<UnlockedKeyring> {
  if (found === null) {
    throw new BackupError(
      'E_KEY_MISSING',
      'there is no encryption key',
      'set BACKUP_ENCRYPTION_KEY, or make a key with: holdfast init',
    )
  }
  const keyring = readKeyring(world.files, repository)
  if (keyring !== null) {
    try {
      return unlockKeyring(keyring, found.secret)
    } catch (error) {
      if (!(error instanceof BackupError && error.code === 'E_KEY_WRONG')) throw error
      throw new BackupError(
        'E_KEY_WRONG',
        `the key from ${found.origin} does not open this repository`,
        hidesRawKey(found.secret)
          ? blanksHint
          : 'give the key the repository was made with; holdfast keys list shows the fingerprints',
        error,
      )
    }
  }
  const slotKey = slotKeyFor(found.secret, derivation, world.random)
  const made = createKeyring(slotKey, 'first key', world.clock.now(), world.random)
  await replaceFile(world.files, repository.keyring, `${JSON.stringify(made.keyring, null, 2)}\n`)
  return made.unlocked
}
