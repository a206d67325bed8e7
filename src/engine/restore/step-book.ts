import type { RestoreStep } from '../../model/restore.ts'
import type { Directory } from '../plan/restore-paths.ts'
import { changesNothing } from '../plan/restore-plan.ts'
import type { PlanItem } from './plan-item.ts'
import type { PlanTally } from './plan-tally.ts'
import type { SpoolWriter } from './spool.ts'
import { encodeStep } from './step-line.ts'

/** Takes down what was decided: the steps in their order, and what they come to. */
export class StepBook {
  readonly #spool: SpoolWriter
  readonly #tally: PlanTally

  constructor(spool: SpoolWriter, tally: PlanTally) {
    this.#spool = spool
    this.#tally = tally
  }

  /** `spare`: what it replaces is lost to nobody, and not saved before. */
  write({ toc, parent, last, allocatedBytes }: PlanItem, step: RestoreStep, spare: boolean): void {
    if (!changesNothing.has(step.kind)) this.#planParents(parent)
    const fresh = parent.isNew === true
    const { archive, home, line } = toc ?? noLine
    const isLast = last && (step.kind === 'remove' || !changesNothing.has(step.kind)) // what stays is not taken away
    this.#spool.line(encodeStep({ step, archive, home, fresh, spare, last: isLast, owned: toc?.owned === true }, line))
    this.#tally.add(step, parent)
    if (!spare) this.#tally.save(step, allocatedBytes)
  }

  /** Directories that are not restored themselves, but without which nothing could lie in them. */
  #planParents(directory: Directory): void {
    if (directory.planned || directory.isNew !== true || directory.above === null) return
    this.#planParents(directory.above)
    directory.planned = true
    const step: RestoreStep = { kind: 'make-parent', path: directory.path }
    this.#spool.line(encodeStep({ step, archive: 0, home: 0, fresh: directory.above.isNew === true }, ''))
    this.#tally.add(step, directory.above)
  }
}

const noLine = { archive: 0, home: 0, line: '' } as const
