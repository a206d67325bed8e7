import { type BytePath, isWithin } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { PathChoices } from '../plan/path-choices.ts'
import { explainIo } from '../platform/explain-io.ts'
import { AttributeSetter, type Loss, type User } from './attributes.ts'
import { temporaryPrefix } from './leftovers.ts'
import { codeOf } from './look.ts'
import type { OpenDirectories } from './open-directories.ts'
import type { OutcomeTally } from './outcome.ts'
import { choicesOf } from './plan-file.ts'
import type { RestorePlan } from './request.ts'
import { spoolLines } from './spool.ts'
import { decodeStep, peekStep, type SpooledStep } from './step-line.ts'
import { tellsCaseApart } from './target.ts'

/** The directories of a restore: made before anything lies in them, given their attributes after everything does. */
export class RestoredDirectories {
  readonly #files: Files
  readonly #plan: RestorePlan
  readonly #directories: OpenDirectories
  readonly #user: User
  readonly #tally: OutcomeTally
  readonly #choices: PathChoices
  /** Whoever writes must look first, also in directories of this restore's own making. */
  alwaysLook = false

  constructor(files: Files, plan: RestorePlan, directories: OpenDirectories, user: User, tally: OutcomeTally) {
    this.#files = files
    this.#plan = plan
    this.#directories = directories
    this.#user = user
    this.#tally = tally
    this.#choices = new PathChoices(plan.header.conflict, choicesOf(plan.header))
  }

  /**
   * In a directory of this restore's own making nobody looks before writing. Where it takes names that differ in case
   * for one, they must.
   */
  probe(directory: number): void {
    this.alwaysLook ||= !tellsCaseApart(this.#files, directory, temporaryPrefix(this.#plan.header.id))
  }

  make({ kind, path, fresh }: SpooledStep): void {
    const files = this.#files
    try {
      // Full rights for its owner while it is filled, none for others until its own are set.
      files.makeDirectory(this.#directories.child(path), kind === 'make-parent' ? 0o755 : 0o700)
      if (kind === 'make-directory') this.#tally.written++
      if (!fresh) this.probe(this.#directories.open(path))
    } catch (error) {
      this.alwaysLook = true
      const code = codeOf(error) ?? ''
      const explained = explainIo(error, 'make', path)
      if (explained.code === 'E_NO_SPACE' || code === 'EROFS' || code === 'EMFILE') throw explained
      const changed = code === 'EEXIST' || code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP'
      this.#tally.tell(
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

  /** Directories get their attributes when everything in them is done, the inner ones first. */
  async finish(stopIfAsked: () => void): Promise<void> {
    const lost = (loss: Loss, path: BytePath) => this.#tally.lose(loss, path)
    const attributes = new AttributeSetter(this.#files, this.#user, lost)
    const above: SpooledStep[] = []
    const leave = (path: BytePath | null): void => {
      for (let last = above.at(-1); last !== undefined; last = above.at(-1)) {
        if (path !== null && isWithin(path, last.path)) return
        above.pop()
        this.#finishOne(last, attributes)
      }
    }
    for (const batch of spoolLines(this.#files, this.#plan.spoolPath)) {
      for (const line of batch) {
        if (!peekStep(line).isDirectory) continue
        const step = decodeStep(line.toString('utf8'))
        leave(step.path)
        above.push(step)
      }
      stopIfAsked()
      await turn()
    }
    leave(null)
  }

  #finishOne({ kind, path, entry }: SpooledStep, attributes: AttributeSetter): void {
    if (entry === null || this.#tally.missing.has(path) || kind === 'keep') return
    const { conflict } = this.#choices.conflictAt(path)
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
      if (kind === 'set-attributes') this.#tally.metadata++
    } catch (error) {
      const what = explainIo(error, 'set the attributes of', path).message
      this.#tally.tell({ path, place: path, kind: 'failed', what, because: null })
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
