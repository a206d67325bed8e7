import * as z from 'zod'
import { archiveIdSchema, sha256Hex } from './archive.ts'
import { conflictModes, pathChoices, refuseReasons } from './restore.ts'

/** A restore plan as it is saved. */

export const jsonPathSchema = z.union([z.string(), z.object({ pb: z.base64() })])

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
  /** What was decided for single paths and all below them; absent where nothing was. */
  choices: z.array(z.object({ path: jsonPathSchema, choice: z.enum(pathChoices) })).optional(),
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
  /** Entries refused because an older archive that holds them cannot be read. */
  unreadable: z.int().min(0),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
})
export type PlanHeader = z.infer<typeof planHeaderSchema>
