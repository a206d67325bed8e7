import type { CatalogEntry, ScheduledBy } from './backup.ts'
import type { Compression } from './format.ts'

/** Making a backup, and what one would take. */

export interface CreateOptions {
  readonly type: 'full' | 'incremental' | 'differential' | 'service'
  /** Paths of the command line, as given; empty means the configured services. */
  readonly paths: readonly string[]
  readonly services: readonly string[]
  readonly description: string
  /** Null is the configured compression. */
  readonly compression: Compression | null
  readonly exclude: readonly string[]
  readonly excludeCaches: boolean
  readonly oneFileSystem: boolean
  /** Leave out the data volumes of the services. */
  readonly withoutVolumes: boolean
  /** Believe nothing an older backup says but content that was read and compared. */
  readonly paranoid: boolean
  /** A path with nothing below it is meant so, even where it had something before. */
  readonly acceptEmpty: boolean
  /** Somebody looks at the progress: how much there is may be counted beforehand. */
  readonly estimate: boolean
  /** The schedule that asks; absent where a person does. */
  readonly schedule?: ScheduledBy | undefined
}

/** What decides which entries a create takes. */
export type EstimateOptions = Pick<
  CreateOptions,
  'type' | 'paths' | 'services' | 'exclude' | 'excludeCaches' | 'oneFileSystem' | 'withoutVolumes' | 'paranoid'
>

export interface Estimating {
  /** Ends the counting within a moment, with E_INTERRUPTED. */
  readonly signal: AbortSignal
  /** What was counted so far, as it grows. */
  listen(soFar: Estimate): void
}

export interface Estimate {
  readonly entries: number
  readonly files: number
  /** Content of the files, each hard link's once. */
  readonly bytes: number
  /**
   * Of these, what an incremental or differential would read, because it is new or may have changed: at most so much is
   * stored anew. Null for other types, and where only reading would tell, where there is nothing to build upon, or where
   * that cannot be opened with what is at hand.
   */
  readonly changed: { readonly files: number; readonly bytes: number } | null
  /** Paths that cannot be looked at, or that a pattern leaves out though they were named: the create would warn. */
  readonly unreadable: number
  /** What is left out on purpose, counted by reason. */
  readonly skipped: Readonly<Record<string, number>>
  /** What the create would say of the request, in words. */
  readonly notices: readonly string[]
}

export interface CreateOutcome {
  readonly exitCode: number
  readonly run: string
  readonly backup: CatalogEntry
  readonly bytes: number
  readonly storedBytes: number
  readonly durationMs: number
  readonly warnings: number
  /** What was left out on purpose, counted by reason. */
  readonly skipped: Readonly<Record<string, number>>
}
