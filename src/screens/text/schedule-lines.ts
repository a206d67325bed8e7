import { dateText, dayOf, timeText, weekdayOf } from '../../engine/plan/civil.ts'
import { nextRuns } from '../../engine/plan/cron-runs.ts'
import { cronInWords } from '../../engine/plan/cron-words.ts'
import { scheduleWarnings } from '../../engine/plan/schedule-warnings.ts'
import { openZone } from '../../engine/plan/zone.ts'
import { parseCron, weekdayNames } from '../../model/cron.ts'
import { BackupError } from '../../model/errors.ts'
import type { PlannedSchedule, Schedule, ScheduleListing, ScheduleRun } from '../../model/schedule.ts'
import { formatAge } from '../../model/units.ts'
import type { Plotted } from './bars.ts'
import { wrap } from './cut.ts'
import type { Glyphs } from './glyphs.ts'
import { type Line, lineOf, span } from './line.ts'
import { plainText } from './plain.ts'

/** A schedule as a person reads it: its times in words, its next runs, what may surprise. Pure. */

export interface Times {
  readonly cron: string
  /** IANA name. */
  readonly tz: string
}

export type TimesRead =
  | { readonly kind: 'times'; readonly words: string; readonly next: readonly number[] }
  | {
      readonly kind: 'problem'
      readonly message: string
      readonly hint: string
      readonly start: number
      readonly end: number
    }

/** What cron expression and zone say, with the next `count` runs after `now`. */
export function readTimes({ cron, tz }: Times, now: number, count: number): TimesRead {
  const reading = parseCron(cron)
  if (reading.kind === 'problem') return { ...reading.problem, kind: 'problem' }
  try {
    const words = cronInWords(reading.cron)
    const next = reading.cron.neverFires === null ? nextRuns(reading.cron, tz, now, count) : []
    return { kind: 'times', words, next }
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    return { kind: 'problem', message: error.message, hint: error.hint, start: 0, end: 0 }
  }
}

/** `Mon 2026-11-23 02:00 +01:00   01:00Z   in 5h`: on the zone's clock, on that of UTC, from now. */
export function runText(at: number, tz: string, now: number): string {
  const offset = openZone(tz).offsetAt(at)
  const local = at + offset
  const here = `${weekdayNames[weekdayOf(dayOf(local))]!.slice(0, 3)} ${dateText(local)} ${timeText(local)} ${offsetText(offset)}`
  const day = dateText(at) === dateText(local) ? '' : `${dateText(at).slice(5)} `
  return `${here}   ${day}${timeText(at)}Z   in ${formatAge(Math.max(0, at - now))}`
}

function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** As `scheduleWarnings` wants it. */
export function plannedOf(schedule: Schedule, { services }: ScheduleListing): PlannedSchedule {
  const mine = services.filter(({ name }) => schedule.services.length === 0 || schedule.services.includes(name))
  return {
    ...schedule,
    lastDurationMs: schedule.lastRuns.find(({ durationMs }) => durationMs !== null)?.durationMs ?? null,
    rpoHours: mine.length === 0 ? null : Math.min(...mine.map(({ rpoHours }) => rpoHours)),
  }
}

/** The words, the next runs and the warnings of a schedule, in `columns`. */
export function detailLines(
  schedule: Schedule,
  listing: ScheduleListing,
  now: number,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] {
  const times = readTimes(schedule, now, 5)
  if (times.kind === 'problem')
    return [
      ...wrap(plainText(times.message), columns - 4).map((text) => lineOf(span(` ${glyphs.failed} ${text}`, 'failed'))),
      ...wrap(plainText(times.hint), columns - 4).map((text) => lineOf(`   ${text}`)),
    ]
  const others = listing.schedules.map((one) => plannedOf(one.schedule, listing)).filter(({ id }) => id !== schedule.id)
  const warnings = scheduleWarnings(plannedOf(schedule, listing), others, now)
  return [
    lineOf(span(` ${plainText(times.words)}`, 'bold'), `, on the clock of ${plainText(schedule.tz)}`),
    ...(times.next.length === 0 ? [lineOf(span(' it never runs', 'warning'))] : []),
    ...times.next.map((at, index) =>
      lineOf(span(index === 0 ? ' next  ' : '       ', 'dim'), runText(at, schedule.tz, now)),
    ),
    ...warnings.flatMap(({ message }) =>
      wrap(plainText(message), columns - 4).map((text, at) =>
        at === 0 ? lineOf(span(` ${glyphs.warning} `, 'warning'), text) : lineOf(`   ${text}`),
      ),
    ),
  ]
}

/** For a plot: how long runs took, the newest last; what went wrong is a failure. */
export function plotOf(runs: readonly ScheduleRun[], count: number): readonly Plotted[] {
  return runs
    .slice(0, count)
    .toReversed()
    .map(({ outcome, durationMs }) => ({
      value: durationMs ?? 0,
      failed: outcome === 'failed' || outcome === 'interrupted' || outcome === null,
    }))
}
