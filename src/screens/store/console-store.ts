import type { CatalogEntry } from '../../model/backup.ts'
import type { Engine } from '../../model/engine.ts'
import type { Jobs, RunSummary } from '../../model/jobs.ts'
import type { RetentionGround } from '../../model/retention.ts'
import type { ScheduleListing } from '../../model/schedule.ts'
import type { StatusReport } from '../../model/status.ts'
import { Poller } from './poller.ts'

export interface BackupList {
  /** Newest first. */
  readonly backups: readonly CatalogEntry[]
  readonly problems: readonly string[]
}

/** For what changes only by a run, and by what comes from outside. */
const restMs = 30_000
const restShare = 600
const retentionRestMs = 60_000
const runRestMs = 3000
const runBusyMs = 1000
const runShare = 60
/** As many runs as a screen of them needs; Activity reads older ones page by page. */
export const runPage = 100
const staleMs = 30_000

/** What the screens know of the repository, read while they look at it. */
export class ConsoleStore {
  readonly status: Poller<StatusReport>
  readonly list: Poller<BackupList>
  readonly runs: Poller<readonly RunSummary[]>
  readonly schedules: Poller<ScheduleListing>
  readonly retention: Poller<RetentionGround>
  readonly #now: () => number
  readonly #minuteListeners = new Set<() => void>()
  #minuteTimer: ReturnType<typeof setTimeout> | null = null
  #minute: number
  #turn: Promise<unknown> = Promise.resolve()

  constructor(engine: Engine, jobs: Jobs, now: () => number) {
    this.#now = now
    this.#minute = floorMinute(now())
    this.status = new Poller<StatusReport>({
      doing: 'reading the state of the repository',
      read: () => this.#alone(() => engine.status()),
      same: sameJson,
      pauseMs: () => restMs,
      idleShare: restShare,
      now,
    })
    this.list = new Poller<BackupList>({
      doing: 'reading the list of backups',
      read: () => this.#alone(() => engine.list({ type: null, services: [], days: null })),
      same: sameList,
      pauseMs: () => restMs,
      idleShare: restShare,
      now,
    })
    this.runs = new Poller<readonly RunSummary[]>({
      doing: 'reading the runs',
      read: async () => {
        const before = this.runs.snapshot().value
        const runs = await jobs.runs({ limit: runPage, before: null, kinds: null })
        if (before !== null && hasEnded(before, runs)) this.#expire()
        return runs
      },
      same: sameJson,
      pauseMs: (runs) => (runs?.some(({ state }) => state === 'running') ? runBusyMs : runRestMs),
      idleShare: runShare,
      now,
    })
    this.schedules = new Poller({
      doing: 'reading the schedules',
      read: () => engine.schedules(),
      same: sameSchedules,
      pauseMs: () => restMs,
      idleShare: restShare,
      now,
    })
    this.retention = new Poller({
      doing: 'reading what decides which backups stay',
      read: () => engine.retention(),
      same: () => false,
      pauseMs: () => retentionRestMs,
      idleShare: restShare,
      now,
    })
  }

  get #pollers(): readonly Poller<unknown>[] {
    return [this.status, this.list, this.runs, this.schedules, this.retention]
  }

  /** Reads anew what somebody looks at; resolves when it is there. */
  async refresh(): Promise<void> {
    const watched = this.#pollers.filter((poller) => poller.isWatched)
    await Promise.all(watched.map((poller) => poller.refresh()))
  }

  /** One after the other: two copies of a large catalog at once would be a third one too many. */
  #alone<T>(read: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(read)
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** A run changes what there is: the runs are looked at often, so that all else need not be. */
  #expire(): void {
    this.status.expire()
    this.list.expire()
    this.retention.expire()
    this.schedules.expire()
  }

  /** The oldest of what somebody looks at: when it was read, and whether that is longer ago than it should be. */
  freshness(): { readonly at: number | null; readonly isStale: boolean } {
    let oldest: number | null = null
    let isStale = false
    for (const poller of this.#pollers) {
      if (!poller.isWatched) continue
      const { at, trouble } = poller.snapshot()
      if (trouble !== null) isStale = true
      if (at === null) continue
      oldest = oldest === null ? at : Math.min(oldest, at)
      if (this.#now() > (poller.expectedBy ?? at) + staleMs) isStale = true
    }
    return { at: oldest, isStale }
  }

  /** The beginning of this minute: what clocks and ages are drawn by, so that an idle screen is drawn once a minute. */
  readonly minute = (): number => this.#minute

  readonly subscribeMinute = (listener: () => void): (() => void) => {
    this.#minuteListeners.add(listener)
    if (this.#minuteTimer === null) this.#scheduleMinute()
    return () => {
      this.#minuteListeners.delete(listener)
      if (this.#minuteListeners.size > 0 || this.#minuteTimer === null) return
      clearTimeout(this.#minuteTimer)
      this.#minuteTimer = null
    }
  }

  close(): void {
    for (const poller of this.#pollers) poller.close()
    if (this.#minuteTimer !== null) clearTimeout(this.#minuteTimer)
    this.#minuteTimer = null
  }

  #scheduleMinute(): void {
    const next = floorMinute(this.#now()) + 60_000
    this.#minuteTimer = setTimeout(() => {
      this.#minute = floorMinute(this.#now())
      this.#scheduleMinute()
      for (const listener of this.#minuteListeners) listener()
    }, next - this.#now())
  }
}

function hasEnded(before: readonly RunSummary[], after: readonly RunSummary[]): boolean {
  const known = new Map(before.map(({ id, state }) => [id, state]))
  return after.some(({ id, state }) => state !== 'running' && known.get(id) !== state)
}

function floorMinute(ms: number): number {
  return ms - (ms % 60_000)
}

function sameJson(before: unknown, after: unknown): boolean {
  return JSON.stringify(before) === JSON.stringify(after)
}

/** What the configuration asks for is as old as the reading. */
function sameSchedules(before: ScheduleListing, after: ScheduleListing): boolean {
  const withoutAge = ({ schedules, ...rest }: ScheduleListing) => ({
    ...rest,
    schedules: schedules.map(({ schedule, origin }) => ({ origin, ...schedule, createdAt: '' })),
  })
  return sameJson(withoutAge(before), withoutAge(after))
}

/** Without writing a hundred thousand entries as text: of a backup that exists, nothing else ever changes. */
function sameList(before: BackupList, after: BackupList): boolean {
  return (
    before.backups.length === after.backups.length &&
    sameJson(before.problems, after.problems) &&
    before.backups.every((one, at) => sameEntry(one, after.backups[at]!))
  )
}

function sameEntry(a: CatalogEntry, b: CatalogEntry): boolean {
  return (
    a.id === b.id &&
    a.pinned === b.pinned &&
    a.missing === b.missing &&
    a.sizeBytes === b.sizeBytes &&
    a.description === b.description &&
    a.verified?.at === b.verified?.at &&
    a.verified?.ok === b.verified?.ok
  )
}
