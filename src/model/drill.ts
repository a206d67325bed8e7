import * as z from 'zod'
import { backupIdSchema, type ScheduledBy, scheduledBySchema } from './backup.ts'

/** A rehearsal of the emergency: a timed restore into a scratch place, compared with what was backed up, and checked. */

export interface DrillOptions {
  /** An id, a part of one, or `latest`; of a schedule `latest` is the newest good backup of each service. */
  readonly backup: string
  /** Empty is all. */
  readonly services: readonly string[]
  /** The user's own proof: run with `sh -c` in the scratch directory. It is logged as given. */
  readonly check: { readonly command: string; readonly timeoutMs: number } | null
  /** Leaves what was restored. */
  readonly keep: boolean
  /** The directory a directory of the drill's own is made in; null is the repository's temp/, else the system's. */
  readonly scratch: string | null
  readonly workers: number | null
  /** The schedule that asks; absent where a person does. */
  readonly schedule?: ScheduledBy | undefined
}

/** How far the proof goes: `compared` with the recorded hashes and attributes, or `checked` by the user's command too. */
export const drillLevels = ['compared', 'checked'] as const
export type DrillLevel = (typeof drillLevels)[number]

const count = z.int().min(0)

/** One line of `drills.ndjson`. */
export const drillRecordSchema = z.looseObject({
  v: z.literal(1),
  /** The backup. */
  id: backupIdSchema,
  run: z.string(),
  /** When the drill began. */
  at: z.iso.datetime(),
  services: z.array(z.string()),
  ok: z.boolean(),
  level: z.enum(drillLevels),
  /** The restore and the check; comparing is no part of a recovery. Null where it did not come so far. */
  rtoMs: count.nullable(),
  restoreMs: count.nullable(),
  /** Entries compared, and how many of them differ; null where nothing could be compared. */
  compared: z.looseObject({ entries: count, bytes: count, different: count }).nullable(),
  /** Null where there was none. */
  check: z.looseObject({ ok: z.boolean(), exitCode: z.int().nullable(), timedOut: z.boolean() }).nullable(),
  limitsMissed: z.array(z.string()),
  /** Why there was nothing to compare. */
  error: z.string().nullable(),
  /** The schedule that asked for it; absent where a person did. */
  schedule: scheduledBySchema.optional(),
})
export type DrillRecord = z.infer<typeof drillRecordSchema>

/** What a drill says of a backup. */
export interface Proof {
  readonly id: string
  readonly at: string
  readonly ok: boolean
  readonly rtoMs: number | null
  readonly level: DrillLevel
}

export interface DrillCard {
  readonly backup: string
  readonly services: readonly string[]
  readonly ok: boolean
  readonly restored: {
    readonly ok: boolean
    readonly written: number
    readonly bytes: number
    readonly durationMs: number
    /** Files whose content the backup no longer has. */
    readonly damaged: number
  }
  readonly compared: {
    readonly ok: boolean
    readonly entries: number
    readonly files: number
    readonly bytes: number
    readonly different: number
    /** The first of them. */
    readonly differences: readonly { readonly path: string; readonly what: string }[]
    readonly durationMs: number
  }
  readonly check: CheckEnd | null
  /** The restore and the check. Comparing is no part of a recovery, and is timed apart. */
  readonly rtoMs: number
  /** Age of what the backup holds when the drill began. */
  readonly ageMs: number
  /** The widest gap between the last thirty backups of any of its services; null where there are not two. */
  readonly widestGapMs: number | null
  readonly limits: readonly DrillLimit[]
  /** What was not restored or compared, and why. */
  readonly notes: readonly string[]
  /** Where what was restored still lies; null where it was removed. */
  readonly kept: string | null
}

export interface CheckEnd {
  readonly ok: boolean
  /** Null where a signal ended it. */
  readonly exitCode: number | null
  readonly timedOut: boolean
  /** The last lines of what it wrote. */
  readonly output: readonly string[]
  readonly durationMs: number
}

/** A limit that is configured for a service, and what was measured. `rpo-age` is judged for its newest backup alone. */
export interface DrillLimit {
  readonly service: string
  readonly kind: 'rto' | 'rpo-age' | 'rpo-gap'
  readonly allowedMs: number
  readonly measuredMs: number
  readonly met: boolean
}

export interface DrillOutcome {
  readonly run: string
  readonly exitCode: number
  /** One for each backup that was drilled: several where a schedule's services have their newest in several. */
  readonly cards: readonly [DrillCard, ...DrillCard[]]
}
