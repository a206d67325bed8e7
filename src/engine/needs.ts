import type { CatalogEntry } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import type { Files } from '../model/ports.ts'
import { readManifest } from './manifest.ts'
import { backupIds, type Repository } from './repository.ts'

/**
 * Who needs whom of the backups in archives/, by their manifests. Each is read once, however often is looked: what a
 * backup needs never changes.
 */
export class Needs {
  readonly #files: Files
  readonly #repository: Repository
  readonly #known = new Map<string, Known>()
  readonly #dependents = new Map<string, Set<string>>()

  constructor(files: Files, repository: Repository) {
    this.#files = files
    this.#repository = repository
  }

  /**
   * Looks which backups there are now. Of one whose manifest cannot be read, what the catalog says is believed.
   *
   * @throws E_NEEDED where the catalog does not know it either: it may need any of them.
   */
  look(entries: ReadonlyMap<string, CatalogEntry>): void {
    const present = new Set(backupIds(this.#files, this.#repository))
    for (const id of [...this.#known.keys()]) if (!present.has(id)) this.forget(id)
    for (const id of present) {
      if (this.#known.has(id)) continue
      const known = this.#read(id, entries.get(id))
      if (known === null) continue
      this.#known.set(id, known)
      for (const needed of known.deps) {
        const dependents = this.#dependents.get(needed)
        if (dependents === undefined) this.#dependents.set(needed, new Set([id]))
        else dependents.add(id)
      }
    }
  }

  /** Of those that are there, the backups that need this one. */
  dependentsOf(id: string): ReadonlySet<string> {
    return this.#dependents.get(id) ?? new Set()
  }

  /** Ids of its archives; none where its manifest cannot be read. */
  archivesOf(id: string): readonly string[] {
    const known = this.#known.get(id)
    if (known?.archives !== null) return known?.archives ?? []
    // The disk may have failed only that once.
    return this.#read(id, { deps: known.deps })?.archives ?? []
  }

  /** All archives of all backups; null where a manifest cannot be read. */
  allArchives(): ReadonlySet<string> | null {
    const all = new Set<string>()
    for (const { archives } of this.#known.values()) {
      if (archives === null) return null
      for (const id of archives) all.add(id)
    }
    return all
  }

  /** The backup is not there any more. */
  forget(id: string): void {
    for (const needed of this.#known.get(id)?.deps ?? []) this.#dependents.get(needed)?.delete(id)
    this.#known.delete(id)
  }

  #read(id: string, entry: { readonly deps: readonly string[] } | undefined): Known | null {
    try {
      const { deps, archives } = readManifest(this.#files, this.#repository, id)
      return { deps, archives: archives.map((archive) => archive.id) }
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
      if (this.#files.status(this.#repository.backup(id)) === undefined) return null
      if (entry !== undefined) return { deps: entry.deps, archives: null }
      throw new BackupError(
        'E_NEEDED',
        `what ${id} needs cannot be told: ${error.message}`,
        `bring ${id} back from a copy, or take it out of archives/ first`,
        error,
      )
    }
  }
}

interface Known {
  readonly deps: readonly string[]
  /** Null where its manifest cannot be read. */
  readonly archives: readonly string[] | null
}

/** @throws E_NEEDED where backups that are there need this one. */
export function refuseIfNeeded(needs: Needs, id: string): void {
  const dependents = needs.dependentsOf(id)
  const [first] = dependents
  if (first === undefined) return
  const which = dependents.size === 1 ? first : `${dependents.size} backups, among them ${first},`
  throw new BackupError(
    'E_NEEDED',
    `${id} is needed by ${which}`,
    `delete ${dependents.size === 1 ? 'that one' : 'those'} first; holdfast list --json tells what depends on what`,
  )
}
