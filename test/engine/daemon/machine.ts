import { setImmediate as settled } from 'node:timers/promises'
import { Daemon } from '../../../src/engine/daemon/daemon.ts'
import type { DaemonGround, DaemonWorld, Hold } from '../../../src/engine/daemon/daemon-world.ts'
import { decideRetention } from '../../../src/engine/plan/retention.ts'
import { planCleanup } from '../../../src/engine/plan/retention-cleanup.ts'
import { BackupError, type ErrorCode } from '../../../src/model/errors.ts'
import type { JobRequest, RunState, RunSummary } from '../../../src/model/jobs.ts'
import type { RetentionBackup, RetentionPolicy } from '../../../src/model/retention.ts'
import { cleanupScheduleId, type ListedSchedule, type Schedule } from '../../../src/model/schedule.ts'
import type { Alert } from '../../../src/model/status.ts'
import { openSchedules } from '../../../src/store/schedules.ts'

/**
 * A machine on which a daemon lives, without any of it being real but the daemon, the store and the decisions: a clock
 * that can be set, processes that take their time, crashes between any two calls of the daemon, power that is cut.
 */

export const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]

export interface Deed {
  /** How long a run takes. */
  durationMs(schedule: string): number
  /** How it ends: `null` is well. */
  failure(schedule: string): ErrorCode | 'died' | null
  random(): number
}

export interface MadeBackup extends RetentionBackup {
  readonly run: string
  readonly at: string
  readonly madeAtElapsed: number
  readonly startedAtElapsed: number
}

interface Job {
  readonly run: string
  readonly schedule: string
  readonly services: readonly string[]
  readonly request: JobRequest
  readonly startedAt: number
  readonly endsAt: number
  ended: Omit<Ended, 'durationMs'> | null
}

interface Ended {
  readonly state: RunState
  readonly code: ErrorCode | null
  readonly durationMs: number
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export class Machine {
  elapsed = 0
  skew = 0
  readonly base: number
  readonly deed: Deed
  readonly services: readonly string[]
  readonly policy: RetentionPolicy
  backups: MadeBackup[] = []
  /** Every backup that was ever made. */
  readonly made: MadeBackup[] = []
  readonly deleted: { readonly id: string; readonly elapsed: number }[] = []
  readonly jobs = new Map<string, Job>()
  readonly #living = new Set<Job>()
  readonly log: { readonly level: string; readonly event: string; readonly message: string }[] = []
  /** What must never happen, in words. */
  readonly broken: string[] = []
  calls = 0
  /** The daemon's process dies at this call. */
  dieAtCall: number | null = null
  onDeath: () => void = () => {}
  readonly configured: readonly ListedSchedule[]
  /** What needs a person. */
  alerts: readonly Alert[] = []
  /** Of these runs the log cannot be read. */
  readonly unreadable = new Set<string>()
  /** Nothing can be written: not a byte is free. */
  isFull = false
  /** The process of a run of these hangs before it has a log, and hears no signal but SIGKILL. */
  readonly frozen = new Set<string>()
  /** Runs whose process hangs in that way. */
  readonly hanging = new Set<string>()
  #text: string | null
  #process = 0
  #runs = 0
  #daemon: Daemon | null = null
  #sleepers: Sleeper[] = []
  /** By schedule, who holds its lock: `daemon 3`, or the id of a run. */
  readonly #locks = new Map<string, Set<string>>()

  constructor(given: {
    readonly base: number
    readonly schedules: readonly Schedule[]
    readonly configured: readonly ListedSchedule[]
    readonly services: readonly string[]
    readonly policy: RetentionPolicy
    readonly deed: Deed
  }) {
    this.base = given.base
    this.services = given.services
    this.policy = given.policy
    this.deed = given.deed
    this.configured = given.configured
    this.#text = JSON.stringify({ v: 1, schedules: given.schedules })
  }

  now(): number {
    return this.base + this.elapsed + this.skew
  }

  get isUp(): boolean {
    return this.#daemon !== null
  }

  /** schedules.json as it is. */
  get text(): string {
    return this.#text ?? ''
  }

  /** Somebody writes schedules.json by hand. */
  writeByHand(text: string): void {
    this.#text = text
  }

  async boot(): Promise<void> {
    const process = ++this.#process
    const world = this.#worldOf(process)
    const daemon = await Daemon.open(world, { lookMs: hour, graceMs: 10 * minute })
    if (process !== this.#process) return
    this.#daemon = daemon
    void daemon.run()
    await settled()
  }

  /** As SIGTERM would. Resolves when it has ended, as time goes on. */
  stop(): void {
    this.#daemon?.stop()
  }

  /** kill -9: what it started goes on. */
  killDaemon(): void {
    const holder = `daemon ${this.#process}`
    this.#process++
    this.#daemon = null
    for (const holders of this.#locks.values()) holders.delete(holder)
    this.#sleepers = this.#sleepers.filter(({ at }) => at === Number.POSITIVE_INFINITY)
  }

  cutPower(): void {
    this.killDaemon()
    for (const job of [...this.#living]) this.#end(job, 'died', null)
  }

  /** Lets time go on until `until`, or until the daemon dies, calling everything that is due on the way. */
  async live(until: number): Promise<void> {
    const process = this.#process
    await settled()
    while (this.elapsed < until && this.#process === process) {
      const job = [...this.#living].reduce<Job | null>((a, b) => (a === null || b.endsAt < a.endsAt ? b : a), null)
      const sleeper = this.#sleepers.reduce<Sleeper | null>((a, b) => (a === null || b.at < a.at ? b : a), null)
      const next = Math.min(until, job?.endsAt ?? until, sleeper?.at ?? until)
      this.elapsed = Math.max(this.elapsed, next)
      if (job !== null && job.endsAt <= next) this.#finish(job)
      else if (sleeper !== null && sleeper.at <= next) {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
        sleeper.wake()
      }
      await settled()
    }
  }

  #finish(job: Job): void {
    const failure = this.deed.failure(job.schedule)
    if (failure === null && job.request.kind === 'cleanup') this.#cleanUp()
    if (failure === null && job.request.kind === 'create') this.#commit(job, job.request)
    if (failure === 'died') this.#end(job, 'died', null)
    else this.#end(job, failure === null ? 'done' : 'failed', failure)
  }

  #end(job: Job, state: RunState, code: ErrorCode | null): void {
    job.ended = { state, code }
    this.#living.delete(job)
    this.#locks.get(job.schedule)?.delete(job.run)
    for (const waiting of this.#sleepers.filter(({ at }) => at === Number.POSITIVE_INFINITY)) waiting.wake()
  }

  #commit(job: Job, { options }: Extract<JobRequest, { kind: 'create' }>): void {
    const createdAt = this.now()
    const backup: MadeBackup = {
      id: `b${this.made.length}`,
      run: job.run,
      type: options.type,
      createdAt,
      services: job.services,
      schedule: job.schedule,
      needs: [],
      state: 'good',
      verified: false,
      pinned: false,
      legalHold: null,
      expiringSince: null,
      at: options.schedule?.at ?? '',
      madeAtElapsed: this.elapsed,
      startedAtElapsed: job.startedAt,
    }
    this.made.push(backup)
    this.backups.push(backup)
  }

  #cleanUp(): void {
    const decisions = decideRetention(this.backups, this.policy, this.now())
    const plan = planCleanup(this.backups, decisions, this.now())
    const [gone, marked, unmarked] = [new Set(plan.delete), new Set(plan.mark), new Set(plan.unmark)]
    for (const id of gone) this.deleted.push({ id, elapsed: this.elapsed })
    this.backups = this.backups
      .filter(({ id }) => !gone.has(id))
      .map((backup) =>
        marked.has(backup.id)
          ? { ...backup, expiringSince: this.now() }
          : unmarked.has(backup.id)
            ? { ...backup, expiringSince: null }
            : backup,
      )
  }

  /** Of a process that is gone nothing happens any more, and nobody answers it. */
  #worldOf(process: number): DaemonWorld {
    const never = () => new Promise<never>(() => {})
    const call = async <Result>(effect: () => Result | Promise<Result>): Promise<Result> => {
      if (process !== this.#process) return never()
      this.calls++
      if (this.calls !== this.dieAtCall) return effect()
      this.dieAtCall = null
      if (this.deed.random() < 0.5) await effect()
      this.onDeath()
      return never()
    }
    const holder = `daemon ${process}`
    const store = openSchedules({
      read: async () => this.#text,
      write: async (text) => {
        if (this.isFull) throw new BackupError('E_NO_SPACE', 'schedules.json cannot be written: no space is left')
        if (process === this.#process) this.#text = text
      },
      lock: (act) => act(),
    })
    const note = (level: string) => (event: string, message: string) => {
      if (process === this.#process) this.log.push({ level, event, message })
    }
    const ground: DaemonGround = {
      configured: this.configured,
      services: this.services,
      stamp: () => this.#text ?? '',
      schedules: async () => {
        const found = await store.read()
        if (found.state !== 'ok') throw new BackupError('E_DAMAGED', 'schedules.json cannot be read')
        const { schedules, configured = {} } = found.value
        const asked = this.configured.map(({ schedule, origin }) => {
          const known = configured[schedule.id]
          return {
            origin,
            schedule: { ...schedule, createdAt: known?.since ?? schedule.createdAt, lastRuns: known?.lastRuns ?? [] },
          }
        })
        return [...schedules.map((schedule) => ({ schedule, origin: 'schedules.json' as const })), ...asked]
      },
      notes: {
        knowConfigured: (asked, since) => call(() => store.knowConfigured(asked, since)),
        noteRun: (id, run) => call(() => store.noteRun(id, run)),
        noteRetry: (id, before, run) => call(() => store.noteRetry(id, before, run)),
        noteOutcome: (id, run, end) => call(() => store.noteOutcome(id, run, end)),
        strikeRuns: (id, runs) => call(() => store.strikeRuns(id, runs)),
      },
      alerts: async () => this.alerts,
    }
    return {
      clock: {
        now: () => this.now(),
        elapsed: () => this.elapsed,
        sleep: (ms, signal) =>
          new Promise((resolve) => {
            if (process !== this.#process) return
            const sleeper = { at: this.elapsed + Math.max(1, ms), wake: () => resolve() }
            this.#sleepers.push(sleeper)
            const wake = () => {
              this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
              if (process === this.#process) resolve()
            }
            if (signal.aborted) wake()
            else signal.addEventListener('abort', wake)
          }),
      },
      load: async () => ground,
      log: { debug: note('debug'), info: note('info'), warning: note('warning'), error: note('error') },
      supervisor: {
        ready() {},
        status() {},
        reloading() {},
        stopping() {},
        extend() {},
        watchdogMs: null,
        alive() {},
      },
      runs: {
        hold: (schedule) => call(() => this.#hold(schedule, holder)),
        newId: ({ kind }) => `${kind}-${++this.#runs}`,
        start: (request, run, _hold, _off, kill) =>
          this.frozen.has(scheduleOf(request)) ? this.#hang(run, kill) : call(() => this.#start(request, run)),
        follow: async (run) => {
          while (this.jobs.get(run)?.ended === null)
            await new Promise<void>((resolve) => {
              const sleeper = {
                at: Number.POSITIVE_INFINITY,
                wake: () => {
                  this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
                  resolve()
                },
              }
              this.#sleepers.push(sleeper)
            })
          return call(() => void this.#summary(run))
        },
        read: (run) => call(() => this.#summary(run)),
        cancel: (run) => call(() => this.#stopJob(run)),
        kill: (run) => call(() => this.#stopJob(run)),
      },
    }
  }

  #hold(schedule: string, holder: string): Hold | null {
    const holders = this.#locks.get(schedule) ?? new Set()
    this.#locks.set(schedule, holders)
    if (holders.size > 0) return null
    holders.add(holder)
    return { lock: 0, release: () => void holders.delete(holder) }
  }

  /** As a process that was stopped (SIGSTOP): called off it does not hear, and only SIGKILL ends it. */
  #hang(run: string, kill: AbortSignal): Promise<never> {
    this.hanging.add(run)
    return new Promise((_, reject) =>
      kill.addEventListener('abort', () => {
        this.hanging.delete(run)
        reject(new BackupError('E_INTERRUPTED', 'the job was called off before it began'))
      }),
    )
  }

  #start(request: JobRequest, run: string): void {
    const schedule = scheduleOf(request)
    const asked = request.kind === 'create' ? request.options.services : []
    const services = request.kind === 'create' && asked.length === 0 ? this.services : asked
    for (const other of this.#living) {
      if (other.schedule === schedule) this.broken.push(`${schedule} runs twice at once`)
      if (request.kind === 'drill' && other.request.kind === 'drill') this.broken.push('two drills run at once')
      if (other.services.some((service) => services.includes(service)))
        this.broken.push(`${schedule} and ${other.schedule} run at once on one service`)
    }
    if (this.jobs.has(run)) this.broken.push(`the id ${run} was given twice`)
    const startedAt = this.elapsed
    this.#locks.get(schedule)?.add(run)
    const endsAt = startedAt + this.deed.durationMs(schedule)
    const job = { run, schedule, services, request, startedAt, endsAt, ended: null }
    this.jobs.set(run, job)
    this.#living.add(job)
  }

  #stopJob(run: string): void {
    const job = this.jobs.get(run)
    if (job !== undefined && job.ended === null) this.#end(job, 'interrupted', 'E_INTERRUPTED')
  }

  #summary(run: string): RunSummary {
    const job = this.jobs.get(run)
    if (this.unreadable.has(run)) throw new BackupError('E_IO', `the log of ${run} cannot be read`)
    if (job === undefined) throw new BackupError('E_UNKNOWN_ID', `there is no log of a run '${run}'`)
    const state = job.ended?.state ?? 'running'
    return {
      id: run,
      kind: job.request.kind === 'cleanup' || job.request.kind === 'drill' ? job.request.kind : 'create',
      state,
      startedAt: '',
      endedAt: null,
      durationMs: job.ended === null ? null : job.endsAt - job.startedAt,
      exitCode: null,
      about: '',
      host: '',
      pid: null,
      phase: null,
      progress: null,
      committed: null,
      report: null,
      error: job.ended?.code == null ? null : { code: job.ended.code, message: job.ended.code, hint: '' },
      meaning: null,
    }
  }
}

function scheduleOf(request: JobRequest): string {
  const { kind } = request
  return kind === 'create' || kind === 'drill' ? (request.options.schedule?.id ?? '') : cleanupScheduleId
}
