import type { CatalogEntry } from './backup.ts'
import type { Proof } from './drill.ts'

/** The repository as a whole: made, listed, its catalog rebuilt. */

export interface InitOptions {
  /** Asked for where a new passphrase is wanted; null makes a key file instead. */
  readonly passphrase: string | null
}

export interface InitResult {
  readonly root: string
  /** False where the repository was there already; then nothing was changed. */
  readonly created: boolean
  readonly encrypted: boolean
  /** The key file that was made; null where a key was given, or where nothing is encrypted. */
  readonly keyFile: string | null
  readonly configurationFile: string | null
  readonly notices: readonly string[]
}

export interface ListOptions {
  readonly type: string | null
  readonly services: readonly string[]
  /** Only backups of the last so many days; null is all. */
  readonly days: number | null
}

export interface ListResult {
  /** Newest first. */
  readonly backups: readonly CatalogEntry[]
  /** Trouble with the catalog; the list is complete all the same. */
  readonly problems: readonly string[]
  /** By id, what the newest drill of a backup said; of one that was never drilled there is none. */
  readonly drilled?: ReadonlyMap<string, Proof>
}

export interface RebuildResult {
  readonly exitCode: number
  readonly backups: number
  readonly keptAs: string | null
  readonly problems: readonly string[]
}
