import { printable } from '../model/path.ts'
import type { ListedRestore, UndoState } from '../model/undo.ts'
import { carryOutPlan } from './parts/carry-out-plan.ts'
import type { CommandSpec, Context } from './parts/command-spec.ts'
import { PlanningEvents } from './parts/plan-events.ts'
import { tableLines } from './parts/table.ts'

/** What the configuration allows too; V8 ends the process where it is asked for more threads than there may be. */
const mostWorkers = 256

export const undo: CommandSpec = {
  words: 'undo',
  about:
    'Takes a restore back: what it replaced or deleted returns from its safety backup, what it made goes, and what has changed since is saved before. Without an id: which restores there are.',
  operands: [{ name: 'RESTORE-ID', required: false }],
  options: [
    { name: 'dry-run', about: 'show the plan and stop' },
    { name: 'save-plan', value: 'FILE', about: 'keep the plan, to be applied later with restore --plan' },
    { name: 'workers', value: 'N', about: 'how many work at once' },
    { name: 'yes', about: 'do not ask' },
    { name: 'confirm', value: 'HOST', about: 'do not ask, if this machine has that name' },
  ],
  examples: [
    ['holdfast undo', 'what can be taken back'],
    ['holdfast undo 7f3k --dry-run', 'what that would do'],
    ['holdfast undo latest', 'take back the restore that began last and is not taken back yet'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const [wanted] = given.operands
    const { out } = context
    const engine = await context.engine()
    if (wanted === undefined) {
      tellRestores(await engine.undoable(), context)
      return 0
    }
    const restore = wanted === 'latest' ? null : wanted
    const file = given.text('save-plan')
    const planning = new PlanningEvents(context.during(), out.json && !given.has('dry-run') && file === null)
    const plan = await engine.planUndo({ restore, workers: given.count('workers', 1, mostWorkers) }, planning)
    if (plan === null) {
      out.result('undo', { restore: null })
      out.fact(`nothing to do: ${printable(wanted)} has changed nothing, or is undone already`)
      return 0
    }
    return carryOutPlan(plan, given, context, planning)
  },
}

const stateTexts: Record<UndoState | 'unreadable', string> = {
  running: 'under way',
  interrupted: 'interrupted',
  restored: 'can be undone',
  'half-undone': 'undone in part',
  undone: 'undone',
  expired: 'expired',
  unreadable: 'record unreadable',
}

function tellRestores(restores: readonly ListedRestore[], { out }: Context): void {
  out.result('undo', { restores })
  if (restores.length === 0) out.fact('no restore can be undone')
  if (restores.length === 0 || out.json) return
  const cells = (text: (restore: ListedRestore) => string) => restores.map(text)
  const columns = [
    { title: 'restore', cells: cells(({ id }) => id) },
    {
      title: 'target',
      flexible: true as const,
      dispensable: 1,
      cells: cells((one) => (one.state === 'unreadable' ? '' : printable(one.target))),
    },
    { title: 'state', cells: cells(({ state }) => stateTexts[state]) },
  ]
  for (const line of tableLines(columns, out.width)) out.fact(line)
  for (const restore of restores) {
    const { id, state } = restore
    if (state === 'interrupted') out.fact(`to go on with it: holdfast restore --resume ${id}`)
    if (state === 'half-undone') out.fact(`to undo the rest: holdfast undo ${id}`)
    if (state === 'unreadable')
      out.fact(`${restore.problem}; what it saved can be restored: holdfast list --type safety`)
  }
}
