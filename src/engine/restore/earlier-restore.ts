import type { BytePath } from '../../model/path.ts'
import type { RestorableEntry } from './step-line.ts'

/** What the planner is told of a restore that was made before, to take it back or to go on with it. */

export interface EarlierRestore {
  readonly kind: 'taken-back' | 'gone-on-with'
  readonly id: string
  readonly attempts: number
  readonly changed: EarlierPaths
  /** By archive of this plan, the attempt of that restore before which it was made. */
  readonly attemptOf: readonly number[]
}

/** A path that a restore has changed, or was about to. */
export interface ChangedPath {
  /** As it lies on disk, without the leading slash. */
  readonly path: BytePath
  /** Number of the first attempt that was to change it. */
  readonly attempt: number
  /** Nothing stood there before that attempt; or a socket, which nobody can save. */
  readonly created: boolean
  readonly isDirectory: boolean
  /** Of what stood there when the attempt was planned; null where nothing did. */
  readonly inode: bigint | null
  /** What it was to become; null for what was removed, and for directories that were only made on the way. */
  readonly entry: RestorableEntry | null
  /** The time a directory had, where nothing else of it was to change. */
  readonly touchedAt: bigint | null
  /** It was written after all others. */
  readonly last: boolean
  /** The name under which it was written beside what stands here, which stays. */
  readonly as: BytePath | null
}

/** All that it was to change, in the order of paths. */
export interface EarlierPaths {
  /** Those before a path, or all that are left; each is given once. */
  before(path: BytePath | null): Iterable<ChangedPath>
  /** The one with exactly this path, if it comes next; it stays. */
  peek(path: BytePath): ChangedPath | null
  /** Passes over the one that comes next. */
  skip(): void
}
