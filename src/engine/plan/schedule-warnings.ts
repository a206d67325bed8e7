import { type Cron, monthNames, parseCron } from '../../model/cron.ts'
import type { PlannedSchedule, ScheduleWarning } from '../../model/schedule.ts'
import { formatDuration } from '../../model/units.ts'
import { dateText, dayMs, hourMs, localText, secondMs, timeText } from './civil.ts'
import { isFixed, nextLocal, runsBetween } from './cron-runs.ts'
import { jitterOf } from './due.ts'
import { openZone, type Zone } from './zone.ts'

const horizonMs = 366 * dayMs
const mostRuns = 400

/**
 * What a person should know before a schedule is saved, for the year from `now` on. `others` may hold the schedule
 * itself. @throws E_CONFIG for an unknown zone; an expression that cannot be read has no warnings, but a problem.
 */
export function scheduleWarnings(
  schedule: PlannedSchedule,
  others: readonly PlannedSchedule[],
  now: number,
): ScheduleWarning[] {
  const reading = parseCron(schedule.cron)
  if (reading.kind === 'problem') return []
  const { cron } = reading
  const zone = openZone(schedule.tz)
  if (cron.neverFires !== null) return [{ kind: 'never-fires', message: cron.neverFires, at: [] }]
  const runs = runsBetween(cron, schedule.tz, now, now + horizonMs, mostRuns)
  const planned = { schedule, cron }
  const stretches = runs.map((at) => stretch(schedule, at))
  return [
    ...cron.notes.map((message) => ({ kind: 'less-than-it-seems' as const, message, at: [] })),
    ...monthsLeftOut(cron),
    ...clockChanges(cron, zone, now),
    ...intervals(schedule, zone, runs),
    ...others.flatMap((other) => meeting(planned, stretches, other, zone, now)),
  ]
}

const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function monthsLeftOut(cron: Cron): ScheduleWarning[] {
  if (cron.days === 'either' || cron.weekdays.length < 7) return []
  const first = cron.daysOfMonth[0]!
  const short = cron.months.filter((month) => first > lengths[month - 1]!)
  if (short.length === 0) return []
  const names = short.map((month) => monthNames[month - 1]).join(', ')
  const years = first === 29 && short.length === 1 ? ' but in leap years' : ''
  return [{ kind: 'months-left-out', message: `does not run in ${names}${years}: too short for day ${first}`, at: [] }]
}

function clockChanges(cron: Cron, zone: Zone, now: number): ScheduleWarning[] {
  if (!isFixed(cron)) return []
  const warnings: ScheduleWarning[] = []
  for (let from = now; ; ) {
    const change = zone.changeBetween(from, now + horizonMs)
    if (change === null) return warnings
    from = change.at
    const [shown, set] = [change.at + change.before, change.at + change.after]
    const [first, end] = [Math.min(shown, set), Math.max(shown, set)]
    const local = nextLocal(cron, first)
    if (local === null || local >= end) continue
    if (set > shown) {
      const message = `${localText(local)} does not exist in ${zone.name}, where the clock is set ahead: it runs at ${localText(set)} instead`
      warnings.push({ kind: 'clock-set-ahead', message, at: [change.at] })
    } else {
      const message = `${localText(local)} comes twice in ${zone.name}, where the clock is set back: it runs the first time only`
      warnings.push({ kind: 'clock-set-back', message, at: [local - change.before] })
    }
  }
}

/** What the distances between runs say: against how long one takes, its jitter, and how old a backup may become. */
function intervals(schedule: PlannedSchedule, zone: Zone, runs: readonly number[]): ScheduleWarning[] {
  const warnings: ScheduleWarning[] = []
  const gaps = runs.slice(1).map((run, at) => ({ from: runs[at]!, ms: run - runs[at]! }))
  if (gaps.length === 0) return warnings
  const shortest = gaps.reduce((least, gap) => (gap.ms < least.ms ? gap : least))
  const longest = gaps.reduce((most, gap) => (gap.ms > most.ms ? gap : most))
  const { jitter_seconds: jitterSeconds, lastDurationMs, rpoHours } = schedule
  if (jitterSeconds * secondMs >= shortest.ms) {
    const message = `the jitter of ${formatDuration(jitterSeconds * secondMs)} is not shorter than the ${formatDuration(shortest.ms)} between two runs: their order is left to chance`
    warnings.push({ kind: 'jitter', message, at: [shortest.from] })
  }
  if (lastDurationMs !== null && lastDurationMs >= shortest.ms) {
    const message = `the last run took ${formatDuration(lastDurationMs)}, and there are ${formatDuration(shortest.ms)} to the next`
    warnings.push({ kind: 'too-often', message, at: [shortest.from] })
  }
  if (rpoHours !== null && longest.ms > rpoHours * hourMs) {
    const when = localText(longest.from + zone.offsetAt(longest.from))
    const message = `after ${when} there is no run for ${formatDuration(longest.ms)}, more than the ${formatDuration(rpoHours * hourMs)} that a backup may be old`
    warnings.push({ kind: 'recovery-point', message, at: [longest.from] })
  }
  return warnings
}

/** Runs of another schedule of the same services that would be under way at the same time: one must wait. */
function meeting(
  { schedule, cron }: Planned,
  mine: readonly Stretch[],
  other: PlannedSchedule,
  zone: Zone,
  now: number,
): ScheduleWarning[] {
  if (other.id === schedule.id || !other.enabled) return []
  const shared = sharedServices(schedule.services, other.services)
  if (shared === null) return []
  const reading = parseCron(other.cron)
  if (reading.kind === 'problem') return []
  // The one with fewer runs leads, so that a yearly one meets a minutely one within the horizon.
  const theirs = runsBetween(reading.cron, other.tz, now, now + horizonMs, mostRuns).map((at) => stretch(other, at))
  const iLead = (mine.at(-1)?.at ?? Infinity) >= (theirs.at(-1)?.at ?? Infinity)
  const [leading, following] = iLead ? [mine, { schedule: other, cron: reading.cron }] : [theirs, { schedule, cron }]
  const reach = following.schedule.jitter_seconds * secondMs + lengthOf(following.schedule)
  for (const lead of leading) {
    const near = runsNear(following, lead.start - reach, lead.end)
    const met = near.find((run) => run.start < lead.end && lead.start < run.end)
    if (met === undefined) continue
    const at = iLead ? lead.at : met.at
    const local = at + zone.offsetAt(at)
    const message = `meets ${other.name} on ${dateText(local)} at ${timeText(local)}: both back up ${shared}`
    return [{ kind: 'overlap', message, at: [at] }]
  }
  return []
}

/** Null where they share none. */
function sharedServices(mine: readonly string[], theirs: readonly string[]): string | null {
  if (mine.length === 0 && theirs.length === 0) return 'everything'
  const shared = mine.length === 0 ? theirs : theirs.length === 0 ? mine : mine.filter((one) => theirs.includes(one))
  return shared.length === 0 ? null : shared.join(', ')
}

/** Its expression is read once: its runs are looked for near each of another's. */
interface Planned {
  readonly schedule: PlannedSchedule
  readonly cron: Cron
}

interface Stretch {
  readonly at: number
  readonly start: number
  readonly end: number
}

function runsNear({ schedule, cron }: Planned, from: number, until: number): Stretch[] {
  return runsBetween(cron, schedule.tz, from - 1, until, mostRuns).map((at) => stretch(schedule, at))
}

function stretch(schedule: PlannedSchedule, at: number): Stretch {
  const start = at + jitterOf(schedule.id, at, schedule.jitter_seconds * secondMs)
  return { at, start, end: start + lengthOf(schedule) }
}

/** A run takes a while, even where nobody knows how long. */
function lengthOf({ lastDurationMs }: PlannedSchedule): number {
  return Math.max(lastDurationMs ?? 0, secondMs)
}
