import { comparePaths, displayPath } from '../../model/path.ts'
import type { PlannedStep } from '../../model/planned-restore.ts'
import type { PathChoice, PlanCounts } from '../../model/restore.ts'
import type { Decisions } from './restore-wizard.ts'

/** The rows of a plan: its steps, and what was decided by hand, each where it was before. Pure. */

/** Steps that were read, from the first on. */
export interface PlanSection {
  readonly actions: readonly PlannedStep['action'][]
  readonly steps: readonly PlannedStep[]
  /** How many there are. */
  readonly total: number
}

export interface PlanRow {
  readonly key: string
  readonly step: PlannedStep
  /** What was chosen for its path; null where nothing was. */
  readonly choice: PathChoice | null
  /** The plan has no such step any more: it was left out, or is done in another way. */
  readonly isGone: boolean
}

export function planRows(sections: readonly PlanSection[], decisions: Decisions, text: string): readonly PlanRow[] {
  const rows = sections.flatMap((section) => {
    const present = new Set(section.steps.map(({ path }) => path))
    const last = section.steps.length < section.total ? section.steps.at(-1) : undefined
    const gone = [...decisions]
      .filter(
        ([path, { step }]) =>
          section.actions.includes(step.action) &&
          !present.has(path) &&
          (last === undefined || comparePaths(path, last.path) < 0) &&
          displayPath(path).toLowerCase().includes(text.toLowerCase()),
      )
      .map(([path, { step, choice }]) => ({ path, step, choice, isGone: true }))
    const standing = section.steps.map((step) => ({
      path: step.path,
      step,
      choice: decisions.get(step.path)?.choice ?? null,
      isGone: false,
    }))
    return gone.length === 0 ? standing : [...standing, ...gone].sort((a, b) => comparePaths(a.path, b.path))
  })
  const seen = new Map<string, number>()
  return rows.map(({ path, ...row }) => {
    const count = seen.get(path) ?? 0
    seen.set(path, count + 1)
    return { ...row, key: `${path}\0${count}` }
  })
}

/** How many rows there are in all, read or not. */
export function rowTotal(sections: readonly PlanSection[], rows: readonly PlanRow[]): number {
  return sections.reduce((sum, { total, steps }) => sum + total - steps.length, rows.length)
}

export interface PlanView {
  readonly id: string
  /** As the rule above the table has it. */
  readonly title: string
  readonly sections: readonly (readonly (keyof PlanCounts)[])[]
}

const changes: readonly (keyof PlanCounts)[] = ['create', 'overwrite', 'metadata']

/** Which steps can be looked at; the first is what needs a decision, or may be regretted. */
export const planViews: readonly PlanView[] = [
  { id: 'conflicts', title: 'Conflicts and refusals', sections: [['refuse'], ['overwrite', 'delete', 'keep']] },
  { id: 'changes', title: 'All that is written', sections: [changes] },
  { id: 'create', title: 'Created', sections: [['create']] },
  { id: 'overwrite', title: 'Overwritten', sections: [['overwrite']] },
  { id: 'metadata', title: 'Attributes alone', sections: [['metadata']] },
  { id: 'delete', title: 'Deleted', sections: [['delete']] },
  { id: 'keep', title: 'Kept as on disk', sections: [['keep']] },
  { id: 'refuse', title: 'Refused', sections: [['refuse']] },
  { id: 'unchanged', title: 'The same already', sections: [['unchanged']] },
]

/** What is shown before anybody chooses. */
export function firstView(counts: PlanCounts, decided: number): PlanView {
  return planViews[counts.overwrite + counts.delete + counts.keep + counts.refuse + decided > 0 ? 0 : 1]!
}

/** Those that are offered: deleting is rare. */
export function viewsFor(counts: PlanCounts): readonly PlanView[] {
  return planViews.filter(({ id }) => id !== 'delete' || counts.delete > 0)
}

export function viewCount({ sections }: PlanView, counts: PlanCounts): number {
  return sections.flat().reduce((sum, action) => sum + counts[action], 0)
}
