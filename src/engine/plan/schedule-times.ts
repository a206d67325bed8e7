import { parseCron, weekdayNames } from '../../model/cron.ts'
import { BackupError } from '../../model/errors.ts'
import { isDrill, type PlannedSchedule, type Schedule, type ScheduleListing } from '../../model/schedule.ts'
import { dateText, dayOf, timeText, weekdayOf } from './civil.ts'
import { nextRuns } from './cron-runs.ts'
import { cronInWords } from './cron-words.ts'
import { scheduleWarnings } from './schedule-warnings.ts'
import { openZone } from './zone.ts'

/** A schedule's times as a person reads them: in words, on the clock of its zone, and what may surprise. */

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

/** `Mon 2026-11-23 02:00 +01:00`: an instant on the clock of a zone. @throws E_CONFIG for an unknown zone. */
export function zonedText(at: number, tz: string): string {
  const offset = openZone(tz).offsetAt(at)
  const local = at + offset
  const weekday = weekdayNames[weekdayOf(dayOf(local))]!.slice(0, 3)
  return `${weekday} ${dateText(local)} ${timeText(local)} ${offsetText(offset)}`
}

/** `Mon 2026-11-23 02:00 +01:00   01:00Z`: the same beside it on that of UTC, with its date where that is another. */
export function bothClocksText(at: number, tz: string): string {
  const here = zonedText(at, tz)
  const day = dateText(at) === here.slice(4, 14) ? '' : `${dateText(at).slice(5)} `
  return `${here}   ${day}${timeText(at)}Z`
}

function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** What a person should know of it, beside all other schedules: a sentence each. @throws E_CONFIG for an unknown zone. */
export function warningsOf(schedule: Schedule, listing: ScheduleListing, now: number): string[] {
  // A drill makes no backup, and none waits for it.
  const inTheWay = isDrill(schedule) ? [] : listing.schedules.filter((one) => !isDrill(one.schedule))
  const others = inTheWay.map((one) => plannedOf(one.schedule, listing)).filter(({ id }) => id !== schedule.id)
  return scheduleWarnings(plannedOf(schedule, listing), others, now).map(({ message }) => message)
}

function plannedOf(schedule: Schedule, { services }: ScheduleListing): PlannedSchedule {
  const mine = services.filter(({ name }) => schedule.services.length === 0 || schedule.services.includes(name))
  const limits = isDrill(schedule) ? [] : mine.flatMap(({ rpoHours }) => rpoHours ?? [])
  return {
    ...schedule,
    lastDurationMs: schedule.lastRuns.find(({ durationMs }) => durationMs !== null)?.durationMs ?? null,
    rpoHours: limits.length === 0 ? null : Math.min(...limits),
  }
}
