import type { CatalogEntry } from '../model/backup.ts'
import type { CleanupOrder, CleanupOutcome, CleanupRules, PlannedCleanup } from '../model/cleanup.ts'
import type { During } from '../model/during.ts'
import { formatNumberOf } from '../model/units.ts'
import { CleanupGround, type Decided } from './cleanup-ground.ts'
import { markExpiring } from './expiring-marks.ts'
import { finishDeletions } from './finish-deletions.ts'
import { Needs } from './needs.ts'
import { explainIfIo } from './platform/explain-io.ts'
import { removeBackups } from './remove-backups.ts'
import { openWorkspace, type Repository } from './repository.ts'
import { carryOut, type Ending, type Run } from './run.ts'
import { lockFreeServices } from './service-locks.ts'
import type { Session } from './session.ts'

/** How long a service that is busy is waited for. */
const patienceMs = 5000

/** @throws E_NO_REPOSITORY, E_CATALOG, E_NEEDED, E_DAMAGED where schedules.json cannot be read. */
export async function planCleanup(session: Session, rules: CleanupRules): Promise<PlannedCleanup> {
  const ground = await CleanupGround.open(session, session.repository(), rules)
  const { words, decisions, plan, entries, notices } = await ground.decide()
  const freedBytes = plan.delete.reduce((sum, id) => sum + (entries.get(id)?.sizeBytes ?? 0), 0)
  return { policy: words, decisions, plan, freedBytes, notices }
}

/**
 * Lets go what the rules let go: marks what goes later, deletes what goes now, one batch after the other. Between
 * batches nothing is locked, and everything is decided anew.
 *
 * @throws as planCleanup does, before there is a run; E_IO, E_NO_SPACE, E_INTERRUPTED.
 */
export async function cleanup(session: Session, order: CleanupOrder, during: During): Promise<CleanupOutcome> {
  const repository = session.repository()
  const ground = await CleanupGround.open(session, repository, order.rules)
  const first = await ground.decide()
  const options = { kind: 'cleanup' as const, about: first.words, ...during }
  const { run, exitCode, result } = await carryOut(session.world, repository, options, (story) =>
    new Cleanup(session, repository, ground, order.only, story).carryOut(first).catch((error: unknown) => {
      throw explainIfIo(error, 'clean up', repository.root)
    }),
  )
  return { exitCode, run, ...result }
}

type Result = Omit<CleanupOutcome, 'exitCode' | 'run'>

class Cleanup {
  readonly #session: Session
  readonly #repository: Repository
  readonly #ground: CleanupGround
  readonly #only: ReadonlySet<string> | null
  readonly #run: Run
  readonly #needs: Needs
  readonly #deleted = new Map<string, CatalogEntry>()
  readonly #left = new Map<string, string>()
  #total = 0

  constructor(session: Session, repository: Repository, ground: CleanupGround, only: CleanupOrder['only'], run: Run) {
    this.#session = session
    this.#repository = repository
    this.#ground = ground
    this.#only = only === null ? null : new Set(only)
    this.#run = run
    this.#needs = new Needs(session.world.files, repository)
  }

  async carryOut(first: Decided): Promise<Ending<Result>> {
    const { world } = this.#session
    const catalog = this.#session.catalog(this.#repository)
    await this.#sweep()
    await finishDeletions(world, this.#repository, catalog, this.#needs, first.listing)
    const marks = await markExpiring(world, catalog, first, this.#run)
    const expected = this.#only ?? new Set(first.plan.delete)
    this.#total = expected.size
    if (expected.size > 0)
      this.#run.tell({ kind: 'phase', phase: `deleting ${formatNumberOf(expected.size, 'backup')}` })
    const last = await this.#deleteAll(first)
    this.#explainStaying(expected, last)
    const deleted = [...this.#deleted.values()]
    const result: Result = {
      deleted: deleted.map(({ id }) => id),
      left: [...this.#left].map(([id, because]) => ({ id, because })),
      ...marks,
      freedBytes: deleted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    }
    return { result, report: result, warnings: result.left.length > 0 }
  }

  /** A deletion that died may have left its bytes in temp/: whoever opens a workspace there sweeps it. */
  async #sweep(): Promise<void> {
    const { world } = this.#session
    if (world.files.names(this.#repository.temp).length === 0) return
    const workspace = await openWorkspace(world, this.#repository, this.#run.holder, this.#run.signal)
    workspace.discard()
  }

  async #deleteAll(first: Decided): Promise<Decided> {
    let decided = first
    // Marks of deletions that died are taken away from what stays, once.
    let unfinished = [...first.entries.values()].filter(({ deleting }) => deleting === true)
    for (;;) {
      this.#run.signal.throwIfAborted()
      const batch = this.#open(decided).slice(0, first.policy.batchSize)
      if (batch.length === 0 && unfinished.length === 0) return decided
      decided = await this.#deleteBatch(batch, unfinished)
      unfinished = []
    }
  }

  /** What is to go and has not been tried, in the order in which it may go. */
  #open({ plan, entries }: Decided): CatalogEntry[] {
    return plan.delete.flatMap((id) => {
      const entry = entries.get(id)
      const isDone = this.#deleted.has(id) || this.#left.has(id) || this.#only?.has(id) === false
      return entry === undefined || isDone ? [] : [entry]
    })
  }

  async #deleteBatch(batch: readonly CatalogEntry[], unfinished: readonly CatalogEntry[]): Promise<Decided> {
    const { world } = this.#session
    const run = this.#run
    const names = [...batch, ...unfinished].flatMap(({ services }) => services)
    const { held: services, busy } = await lockFreeServices(world, this.#repository, names, run, patienceMs)
    try {
      const decided = await this.#ground.decide()
      this.#needs.look(decided.entries)
      const wanted = new Set(batch.map(({ id }) => id))
      const going = this.#open(decided).filter((entry) => wanted.has(entry.id) && services.holds(entry))
      for (const entry of batch) {
        const [service] = entry.services.filter((name) => busy.has(name))
        if (service !== undefined) this.#leave(entry.id, `the service ${service} is busy: ${busy.get(service)}`)
      }
      if (going.length === 0 && unfinished.length === 0) return decided
      const catalog = this.#session.catalog(this.#repository)
      const { left } = await removeBackups(
        {
          ...{ world, repository: this.#repository, catalog, needs: this.#needs, run, services },
          onDeleted: (entry) => {
            this.#deleted.set(entry.id, entry)
            this.#tellProgress()
          },
        },
        going,
      )
      for (const { entry, because } of left) this.#leave(entry.id, because.message)
      return decided
    } finally {
      services.release()
    }
  }

  /** What was to go and does not any more, and is nobody's fault: what was decided says why. */
  #explainStaying(expected: ReadonlySet<string>, { decisions }: Decided): void {
    for (const { backup, keep, reasons, expiresAt } of decisions) {
      if (!expected.has(backup) || this.#deleted.has(backup) || this.#left.has(backup)) continue
      const later = expiresAt === null ? '' : `it goes after ${new Date(expiresAt).toISOString()}`
      this.#leave(backup, keep ? reasons.join('; ') : later)
    }
  }

  #leave(id: string, because: string): void {
    this.#left.set(id, because)
    this.#run.tell({ kind: 'warning', message: `${id} stays: ${because}` })
    this.#tellProgress()
  }

  #tellProgress(): void {
    const done = this.#deleted.size + this.#left.size
    this.#total = Math.max(this.#total, done)
    this.#run.tell({ kind: 'progress', doneBytes: 0, totalBytes: null, doneEntries: done, totalEntries: this.#total })
  }
}
