import type { Progress } from '../../model/event.ts'
import { displayPath, pathFromJson } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { RestoreJob } from '../archive/restore-job.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import { explainIo } from '../platform/explain-io.ts'
import type { User } from './attributes.ts'
import { accessesOf } from './holder-access.ts'
import { LastFiles } from './last-files.ts'
import { noteTarget, removeLeftovers, temporaryPrefix } from './leftovers.ts'
import { makeBase } from './make-base.ts'
import { OpenDirectories, type OpenPlace } from './open-directories.ts'
import { OutcomeTally, type RestoreOutcome } from './outcome.ts'
import { placesOf } from './places.ts'
import { removeExtras } from './remove-extras.ts'
import type { RestoreArchive, RestorePlan } from './request.ts'
import { RestoredDirectories } from './restored-directories.ts'
import { restoreInterrupted, SharedWatch } from './shared-watch.ts'
import { checkSpace } from './space.ts'
import { spoolLines } from './spool.ts'
import { SteadySync } from './steady-sync.ts'
import { decodeStep, isLast, peekStep } from './step-line.ts'
import type { Problem, StepResult } from './step-writer.ts'
import { closeDirectories, openPlaces } from './target.ts'

export interface ApplyOptions {
  readonly user: User
  readonly signal: AbortSignal
  /** Whether there is room was asked before, when what is replaced was not saved yet: by now that has taken its share. */
  readonly hasRoom?: boolean
  onProgress?(progress: Progress): void
  /** Hears of every path that was not restored, as it happens. */
  onProblem?(problem: Problem): void
}

const jobBytes = 4 << 20
const jobSteps = 256
const tellMs = 250

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
  if (options.hasRoom !== true) checkSpace(files, plan.header)
  const places = placesOf(plan.header)
  try {
    noteTarget(files, plan.spoolPath, plan.header)
  } catch (error) {
    throw explainIo(error, 'write beside', plan.spoolPath)
  }
  for (const { base } of places) makeBase(files, base)
  const open = openPlaces(files, places)
  try {
    const tally = new OutcomeTally(options.onProblem)
    await new Application(files, pool, plan, archives, open, options, tally).run()
    return tally.outcome(plan.header.counts)
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
  remove: 'none', // once everything else is there
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
  readonly #tally: OutcomeTally
  readonly #made: RestoredDirectories
  readonly #disk: SteadySync
  readonly #last: LastFiles
  readonly #watch = new SharedWatch()
  #links = 0
  #doneEntries = 0
  #failure: unknown = null

  constructor(
    files: Files,
    pool: WorkerPool,
    plan: RestorePlan,
    archives: readonly RestoreArchive[],
    open: readonly OpenPlace[],
    options: ApplyOptions,
    tally: OutcomeTally,
  ) {
    this.#files = files
    this.#pool = pool
    this.#plan = plan
    this.#options = options
    this.#open = open
    this.#directories = new OpenDirectories(files, open)
    this.#tally = tally
    this.#made = new RestoredDirectories(files, plan, this.#directories, options.user, tally)
    this.#last = new LastFiles(files, plan, this.#directories, tally)
    this.#disk = new SteadySync(
      files,
      plan.header.space.map(({ at }) => pathFromJson(at)),
    )
    this.#job = {
      kind: 'restore',
      task: 'write',
      run: `${plan.header.id} apply`,
      places: open,
      archives: archives.map(({ lineage }, at) => accessesOf(lineage, plan.holders?.[at] ?? null)),
      user: options.user,
      temporaryPrefix: temporaryPrefix(plan.header.id),
      watch: this.#watch.memory,
    }
  }

  async run(): Promise<void> {
    // A file can take an hour: what is told at its end alone is no progress.
    const telling = setInterval(() => this.#tellProgress(), tellMs)
    try {
      await this.#watch.during(this.#options.signal, () => this.#run())
    } finally {
      clearInterval(telling)
    }
  }

  async #run(): Promise<void> {
    try {
      const [top] = this.#open
      if (this.#plan.header.targetIsNew && top !== undefined) this.#made.probe(top.fd)
      await this.#last.takeAway()
      await this.#pass('first')
      if (this.#links > 0) await this.#pass('second')
      if (this.#plan.header.counts.delete > 0)
        await removeExtras(this.#files, this.#plan, this.#directories, this.#tally, () => this.#stopIfAsked())
      if (this.#last.any) await this.#writeLast()
      if (this.#tally.failed > 0) removeLeftovers(this.#files, this.#plan.spoolPath) // before directories get their times
      await this.#made.finish(() => this.#stopIfAsked())
      for (const path of await this.#disk.finish()) this.#tally.lose('sync', path)
    } catch (error) {
      await Promise.allSettled(this.#underWay)
      // What a file was written to is removed by whoever wrote it; this is for what could not be removed then.
      if (!this.#options.signal.aborted) removeLeftovers(this.#files, this.#plan.spoolPath)
      throw error
    } finally {
      await Promise.allSettled(this.#underWay)
      this.#directories.close()
      await this.#disk.close()
    }
  }

  /** All others are on disk before the first of them is written. */
  async #writeLast(): Promise<void> {
    await this.#disk.finish()
    await this.#submitAll(this.#last.files())
    await this.#submitAll(this.#last.links.filter((line) => this.#linkable(line)))
  }

  async #submitAll(lines: readonly Buffer[]): Promise<void> {
    if (lines.length > 0) {
      const bytes = lines.reduce((sum, line) => sum + peekStep(line).bytes, 0)
      await this.#submit(lines, bytes)
    }
    await Promise.all(this.#underWay)
    this.#stopIfAsked()
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
          if (mine === 'directory') this.#made.make(decodeStep(line.toString('utf8')))
          else if (mine === 'second') this.#links++
          if (mine === 'none' || mine === 'directory') this.#doneEntries++
        }
        if (mine !== pass || (this.#last.any && (isLast(line) || (pass === 'second' && this.#last.holdsBack(line)))))
          continue
        if (pass === 'second' && !this.#linkable(line)) continue
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
    const job: RestoreJob = { ...this.#job, lines: joined, alwaysLook: this.#made.alwaysLook }
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
    this.#tally.accept(result)
    this.#tally.bytes += bytes
    this.#doneEntries += steps
    this.#disk.written(bytes)
    this.#watch.advance(-result.bytes)
    this.#tellProgress()
  }

  #tellProgress(): void {
    const { bytesToWrite, steps: totalEntries } = this.#plan.header
    this.#options.onProgress?.({
      doneBytes: this.#tally.bytes + this.#watch.bytes,
      totalBytes: bytesToWrite,
      doneEntries: this.#doneEntries,
      totalEntries,
    })
  }

  #stopIfAsked(): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#options.signal.aborted) throw restoreInterrupted()
  }

  /** A link to what could not be restored would lead to something else. */
  #linkable(line: Buffer): boolean {
    if (this.#tally.missing.size === 0) return true
    const { to, path } = decodeStep(line.toString('utf8'))
    if (to === null || !this.#tally.missing.has(to)) return true
    this.#doneEntries++
    if (this.#tally.isDamaged(to)) {
      const what = `the content of ${displayPath(path)} fails its hash`
      this.#tally.tell({ path, place: path, kind: 'damaged', what, because: null })
    } else {
      const what = `not linked: ${displayPath(to)} was not restored`
      this.#tally.tell({ path, place: path, kind: 'refused', what, because: 'link-target-missing' })
    }
    return false
  }
}
