import type { Cron } from '../../model/cron.ts'
import { dateOfDay, dayMs, dayOf, daysOf, hourMs, minuteMs, secondMs, weekdayOf } from './civil.ts'
import { openZone, type Zone } from './zone.ts'

/**
 * When a cron expression is due. docs/decisions/own-cron.md.
 *
 * Where the clock of its zone is set, the hour field decides, in the spirit of Vixie's cron (its man page, "Daylight
 * Saving Time"):
 * - A *fixed* job leaves out some hours of the day. Whatever of it falls into local times that are left out runs once,
 *   at the first instant after them. Local times that come twice count once, the first time.
 * - A job of *every hour* goes by real time: it runs at every local time that exists, as often as it exists.
 */

/** The first `count` instants after `after`, ascending; fewer where it never fires again. @throws E_CONFIG for an unknown zone */
export function nextRuns(cron: Cron, zone: string, after: number, count: number): number[] {
  const runs: number[] = []
  if (count <= 0) return runs
  for (const run of runsAfter(cron, openZone(zone), after)) {
    runs.push(run)
    if (runs.length >= count) break
  }
  return runs
}

/** The instants after `after` and not after `until`, ascending, at most `most`. */
export function runsBetween(cron: Cron, zone: string, after: number, until: number, most: number): number[] {
  const runs: number[] = []
  for (const run of runsAfter(cron, openZone(zone), after)) {
    if (run > until || runs.length >= most) break
    runs.push(run)
  }
  return runs
}

/** How far back to look, shortest first: a dense expression is found before there is much to count. */
const lookBackMs = [2 * minuteMs, hourMs, dayMs, 8 * dayMs, 32 * dayMs, 367 * dayMs, 9 * 366 * dayMs]

/** The newest instant after `after` and not after `until`; null where there is none. */
export function lastRunBetween(cron: Cron, zone: string, after: number, until: number): number | null {
  const opened = openZone(zone)
  for (const backMs of [...lookBackMs, Number.POSITIVE_INFINITY]) {
    const from = Math.max(after, until - backMs)
    let last: number | null = null
    for (const run of runsAfter(cron, opened, from)) {
      if (run > until) break
      last = run
    }
    if (last !== null || from === after) return last
  }
  return null
}

/** Whether local times that do not exist, or come twice, are of concern to it. */
export function isFixed(cron: Cron): boolean {
  return cron.hours.length < 24
}

/** All instants after `after`, ascending and without end, unless it never fires. */
export function* runsAfter(cron: Cron, zone: Zone, after: number): Generator<number, void> {
  const fixed = isFixed(cron)
  let at = Math.floor(after / secondMs) * secondMs
  let offset = zone.offsetAt(at)
  /** Local times before it are done with. */
  let floor = fixed ? repeatedUntil(zone, at) : Number.NEGATIVE_INFINITY
  for (;;) {
    const local = nextLocal(cron, Math.max(at + offset, floor))
    if (local === null) return
    const run = local - offset
    if (run - at > 4 * dayMs && zone.changeBetween(at, at + 2 * dayMs) === null) {
      // Nothing is due before, and no clock set back brings again what was: no need to follow it until then.
      at = run - 2 * dayMs
      offset = zone.offsetAt(at)
      floor = Number.NEGATIVE_INFINITY
      continue
    }
    const change = zone.changeBetween(at, run)
    if (change === null) {
      if (run > after) yield run
      at = run
      floor = local + secondMs
      continue
    }
    at = change.at
    offset = change.after
    if (fixed && local < at + offset) {
      if (at > after) yield at
      floor = at + offset + secondMs
    } else floor = fixed ? at + change.before : Number.NEGATIVE_INFINITY
  }
}

/** Until which local time the clock at `at` only repeats what it has shown before. */
function repeatedUntil(zone: Zone, at: number): number {
  const change = zone.changeBetween(at - dayMs, at)
  return change === null ? Number.NEGATIVE_INFINITY : change.at + change.before
}

/** Leap days that fall on one weekday are 28 years apart, or 40 across a century. */
const farthestDays = 41 * 366

/** The first local time from `local` on that suits; null where there is none. */
export function nextLocal(cron: Cron, local: number): number | null {
  if (cron.neverFires !== null) return null
  const first = dayOf(local)
  let time = local - first * dayMs
  for (let days = first; days <= first + farthestDays; days++) {
    const { year, month, day } = dateOfDay(days)
    if (!cron.months.includes(month)) {
      days = daysOf(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - 1
      time = 0
      continue
    }
    if (suitsDay(cron, day, weekdayOf(days))) {
      const found = timeFrom(cron, time)
      if (found !== null) return days * dayMs + found
    }
    time = 0
  }
  return null
}

function suitsDay(cron: Cron, day: number, weekday: number): boolean {
  const [dayOfMonth, dayOfWeek] = [cron.daysOfMonth.includes(day), cron.weekdays.includes(weekday)]
  return cron.days === 'both' ? dayOfMonth && dayOfWeek : dayOfMonth || dayOfWeek
}

/** The first time of day from `time` on, in milliseconds since its midnight. */
function timeFrom({ hours, minutes, seconds }: Cron, time: number): number | null {
  for (const hour of hours) {
    if ((hour + 1) * hourMs <= time) continue
    for (const minute of minutes) {
      const start = hour * hourMs + minute * minuteMs
      if (start + minuteMs <= time) continue
      for (const second of seconds) if (start + second * secondMs >= time) return start + second * secondMs
    }
  }
  return null
}
