import type { BytePath } from '../../model/path.ts'
import type { ConflictMode, PathChoice } from '../../model/restore.ts'
import type { ChosenBy, OwnerRule, PlanHeader } from '../../model/restore-plan.ts'
import type { Lineage } from '../archive/lineage.ts'
import type { User } from './attributes.ts'
import type { EarlierRestore } from './earlier-restore.ts'
import type { RestoreTarget } from './places.ts'
import type { AskedPaths, PathSelector } from './select-paths.ts'

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
  /** What `select` was made from. */
  readonly asked: AskedPaths
  readonly conflict: ConflictMode
  readonly choices: ReadonlyMap<BytePath, PathChoice>
  readonly owners?: readonly OwnerRule[]
  /** How the backups were found, and what is to be said of that. */
  readonly choice?: { readonly chosen: ChosenBy; readonly notes: readonly string[] } | null
  /** What else is to be said of the plan. */
  readonly notes?: readonly string[]
  /** What stands in restored directories and is not in the backup is to be removed. */
  readonly deleteExtra?: boolean
  /** Files that are written after all others; null where none is. */
  readonly last?: PathSelector | null
  /** What is replaced is to be saved before. */
  readonly saves: boolean
  /** What an earlier restore did here, which is taken back or gone on with. */
  readonly earlier?: EarlierRestore | null
  readonly user: User
  /** ISO 8601 UTC. */
  readonly now: string
}

export interface RestoreArchive {
  readonly service: string
  /** Where the archives are of several backups. */
  readonly backup?: string
  /** Of its backup, ISO 8601 UTC; where nobody named the backup. */
  readonly createdAt?: string
  readonly lineage: Lineage
}

/** A plan ready to be shown, saved or applied. Its steps lie in a file, one a line. */
export interface RestorePlan {
  readonly header: PlanHeader
  readonly spoolPath: BytePath
  /** By archive, the ordinals that its steps read from; null where that is not known. */
  readonly holders: readonly ReadonlySet<number>[] | null
}

export interface PrepareOptions {
  readonly signal: AbortSignal
  onProgress?(doneEntries: number, totalEntries: number): void
}
