import { instantOf } from '../../model/instant.ts'
import { cleanupScheduleId, isDrill, type Schedule, type ScheduleTrouble } from '../../model/schedule.ts'
import { planTurn, type Start, type Turn } from '../plan/daemon-turn.ts'
import { believableAheadMs, believed } from '../plan/due.ts'
import { AlertWatch } from './alert-watch.ts'
import type { DaemonGround, DaemonWorld } from './daemon-world.ts'
import { Ledger } from './ledger.ts'
import { RunKeeper, textOf } from './run-keeper.ts'

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

export class Daemon {
  readonly #world: DaemonWorld
  readonly #pace: DaemonPace
  readonly #ledger: Ledger
  readonly #alerts: AlertWatch
  readonly #runs: RunKeeper
  #ground: DaemonGround
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
    this.#runs = new RunKeeper(world, this.#ledger, () => {
      this.#alerts.soon()
      this.#wake.abort()
    })
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
    supervisor.stopping()
    await this.#runs.stop(this.#pace.graceMs, () => this.#hurry)
    log.info('stopped', 'the daemon has stopped')
  }

  /** Begins nothing more. The second time, what runs is asked to stop at once. */
  stop(): void {
    if (this.#stopping) this.#hurry = true
    this.#stopping = true
    this.#wake.abort()
    this.#runs.wake()
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
    } finally {
      await this.#lookForAlerts()
    }
  }

  /** What goes wrong with one schedule must not keep the others from running. */
  async #apart(schedule: string, act: () => Promise<void>): Promise<void> {
    try {
      await act()
      this.#tellOnce(`apart ${schedule}`, null)
    } catch (error) {
      this.#tellOnce(`apart ${schedule}`, textOf(error))
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
    for (const schedule of schedules)
      await this.#apart(`settle ${schedule.id}`, async () => {
        await this.#runs.settle(schedule, this.#first ? this.#servicesOf(schedule) : null)
        await this.#strikeDisbelieved(schedule, clock.now())
      })
    const now = clock.now()
    const ground = {
      schedules: (await this.#ledger.schedules()).map((one) => ({ ...one, services: this.#servicesOf(one) })),
      running: this.#runs.running,
      waiting: this.#waiting,
    }
    const { starts, waiting, troubles, next } = planTurn(ground, now)
    this.#waiting = waiting
    this.#tellTroubles(troubles)
    for (const start of starts) await this.#apart(`begin ${start.schedule}`, () => this.#begin(start, schedules))
    supervisor.status(this.#statusText(next))
    return next
  }

  /** What cannot be found out must not keep the schedules from running. */
  async #lookForAlerts(): Promise<void> {
    try {
      await this.#alerts.look(this.#ground, this.#runs.running.size > 0)
      this.#tellOnce('alerts', null)
    } catch (error) {
      this.#tellOnce('alerts', `what needs a person cannot be told: ${textOf(error)}`)
    }
  }

  /** Those that nobody else may back up meanwhile: who only reads, or cleans up, gets in nobody's way. */
  #servicesOf(schedule: Schedule): readonly string[] {
    if (schedule.id === cleanupScheduleId || isDrill(schedule)) return []
    return schedule.services.length === 0 ? this.#ground.services : schedule.services
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

  async #begin(start: Start, schedules: readonly Schedule[]): Promise<void> {
    const schedule = schedules.find(({ id }) => id === start.schedule)
    if (schedule === undefined || this.#stopping) return
    const isOurs = await this.#runs.begin(start, schedule, this.#servicesOf(schedule))
    if (isOurs || start.replaces !== null) return
    const wait = { at: start.at, since: this.#world.clock.now() }
    this.#waiting = new Map([...this.#waiting, [start.schedule, wait]])
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
    const { size } = this.#runs.running
    const runs = size === 0 ? 'idle' : `${size} running`
    return next === null ? `${runs}, nothing is scheduled` : `${runs}, next ${new Date(next).toISOString()}`
  }
}
