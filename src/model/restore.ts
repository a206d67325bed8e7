import type { BytePath } from './path.ts'
import type { FileType } from './ports.ts'
import type { TocEntry } from './toc.ts'

export const conflictModes = ['overwrite', 'keep', 'keep-newer', 'rename'] as const
export type ConflictMode = (typeof conflictModes)[number]

/** What is decided for one path: a conflict mode of its own, `restore` under the mode that holds for all, or `skip`. */
export const pathChoices = [...conflictModes, 'restore', 'skip'] as const
export type PathChoice = (typeof pathChoices)[number]

export type KeepReason = 'exists' | 'newer'
export const refuseReasons = [
  'escapes-target',
  'absolute-path',
  'malformed-path',
  'parent-is-symlink',
  'parent-is-not-a-directory',
  'below-a-link-of-this-archive',
  'type-conflict',
  'duplicate-path',
  'case-clash',
  'inside-repository',
  'needs-root',
  'link-target-missing',
  'unknown-type',
  'data-missing',
  'changed-since-the-plan',
  'others-missing',
] as const
export type RefuseReason = (typeof refuseReasons)[number]

/** What stood at the path when the plan was made: enough to tell that it has changed since. */
export interface Replaced {
  readonly type: FileType
  readonly sizeBytes: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly inode: bigint
  /** Names the file has: what is done to one of them changes the change time of all. */
  readonly links: number
}

/**
 * One decision about one path. `path` is as stored; where it lies on disk, the plan's places say.
 * `make-parent` makes a directory that holds something restored but is not itself part of it: 0755, no more.
 */
export type RestoreStep =
  | { readonly kind: 'make-parent'; readonly path: BytePath }
  | { readonly kind: 'make-directory'; readonly entry: TocEntry; readonly replaces: null }
  | { readonly kind: 'write-file'; readonly entry: TocEntry; readonly replaces: Replaced | null }
  | { readonly kind: 'make-symlink'; readonly entry: TocEntry; readonly replaces: Replaced | null }
  | {
      readonly kind: 'make-hardlink'
      readonly entry: TocEntry
      readonly to: BytePath
      readonly replaces: Replaced | null
    }
  | { readonly kind: 'make-special'; readonly entry: TocEntry; readonly replaces: Replaced | null }
  | { readonly kind: 'set-attributes'; readonly entry: TocEntry; readonly replaces: Replaced }
  | { readonly kind: 'write-beside'; readonly entry: TocEntry; readonly as: BytePath; readonly replaces: null }
  | { readonly kind: 'unchanged'; readonly entry: TocEntry; readonly replaces: Replaced }
  | { readonly kind: 'keep'; readonly entry: TocEntry; readonly because: KeepReason; readonly replaces: Replaced }
  /** Stands in a restored directory, and the backup does not have it. A directory goes only once it is empty. */
  | { readonly kind: 'remove'; readonly path: BytePath; readonly replaces: Replaced }
  | { readonly kind: 'refuse'; readonly path: BytePath; readonly because: RefuseReason }
export type RestoreStepKind = RestoreStep['kind']

/** Entries by what becomes of them. Parents that are made on the way are not entries. */
export interface PlanCounts {
  readonly create: number
  readonly overwrite: number
  readonly unchanged: number
  readonly metadata: number
  readonly keep: number
  readonly delete: number
  readonly refuse: number
}
