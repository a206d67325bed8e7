import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, pathFromJson } from '../model/path.ts'
import type {
  ChosenBackups,
  PlannedRestore,
  RestoreOptions,
  RestoreOutcome,
  StepPage,
  StepQuery,
} from '../model/planned-restore.ts'
import type { OwnerRule, PlanHeader } from '../model/restore-plan.ts'
import { WorkerPool } from './archive/worker-pool.ts'
import { storedPathFromText } from './inspect.ts'
import { type PlanKey, planKeyOf } from './plan-key.ts'
import { explainIfIo } from './platform/explain-io.ts'
import type { Repository } from './repository.ts'
import { chosenBackups, fileTime } from './restore/chosen-backups.ts'
import { checkDrift } from './restore/drift.ts'
import { spoolPathIn } from './restore/leftovers.ts'
import type { RestoreOutcome as AppliedRestore } from './restore/outcome.ts'
import { ownerRulesOf } from './restore/owner-rules.ts'
import { choicesOf, loadPlan, planHash, savePlan } from './restore/plan-file.ts'
import { PlanSteps } from './restore/plan-steps.ts'
import { prepareRestore } from './restore/prepare.ts'
import type { RestoreArchive, RestorePlan } from './restore/request.ts'
import { selectBelow, selectPaths, watched } from './restore/select-paths.ts'
import { spaceNow } from './restore/space.ts'
import { spoolLines } from './restore/spool.ts'
import { decodeStep } from './restore/step-line.ts'
import { OpenArchives } from './restore-archives.ts'
import { applyPrepared, type PreparedRestore, runRestore } from './restore-run.ts'
import { newId, type Run } from './run.ts'
import { openScratch, type Scratch } from './scratch.ts'
import type { Session } from './session.ts'

/** A restore: planned, shown, and then done exactly as it was planned. */
export function planRestore(session: Session, options: RestoreOptions, during: During): Promise<PlannedRestore> {
  return openPlanning(session, options, null, during)
}

/** Where a drill restores to, and what of the repository it must not touch: its own place may lie in temp/. */
export interface RehearsalPlace {
  readonly path: BytePath
  readonly protected: BytePath
}

/** A restore by the same way that becomes part of another run. Whoever planned it drops it. */
export function planRehearsal(
  session: Session,
  options: Omit<RestoreOptions, 'target'>,
  place: RehearsalPlace,
  during: During,
): Promise<Planning> {
  return openPlanning(session, { ...options, target: null }, place, during)
}

async function openPlanning(
  session: Session,
  options: RestoreOptions,
  place: RehearsalPlace | null,
  during: During,
): Promise<Planning> {
  const { world } = session
  const repository = session.repository()
  const id = newId(world, 'plan')
  const since = new Date(world.clock.now()).toISOString()
  const scratch = await openScratch(
    world,
    repository,
    { pid: world.pid, run: id, command: 'restore', since },
    during.signal,
  )
  const pool = new WorkerPool({
    count: options.workers ?? session.parts.configured.settings.workers.restore ?? world.processors,
    filesModule: world.filesModule,
  })
  pool.start() // the threads get ready while the plan is made
  const planning = new Planning(session, repository, options, place, scratch, pool)
  try {
    await planning.plan(id, during)
    return planning
  } catch (error) {
    await planning.drop().catch(() => {}) // the error that led here says more
    throw explainIfIo(error, 'plan a restore from', repository.root)
  }
}

const shownSteps = 40
const shownRefusals = 1000

export class Planning implements PlannedRestore {
  readonly #session: Session
  readonly #repository: Repository
  readonly #options: RestoreOptions
  readonly #place: RehearsalPlace | null
  readonly #scratch: Scratch
  readonly #pool: WorkerPool
  readonly #opened: OpenArchives
  #plan: RestorePlan | null = null
  #key: PlanKey | null = null
  #hash = ''
  #sample: PlannedRestore['sample'] = []
  #steps: PlanSteps | null = null
  #dropped = false

  constructor(
    session: Session,
    repository: Repository,
    options: RestoreOptions,
    place: RehearsalPlace | null,
    scratch: Scratch,
    pool: WorkerPool,
  ) {
    this.#session = session
    this.#repository = repository
    this.#options = options
    this.#opened = new OpenArchives(session, repository)
    this.#place = place
    this.#scratch = scratch
    this.#pool = pool
  }

  get #made(): RestorePlan {
    if (this.#plan === null) throw new BackupError('E_INTERNAL', 'a restore was used before it was planned')
    return this.#plan
  }

  get #header(): PlanHeader {
    return this.#made.header
  }

  get id(): string {
    return this.#header.id
  }
  get hash(): string {
    return this.#hash
  }
  get backup(): string {
    return this.#header.backup
  }
  get chosen(): ChosenBackups | null {
    return chosenBackups(this.#header)
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
    return [...this.#opened.unproven, ...this.#opened.healed, ...this.#header.notes]
  }
  get choices(): PlannedRestore['choices'] {
    return choicesOf(this.#header)
  }
  get expiresAt(): string {
    return this.#header.expiresAt
  }
  get space(): PlannedRestore['space'] {
    return spaceNow(this.#session.world.files, this.#header)
  }
  get sample(): PlannedRestore['sample'] {
    return this.#sample
  }

  async plan(id: string, during: During): Promise<void> {
    const { source } = this.#options
    const { files } = this.#session.world
    this.#key = await planKeyOf(this.#session.world, this.#repository)
    const spool = spoolPathIn(this.#scratch.path)
    if (source.kind === 'plan') await this.#load(source.file, source.ttlMs, spool)
    else await this.#prepare(id, source, spool, during)
    this.#hash = planHash(files, this.#made, this.#key.key)
    this.#sample = this.#firstSteps()
  }

  async steps(query: StepQuery): Promise<StepPage> {
    if (this.#dropped) throw new BackupError('E_INTERNAL', 'the steps of a plan were asked for after it was dropped')
    this.#steps ??= new PlanSteps(this.#session.world.files, this.#made)
    return this.#steps.page(query)
  }

  async save(file: string): Promise<void> {
    const { files } = this.#session.world
    const path = this.#session.absolute(file)
    if (files.status(path) !== undefined)
      throw new BackupError('E_USAGE', `${displayPath(path)} exists already`, 'name another file for the plan')
    await savePlan(files, this.#made, this.#planKey.key, path)
  }

  /** Drops the plan too, however that ends: whoever applies a plan is done with it. */
  async apply(during: During): Promise<RestoreOutcome> {
    try {
      return await runRestore(this.#session.world, this.#repository, this.#prepared, during)
    } finally {
      await this.drop().catch(() => {}) // what was restored is restored; what is left is swept by the next run
    }
  }

  /** Does exactly what the plan says as a part of `run`, and keeps the archives open. */
  applyWithin(run: Run): Promise<AppliedRestore> {
    return applyPrepared(this.#session.world, this.#repository, this.#prepared, run)
  }

  /** What is restored, for whoever compares; open until the plan is dropped. */
  get archives(): readonly RestoreArchive[] {
    return this.#opened.archives
  }

  get pool(): WorkerPool {
    return this.#pool
  }

  /** Entries whose place in a table of contents cannot be read. */
  get unreadable(): number {
    return this.#header.unreadable
  }

  get #prepared(): PreparedRestore {
    return {
      planned: this,
      plan: this.#made,
      archives: this.#opened.archives,
      pool: this.#pool,
      healed: this.#opened.healed.length > 0,
    }
  }

  async drop(): Promise<void> {
    if (this.#dropped) return
    this.#dropped = true
    try {
      this.#opened.close()
    } finally {
      await this.#pool.close()
      this.#scratch.discard()
    }
  }

  get #planKey(): PlanKey {
    if (this.#key === null) throw new BackupError('E_INTERNAL', 'a restore was used before it was planned')
    return this.#key
  }

  async #prepare(
    id: string,
    source: Exclude<RestoreOptions['source'], { kind: 'plan' }>,
    spool: BytePath,
    during: During,
  ): Promise<void> {
    const session = this.#session
    const { world } = session
    const owners = ownerRulesOf(world, this.#options.owners ?? [])
    const { backup, choice } = await this.#opened.choose(source)
    const { target } = this.#options
    const inPlace = target?.kind === 'in-place'
    const path =
      target?.kind === 'directory'
        ? target.path
        : `restore-${choice?.chosen.by === 'at' ? `at-${fileTime(choice.chosen.at)}` : backup}`
    const patterns = source.kind === 'last' ? [] : source.paths
    const selection = watched(
      source.kind === 'last' ? selectBelow(storedPathFromText(source.path)) : selectPaths(patterns),
    )
    this.#plan = await prepareRestore(
      world.files,
      this.#pool,
      {
        id,
        backup,
        repositoryId: this.#planKey.repositoryId,
        archives: this.#opened.archives,
        repositoryRoot: this.#place?.protected ?? this.#repository.root,
        target: inPlace
          ? { kind: 'in-place' }
          : { kind: 'directory', path: this.#place?.path ?? session.absolute(path) },
        select: selection.select,
        conflict: this.#options.conflict ?? (inPlace ? 'overwrite' : 'keep'),
        choices: this.#options.choices ?? new Map(),
        owners,
        choice,
        deleteExtra: this.#options.deleteExtra ?? false,
        user: { uid: world.uid, gid: world.gid },
        now: new Date(world.clock.now()).toISOString(),
      },
      spool,
      { signal: during.signal },
    )
    if (patterns.length > 0 && !selection.hit() && this.#header.steps === 0) {
      throw new BackupError(
        'E_UNKNOWN_PATH',
        `nothing in ${choice === null ? backup : 'these backups'} matches ${patterns.join(', ')}`,
        `holdfast inspect ${backup} lists what it holds`,
      )
    }
  }

  async #load(file: string, ttlMs: number | null, spool: BytePath): Promise<void> {
    const session = this.#session
    const { world } = session
    const now = new Date(world.clock.now()).toISOString()
    const request = { repositoryId: this.#planKey.repositoryId, now, ...(ttlMs === null ? {} : { lifetimeMs: ttlMs }) }
    this.#plan = loadPlan(world.files, session.absolute(file), this.#planKey.key, spool, request)
    await this.#opened.planned(this.#header)
    checkDrift(world.files, this.#plan, {
      archives: this.#opened.archives,
      repositoryRoot: this.#repository.root,
      user: { uid: world.uid, gid: world.gid },
    })
  }

  #firstSteps(): PlannedRestore['sample'] {
    const sample: { kind: string; path: BytePath; bytes: number }[] = []
    for (const lines of spoolLines(this.#session.world.files, this.#made.spoolPath)) {
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
