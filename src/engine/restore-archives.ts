import { damaged } from '../model/errors.ts'
import type { RestoreOptions } from '../model/planned-restore.ts'
import type { PlanHeader } from '../model/restore-plan.ts'
import type { Lineage } from './archive/lineage.ts'
import { openArchive, openBackup } from './inspect.ts'
import { readDetails, readManifest } from './manifest.ts'
import type { Repository } from './repository.ts'
import type { RestoreArchive, RestoreRequest } from './restore/request.ts'
import type { Session } from './session.ts'
import { safetyDescription } from './undo/save-replaced.ts'

type Source = Exclude<RestoreOptions['source'], { readonly kind: 'plan' | 'resume' }>

/** The archives a restore reads, of one backup or of several, open until it is done. */
export class OpenArchives {
  readonly archives: RestoreArchive[] = []
  /** What is to be said of them. */
  readonly healed: string[] = []
  readonly unproven: string[] = []
  readonly #session: Session
  readonly #repository: Repository

  constructor(session: Session, repository: Repository) {
    this.#session = session
    this.#repository = repository
  }

  /** The backups that are asked for; `choice` is null where somebody named the one there is. */
  async choose(
    source: Source,
  ): Promise<{ readonly backup: string; readonly choice: NonNullable<RestoreRequest['choice']> | null }> {
    const session = this.#session
    if (source.kind === 'backup') {
      const { id } = await session.backup(this.#repository, source.backup, source.services)
      await this.#open(id, source.services)
      return { backup: id, choice: null }
    }
    const { chooseAt, chooseLast } = await import('./restore-choice.ts')
    const { open, chosen, notes } =
      source.kind === 'at'
        ? await chooseAt(session, this.#repository, source)
        : await chooseLast(session, this.#repository, source)
    for (const { entry, service, file, lineage } of open) {
      this.archives.push({ service, backup: entry.id, createdAt: entry.createdAt, lineage })
      this.#note(entry.id, file, lineage, entry.encrypted)
    }
    return { backup: open[0].entry.id, choice: { chosen, notes } }
  }

  /** Those of a saved plan, in its order. */
  async planned({ backup, archives, chosen, undoes }: PlanHeader): Promise<void> {
    const services = archives.map(({ service }) => service)
    if (chosen === undefined && undoes === undefined) return await this.#open(backup, services)
    for (const { service, backup: own = backup } of archives) await this.#open(own, [service], chosen === undefined)
  }

  /** Those of the backup made before a restore, and not of any other that was put in its place. @throws E_DAMAGED. */
  async safety(id: string, restore: string): Promise<void> {
    const { files } = this.#session.world
    const manifest = readManifest(files, this.#repository, id)
    const keys = await this.#session.keys(this.#repository, manifest.sealed !== undefined)
    if (manifest.type !== 'safety' || readDetails(manifest, keys).description !== safetyDescription(restore))
      throw damaged(`${id} was not made before the restore ${restore}`, 'nothing was changed; bring back the right one')
    await this.#open(id, [], true)
  }

  close(): void {
    for (const { lineage } of this.archives) lineage.close()
  }

  /** `isOneOfSeveral`: each archive says which backup it is of. */
  async #open(id: string, services: readonly string[], isOneOfSeveral = false): Promise<void> {
    const { files } = this.#session.world
    const entry = await this.#session.backup(this.#repository, id)
    const keys = await this.#session.keys(this.#repository, entry.encrypted)
    const { manifest, archives } = openBackup(files, this.#repository, entry, services, keys)
    for (const archive of archives) {
      const lineage = openArchive(files, this.#repository, manifest, archive, keys)
      this.archives.push({ service: archive.service, ...(isOneOfSeveral ? { backup: id } : {}), lineage })
      this.#note(id, archive.file, lineage, manifest.sealed !== undefined)
    }
  }

  #note(backup: string, file: string, { top }: Lineage, isEncrypted: boolean): void {
    const doubts = isEncrypted ? [] : this.#session.unproven(backup)
    this.unproven.push(...doubts.filter((doubt) => !this.unproven.includes(doubt)))
    if (top.healed) this.healed.push(`one copy of the header of ${file} is damaged; the other one served`)
  }
}
