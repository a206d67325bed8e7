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

/** Files of the user or group `from`, a number or a name the backup has stored, are given to the number `to`. */
export const ownerRuleSchema = z.object({
  kind: z.enum(['user', 'group']),
  from: z.union([count, z.string().min(1)]),
  to: count,
  /** As it was asked for: a name of this machine, or the number. */
  name: z.string(),
})
export type OwnerRule = z.infer<typeof ownerRuleSchema>

/** How the backups of a plan were found, where nobody named one. */
export const chosenBySchema = z.object({
  by: z.enum(['at', 'last']),
  /** `at`: the time asked for. `last`: when the plan was made. */
  at: z.iso.datetime(),
  /** The same as people read it, with its zone. */
  text: z.string(),
  /** `last`: what was searched for. */
  path: jsonPathSchema.optional(),
  /** Services that are not restored, as they have no sound backup that old; and when the first one was made. */
  lacking: z.array(z.object({ service: z.string(), firstAt: z.iso.datetime().nullable() })),
  /** Newer backups that would have been taken, but are damaged: a sentence for each. */
  passedOver: z.array(z.string()),
})
export type ChosenBy = z.infer<typeof chosenBySchema>

/** Everything of a restore plan but its steps. */
export const planHeaderSchema = z.object({
  v: z.literal(restorePlanVersion),
  kind: z.literal('holdfast-restore-plan'),
  id: z.string().min(1),
  /** Of the first archive. */
  backup: z.string().min(1),
  repositoryId: z.string().min(1),
  target: z.union([
    z.object({ kind: z.literal('directory'), path: jsonPathSchema }),
    z.object({ kind: z.literal('in-place') }),
  ]),
  /** The archives the steps refer to by their number, bound to what they held. */
  archives: z.array(
    z.object({
      service: z.string(),
      id: archiveIdSchema,
      root: sha256Hex,
      /** Absent where it is the plan's own. */
      backup: z.string().min(1).optional(),
      /** When its backup was made; absent where somebody named the backup. */
      createdAt: z.iso.datetime().optional(),
    }),
  ),
  /** Absent where somebody named the backup. */
  chosen: chosenBySchema.optional(),
  /** Stored paths below `prefix` lie below the directory `base`, a path without symlinks. */
  places: z.array(z.object({ prefix: jsonPathSchema, base: jsonPathSchema })).min(1),
  /** The target's directory does not exist yet. */
  targetIsNew: z.boolean(),
  /** Absent where all was asked for: patterns of paths, or one path and all below it. */
  paths: z.array(z.string()).optional(),
  below: jsonPathSchema.optional(),
  deleteExtra: z.literal(true).optional(),
  /** Patterns of files that are written last. */
  last: z.array(z.string()).optional(),
  conflict: z.enum(conflictModes),
  /** What was decided for single paths and all below them; absent where nothing was. */
  choices: z.array(z.object({ path: jsonPathSchema, choice: z.enum(pathChoices) })).optional(),
  /** Absent where owners stay who they are; steps hold what comes of it. */
  owners: z.array(ownerRuleSchema).optional(),
  /** The user the plan was made for: root restores ownership, another does not. */
  uid: count,
  /** Id of the restore this plan takes back. */
  undoes: z.string().min(1).optional(),
  /** How many attempts that restore had when this plan was made. */
  attempts: count.optional(),
  /** Id of the interrupted restore this plan goes on with. */
  resumes: z.string().min(1).optional(),
  /** What is saved before the first change; absent where nothing is. */
  saves: z.object({ entries: count, bytes: count }).optional(),
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
