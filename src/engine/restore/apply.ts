import { BackupError } from '../../model/errors.ts'
import type { Progress } from '../../model/event.ts'
import { type BytePath, displayPath, isWithin } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { type PlanHeader, pathFromJson } from '../../model/restore.ts'
import type { RestoreJob } from '../archive/restore-job.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import { explainIo } from '../platform/explain-io.ts'
import { AttributeSetter, type Loss, lossTexts, type User } from './attributes.ts'
import { codeOf } from './look.ts'
import { makeBase } from './make-base.ts'
import { OpenDirectories, type OpenPlace } from './open-directories.ts'
import type { RestoreArchive, RestorePlan } from './prepare.ts'
import { spoolLines } from './spool.ts'
import { decodeStep, peekStep, type SpooledStep } from './step-line.ts'
import type { Problem, StepResult } from './step-writer.ts'
import { closeDirectories, openPlaces, tellsCaseApart } from './target.ts'

export interface ApplyOptions {
  readonly user: User
  readonly signal: AbortSignal
  onProgress?(progress: Progress): void
  /** Hears of every path that was not restored, as it happens. */
  onProblem?(problem: Problem): void
}

/** What could not be restored, told once for all the entries it holds for. */
export interface RestoreWarning {
  readonly what: string
  readonly count: number
  /** One of them. */
  readonly path: BytePath
}

export interface RestoreOutcome {
  readonly written: number
  readonly unchanged: number
  readonly kept: number
  /** Names that only got other attributes. */
  readonly metadata: number
  /** Those of the plan, and those refused because the target has changed since. */
  readonly refused: number
  readonly failed: number
  readonly bytes: number
  readonly warnings: readonly RestoreWarning[]
  /** The first of them. */
  readonly problems: readonly Problem[]
  /** Everything whose content the archive no longer has. */
  readonly damaged: readonly BytePath[]
}

const toldProblems = 1000
const jobBytes = 4 << 20
const jobSteps = 256

/**
 * Does exactly what the plan says. A path that is not what it was when the plan was made is left alone and told.
 * Resolves once everything is on disk.
 *
 * @throws E_NO_SPACE, E_TARGET, E_IO, E_INTERRUPTED, E_ARCHIVE_MISSING; what was complete then stays.
 */
export async function applyRestore(
  files: Files,
  pool: WorkerPool,
  plan: RestorePlan,
  archives: readonly RestoreArchive[],
  options: ApplyOptions,
): Promise<RestoreOutcome> {
  checkSpace(files, plan.header)
  const places = plan.header.places.map(({ prefix, base }) => ({
    prefix: pathFromJson(prefix),
    base: pathFromJson(base),
  }))
  for (const { base } of places) makeBase(files, base)
  const open = openPlaces(files, places)
  try {
    const application = new Application(files, pool, plan, archives, open, options)
    await application.run()
    return application.outcome()
  } finally {
    await closeDirectories(files, pool, open)
  }
}

/** Steps for the first pass, for the second, and those that are directories. Links come after what they link to. */
const passOf = {
  'make-parent': 'directory',
  'make-directory': 'directory',
  'write-file': 'first',
  'write-beside': 'first',
  'make-special': 'first',
  'set-attributes': 'first',
  'make-symlink': 'second',
  'make-hardlink': 'second',
  unchanged: 'none',
  keep: 'none',
  refuse: 'none',
} as const

class Application {
  readonly #files: Files
  readonly #pool: WorkerPool
  readonly #plan: RestorePlan
  readonly #options: ApplyOptions
  readonly #open: readonly OpenPlace[]
  readonly #directories: OpenDirectories
  readonly #job: Omit<Extract<RestoreJob, { task: 'write' }>, 'lines' | 'alwaysLook'>
  readonly #underWay = new Set<Promise<void>>()
  readonly #losses = new Map<Loss, { count: number; path: BytePath }>()
  readonly #problems: Problem[] = []
  readonly #damaged: BytePath[] = []
  /** Names that are not what the plan promised: nothing is linked to them, no attributes are given to them. */
  readonly #missing = new Set<BytePath>()
  #alwaysLook = false
  #links = 0
  #written = 0
  #metadata = 0
  #refused = 0
  #failed = 0
  #bytes = 0
  #doneEntries = 0
  #failure: unknown = null

  constructor(
    files: Files,
    pool: WorkerPool,
    plan: RestorePlan,
    archives: readonly RestoreArchive[],
    open: readonly OpenPlace[],
    options: ApplyOptions,
  ) {
    this.#files = files
    this.#pool = pool
    this.#plan = plan
    this.#options = options
    this.#open = open
    this.#directories = new OpenDirectories(files, open)
    this.#job = {
      kind: 'restore',
      task: 'write',
      run: `${plan.header.id} apply`,
      places: open,
      archives: archives.map(({ reader }) => reader.access),
      user: options.user,
    }
  }

  async run(): Promise<void> {
    try {
      const [top] = this.#open
      if (this.#plan.header.targetIsNew && top !== undefined) this.#probe(top.fd)
      await this.#pass('first')
      if (this.#links > 0) await this.#pass('second')
      await this.#finishDirectories()
    } finally {
      await Promise.allSettled(this.#underWay)
      this.#directories.close()
    }
    await this.#sync()
  }

  outcome(): RestoreOutcome {
    const { counts } = this.#plan.header
    return {
      written: this.#written,
      unchanged: counts.unchanged,
      kept: counts.keep,
      metadata: this.#metadata,
      refused: counts.refuse + this.#refused,
      failed: this.#failed,
      bytes: this.#bytes,
      warnings: [...this.#losses].map(([loss, { count, path }]) => ({ what: lossTexts[loss], count, path })),
      problems: this.#problems,
      damaged: this.#damaged,
    }
  }

  async #pass(pass: 'first' | 'second'): Promise<void> {
    let lines: Buffer[] = []
    let bytes = 0
    let at = 0
    for (const batch of spoolLines(this.#files, this.#plan.spoolPath)) {
      for (const line of batch) {
        const step = peekStep(line)
        const mine = step.kind === 'set-attributes' && step.isDirectory ? 'none' : passOf[step.kind]
        if (pass === 'first') {
          if (mine === 'directory') this.#makeDirectory(decodeStep(line.toString('utf8')))
          else if (mine === 'second') this.#links++
          else if (mine === 'none') this.#doneEntries++
        }
        if (mine !== pass || (pass === 'second' && !this.#linkable(line))) continue
        // A job ends where a frame does, so that no frame is decoded by two workers.
        if ((bytes >= jobBytes || lines.length >= jobSteps) && (step.at !== at || step.at === 0)) {
          await this.#submit(lines, bytes)
          lines = []
          bytes = 0
        }
        at = step.at
        lines.push(line)
        bytes += step.bytes
      }
    }
    if (lines.length > 0) await this.#submit(lines, bytes)
    await Promise.all(this.#underWay)
    this.#stopIfAsked()
  }

  async #submit(lines: readonly Buffer[], bytes: number): Promise<void> {
    while (this.#underWay.size >= 2 * this.#pool.count) await Promise.race(this.#underWay)
    this.#stopIfAsked()
    const length = lines.reduce((sum, line) => sum + line.length + 1, 0)
    const joined = Buffer.alloc(length, 10)
    let at = 0
    for (const line of lines) {
      joined.set(line, at)
      at += line.length + 1
    }
    const job: RestoreJob = { ...this.#job, lines: joined, alwaysLook: this.#alwaysLook }
    const running: Promise<void> = this.#pool
      .run<StepResult>(job, [joined.buffer as ArrayBuffer])
      .then((result) => this.#accept(result, lines.length, bytes))
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => this.#underWay.delete(running))
    this.#underWay.add(running)
  }

  #accept(result: StepResult, steps: number, bytes: number): void {
    this.#written += result.written
    this.#metadata += result.attributes
    this.#bytes += bytes
    this.#doneEntries += steps
    for (const problem of result.problems) this.#tell(problem)
    for (const [loss, count, path] of result.losses) this.#lose(loss, path, count)
    const { bytesToWrite, steps: totalEntries } = this.#plan.header
    this.#options.onProgress?.({
      doneBytes: this.#bytes,
      totalBytes: bytesToWrite,
      doneEntries: this.#doneEntries,
      totalEntries,
    })
  }

  #stopIfAsked(): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#options.signal.aborted) {
      throw new BackupError(
        'E_INTERRUPTED',
        'the restore was interrupted; what was complete stays',
        'run it again: what is right already is not written again',
      )
    }
  }

  /**
   * In a directory of this restore's own making nobody looks before writing. Where it takes names that differ in case
   * for one, they must.
   */
  #probe(directory: number): void {
    this.#alwaysLook ||= !tellsCaseApart(this.#files, directory)
  }

  #makeDirectory({ kind, path, fresh }: SpooledStep): void {
    const files = this.#files
    this.#doneEntries++
    try {
      // Full rights for its owner while it is filled, none for others until its own are set.
      files.makeDirectory(this.#directories.child(path), kind === 'make-parent' ? 0o755 : 0o700)
      if (kind === 'make-directory') this.#written++
      if (!fresh) this.#probe(this.#directories.open(path))
    } catch (error) {
      this.#alwaysLook = true
      const code = codeOf(error) ?? ''
      const explained = explainIo(error, 'make', path)
      if (explained.code === 'E_NO_SPACE' || code === 'EROFS' || code === 'EMFILE') throw explained
      const changed = code === 'EEXIST' || code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP'
      this.#tell(
        changed
          ? {
              path,
              place: path,
              kind: 'refused',
              what: 'the target has changed since the plan was made',
              because: code === 'ENOTDIR' || code === 'ELOOP' ? 'parent-is-symlink' : 'changed-since-the-plan',
            }
          : { path, place: path, kind: 'failed', what: explained.message, because: null },
      )
    }
  }

  /** A link to what could not be restored would lead to something else. */
  #linkable(line: Buffer): boolean {
    if (this.#missing.size === 0) return true
    const { to, path } = decodeStep(line.toString('utf8'))
    if (to === null || !this.#missing.has(to)) return true
    this.#doneEntries++
    if (this.#damaged.includes(to)) {
      const what = `the content of ${displayPath(path)} fails its hash`
      this.#tell({ path, place: path, kind: 'damaged', what, because: null })
    } else {
      const what = `not linked: ${displayPath(to)} was not restored`
      this.#tell({ path, place: path, kind: 'refused', what, because: 'link-target-missing' })
    }
    return false
  }

  /** Directories get their attributes when everything in them is done, the inner ones first. */
  async #finishDirectories(): Promise<void> {
    const lost = (loss: Loss, path: BytePath) => this.#lose(loss, path, 1)
    const attributes = new AttributeSetter(this.#files, this.#options.user, lost)
    const above: SpooledStep[] = []
    const leave = (path: BytePath | null): void => {
      for (let last = above.at(-1); last !== undefined; last = above.at(-1)) {
        if (path !== null && isWithin(path, last.path)) return
        above.pop()
        this.#finishDirectory(last, attributes)
      }
    }
    for (const batch of spoolLines(this.#files, this.#plan.spoolPath)) {
      for (const line of batch) {
        if (!peekStep(line).isDirectory) continue
        const step = decodeStep(line.toString('utf8'))
        leave(step.path)
        above.push(step)
      }
      this.#stopIfAsked()
      await turn()
    }
    leave(null)
  }

  #finishDirectory({ kind, path, entry }: SpooledStep, attributes: AttributeSetter): void {
    if (entry === null || this.#missing.has(path) || kind === 'keep') return
    const { conflict } = this.#plan.header
    if (kind === 'unchanged' && (conflict === 'keep' || conflict === 'rename')) return
    try {
      const place = this.#directories.child(path)
      const status = this.#files.status(place)
      if (status?.type !== 'directory') throw Object.assign(new Error(), { code: 'ENOENT' })
      if (kind === 'unchanged') {
        // What was written into it has moved its time.
        if (status.mtimeNs !== entry.mtimeNs) this.#files.setTime(place, entry.mtimeNs)
        return
      }
      attributes.onPath(place, entry, status)
      if (kind === 'set-attributes') this.#metadata++
    } catch (error) {
      const what = explainIo(error, 'set the attributes of', path).message
      this.#tell({ path, place: path, kind: 'failed', what, because: null })
    }
  }

  async #sync(): Promise<void> {
    const paths = this.#plan.header.space.map(({ at }) => pathFromJson(at))
    for (const path of paths) {
      const fd = this.#files.open(path, 'directory-following')
      try {
        await this.#files.syncFileSystem(fd)
      } catch (error) {
        if (!(error instanceof BackupError) || error.code !== 'E_PLATFORM') throw explainIo(error, 'sync', path)
        this.#lose('sync', path, 1)
      } finally {
        this.#files.close(fd)
      }
    }
  }

  #tell(problem: Problem): void {
    this.#missing.add(problem.place)
    if (problem.kind === 'damaged') this.#damaged.push(problem.path)
    if (problem.kind === 'refused') this.#refused++
    if (problem.kind === 'failed') this.#failed++
    if (this.#problems.length < toldProblems) this.#problems.push(problem)
    this.#options.onProblem?.(problem)
  }

  #lose(loss: Loss, path: BytePath, count: number): void {
    const known = this.#losses.get(loss)
    if (known === undefined) this.#losses.set(loss, { count, path })
    else known.count += count
  }
}

function checkSpace(files: Files, { space }: PlanHeader): void {
  for (const { at, bytes } of space) {
    const path = pathFromJson(at)
    let freeBytes: number
    try {
      freeBytes = files.fileSystem(path).freeBytes
    } catch (error) {
      throw explainIo(error, 'look at', path)
    }
    if (freeBytes >= bytes) continue
    throw new BackupError(
      'E_NO_SPACE',
      `the restore needs ${bytes} bytes on the file system of ${displayPath(path)}, which has ${freeBytes} free`,
      'free some space there, choose another target, or restore less with --path',
    )
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
