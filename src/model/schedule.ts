import * as z from 'zod'
import { name, timeZone } from './configuration-values.ts'
import { parseCron } from './cron.ts'
import { BackupError } from './errors.ts'
import { compressions } from './format.ts'
import { retentionCountsSchema } from './retention.ts'

/** Schedules: what is to be done again and again, and what became of it. schedules.json holds them. */

export const backupScheduleTypes = ['full', 'incremental', 'differential', 'service'] as const
/** A backup of that type, or a drill of the newest good ones. */
export const scheduleTypes = [...backupScheduleTypes, 'drill'] as const
export type ScheduleType = (typeof scheduleTypes)[number]

export const runOutcomes = ['done', 'warnings', 'failed', 'interrupted'] as const
export type RunOutcome = (typeof runOutcomes)[number]

export const longestJitterSeconds = 24 * 60 * 60

/** A run of a schedule, noted before it starts. */
export const scheduleRunSchema = z.looseObject({
  /** The instant of the schedule that it stands for. */
  at: z.iso.datetime(),
  startedAt: z.iso.datetime(),
  /** Its id in runs/. */
  run: z.string().min(1),
  /** Null until it has ended, and for ever where its process was killed. */
  outcome: z.enum(runOutcomes).nullable(),
  durationMs: z.number().min(0).nullable(),
  /** Which try of this instant it is; absent: the first. */
  attempt: z.int().min(1).optional(),
  /** When it is tried again; absent where it is not. */
  retryAt: z.iso.datetime().optional(),
})
export type ScheduleRun = z.infer<typeof scheduleRunSchema>
/** What is noted of a run when it has ended. */
export type RunEnd = Pick<ScheduleRun, 'outcome' | 'durationMs' | 'retryAt'>

/** What a drill is scheduled with; `holdfast drill` has the same as options. */
export const scheduledDrillSchema = z.looseObject({
  /** The user's own proof: `sh -c` where it was restored. It stands here, and is logged, as given. */
  check: z.looseObject({ command: z.string().min(1), timeout_seconds: z.int().min(1) }).optional(),
  /** The directory to restore below; absent: the repository's temp/, else the system's. */
  scratch: z.string().startsWith('/', { error: 'must begin with /' }).optional(),
})
export type ScheduledDrill = z.infer<typeof scheduledDrillSchema>

const cron = z.string().check(({ value, issues }) => {
  const reading = parseCron(value)
  if (reading.kind === 'problem') issues.push({ code: 'custom', input: value, message: reading.problem.message })
})

export const scheduleSchema = z.looseObject({
  id: name,
  name: z.string().min(1).max(200),
  cron,
  /** IANA name of the zone whose clock the cron expression is read on. */
  tz: timeZone,
  type: z.enum(scheduleTypes),
  /** Empty means all that are configured. */
  services: z.array(z.string()),
  compression: z.enum(compressions).optional(),
  retention: retentionCountsSchema.optional(),
  /** Of type `drill` alone. */
  drill: scheduledDrillSchema.optional(),
  /** What becomes of instants that passed while nothing could run: one run for all of them, or none. */
  if_missed: z.enum(['run-once', 'skip']),
  /** Each run starts up to so much later, always the same for one instant. */
  jitter_seconds: z.int().min(0).max(longestJitterSeconds),
  enabled: z.boolean(),
  createdAt: z.iso.datetime(),
  /** When it was enabled or its times were changed: what lies before is not missed. Absent: since it was created. */
  activeSince: z.iso.datetime().optional(),
  /** Newest first. */
  lastRuns: z.array(scheduleRunSchema),
})
export type Schedule = z.infer<typeof scheduleSchema>

/** What became of a schedule that stands in the configuration, where nothing of it can be written down. */
export const configuredNoteSchema = z.looseObject({
  cron: z.string(),
  tz: z.string(),
  /** Since when it has these times: what lies before is not missed. */
  since: z.iso.datetime(),
  /** Newest first. */
  lastRuns: z.array(scheduleRunSchema),
})
export type ConfiguredNote = z.infer<typeof configuredNoteSchema>

/** The id under which the runs of `cleanup_schedule` are noted: no schedule can be called so. */
export const cleanupScheduleId = '@cleanup'

export const schedulesSchema = z.looseObject({
  v: z.literal(1),
  /** By id; absent where the configuration never asked for any. */
  configured: z.record(z.string(), configuredNoteSchema).optional(),
  schedules: z.array(scheduleSchema).check(({ value, issues }) => {
    const ids = value.map((schedule) => schedule.id)
    const twice = ids.find((id, at) => ids.indexOf(id) !== at)
    if (twice !== undefined)
      issues.push({ code: 'custom', input: value, message: `two schedules have the id ${twice}` })
  }),
})
export type Schedules = z.infer<typeof schedulesSchema>

export function isDrill({ type }: Pick<Schedule, 'type'>): boolean {
  return type === 'drill'
}

/** schedules.json cannot be made anew from anything: it is never written over where it cannot be read. */
export function damagedSchedules(why: string): BackupError {
  return new BackupError(
    'E_DAMAGED',
    `the schedules in schedules.json cannot be read: ${why}`,
    'the file is left as it is: put a good copy in its place, or move it away and add the schedules again',
  )
}

/** The keys this version knows: a schedule may hold others, of a later one. */
type Known<T> = { [Key in keyof T as string extends Key ? never : Key]: T[Key] }

/** What a person says of a schedule; the rest comes with time. */
export type ScheduleDraft = Omit<Known<Schedule>, 'createdAt' | 'activeSince' | 'lastRuns'>

export interface ListedSchedule {
  readonly schedule: Schedule
  /** `configuration`: asked for by backup_config.json or the environment, and changed there. */
  readonly origin: 'schedules.json' | 'configuration'
  /** Where the configuration asks for it: a key and its place in the file, or a variable. Absent elsewhere. */
  readonly place?: string
}

/** A schedule as asked for on a command line; null is what is configured, or made from the rest. */
export interface ScheduleWish extends Omit<ScheduleDraft, 'id' | 'name' | 'tz' | 'enabled'> {
  readonly name: string | null
  readonly tz: string | null
}

/** A schedule with what its times mean at this moment. */
export interface DescribedSchedule extends ListedSchedule {
  /** `At 02:00, every day` */
  readonly words: string
  /** The next five; none where it is switched off. */
  readonly next: readonly ScheduleTime[]
  /** How its last run stands; null where it has none. `died`: nobody has ended it. */
  readonly last: RunOutcome | 'running' | 'died' | null
}

export interface ScheduleTime {
  /** ISO 8601 UTC. */
  readonly at: string
  /** `Mon 2026-11-23 02:00 +01:00   01:00Z`: on the clock of the schedule's zone, and on that of UTC. */
  readonly text: string
}

export interface AddedSchedule {
  readonly schedule: DescribedSchedule
  /** What a person should know of it: clocks that are set, runs that meet, backups older than they may become. */
  readonly warnings: readonly string[]
}

export interface ScheduleListing {
  /** Those of schedules.json first; none twice. */
  readonly schedules: readonly ListedSchedule[]
  /** The zone that is configured for new ones. */
  readonly zone: string
  /** What a schedule may back up, and how old its newest backup may become, in hours; null where nobody said. */
  readonly services: readonly { readonly name: string; readonly rpoHours: number | null }[]
}

/** The part of a schedule that says when it is due. */
export type Timing = Pick<
  Schedule,
  'id' | 'name' | 'cron' | 'tz' | 'if_missed' | 'jitter_seconds' | 'enabled' | 'createdAt' | 'activeSince'
>

/** A schedule with what tells whether it gets in anybody's way. */
export interface PlannedSchedule extends Timing {
  /** Empty means all. */
  readonly services: readonly string[]
  /** How long it took last; null where that is not known. */
  readonly lastDurationMs: number | null
  /** How old the newest backup of its services may become; null where nothing says. */
  readonly rpoHours: number | null
}

/** Something that is to run now. */
export interface DueRun {
  /** Id of the schedule. */
  readonly schedule: string
  /** The instant it stands for: to be noted before it starts, so that it is never done twice. */
  readonly at: number
  /** How long after its time, jitter included, this is. */
  readonly lateMs: number
  /** The first instant that it stands for or makes up for. */
  readonly since: number
  /** How many instants before `at` were missed and are made up for by this run; 100 is 100 or more. */
  readonly missed: number
  readonly reason: string
}

/** Something about a schedule that a person should know. */
export interface ScheduleTrouble {
  readonly schedule: string
  readonly kind: 'last-run-in-the-future' | 'created-in-the-future' | 'missed' | 'unusable'
  readonly message: string
}

export interface Due {
  /** At most one for each schedule, the longest overdue (`since`) first: so none is passed over for ever by others. */
  readonly runs: readonly DueRun[]
  readonly troubles: readonly ScheduleTrouble[]
  /** The next instant at which something can become due; null where nothing ever will. */
  readonly next: number | null
}

export interface ScheduleWarning {
  readonly kind:
    | 'never-fires'
    | 'less-than-it-seems'
    | 'months-left-out'
    | 'clock-set-ahead'
    | 'clock-set-back'
    | 'overlap'
    | 'too-often'
    | 'jitter'
    | 'recovery-point'
  readonly message: string
  /** The instants it is about, ascending; empty where it is about none in particular. */
  readonly at: readonly number[]
}
