import { BackupError } from '../../model/errors.ts'
import { instantOf } from '../../model/instant.ts'
import {
  cleanupScheduleId,
  type ListedSchedule,
  type RunEnd,
  type Schedule,
  type ScheduleRun,
} from '../../model/schedule.ts'
import type { DaemonGround } from './daemon-world.ts'

/** As many of a schedule as its notes in the file are. */
const mostUnwritten = 50

/**
 * What is scheduled, and what became of it: schedules.json, read again when somebody has written it.
 *
 * While the file cannot be read the schedules that were known last go on, and what becomes of them is remembered here:
 * a torn file must not end the backups. It is noted as soon as the file is whole again.
 */
export class Ledger {
  #ground: DaemonGround
  #stamp: string | null = null
  #known: readonly ListedSchedule[]
  #trouble: string | null = null
  /** By schedule, newest first: what could not be written down. */
  readonly #unwritten = new Map<string, ScheduleRun[]>()
  /** Noted in the file, which was not read since. */
  readonly #own = new Map<string, readonly ScheduleRun[]>()
  readonly #now: () => number

  constructor(ground: DaemonGround, now: () => number) {
    this.#ground = ground
    this.#known = ground.configured
    this.#now = now
  }

  /** Why schedules.json cannot be read, or not be written for want of room; null where it can. */
  get trouble(): string | null {
    return this.#trouble
  }

  reload(ground: DaemonGround): void {
    this.#ground = ground
    this.#stamp = null
  }

  /** @throws E_IO where the file's directory cannot be looked at. */
  async schedules(): Promise<readonly Schedule[]> {
    const stamp = this.#ground.stamp()
    if (stamp !== this.#stamp) {
      const isNoted = await this.#read()
      this.#stamp = isNoted ? stamp : null
    }
    return this.#known.map(({ schedule }) => {
      const unwritten = this.#unwritten.get(schedule.id)
      return unwritten === undefined ? schedule : { ...schedule, lastRuns: [...unwritten, ...schedule.lastRuns] }
    })
  }

  /**
   * False where its instant is noted already. That of a cleanup is remembered on a full disk: it makes room, and to do
   * it twice harms nobody.
   *
   * @throws E_IO, E_NO_SPACE: then it must not be begun.
   */
  async noteRun(id: string, run: ScheduleRun): Promise<boolean> {
    const noted = await this.#write(() => this.#ground.notes.noteRun(id, run), id === cleanupScheduleId)
    if (noted !== unwritable) {
      if (noted) this.#own.set(id, [run, ...(this.#own.get(id) ?? [])].slice(0, mostUnwritten))
      return noted
    }
    const runs = this.#unwritten.get(id) ?? []
    if (runs.some((one) => instantOf(one.at) === instantOf(run.at))) return false
    this.#unwritten.set(id, [run, ...runs].slice(0, mostUnwritten))
    return true
  }

  async noteRetry(id: string, before: string, run: ScheduleRun): Promise<void> {
    const written = await this.#write(() => this.#ground.notes.noteRetry(id, before, run), id === cleanupScheduleId)
    const into = written === unwritable ? this.#unwritten : this.#own
    into.set(id, [run, ...(into.get(id) ?? []).filter((one) => one.run !== before)])
  }

  async noteOutcome(id: string, run: string, end: RunEnd): Promise<void> {
    const isUnwritten = this.#unwritten.get(id)?.some((one) => one.run === run) ?? false
    const written = await this.#write(() => this.#ground.notes.noteOutcome(id, run, end), isUnwritten)
    for (const into of [this.#own, ...(written !== unwritable && !isUnwritten ? [] : [this.#unwritten])]) {
      const runs = into.get(id) ?? []
      into.set(
        id,
        runs.map((one) => (one.run === run ? { ...one, ...end } : one)),
      )
    }
  }

  async strikeRuns(id: string, runs: readonly string[]): Promise<void> {
    const written = await this.#write(() => this.#ground.notes.strikeRuns(id, runs))
    for (const into of [this.#own, ...(written === unwritable ? [this.#unwritten] : [])]) {
      const left = (into.get(id) ?? []).filter(({ run }) => !runs.includes(run))
      into.set(id, left)
    }
  }

  /** False where something is to be noted as soon as there is room. */
  async #read(): Promise<boolean> {
    const since = new Date(this.#now()).toISOString()
    try {
      this.#known = await this.#ground.schedules()
      this.#own.clear()
      const full = await this.#noteAll(since)
      this.#trouble = full
      return full === null
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'E_DAMAGED') throw error
      this.#trouble = error.message
      this.#keepOwn()
      return true // not before somebody has written it
    }
  }

  /** Why it could not, on a full disk; null where all is noted. What is read is right all the same. @throws E_DAMAGED, E_IO. */
  async #noteAll(since: string): Promise<string | null> {
    try {
      // One that has no note begins now: a new one, or somebody has put another file in the place of the one with its note.
      const asked = this.#known.filter(({ origin }) => origin === 'configuration').map(({ schedule }) => schedule)
      const isNew = asked.some(({ createdAt }) => createdAt >= since)
      if (!isNew && this.#unwritten.size === 0) return null
      if (isNew) await this.#ground.notes.knowConfigured(asked, since)
      await this.#writeDown()
      this.#known = await this.#ground.schedules()
      return null
    } catch (error) {
      if (error instanceof BackupError && error.code === 'E_NO_SPACE') return error.message
      throw error
    }
  }

  /** What was noted since the file was read last may be lost with it. */
  #keepOwn(): void {
    for (const [id, runs] of this.#own) {
      const unwritten = this.#unwritten.get(id) ?? []
      const lost = runs.filter(({ run }) => unwritten.every((one) => one.run !== run))
      this.#unwritten.set(id, [...unwritten, ...lost])
    }
    this.#own.clear()
  }

  async #writeDown(): Promise<void> {
    for (const [id, runs] of this.#unwritten) {
      for (const run of runs.toReversed()) {
        try {
          await this.#ground.notes.noteRun(id, run)
        } catch (error) {
          if (!(error instanceof BackupError) || error.code !== 'E_UNKNOWN_ID') throw error // it is no schedule any more
        }
      }
      this.#unwritten.delete(id)
    }
  }

  /** `evenIfFull`: what cannot be written for want of room is remembered, too. */
  async #write<Result>(act: () => Promise<Result>, evenIfFull = false): Promise<Result | typeof unwritable> {
    try {
      return await act()
    } catch (error) {
      const code = error instanceof BackupError ? error.code : null
      if (code === 'E_DAMAGED' || (evenIfFull && code === 'E_NO_SPACE')) return unwritable
      throw error
    } finally {
      this.#stamp = null // what was written is to be read
    }
  }
}

const unwritable = Symbol('schedules.json cannot be read, or not be written')
