import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, pathFromJson } from '../model/path.ts'
import type { ChosenBackups, PlannedRestore, RestoreOutcome, StepPage, StepQuery } from '../model/planned-restore.ts'
import type { OwnerRule, PlanHeader } from '../model/restore-plan.ts'
import { WorkerPool } from './archive/worker-pool.ts'
import { type PlanKey, planKeyOf } from './plan-key.ts'
import { explainIfIo } from './platform/explain-io.ts'
import type { Repository } from './repository.ts'
import { chosenBackups } from './restore/chosen-backups.ts'
import { spoolPathIn } from './restore/leftovers.ts'
import type { RestoreOutcome as AppliedRestore } from './restore/outcome.ts'
import { choicesOf, planHash, savePlan } from './restore/plan-file.ts'
import { PlanSteps } from './restore/plan-steps.ts'
import type { RestoreArchive, RestorePlan } from './restore/request.ts'
import { spaceNow } from './restore/space.ts'
import { spoolLines } from './restore/spool.ts'
import { decodeStep } from './restore/step-line.ts'
import { OpenArchives } from './restore-archives.ts'
import { applyPrepared, type PreparedRestore, runRestore } from './restore-run.ts'
import { newId, type Run } from './run.ts'
import { openScratch, type Scratch } from './scratch.ts'
import type { Session } from './session.ts'

/** What whoever makes a plan works with. */
export interface PlanningGround {
  readonly session: Session
  readonly repository: Repository
  /** Of the plan. */
  readonly id: string
  /** Where its steps go. */
  readonly spoolPath: BytePath
  readonly pool: WorkerPool
  readonly opened: OpenArchives
  readonly planKey: PlanKey
  readonly signal: AbortSignal
}

/** Makes a plan and holds it: its steps in a scratch directory, its archives open, its workers ready. */
export async function openPlanning(
  session: Session,
  during: During,
  workers: number | null,
  make: (ground: PlanningGround) => Promise<RestorePlan>,
): Promise<Planning> {
  const { world } = session
  const repository = session.repository()
  const id = newId(world, 'plan')
  const since = new Date(world.clock.now()).toISOString()
  const holder = { pid: world.pid, run: id, command: 'restore', since }
  const scratch = await openScratch(world, repository, holder, during.signal)
  const pool = new WorkerPool({
    count: workers ?? session.parts.configured.settings.workers.restore ?? world.processors,
    filesModule: world.filesModule,
  })
  pool.start() // the threads get ready while the plan is made
  const opened = new OpenArchives(session, repository)
  const held = { session, repository, scratch, pool, opened }
  try {
    const planKey = await planKeyOf(world, repository)
    const { signal } = during
    const plan = await make({ ...held, id, spoolPath: spoolPathIn(scratch.path), planKey, signal })
    return new Planning({ ...held, planKey, plan, hash: planHash(world.files, plan, planKey.key) })
  } catch (error) {
    await letGo(held).catch(() => {}) // the error that led here says more
    throw explainIfIo(error, 'plan a restore from', repository.root)
  }
}

interface Held {
  readonly session: Session
  readonly repository: Repository
  readonly scratch: Scratch
  readonly pool: WorkerPool
  readonly opened: OpenArchives
}

async function letGo({ opened, pool, scratch }: Held): Promise<void> {
  try {
    opened.close()
  } finally {
    await pool.close()
    scratch.discard()
  }
}

const shownSteps = 40
const shownRefusals = 1000

/** A plan as it is looked at, and applied or dropped. */
export class Planning implements PlannedRestore {
  readonly hash: string
  readonly sample: PlannedRestore['sample']
  readonly #held: Held & { readonly planKey: PlanKey; readonly plan: RestorePlan }
  #steps: PlanSteps | null = null
  #dropped = false

  constructor(held: Held & { readonly planKey: PlanKey; readonly plan: RestorePlan; readonly hash: string }) {
    this.#held = held
    this.hash = held.hash
    this.sample = this.#firstSteps()
  }

  get #header(): PlanHeader {
    return this.#held.plan.header
  }

  get id(): string {
    return this.#header.id
  }
  get backup(): string {
    return this.#header.backup
  }
  get chosen(): ChosenBackups | null {
    return chosenBackups(this.#header)
  }
  get undoes(): string | null {
    return this.#header.undoes ?? null
  }
  get resumes(): string | null {
    return this.#header.resumes ?? null
  }
  get saves(): NonNullable<PlanHeader['saves']> | null {
    return this.#header.saves ?? null
  }
  get owners(): readonly OwnerRule[] {
    return this.#header.owners ?? []
  }
  get services(): readonly string[] {
    return [...new Set(this.#header.archives.map(({ service }) => service))]
  }
  get inPlace(): boolean {
    return this.#header.target.kind === 'in-place'
  }
  get target(): string {
    return this.#header.target.kind === 'in-place' ? '/' : displayPath(pathFromJson(this.#header.target.path))
  }
  get conflict(): PlanHeader['conflict'] {
    return this.#header.conflict
  }
  get counts(): PlanHeader['counts'] {
    return this.#header.counts
  }
  get bytesToWrite(): number {
    return this.#header.bytesToWrite
  }
  get refused(): PlannedRestore['refused'] {
    return this.#header.refused
      .slice(0, shownRefusals)
      .map(({ path, because }) => ({ path: pathFromJson(path), because }))
  }
  get notices(): readonly string[] {
    const { unproven, healed } = this.#held.opened
    return [...unproven, ...healed, ...this.#header.notes]
  }
  get choices(): PlannedRestore['choices'] {
    return choicesOf(this.#header)
  }
  get expiresAt(): string {
    return this.#header.expiresAt
  }
  get space(): PlannedRestore['space'] {
    return spaceNow(this.#held.session.world.files, this.#header)
  }

  async steps(query: StepQuery): Promise<StepPage> {
    if (this.#dropped) throw new BackupError('E_INTERNAL', 'the steps of a plan were asked for after it was dropped')
    this.#steps ??= new PlanSteps(this.#held.session.world.files, this.#held.plan)
    return this.#steps.page(query)
  }

  async save(file: string): Promise<void> {
    const { session, plan, planKey } = this.#held
    const { files } = session.world
    const path = session.absolute(file)
    if (files.status(path) !== undefined)
      throw new BackupError('E_USAGE', `${displayPath(path)} exists already`, 'name another file for the plan')
    await savePlan(files, plan, planKey.key, path)
  }

  /** Drops the plan too, however that ends: whoever applies a plan is done with it. */
  async apply(during: During): Promise<RestoreOutcome> {
    const { session, repository } = this.#held
    try {
      return await runRestore(session, repository, this.#prepared, during)
    } finally {
      await this.drop().catch(() => {}) // what was restored is restored; what is left is swept by the next run
    }
  }

  /** Does exactly what the plan says as a part of `run`, and keeps the archives open. */
  applyWithin(run: Run): Promise<AppliedRestore> {
    const { session, repository } = this.#held
    return applyPrepared(session.world, repository, this.#prepared, run)
  }

  /** What is restored, for whoever compares; open until the plan is dropped. */
  get archives(): readonly RestoreArchive[] {
    return this.#held.opened.archives
  }

  get pool(): WorkerPool {
    return this.#held.pool
  }

  /** Entries whose place in a table of contents cannot be read. */
  get unreadable(): number {
    return this.#header.unreadable
  }

  get #prepared(): PreparedRestore {
    const { plan, opened, pool } = this.#held
    const healed = opened.healed.length > 0
    return { planned: this, plan, hash: this.hash, archives: opened.archives, pool, healed }
  }

  async drop(): Promise<void> {
    if (this.#dropped) return
    this.#dropped = true
    await letGo(this.#held)
  }

  #firstSteps(): PlannedRestore['sample'] {
    const { session, plan } = this.#held
    const sample: { kind: string; path: BytePath; bytes: number }[] = []
    for (const lines of spoolLines(session.world.files, plan.spoolPath)) {
      for (const line of lines) {
        const { kind, path, entry } = decodeStep(line.toString('utf8'))
        if (kind === 'unchanged' || kind === 'keep' || kind === 'make-parent' || kind === 'refuse') continue
        sample.push({ kind, path, bytes: entry?.sizeBytes ?? 0 })
        if (sample.length === shownSteps) return sample
      }
    }
    return sample
  }
}
