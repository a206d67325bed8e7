import { BackupError } from '../../model/errors.ts'
import type { JobRequest, RunState } from '../../model/jobs.ts'
import type { Schedule, ScheduleRun } from '../../model/schedule.ts'
import { formatDuration } from '../../model/units.ts'
import type { Start } from '../plan/daemon-turn.ts'
import { retryAt } from '../plan/retry.ts'
import { requestOf } from '../schedule-run.ts'
import type { DaemonWorld, Hold } from './daemon-world.ts'
import type { Ledger } from './ledger.ts'

/**
 * The runs of schedules, from their note to their end. A run is noted before it is begun and holds its schedule's lock
 * until its process is gone: so whoever comes after a daemon that was killed can tell what lives, what has ended and
 * what never began, and nothing is run twice.
 */

interface Running {
  readonly run: string
  readonly services: readonly string[]
  /** For one whose process is only just being started, and has no run that could be asked or ended; else null. */
  starting: Starting | null
}

interface Starting {
  readonly off: AbortController
  readonly kill: AbortController
}

/** After it was asked to stop cleanly. */
const cleanStopMs = 30_000
const stopPollMs = 1000

export class RunKeeper {
  readonly #world: DaemonWorld
  readonly #ledger: Ledger
  readonly #ended: () => void
  readonly #running = new Map<string, Running>()
  #stopping = false
  #wake = new AbortController()

  /** `ended` is called after each run, when its end is noted. */
  constructor(world: DaemonWorld, ledger: Ledger, ended: () => void) {
    this.#world = world
    this.#ledger = ledger
    this.#ended = ended
  }

  /** By schedule, the services they hold. */
  get running(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#running].map(([id, { services }]) => [id, services]))
  }

  /**
   * Notes the end of runs whose end nobody noted, as their daemon was killed, or the machine. One that lives is taken
   * over where `adopts` gives the services it holds; what a person runs never is.
   */
  async settle(schedule: Schedule, adopts: readonly string[] | null): Promise<void> {
    const open = schedule.lastRuns.filter(({ outcome }) => outcome === null)
    const [newest] = open
    if (newest === undefined || this.#running.has(schedule.id)) return
    const hold = await this.#world.runs.hold(schedule.id)
    if (hold === null) {
      if (adopts !== null && newest.attempt !== undefined) this.#adopt(schedule, newest, adopts)
      return
    }
    try {
      for (const note of open) await this.#noteEnd(schedule, note, await this.#endOf(note.run))
    } finally {
      hold.release()
    }
  }

  /** False where somebody else runs this schedule now. @throws E_IO, E_NO_SPACE where it cannot be noted: it is not begun then. */
  async begin(
    { at, attempt, replaces, reason }: Start,
    schedule: Schedule,
    services: readonly string[],
  ): Promise<boolean> {
    const { clock, runs, log } = this.#world
    const { id, name } = schedule
    const hold = await runs.hold(id)
    if (hold === null) return false
    let kept = false
    try {
      const request = requestOf(schedule, at)
      const run = runs.newId(request)
      const times = { at: new Date(at).toISOString(), startedAt: new Date(clock.now()).toISOString() }
      const note: ScheduleRun = { ...times, run, outcome: null, durationMs: null, attempt }
      if (replaces !== null) await this.#ledger.noteRetry(id, replaces, note)
      else if (!(await this.#ledger.noteRun(id, note))) return true // another process has just run it
      log.info('run-due', `${name}: ${reason}`, { schedule: id, run, instant: note.at, attempt })
      this.#keep(schedule, run, services, (running) => this.#carry(schedule, note, request, hold, running))
      kept = true
    } finally {
      if (!kept) hold.release()
    }
    return true
  }

  /** Waits for what runs, then asks it to stop, then ends it. `hurry` cuts the waiting short. */
  async stop(graceMs: number, hurry: () => boolean): Promise<void> {
    this.#stopping = true
    if (this.#running.size > 0) this.#world.log.info('stopping', `waiting for ${this.#running.size} to end`)
    await this.#waitForRuns(graceMs, hurry)
    await this.#each('cancel')
    await this.#waitForRuns(cleanStopMs, () => false)
    await this.#each('kill')
    await this.#waitForRuns(cleanStopMs, () => false)
  }

  /** Looks again whether it is to hurry. */
  wake(): void {
    this.#wake.abort()
  }

  #adopt(schedule: Schedule, note: ScheduleRun, services: readonly string[]): void {
    this.#world.log.info('run-adopted', `${schedule.name}: its run goes on`, { schedule: schedule.id, run: note.run })
    this.#keep(schedule, note.run, services, async () => {
      for (;;) {
        const end = await this.#endOf(note.run)
        // Its process may live and have no log yet.
        const hold = end.state === 'running' ? null : await this.#world.runs.hold(schedule.id)
        if (hold !== null) {
          hold.release()
          return this.#noteEnd(schedule, note, await this.#endOf(note.run))
        }
        await this.#world.clock.sleep(stopPollMs, new AbortController().signal)
      }
    })
  }

  #keep(schedule: Schedule, run: string, services: readonly string[], act: (running: Running) => Promise<void>): void {
    const { id, name } = schedule
    const running: Running = { run, services, starting: null }
    void act(running)
      .catch((error: unknown) => {
        const message = `${name}: what became of ${run} is not noted: ${textOf(error)}`
        this.#world.log.error('run-lost', message, { schedule: id, run })
      })
      .finally(() => {
        this.#running.delete(id)
        this.#wake.abort()
        this.#ended()
      })
    this.#running.set(id, running)
  }

  async #carry(
    schedule: Schedule,
    note: ScheduleRun,
    request: JobRequest,
    hold: Hold,
    running: Running,
  ): Promise<void> {
    const starting: Starting = { off: new AbortController(), kill: new AbortController() }
    running.starting = starting
    try {
      await this.#world.runs.start(request, note.run, hold, starting.off.signal, starting.kill.signal)
    } catch (error) {
      const code = error instanceof BackupError ? error.code : 'E_INTERNAL'
      const state = code === 'E_INTERNAL' ? 'died' : code === 'E_INTERRUPTED' ? 'interrupted' : 'failed'
      return this.#noteEnd(schedule, note, { state, code, message: textOf(error), durationMs: null })
    } finally {
      running.starting = null
      hold.release() // its process has it now
    }
    await this.#world.runs.follow(note.run)
    return this.#noteEnd(schedule, note, await this.#endOf(note.run))
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
      if (!(error instanceof BackupError && error.code === 'E_UNKNOWN_ID')) throw error
      return { state: 'died', code: null, message: 'its process ended before it began', durationMs: null }
    }
  }

  async #noteEnd({ id, name }: Schedule, note: ScheduleRun, { state, code, message, durationMs }: End): Promise<void> {
    if (state === 'running') return
    const { clock, log } = this.#world
    const ended = { state, code, attempt: note.attempt ?? null, stoppedByUs: this.#stopping }
    const again = retryAt(ended, clock.now())
    const retry = again === null ? {} : { retryAt: new Date(again).toISOString() }
    try {
      await this.#ledger.noteOutcome(id, note.run, {
        outcome: state === 'died' ? 'interrupted' : state,
        durationMs,
        ...retry,
      })
    } catch (error) {
      if (!(error instanceof BackupError && error.code === 'E_UNKNOWN_ID')) throw error // deleted meanwhile
    }
    const took = durationMs === null ? '' : ` after ${formatDuration(durationMs)}`
    const level = state === 'done' ? 'info' : state === 'failed' || state === 'died' ? 'error' : 'warning'
    const fields = { schedule: id, run: note.run, instant: note.at, state, code, ...retry }
    log[level]('run-ended', `${name}: ${state}${took}${message === null ? '' : `: ${message}`}`, fields)
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
    const { log, runs } = this.#world
    for (const [id, { run, starting }] of this.#running) {
      log.warning('run-stopped', `${id}: its run is ${deed === 'cancel' ? 'asked to stop' : 'ended at once'}`, { run })
      try {
        if (starting === null) await runs[deed](run)
        else starting[deed === 'cancel' ? 'off' : 'kill'].abort()
      } catch (error) {
        log.error('run-not-stopped', `${id}: ${textOf(error)}`, { run })
      }
    }
  }
}

interface End {
  readonly state: RunState
  readonly code: string | null
  readonly message: string | null
  readonly durationMs: number | null
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
