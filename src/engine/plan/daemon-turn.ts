import { instantOf } from '../../model/instant.ts'
import type { ScheduleRun, ScheduleTrouble, Timing } from '../../model/schedule.ts'
import { due, notedInstants, onTimeMs } from './due.ts'
import { retryAfterMs } from './retry.ts'

/** What the daemon begins now. */

/**
 * As many runs at once: more would only wait for the same disk. A cleanup is none of them: where runs hang, or none can
 * be noted as the disk is full, it must not wait for their places, as it makes the room they need.
 */
export const mostAtOnce = 2
const longestRetryMs = Math.max(...retryAfterMs)

/** A schedule as the daemon sees it: that of the cleanup has no services and gets in nobody's way. */
export interface TurnSchedule extends Timing {
  /** Every one by its name. */
  readonly services: readonly string[]
  readonly lastRuns: readonly ScheduleRun[]
}

export interface TurnGround {
  readonly schedules: readonly TurnSchedule[]
  /** Ids of schedules that run now, and the services they hold. */
  readonly running: ReadonlyMap<string, readonly string[]>
  /** Instants that were due before and had to wait for another run: no waiting makes them late. */
  readonly waiting: ReadonlyMap<string, number>
}

export interface Start {
  readonly schedule: string
  /** The instant it stands for. */
  readonly at: number
  /** Which try of that instant. */
  readonly attempt: number
  /** The run whose note this one replaces; null where the instant has none. */
  readonly replaces: string | null
  readonly reason: string
}

interface Wanted {
  /** Since when it is overdue. */
  readonly since: number
  readonly start: Start
}

export interface Turn {
  /** The longest overdue first. */
  readonly starts: readonly Start[]
  /** What is due and has to wait until another run has ended. */
  readonly waiting: ReadonlyMap<string, number>
  readonly troubles: readonly ScheduleTrouble[]
  /** The next instant at which something can become due; null where nothing ever will. */
  readonly next: number | null
}

/**
 * No schedule runs twice at once, nor two that share a service. An instant that becomes due while its schedule still
 * runs waits; of several that wait the newest is run, for all of them. Pure.
 */
export function planTurn({ schedules, running, waiting }: TurnGround, now: number): Turn {
  const { runs, troubles, next } = due(schedules, notedInstants(schedules), now)
  const wanted = new Map<string, Wanted>()
  for (const { schedule, at, since, reason } of runs)
    wanted.set(schedule, { since, start: { schedule, at, attempt: 1, replaces: null, reason } })
  let nextRetry: number | null = null
  for (const schedule of schedules.filter(({ enabled }) => enabled)) {
    if (wanted.has(schedule.id)) continue
    const waits = waiting.get(schedule.id)
    if (waits !== undefined && waits <= now && !schedule.lastRuns.some(({ at }) => instantOf(at) >= waits)) {
      const start = { schedule: schedule.id, at: waits, attempt: 1, replaces: null, reason: 'it waited' }
      wanted.set(schedule.id, { since: waits, start })
      continue
    }
    const retry = retryOf(schedule)
    if (retry === null || isLate(schedule, retry.dueAt, now)) continue
    // Further ahead than any retry is set: the clock was wrong then, or is.
    const believable = retry.dueAt <= now + longestRetryMs
    if (believable && retry.dueAt > now) nextRetry = Math.min(nextRetry ?? retry.dueAt, retry.dueAt)
    else wanted.set(schedule.id, { since: retry.dueAt, start: retry.start })
  }

  const starts: Start[] = []
  const waits = new Map<string, number>()
  const taken = new Set([...running.values()].flat())
  let atOnce = [...running.values()].filter((services) => services.length > 0).length
  for (const { start } of [...wanted.values()].sort((a, b) => a.since - b.since)) {
    const services = schedules.find(({ id }) => id === start.schedule)?.services ?? []
    const noPlace = services.length > 0 && atOnce >= mostAtOnce
    if (running.has(start.schedule) || noPlace || services.some((service) => taken.has(service))) {
      if (start.replaces === null) waits.set(start.schedule, start.at)
      continue
    }
    starts.push(start)
    if (services.length > 0) atOnce++
    for (const service of services) taken.add(service)
  }
  return { starts, waiting: waits, troubles, next: earlier(next, nextRetry) }
}

function retryOf({ id, lastRuns }: TurnSchedule): { dueAt: number; start: Start } | null {
  const [newest] = lastRuns
  if (newest?.retryAt === undefined) return null
  const attempt = (newest.attempt ?? 1) + 1
  const reason = `try ${attempt} of ${newest.at}: the one before ${newest.outcome ?? 'died'}`
  return {
    dueAt: instantOf(newest.retryAt),
    start: { schedule: id, at: instantOf(newest.at), attempt, replaces: newest.run, reason },
  }
}

/** Nothing could run when it was to be tried again, and what is missed is to be let be. */
function isLate({ if_missed }: TurnSchedule, dueAt: number, now: number): boolean {
  return if_missed === 'skip' && now - dueAt > onTimeMs
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}
