import type { BytePath } from '../../model/path.ts'
import type { ConflictMode } from '../../model/restore.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'
import type { ArchiveReader } from '../archive/reader.ts'
import type { User } from './attributes.ts'
import type { RestoreTarget } from './places.ts'
import type { PathSelector } from './select-paths.ts'

/** What a restore is asked to do. */
export interface RestoreRequest {
  readonly id: string
  readonly backup: string
  readonly repositoryId: string
  readonly archives: readonly RestoreArchive[]
  readonly repositoryRoot: BytePath
  /** An absolute path, or every path where it came from. */
  readonly target: RestoreTarget
  readonly select: PathSelector
  readonly conflict: ConflictMode
  readonly user: User
  /** ISO 8601 UTC. */
  readonly now: string
}

export interface RestoreArchive {
  readonly service: string
  readonly reader: ArchiveReader
}

/** A plan ready to be shown, saved or applied. Its steps lie in a file, one a line. */
export interface RestorePlan {
  readonly header: PlanHeader
  readonly spoolPath: BytePath
}

export interface PrepareOptions {
  readonly signal: AbortSignal
  onProgress?(doneEntries: number, totalEntries: number): void
}
