import { instantOf } from '../../model/instant.ts'
import { isDrill, type Schedule, type ScheduleRun, type ScheduleTrouble, type Timing } from '../../model/schedule.ts'
import { hourMs } from './civil.ts'
import { due, notedInstants, onTimeMs } from './due.ts'
import { retryAfterMs } from './retry.ts'

/** What the daemon begins now. */

/**
 * As many backups at once: more would only wait for the same disk. A cleanup is none of them: where runs hang, or none
 * can be noted as the disk is full, it must not wait for their places, as it makes the room they need.
 */
export const mostAtOnce = 2
/**
 * A drill measures how long a recovery takes, and waits so long for others to end; then it begins beside them, for a
 * repository that is never at rest is to be drilled too.
 */
export const drillPatienceMs = hourMs
const longestRetryMs = Math.max(...retryAfterMs)

/** A schedule as the daemon sees it: those of the cleanup and of drills have no services and get in nobody's way. */
export interface TurnSchedule extends Timing, Pick<Schedule, 'type'> {
  /** Every one by its name. */
  readonly services: readonly string[]
  readonly lastRuns: readonly ScheduleRun[]
}

export interface TurnGround {
  readonly schedules: readonly TurnSchedule[]
  /** Ids of schedules that run now, and the services they hold. */
  readonly running: ReadonlyMap<string, readonly string[]>
  /** What was due before and had to wait for another run: no waiting makes it late. */
  readonly waiting: ReadonlyMap<string, Wait>
}

export interface Wait {
  /** The instant that waits. */
  readonly at: number
  /** Since when. */
  readonly since: number
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
  /** Since when it could have been begun, but for others. */
  readonly waitsSince: number
  readonly start: Start
}

export interface Turn {
  /** The longest overdue first. */
  readonly starts: readonly Start[]
  /** What is due and has to wait until another run has ended. */
  readonly waiting: ReadonlyMap<string, Wait>
  readonly troubles: readonly ScheduleTrouble[]
  /** The next instant at which something can become due; null where nothing ever will. */
  readonly next: number | null
}

/**
 * No schedule runs twice at once, nor two that share a service. An instant that becomes due while its schedule still
 * runs waits; of several that wait the newest is run, for all of them. One drill runs at a time, and takes no backup's
 * place: a backup never waits for it. Pure.
 */
export function planTurn({ schedules, running, waiting }: TurnGround, now: number): Turn {
  const { runs, troubles, next } = due(schedules, notedInstants(schedules), now)
  const wanted = new Map<string, Wanted>()
  for (const { schedule, at, since, reason } of runs) {
    const waitsSince = waiting.get(schedule)?.since ?? now
    wanted.set(schedule, { since, waitsSince, start: { schedule, at, attempt: 1, replaces: null, reason } })
  }
  let nextRetry: number | null = null
  for (const schedule of schedules.filter(({ enabled }) => enabled)) {
    if (wanted.has(schedule.id)) continue
    const waits = waiting.get(schedule.id)
    if (waits !== undefined && waits.at <= now && !schedule.lastRuns.some(({ at }) => instantOf(at) >= waits.at)) {
      const start = { schedule: schedule.id, at: waits.at, attempt: 1, replaces: null, reason: 'it waited' }
      wanted.set(schedule.id, { since: waits.at, waitsSince: waits.since, start })
      continue
    }
    const retry = retryOf(schedule)
    if (retry === null || isLate(schedule, retry.dueAt, now)) continue
    // Further ahead than any retry is set: the clock was wrong then, or is.
    const believable = retry.dueAt <= now + longestRetryMs
    if (believable && retry.dueAt > now) nextRetry = Math.min(nextRetry ?? retry.dueAt, retry.dueAt)
    else wanted.set(schedule.id, { since: retry.dueAt, waitsSince: retry.dueAt, start: retry.start })
  }

  const drills = new Set(schedules.filter(isDrill).map(({ id }) => id))
  const starts: Start[] = []
  const waits = new Map<string, Wait>()
  const taken = new Set([...running.values()].flat())
  let atOnce = [...running.values()].filter((services) => services.length > 0).length
  let drillRuns = [...running.keys()].some((id) => drills.has(id))
  let othersRun = [...running.keys()].some((id) => !drills.has(id))
  const byNeed = [...wanted.values()].sort((a, b) => a.since - b.since)
  const mayBegin = ({ start: { schedule: id }, waitsSince }: Wanted, services: readonly string[]): boolean => {
    if (running.has(id)) return false
    if (drills.has(id)) return !drillRuns && (!othersRun || now - waitsSince >= drillPatienceMs)
    return services.length === 0 || (atOnce < mostAtOnce && !services.some((service) => taken.has(service)))
  }
  const isForDrill = ({ start }: Wanted) => drills.has(start.schedule)
  for (const one of [...byNeed.filter((other) => !isForDrill(other)), ...byNeed.filter(isForDrill)]) {
    const { start } = one
    const services = schedules.find(({ id }) => id === start.schedule)?.services ?? []
    if (!mayBegin(one, services)) {
      if (start.replaces === null) waits.set(start.schedule, { at: start.at, since: one.waitsSince })
      continue
    }
    starts.push(start)
    if (isForDrill(one)) drillRuns = true
    else othersRun = true
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
