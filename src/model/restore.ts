import * as z from 'zod'
import { archiveIdSchema, sha256Hex } from './archive.ts'
import { type BytePath, pathFromBytes, pathFromText } from './path.ts'
import type { FileType } from './ports.ts'
import type { TocEntry } from './toc.ts'

export const conflictModes = ['overwrite', 'keep', 'keep-newer', 'rename'] as const
export type ConflictMode = (typeof conflictModes)[number]

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
  | { readonly kind: 'refuse'; readonly path: BytePath; readonly because: RefuseReason }
export type RestoreStepKind = RestoreStep['kind']

const count = z.int().min(0)
export const planCountsSchema = z.object({
  create: count,
  overwrite: count,
  unchanged: count,
  metadata: count,
  keep: count,
  delete: count,
  refuse: count,
})
/** Entries by what becomes of them. Parents that are made on the way are not entries. */
export type PlanCounts = z.infer<typeof planCountsSchema>

/** A path in JSON: text, or base64 where its bytes are not UTF-8. */
export const jsonPathSchema = z.union([z.string(), z.object({ pb: z.base64() })])
export type JsonPath = z.infer<typeof jsonPathSchema>

export function pathFromJson(json: JsonPath): BytePath {
  if (typeof json === 'string') return pathFromText(json)
  return pathFromBytes(Uint8Array.from(atob(json.pb), (char) => char.charCodeAt(0)))
}

export const restorePlanVersion = 1

/** Everything of a restore plan but its steps. */
export const planHeaderSchema = z.object({
  v: z.literal(restorePlanVersion),
  kind: z.literal('holdfast-restore-plan'),
  id: z.string().min(1),
  backup: z.string().min(1),
  repositoryId: z.string().min(1),
  target: z.union([
    z.object({ kind: z.literal('directory'), path: jsonPathSchema }),
    z.object({ kind: z.literal('in-place') }),
  ]),
  /** The archives the steps refer to by their number, bound to what they held. */
  archives: z.array(z.object({ service: z.string(), id: archiveIdSchema, root: sha256Hex })),
  /** Stored paths below `prefix` lie below the directory `base`, a path without symlinks. */
  places: z.array(z.object({ prefix: jsonPathSchema, base: jsonPathSchema })).min(1),
  /** The target's directory does not exist yet. */
  targetIsNew: z.boolean(),
  conflict: z.enum(conflictModes),
  /** The user the plan was made for: root restores ownership, another does not. */
  uid: count,
  counts: planCountsSchema,
  steps: count,
  bytesToWrite: count,
  /** Every file system that is written to, named by a directory on it, and the bytes it must have free. */
  space: z.array(z.object({ at: jsonPathSchema, bytes: count })),
  /** The first refusals; counts.refuse is their total. */
  refused: z.array(z.object({ path: jsonPathSchema, because: z.enum(refuseReasons) })),
  notes: z.array(z.string()),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
})
export type PlanHeader = z.infer<typeof planHeaderSchema>
