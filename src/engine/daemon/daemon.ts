import { BackupError } from '../../model/errors.ts'
import { instantOf } from '../../model/instant.ts'
import type { JobRequest, RunState } from '../../model/jobs.ts'
import { cleanupScheduleId, type Schedule, type ScheduleRun, type ScheduleTrouble } from '../../model/schedule.ts'
import { formatDuration } from '../../model/units.ts'

import { planTurn, type Start, type Turn, type TurnSchedule } from '../plan/daemon-turn.ts'
import { believableAheadMs, believed } from '../plan/due.ts'
import { retryAt } from '../plan/retry.ts'
import { createOptionsOf } from '../schedule-run.ts'
import { AlertWatch } from './alert-watch.ts'
import type { DaemonGround, DaemonWorld, Hold } from './daemon-world.ts'
import { Ledger } from './ledger.ts'

/**
 * Runs what is due, for years: wait for the next instant, note the run, begin it in a process of its own, note what
 * became of it. Nothing that goes wrong in a turn ends the daemon; what is wrong with the configuration does at its
 * start, and never later.
 */

export interface DaemonPace {
  /** How often schedules.json and the clock are looked at. */
  readonly lookMs: number
  /** How long a run may go on by itself when the daemon is to stop. */
  readonly graceMs: number
}

interface Running {
  readonly run: string
  readonly services: readonly string[]
  /** Resolves, never rejects, when what became of it is noted. */
  readonly done: Promise<void>
}

/** After it was asked to stop cleanly. */
const cleanStopMs = 30_000
const stopPollMs = 1000

export class Daemon {
  readonly #world: DaemonWorld
  readonly #pace: DaemonPace
  readonly #ledger: Ledger
  readonly #alerts: AlertWatch
  #ground: DaemonGround
  readonly #running = new Map<string, Running>()
  #waiting: Turn['waiting'] = new Map()
  /** What was told of schedules, so that it is told once. */
  readonly #told = new Set<string>()
  #wake = new AbortController()
  #stopping = false
  #hurry = false
  #reload = false
  #first = true

  private constructor(world: DaemonWorld, ground: DaemonGround, pace: DaemonPace) {
    this.#world = world
    this.#pace = pace
    this.#ground = ground
    this.#ledger = new Ledger(ground, () => world.clock.now())
    this.#alerts = new AlertWatch(world)
  }

  /** @throws what `world.load` throws: nothing runs then. */
  static async open(world: DaemonWorld, pace: DaemonPace): Promise<Daemon> {
    return new Daemon(world, await world.load(), pace)
  }

  /** Until `stop` was asked for and everything has ended. Never rejects. */
  async run(): Promise<void> {
    const { clock, supervisor, log } = this.#world
    log.info('started', 'the daemon runs')
    while (!this.#stopping) {
      this.#wake = new AbortController()
      const next = await this.#turnSafely()
      if (this.#first) supervisor.ready('running')
      this.#first = false
      supervisor.alive()
      const now = clock.now()
      const lookMs = Math.min(this.#pace.lookMs, (supervisor.watchdogMs ?? Number.POSITIVE_INFINITY) / 2)
      const waitMs = next === null ? lookMs : Math.min(lookMs, Math.max(0, next - now))
      if (!this.#stopping && !this.#reload) await clock.sleep(waitMs, this.#wake.signal)
    }
    await this.#end()
    log.info('stopped', 'the daemon has stopped')
  }

  /** Begins nothing more. The second time, what runs is asked to stop at once. */
  stop(): void {
    if (this.#stopping) this.#hurry = true
    this.#stopping = true
    this.#wake.abort()
  }

  /** Reads the configuration anew before the next turn. */
  reload(): void {
    this.#reload = true
    this.#wake.abort()
  }

  async #turnSafely(): Promise<number | null> {
    try {
      if (this.#reload) await this.#loadAnew()
      const next = await this.#turn()
      this.#tellOnce('turn', null)
      return next
    } catch (error) {
      this.#tellOnce('turn', textOf(error))
      return null
    }
  }

  async #loadAnew(): Promise<void> {
    const { log, supervisor } = this.#world
    this.#reload = false
    supervisor.reloading()
    try {
      this.#ground = await this.#world.load()
      this.#ledger.reload(this.#ground)
      this.#told.clear()
      log.info('configuration-read', 'the configuration was read anew')
    } catch (error) {
      log.error('configuration-refused', `the configuration stays as it was: ${textOf(error)}`)
    }
    supervisor.ready('running')
  }

  async #turn(): Promise<number | null> {
    const { clock, supervisor } = this.#world
    const schedules = await this.#ledger.schedules()
    this.#tellOnce('schedules', this.#ledger.trouble)
    for (const schedule of schedules) await this.#settleDead(schedule)
    const now = clock.now()
    for (const schedule of schedules) await this.#strikeDisbelieved(schedule, now)
    const ground = {
      schedules: (await this.#ledger.schedules()).map((schedule) => this.#turnSchedule(schedule)),
      running: new Map([...this.#running].map(([id, { services }]) => [id, services])),
      waiting: this.#waiting,
    }
    const { starts, waiting, troubles, next } = planTurn(ground, now)
    this.#waiting = waiting
    this.#tellTroubles(troubles)
    for (const start of starts) await this.#begin(start, schedules)
    if (this.#running.size === 0) await this.#alerts.look(this.#ground)
    supervisor.status(this.#statusText(next))
    return next
  }

  #turnSchedule(schedule: Schedule): TurnSchedule {
    return { ...schedule, services: this.#servicesOf(schedule) }
  }

  #servicesOf({ id, services }: Schedule): readonly string[] {
    if (id === cleanupScheduleId) return []
    return services.length === 0 ? this.#ground.services : services
  }

  /** What was noted while the clock was days ahead would keep its schedule from running until it is there again. */
  async #strikeDisbelieved({ id, name, lastRuns }: Schedule, now: number): Promise<void> {
    const furthest = new Date(now + believableAheadMs).toISOString()
    if (lastRuns.every(({ at }) => at <= furthest)) return // as nearly always
    const instants = lastRuns.map(({ at }) => instantOf(at))
    const kept = new Set(believed(instants, now))
    const struck = lastRuns.filter(({ outcome }, at) => outcome !== null && !kept.has(instants[at]!))
    if (struck.length === 0) return
    await this.#ledger.strikeRuns(
      id,
      struck.map(({ run }) => run),
    )
    const message = `${name}: the clock was set back; ${struck.length} instants that were run are ahead of it and will be run again`
    this.#world.log.warning('clock-set-back', message, { schedule: id })
  }

  /** A run that was noted and whose end was not: the daemon was killed, or the machine. */
  async #settleDead(schedule: Schedule): Promise<void> {
    const [note] = schedule.lastRuns
    if (note === undefined || note.outcome !== null || this.#running.has(schedule.id)) return
    const hold = await this.#world.runs.hold(schedule.id)
    if (hold === null) {
      // It lives. What was begun before us is ours to end; what a person runs is not.
      if (this.#first && note.attempt !== undefined) this.#adopt(schedule, note)
      return
    }
    try {
      await this.#noteEnd(schedule.id, note, await this.#endOf(note.run))
    } finally {
      hold.release()
    }
  }

  #adopt(schedule: Schedule, note: ScheduleRun): void {
    this.#world.log.info('run-adopted', `${schedule.name}: its run goes on`, { schedule: schedule.id, run: note.run })
    this.#keep(schedule, note.run, async () => {
      for (;;) {
        const end = await this.#endOf(note.run)
        if (end.state !== 'running') return this.#noteEnd(schedule.id, note, end)
        await this.#world.clock.sleep(stopPollMs, new AbortController().signal)
      }
    })
  }

  async #begin({ schedule: id, at, attempt, replaces, reason }: Start, schedules: readonly Schedule[]): Promise<void> {
    const schedule = schedules.find((one) => one.id === id)
    if (schedule === undefined || this.#stopping) return
    const { clock, runs, log } = this.#world
    const hold = await runs.hold(id)
    if (hold === null) {
      this.#waiting = new Map([...this.#waiting, [id, at]])
      return
    }
    try {
      const request = requestOf(schedule, at)
      const startedAt = new Date(clock.now()).toISOString()
      const note: ScheduleRun = {
        at: new Date(at).toISOString(),
        startedAt,
        run: runs.newId(request),
        outcome: null,
        durationMs: null,
        attempt,
      }
      if (replaces !== null) await this.#ledger.noteRetry(id, replaces, note)
      else if (!(await this.#ledger.noteRun(id, note))) return hold.release()
      log.info('run-due', `${schedule.name}: ${reason}`, { schedule: id, run: note.run, at: note.at, attempt })
      this.#keep(schedule, note.run, () => this.#carry(schedule, note, request, hold))
    } catch (error) {
      hold.release()
      throw error
    }
  }

  #keep(schedule: Schedule, run: string, act: () => Promise<void>): void {
    const done = act()
      .catch((error: unknown) =>
        this.#world.log.error('run-lost', `${schedule.name}: what became of ${run} is not noted: ${textOf(error)}`, {
          schedule: schedule.id,
          run,
        }),
      )
      .finally(() => {
        this.#running.delete(schedule.id)
        this.#alerts.soon()
        this.#wake.abort()
      })
    this.#running.set(schedule.id, { run, services: this.#servicesOf(schedule), done })
  }

  async #carry(schedule: Schedule, note: ScheduleRun, request: JobRequest, hold: Hold): Promise<void> {
    try {
      await this.#world.runs.start(request, note.run, hold, new AbortController().signal)
    } catch (error) {
      const code = error instanceof BackupError ? error.code : 'E_INTERNAL'
      const began = code === 'E_INTERNAL' ? 'died' : 'failed'
      await this.#noteEnd(schedule.id, note, { state: began, code, message: textOf(error), durationMs: null })
      return
    } finally {
      hold.release() // its process has it now
    }
    await this.#world.runs.follow(note.run)
    await this.#noteEnd(schedule.id, note, await this.#endOf(note.run))
  }

  /** What is known of a run; one without a log died before it began. @throws E_IO. */
  async #endOf(run: string): Promise<End> {
    try {
      const { state, error, durationMs, committed } = await this.#world.runs.read(run)
      // Killed after its backup was made: once more would make a second one for the same instant.
      if (state === 'died' && committed !== null)
        return { state: 'warnings', code: null, message: `killed after it had made ${committed}`, durationMs }
      return { state, code: error?.code ?? null, message: error?.message ?? null, durationMs }
    } catch (error) {
      if (error instanceof BackupError && error.code === 'E_UNKNOWN_ID')
        return { state: 'died', code: null, message: 'its process ended before it began', durationMs: null }
      throw error
    }
  }

  async #noteEnd(id: string, note: ScheduleRun, { state, code, message, durationMs }: End): Promise<void> {
    if (state === 'running') return
    const { clock, log } = this.#world
    const ended = { state, code, attempt: note.attempt ?? null, stoppedByUs: this.#stopping }
    const again = retryAt(ended, clock.now())
    const outcome = state === 'died' ? 'interrupted' : state
    const retry = again === null ? {} : { retryAt: new Date(again).toISOString() }
    try {
      await this.#ledger.noteOutcome(id, note.run, { outcome, durationMs, ...retry })
    } catch (error) {
      if (!(error instanceof BackupError && error.code === 'E_UNKNOWN_ID')) throw error // deleted meanwhile
    }
    const fields = { schedule: id, run: note.run, at: note.at, state, code, ...retry }
    const took = durationMs === null ? '' : ` after ${formatDuration(durationMs)}`
    const told = `${id}: ${state}${took}${message === null ? '' : `: ${message}`}`
    if (state === 'done') log.info('run-ended', told, fields)
    else if (state === 'failed' || state === 'died') log.error('run-ended', told, fields)
    else log.warning('run-ended', told, fields)
  }

  /** Waits for what runs, then asks it to stop, then ends it. */
  async #end(): Promise<void> {
    const { supervisor, log } = this.#world
    supervisor.stopping()
    if (this.#running.size > 0) log.info('stopping', `waiting for ${this.#running.size} to end`)
    await this.#waitForRuns(this.#pace.graceMs, () => this.#hurry)
    await this.#each('cancel')
    await this.#waitForRuns(cleanStopMs, () => false)
    await this.#each('kill')
    await Promise.all([...this.#running.values()].map(({ done }) => done))
  }

  async #waitForRuns(atMostMs: number, enough: () => boolean): Promise<void> {
    const { clock, supervisor } = this.#world
    const until = clock.elapsed() + atMostMs
    while (this.#running.size > 0 && !enough() && clock.elapsed() < until) {
      this.#wake = new AbortController()
      supervisor.extend(2 * stopPollMs + cleanStopMs)
      supervisor.alive()
      await clock.sleep(Math.min(stopPollMs, until - clock.elapsed()), this.#wake.signal)
    }
  }

  async #each(deed: 'cancel' | 'kill'): Promise<void> {
    for (const [id, { run }] of this.#running) {
      this.#world.log.warning(
        'run-stopped',
        `${id}: its run is asked to ${deed === 'cancel' ? 'stop' : 'end at once'}`,
        { run },
      )
      try {
        await this.#world.runs[deed](run)
      } catch (error) {
        this.#world.log.error('run-not-stopped', `${id}: ${textOf(error)}`, { run })
      }
    }
  }

  /** Tells a trouble that was not there the last time; null is that there is none of this kind any more. */
  #tellOnce(kind: string, message: string | null): void {
    if (message === null) this.#told.delete(kind)
    else if (!this.#told.has(kind)) {
      this.#told.add(kind)
      this.#world.log.error('trouble', message)
    }
  }

  #tellTroubles(troubles: Turn['troubles']): void {
    // A message may count the minutes; one about an instant is about another the next time.
    const keyOf = ({ schedule, kind, message }: ScheduleTrouble) =>
      kind === 'missed' ? `schedule ${message}` : `schedule ${schedule} ${kind}`
    const keys = new Set(troubles.map(keyOf))
    for (const known of this.#told) if (known.startsWith('schedule ') && !keys.has(known)) this.#told.delete(known)
    for (const trouble of troubles) this.#tellOnce(keyOf(trouble), trouble.message)
  }

  #statusText(next: number | null): string {
    const runs = this.#running.size === 0 ? 'idle' : `${this.#running.size} running`
    return next === null ? `${runs}, nothing is scheduled` : `${runs}, next ${new Date(next).toISOString()}`
  }
}

interface End {
  readonly state: RunState
  readonly code: string | null
  readonly message: string | null
  readonly durationMs: number | null
}

function requestOf(schedule: Schedule, at: number): JobRequest {
  if (schedule.id === cleanupScheduleId)
    return { kind: 'cleanup', order: { rules: { kind: 'configured' }, only: null } }
  return { kind: 'create', options: createOptionsOf(schedule, at) }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
