import type { CatalogEntry } from '../../model/backup.ts'
import { parseCron } from '../../model/cron.ts'
import { BackupError } from '../../model/errors.ts'
import { instantOf } from '../../model/instant.ts'
import { cleanupScheduleId, isDrill, type Schedule } from '../../model/schedule.ts'
import type { AllowedBy } from '../../model/status.ts'
import { hourMs, secondMs } from './civil.ts'
import { nextRuns } from './cron-runs.ts'
import { jitterOf, onTimeMs } from './due.ts'
import type { Soundness } from './soundness.ts'

/** How old the last good backup of each service is, and how old it may be. */

/** Where neither an RPO nor a schedule says anything: a day, and an hour for the run. */
export const defaultAllowedMs = 25 * hourMs
/** A run has at least so long before its backup is missed. */
const patienceMs = hourMs

export interface WatchedService {
  readonly name: string
  readonly rpoHours: number
  readonly hasRpo: boolean
  /** It stands in the configuration: a schedule without a selection backs it up. */
  readonly isConfigured: boolean
}

export interface WatchedSchedule
  extends Pick<
    Schedule,
    'id' | 'name' | 'type' | 'cron' | 'tz' | 'jitter_seconds' | 'enabled' | 'services' | 'lastRuns'
  > {
  /** Since when it has its times; null where nobody has noted that. */
  readonly since: number | null
}

/** The limit of one service, for a last backup of a certain time. */
export interface Allowance {
  readonly ms: number
  readonly because: AllowedBy
  /** The run whose backup is missing when the time is over; null where no schedule decides. */
  readonly run: { readonly schedule: string; readonly tz: string; readonly at: number } | null
}

export interface Standing {
  readonly service: WatchedService
  /** The newest good one, complete or not. */
  readonly last: CatalogEntry | null
  /** The newest good one that nothing is missing from. */
  readonly lastComplete: CatalogEntry | null
  /** How many there are, good or not. */
  readonly count: number
  readonly ageMs: number | null
  readonly allowed: Allowance
  readonly isOverdue: boolean
  /** The last complete one is older than it may be, and only incomplete ones are newer. */
  readonly isIncomplete: boolean
}

export interface AbsenceGround {
  readonly services: readonly WatchedService[]
  /** Newest first. */
  readonly backups: readonly CatalogEntry[]
  readonly soundness: Soundness
  readonly schedules: readonly WatchedSchedule[]
  /** Ids of the runs that go on. */
  readonly running: ReadonlySet<string>
  readonly now: number
}

/** In the order of the services. */
export function standings(ground: AbsenceGround): Standing[] {
  const newest = newestOfEach(ground)
  return ground.services.map((service) => {
    const { last = null, lastComplete = null, count = 0 } = newest.get(service.name) ?? {}
    const covering = ground.schedules.filter((schedule) => covers(schedule, service))
    const age = (entry: CatalogEntry | null) =>
      entry === null ? null : Math.max(0, ground.now - instantOf(entry.createdAt))
    const isTooOld = (entry: CatalogEntry | null) =>
      (age(entry) ?? Number.POSITIVE_INFINITY) > allowanceOf(service, covering, entry, ground).ms
    const isOverdue = last !== null && isTooOld(last)
    return {
      service,
      last,
      lastComplete,
      count,
      ageMs: age(last),
      allowed: allowanceOf(service, covering, last, ground),
      isOverdue,
      isIncomplete: last !== null && last !== lastComplete && !isOverdue && isTooOld(lastComplete),
    }
  })
}

interface Newest {
  last?: CatalogEntry
  lastComplete?: CatalogEntry
  count: number
}

/** What is dated in the future says nothing about the present; it stands where there is nothing else. */
function newestOfEach({ backups, soundness, now }: AbsenceGround): Map<string, Newest> {
  const known = new Map<string, Newest>()
  for (const entry of backups) {
    if (entry.type === 'safety' || !soundness.isThere(entry)) continue
    const isGood = soundness.isGood(entry)
    const isComplete = (entry.warnings ?? 0) === 0
    const isAhead = (one: CatalogEntry | undefined) => one === undefined || instantOf(one.createdAt) > now + onTimeMs
    for (const name of new Set(entry.services)) {
      const one: Newest = known.get(name) ?? { count: 0 }
      one.count++
      if (isGood && isAhead(one.last)) one.last = entry
      if (isGood && isComplete && isAhead(one.lastComplete)) one.lastComplete = entry
      known.set(name, one)
    }
  }
  return known
}

function covers(schedule: WatchedSchedule, { name, isConfigured }: WatchedService): boolean {
  const { id, enabled, services } = schedule
  if (!enabled || id === cleanupScheduleId || isDrill(schedule)) return false
  return services.length === 0 ? isConfigured : services.includes(name)
}

function allowanceOf(
  { rpoHours, hasRpo }: WatchedService,
  covering: readonly WatchedSchedule[],
  last: CatalogEntry | null,
  ground: AbsenceGround,
): Allowance {
  if (hasRpo) return { ms: rpoHours * hourMs, because: 'rpo', run: null }
  const usual: Allowance = { ms: defaultAllowedMs, because: 'default', run: null }
  if (last === null) return usual
  const made = instantOf(last.createdAt)
  let shortest: Allowance | null = null
  for (const schedule of covering) {
    const missed = firstMissed(schedule, made, ground)
    if (missed === null) continue
    const run = { schedule: schedule.name, tz: schedule.tz, at: missed.at }
    if (shortest === null || missed.from - made < shortest.ms)
      shortest = { ms: missed.from - made, because: 'schedule', run }
  }
  return shortest ?? usual
}

interface Missed {
  readonly at: number
  /** From when on the backup of `at` is missed. */
  readonly from: number
}

/**
 * The first run after a backup that was made at `made`. What lay before the schedule was there, or had these times, is
 * not missed; but that excuses no backup that would be too old without the schedule.
 */
function firstMissed(schedule: WatchedSchedule, made: number, { running }: AbsenceGround): Missed | null {
  const strict = firstAfter(schedule, made, running)
  const { since } = schedule
  if (strict === null || since === null || since <= made) return strict
  const excused = firstAfter(schedule, since, running)
  const latest = Math.max(strict.from, made + defaultAllowedMs)
  return excused !== null && excused.from <= latest ? excused : { at: strict.at, from: latest }
}

function firstAfter(schedule: WatchedSchedule, after: number, running: ReadonlySet<string>): Missed | null {
  const at = nextInstant(schedule, after)
  if (at === null) return null
  const lastMs = schedule.lastRuns.find(
    ({ outcome, durationMs }) => durationMs !== null && (outcome === 'done' || outcome === 'warnings'),
  )?.durationMs
  const isUnderWay = schedule.lastRuns.some((run) => instantOf(run.at) === at && running.has(run.run))
  // The first run of all may take long, and nobody knows how long; but not for ever.
  const forRun = isUnderWay && lastMs == null ? defaultAllowedMs : Math.max(patienceMs, 2 * (lastMs ?? 0))
  return { at, from: at + jitterOf(schedule.id, at, schedule.jitter_seconds * secondMs) + forRun }
}

/** Null where it never fires, or cannot be read: that is told apart. */
function nextInstant({ cron, tz }: WatchedSchedule, after: number): number | null {
  const reading = parseCron(cron)
  if (reading.kind === 'problem') return null
  try {
    return nextRuns(reading.cron, tz, after, 1)[0] ?? null
  } catch (error) {
    if (error instanceof BackupError) return null
    throw error
  }
}
