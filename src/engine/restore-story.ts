import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, displayPath, pathFromJson } from '../model/path.ts'
import type { PlannedRestore, RestoreOptions, RestoreOutcome, StepPage, StepQuery } from '../model/planned-restore.ts'
import type { Files } from '../model/ports.ts'
import type { PlanHeader } from '../model/restore-plan.ts'
import { WorkerPool } from './archive/worker-pool.ts'
import { openArchive, openBackup } from './inspect.ts'
import { type PlanKey, planKeyOf } from './plan-key.ts'
import { explainIfIo } from './platform/explain-io.ts'
import type { Repository } from './repository.ts'
import { checkDrift } from './restore/drift.ts'
import { spoolPathIn } from './restore/leftovers.ts'
import { choicesOf, loadPlan, planHash, savePlan } from './restore/plan-file.ts'
import { PlanSteps } from './restore/plan-steps.ts'
import { prepareRestore } from './restore/prepare.ts'
import type { RestoreArchive, RestorePlan } from './restore/request.ts'
import { selectPaths, watched } from './restore/select-paths.ts'
import { spoolLines } from './restore/spool.ts'
import { decodeStep } from './restore/step-line.ts'
import { runRestore } from './restore-run.ts'
import { newId } from './run.ts'
import { openScratch, type Scratch } from './scratch.ts'
import type { Session } from './session.ts'

/** A restore: planned, shown, and then done exactly as it was planned. */
export async function planRestore(session: Session, options: RestoreOptions, during: During): Promise<PlannedRestore> {
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
  const planning = new Planning(session, repository, options, scratch, pool)
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

class Planning implements PlannedRestore {
  readonly #session: Session
  readonly #repository: Repository
  readonly #options: RestoreOptions
  readonly #scratch: Scratch
  readonly #pool: WorkerPool
  #archives: RestoreArchive[] = []
  #plan: RestorePlan | null = null
  #key: PlanKey | null = null
  #hash = ''
  #sample: PlannedRestore['sample'] = []
  #healed: string[] = []
  #steps: PlanSteps | null = null
  #unproven: readonly string[] = []
  #dropped = false

  constructor(session: Session, repository: Repository, options: RestoreOptions, scratch: Scratch, pool: WorkerPool) {
    this.#session = session
    this.#repository = repository
    this.#options = options
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
  get services(): readonly string[] {
    return this.#header.archives.map(({ service }) => service)
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
    return [...this.#unproven, ...this.#healed, ...this.#header.notes]
  }
  get choices(): PlannedRestore['choices'] {
    return choicesOf(this.#header)
  }
  get expiresAt(): string {
    return this.#header.expiresAt
  }
  get space(): PlannedRestore['space'] {
    const { files } = this.#session.world
    return this.#header.space.map(({ at, bytes }) => ({
      at: displayPath(pathFromJson(at)),
      neededBytes: bytes,
      freeBytes: freeBytesAt(files, pathFromJson(at)),
    }))
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
      return await runRestore(
        this.#session.world,
        this.#repository,
        {
          planned: this,
          plan: this.#made,
          archives: this.#archives,
          pool: this.#pool,
          healed: this.#healed.length > 0,
        },
        during,
      )
    } finally {
      await this.drop().catch(() => {}) // what was restored is restored; what is left is swept by the next run
    }
  }

  async drop(): Promise<void> {
    if (this.#dropped) return
    this.#dropped = true
    try {
      for (const { lineage } of this.#archives) lineage.close()
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
    source: Extract<RestoreOptions['source'], { kind: 'backup' }>,
    spool: BytePath,
    during: During,
  ): Promise<void> {
    const session = this.#session
    const { world } = session
    const entry = await session.backup(this.#repository, source.backup, source.services)
    await this.#open(entry.id, entry.encrypted, source.services)
    const { target } = this.#options
    const inPlace = target?.kind === 'in-place'
    const path = target?.kind === 'directory' ? target.path : `restore-${entry.id}`
    const selection = watched(selectPaths(source.paths))
    this.#plan = await prepareRestore(
      world.files,
      this.#pool,
      {
        id,
        backup: entry.id,
        repositoryId: this.#planKey.repositoryId,
        archives: this.#archives,
        repositoryRoot: this.#repository.root,
        target: inPlace ? { kind: 'in-place' } : { kind: 'directory', path: session.absolute(path) },
        select: selection.select,
        conflict: this.#options.conflict ?? (inPlace ? 'overwrite' : 'keep'),
        choices: this.#options.choices ?? new Map(),
        deleteExtra: this.#options.deleteExtra ?? false,
        user: { uid: world.uid, gid: world.gid },
        now: new Date(world.clock.now()).toISOString(),
      },
      spool,
      { signal: during.signal },
    )
    if (source.paths.length > 0 && !selection.hit() && this.#header.steps === 0) {
      throw new BackupError(
        'E_UNKNOWN_PATH',
        `nothing in ${entry.id} matches ${source.paths.join(', ')}`,
        `holdfast inspect ${entry.id} lists what it holds`,
      )
    }
  }

  async #load(file: string, ttlMs: number | null, spool: BytePath): Promise<void> {
    const session = this.#session
    const { world } = session
    const now = new Date(world.clock.now()).toISOString()
    const request = { repositoryId: this.#planKey.repositoryId, now, ...(ttlMs === null ? {} : { lifetimeMs: ttlMs }) }
    this.#plan = loadPlan(world.files, session.absolute(file), this.#planKey.key, spool, request)
    const entry = await session.backup(this.#repository, this.#header.backup)
    await this.#open(entry.id, entry.encrypted, this.services)
    checkDrift(world.files, this.#plan, {
      archives: this.#archives,
      repositoryRoot: this.#repository.root,
      user: { uid: world.uid, gid: world.gid },
    })
  }

  async #open(id: string, encrypted: boolean, services: readonly string[]): Promise<void> {
    const { files } = this.#session.world
    const entry = await this.#session.backup(this.#repository, id)
    const keys = await this.#session.keys(this.#repository, encrypted)
    const { manifest, archives } = openBackup(files, this.#repository, entry, services, keys)
    if (manifest.sealed === undefined) this.#unproven = this.#session.unproven(id)
    for (const archive of archives) {
      const lineage = openArchive(files, this.#repository, manifest, archive, keys)
      this.#archives.push({ service: archive.service, lineage })
      if (lineage.top.healed)
        this.#healed.push(`one copy of the header of ${archive.file} is damaged; the other one served`)
    }
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

function freeBytesAt(files: Files, path: BytePath): number | null {
  try {
    return files.fileSystem(path).freeBytes
  } catch {
    return null // gone since it was planned; applying will say so
  }
}
