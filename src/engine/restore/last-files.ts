import { type BytePath, parentOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { sameStateMeanwhile } from '../plan/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'
import { codeOf } from './look.ts'
import type { OpenDirectories } from './open-directories.ts'
import type { OutcomeTally } from './outcome.ts'
import { removeOne } from './remove-extras.ts'
import type { RestorePlan } from './request.ts'
import { spoolLines } from './spool.ts'
import { decodeStep, isLast, type SpooledStep } from './step-line.ts'

/**
 * Files without which a service does not start, such as PostgreSQL's `pg_control`. They are gone before anything else is
 * changed and come back after all else is on disk, so that nothing starts on what is half restored, whatever ends the
 * restore.
 */
export class LastFiles {
  readonly #files: Files
  readonly #plan: RestorePlan
  readonly #directories: OpenDirectories
  readonly #tally: OutcomeTally
  readonly #lines: Buffer[] = []
  readonly #links: Buffer[] = []
  readonly #places = new Set<BytePath>()

  constructor(files: Files, plan: RestorePlan, directories: OpenDirectories, tally: OutcomeTally) {
    this.#files = files
    this.#plan = plan
    this.#directories = directories
    this.#tally = tally
  }

  get any(): boolean {
    return this.#places.size > 0
  }

  /** On disk when this resolves. @throws E_IO. */
  async takeAway(): Promise<void> {
    if (this.#plan.header.last === undefined) return
    const touched = new Set<BytePath>()
    for (const batch of spoolLines(this.#files, this.#plan.spoolPath)) {
      for (const line of batch) {
        if (!isLast(line)) continue
        const step = decodeStep(line.toString('utf8'))
        if (step.kind === 'remove') removeOne(this.#files, step, this.#directories, this.#tally)
        else this.#keep(step, this.#removed(step) ? withoutReplaced(line) : line)
        if (step.replaces !== null) touched.add(parentOf(step.path))
      }
    }
    for (const directory of touched) await this.#sync(directory)
  }

  /** Whether a step that makes a link has to wait: what it leads to comes last. It is among `links` then. */
  holdsBack(line: Buffer): boolean {
    const { to } = decodeStep(line.toString('utf8'))
    if (to === null || !this.#places.has(to)) return false
    this.#links.push(line)
    return true
  }

  /** The steps that write them; none where something else is not as it was promised. */
  files(): readonly Buffer[] {
    if (this.#tally.missing.size === 0 && this.#plan.header.unreadable === 0) return this.#lines
    for (const line of [...this.#lines, ...this.#links.filter(isLast)]) {
      const { path, as } = decodeStep(line.toString('utf8'))
      const what = 'not written: it comes last, and not all others were restored'
      this.#tally.tell({ path, place: as ?? path, kind: 'refused', what, because: 'others-missing' })
    }
    this.#links.splice(0, this.#links.length, ...this.#links.filter((line) => !isLast(line)))
    return []
  }

  /** Further names of them, and those of them that are further names: made once `files` are written. */
  get links(): readonly Buffer[] {
    return this.#links
  }

  #keep(step: SpooledStep, line: Buffer): void {
    this.#places.add(step.as ?? step.path)
    if (step.kind === 'make-hardlink') this.#links.push(line)
    else this.#lines.push(line)
  }

  /** Whether the step's place is free now. What has changed since the plan stays, and writing it is refused. */
  #removed({ path, replaces }: SpooledStep): boolean {
    if (replaces === null) return false
    try {
      const place = this.#directories.child(path)
      if (!sameStateMeanwhile(replaces, this.#files.status(place) ?? null)) return false
      this.#files.removeFile(place)
      return true
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) return false
      throw explainIo(error, 'take away', path)
    }
  }

  async #sync(directory: BytePath): Promise<void> {
    try {
      await this.#files.sync(this.#directories.open(directory))
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) return
      throw explainIo(error, 'sync', directory)
    }
  }
}

function withoutReplaced(line: Buffer): Buffer {
  const step = JSON.parse(line.toString('utf8')) as Record<string, unknown> // written by encodeStep
  delete step['replaces']
  return Buffer.from(JSON.stringify(step))
}
