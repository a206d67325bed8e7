import type { BytePath } from '../../model/path.ts'
import type { PlanCounts } from '../../model/restore.ts'
import { type Loss, lossTexts } from './attributes.ts'
import type { Problem, StepResult } from './step-writer.ts'

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
  /** Names removed that the backup does not have. */
  readonly deleted: number
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

/** Gathers what becomes of a restore while it runs. */
export class OutcomeTally {
  written = 0
  metadata = 0
  deleted = 0
  bytes = 0
  /** Names that are not what the plan promised: nothing is linked to them, no attributes are given to them. */
  readonly missing = new Set<BytePath>()
  readonly #heard: ((problem: Problem) => void) | undefined
  readonly #losses = new Map<Loss, { count: number; path: BytePath }>()
  readonly #problems: Problem[] = []
  readonly #damaged = new Set<BytePath>()
  #refused = 0
  #failed = 0

  constructor(heard: ((problem: Problem) => void) | undefined) {
    this.#heard = heard
  }

  get failed(): number {
    return this.#failed
  }

  accept(result: StepResult): void {
    this.written += result.written
    this.metadata += result.attributes
    for (const problem of result.problems) this.tell(problem)
    for (const [loss, count, path] of result.losses) this.lose(loss, path, count)
  }

  tell(problem: Problem): void {
    this.missing.add(problem.place)
    if (problem.kind === 'damaged') this.#damaged.add(problem.path)
    if (problem.kind === 'refused') this.#refused++
    if (problem.kind === 'failed') this.#failed++
    if (this.#problems.length < toldProblems) this.#problems.push(problem)
    this.#heard?.(problem)
  }

  lose(loss: Loss, path: BytePath, count = 1): void {
    const known = this.#losses.get(loss)
    if (known === undefined) this.#losses.set(loss, { count, path })
    else known.count += count
  }

  isDamaged(path: BytePath): boolean {
    return this.#damaged.has(path)
  }

  outcome(planned: PlanCounts): RestoreOutcome {
    return {
      written: this.written,
      unchanged: planned.unchanged,
      kept: planned.keep,
      deleted: this.deleted,
      metadata: this.metadata,
      refused: planned.refuse + this.#refused,
      failed: this.#failed,
      bytes: this.bytes,
      warnings: [...this.#losses].map(([loss, { count, path }]) => ({ what: lossTexts[loss], count, path })),
      problems: this.#problems,
      damaged: [...this.#damaged],
    }
  }
}
