import { type Cron, parseCron } from '../../model/cron.ts'
import { BackupError } from '../../model/errors.ts'
import { instantOf } from '../../model/instant.ts'
import type { Due, DueRun, ScheduleRun, ScheduleTrouble, Timing } from '../../model/schedule.ts'
import { formatDuration } from '../../model/units.ts'
import { hourMs, localText, minuteMs, secondMs } from './civil.ts'
import { lastRunBetween, runsAfter, runsBetween } from './cron-runs.ts'
import { openZone, type Zone } from './zone.ts'

/** So much later than its time a run is still on time: the process was asleep, or busy with another schedule. */
export const onTimeMs = 5 * minuteMs
/**
 * A run noted for an instant ahead of now means that the clock was set back. Within so much, what was done is believed
 * and not repeated. Beyond, the new time counts: to wait until the clock has come there again could mean no backup for
 * days. Vixie's cron draws the line there too (cron(8)).
 */
export const believableAheadMs = 3 * hourMs
const mostMissed = 100

/**
 * What is to run now. `done` are the instants that each schedule, by its id, has noted as run, in any order; the
 * newest few are enough, what is older than the oldest of them counts as done.
 *
 * Several missed instants become one run, for the newest of them. A schedule is never given twice for one instant as
 * long as that is noted. Pure: the same arguments give the same answer.
 */
export function due(schedules: readonly Timing[], done: ReadonlyMap<string, readonly number[]>, now: number): Due {
  const runs: DueRun[] = []
  const troubles: ScheduleTrouble[] = []
  let next: number | null = null
  for (const schedule of schedules) {
    if (!schedule.enabled) continue
    const opened = openTimetable(schedule, done.get(schedule.id) ?? [], now, troubles)
    if (opened === null) continue
    const at = newestReady(opened, now)
    if (at !== null) decide(opened, at, now, runs, troubles)
    const start = nextStart(opened, now)
    if (start !== null && (next === null || start < next)) next = start
  }
  runs.sort((a, b) => a.since - b.since)
  return { runs, troubles, next }
}

/** The instants that schedules of schedules.json have noted, as `due` wants them. */
export function notedInstants(
  schedules: readonly { readonly id: string; readonly lastRuns: readonly Pick<ScheduleRun, 'at'>[] }[],
): Map<string, number[]> {
  return new Map(schedules.map(({ id, lastRuns }) => [id, lastRuns.map((run) => instantOf(run.at))]))
}

/** What is still believed of the instants that were noted, after the clock was set back: see `believableAheadMs`. */
export function believed(done: readonly number[], now: number): readonly number[] {
  return done.some((at) => at > now + believableAheadMs) ? done.filter((at) => at <= now) : done
}

interface Timetable {
  readonly schedule: Timing
  readonly cron: Cron
  readonly zone: Zone
  readonly jitterMs: number
  readonly done: ReadonlySet<number>
  /** Instants up to this one are done with, run or not. */
  readonly from: number
}

function openTimetable(
  schedule: Timing,
  done: readonly number[],
  now: number,
  troubles: ScheduleTrouble[],
): Timetable | null {
  const tell = (kind: ScheduleTrouble['kind'], message: string) =>
    troubles.push({ schedule: schedule.id, kind, message: `${schedule.name}: ${message}` })
  const reading = parseCron(schedule.cron)
  if (reading.kind === 'problem') {
    tell('unusable', reading.problem.message)
    return null
  }
  let zone: Zone
  try {
    zone = openZone(schedule.tz)
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    tell('unusable', error.message)
    return null
  }

  const jitterMs = schedule.jitter_seconds * secondMs
  const believable = believed(done, now)
  const past = believable.filter((at) => at <= now)
  const newest = done.reduce((latest, at) => Math.max(latest, at), Number.NEGATIVE_INFINITY)
  if (newest > now) {
    const ahead = `the last run is for ${localText(newest + zone.offsetAt(newest))}, ${formatDuration(newest - now)} ahead of the clock`
    const meaning =
      newest <= now + believableAheadMs
        ? 'what was done is not repeated; is the clock right?'
        : 'it is not believed; was the clock wrong then?'
    tell('last-run-in-the-future', `${ahead}: ${meaning}`)
  }
  let from = instantOf(schedule.activeSince ?? schedule.createdAt)
  if (from > now) {
    tell('created-in-the-future', `it begins ${formatDuration(from - now)} ahead of the clock; is the clock right?`)
    from = now - onTimeMs - jitterMs // nothing before now was missed
  }
  if (past.length > 0) from = Math.max(from, ...past)
  // The clock was set back beyond all that is noted: what lies before was done, or missed long ago.
  else if (believable.length > 0) from = Math.max(from, Math.min(...believable))
  return { schedule, cron: reading.cron, zone, jitterMs, done: new Set(believable), from }
}

/** The newest instant that has not been run and whose jitter is over; null where there is none. */
function newestReady(timetable: Timetable, now: number): number | null {
  const { cron, schedule, from, jitterMs } = timetable
  const settled = now - jitterMs
  const unsettled = jitterMs === 0 ? [] : runsBetween(cron, schedule.tz, Math.max(from, settled), now, Infinity)
  const found = unsettled.findLast((at) => startOf(timetable, at) <= now)
  return found ?? (settled > from ? lastRunBetween(cron, schedule.tz, from, settled) : null)
}

function decide(timetable: Timetable, at: number, now: number, runs: DueRun[], troubles: ScheduleTrouble[]): void {
  const { schedule, cron, zone, from } = timetable
  const lateMs = now - startOf(timetable, at)
  const instants = runsBetween(cron, schedule.tz, from, at, mostMissed + 1)
  const missed = instants.length - 1
  const since = instants[0] ?? at
  const time = `${localText(at + zone.offsetAt(at))} ${schedule.tz}`
  const late = `${formatDuration(lateMs)} late`
  if (lateMs <= onTimeMs) {
    runs.push({
      schedule: schedule.id,
      at,
      lateMs,
      since,
      missed,
      reason: missed === 0 ? time : `${time}, ${makesUp(missed)}`,
    })
  } else if (schedule.if_missed === 'run-once') {
    const reason = missed === 0 ? `missed ${time}, ${late}` : `missed ${time}, ${late}, ${makesUp(missed)}`
    runs.push({ schedule: schedule.id, at, lateMs, since, missed, reason })
  } else {
    const message = `${schedule.name}: ${time} was missed and is not made up for, as if_missed is skip`
    troubles.push({ schedule: schedule.id, kind: 'missed', message })
  }
}

function makesUp(missed: number): string {
  return missed >= mostMissed ? `for ${mostMissed} or more before it too` : `for ${missed} before it too`
}

/** When the next run may begin, later than now. */
function nextStart(timetable: Timetable, now: number): number | null {
  const { cron, zone, from, jitterMs, done } = timetable
  let earliest: number | null = null
  for (const at of runsAfter(cron, zone, Math.max(from, now - jitterMs - 1))) {
    if (earliest !== null && at > earliest) break
    if (done.has(at)) continue
    const start = startOf(timetable, at)
    if (start > now && (earliest === null || start < earliest)) earliest = start
  }
  return earliest
}

function startOf({ schedule, jitterMs }: Timetable, at: number): number {
  return at + jitterOf(schedule.id, at, jitterMs)
}

/**
 * How much later than `at` a run starts: whole seconds from 0 to `jitterMs`, spread evenly over schedules and
 * instants, and the same whenever it is asked. FNV-1a with the finisher of MurmurHash3.
 */
export function jitterOf(id: string, at: number, jitterMs: number): number {
  const seconds = Math.floor(jitterMs / secondMs)
  if (seconds === 0) return 0
  let hash = 0x811c9dc5
  for (const char of `${id}@${at}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) % (seconds + 1)) * secondMs
}
