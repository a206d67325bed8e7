import type { BytePath } from './path.ts'
import type { TocEntry } from './toc.ts'

/** What differs between two backups, or a backup and what is there now. */

export interface DiffOptions {
  readonly backup: string
  readonly services: readonly string[]
  readonly against: { readonly kind: 'backup'; readonly id: string } | { readonly kind: 'live' }
}

/** For whoever waits for a comparison and may lose patience. */
export interface DiffWatch {
  readonly signal: AbortSignal
  /** Entries that were compared, of about how many. Told often. */
  progress(done: number, total: number): void
  /** Among so many changes at most, removed and added files of one content are told as one that was renamed. */
  readonly renamesAmong: number
}

export interface Change {
  readonly service: string
  readonly path: BytePath
  readonly change: 'added' | 'removed' | 'changed' | 'metadata' | 'renamed'
  /** The path it had before, for `renamed`; null for all others. */
  readonly from: BytePath | null
  readonly before: TocEntry | null
  readonly after: TocEntry | null
  /** Which attributes differ, for `metadata` and `renamed`; for `changed` why: 'type', 'content', 'size'. */
  readonly attributes: readonly string[]
}

export interface DiffResult {
  readonly from: string
  readonly to: string
  readonly counts: Readonly<Record<Change['change'], number>>
  readonly warnings: readonly string[]
}
