import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { parentOf } from '../../model/path.ts'
import type { PlannedStep } from '../../model/planned-restore.ts'
import type { PathChoice } from '../../model/restore.ts'
import { formatBytes, formatCount, formatNumberOf } from '../../model/units.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { Lines } from '../parts/lines.tsx'
import { Menu } from '../parts/menu.tsx'
import { type TableState, TableView, useTable } from '../parts/table.tsx'
import { useFilterText } from '../parts/use-filter-text.ts'
import type { Column } from '../text/columns.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { plainMessage, plainPath } from '../text/plain.ts'
import {
  type PlanRow,
  type PlanView,
  planRows,
  planViews,
  rowTotal,
  viewCount,
  viewsFor,
} from '../text/restore-rows.ts'
import type { Marks } from '../text/restore-scope.ts'
import type { Decisions } from '../text/restore-wizard.ts'
import { actionMark, actionWord, choiceWord, wholeDirectory, whyText } from '../text/restore-words.ts'
import { choicesOf, DecideMenu } from './decide-menu.tsx'
import type { Planned } from './use-plan.ts'
import { type Steps, useSteps } from './use-steps.ts'

export const planTableKeys = {
  decide: {
    keys: ['enter'],
    label: 'decide',
    about: 'choose what becomes of this path, or of the marked ones',
    hint: 9,
  },
  keep: { keys: ['K'], label: 'keep disk', about: 'keep what is on disk', hint: 4 },
  overwrite: { keys: ['O'], label: 'overwrite', about: 'overwrite what is on disk', hint: 3 },
  skip: { keys: ['S'], label: 'leave out', about: 'leave this path out', hint: 3 },
  rename: { keys: ['N'], label: 'new name', about: 'write it beside what is on disk, under a new name' },
  show: { keys: ['t'], label: 'show', about: 'choose which part of the plan is shown', hint: 5 },
} as const satisfies KeyTable

/** Reads on when so many rows are left below the cursor. */
const ahead = 100

export interface PlanTableOptions {
  readonly planned: Planned
  readonly view: PlanView
  readonly decisions: Decisions
  readonly marks: Marks
  /** Of the rule, the titles, and the rows. */
  readonly rows: number
  readonly hasTitles: boolean
  setView(view: PlanView): void
  decide(steps: readonly PlannedStep[], choice: PathChoice | null): void
}

export interface PlanTable {
  /** The cursor is on it. */
  readonly row: PlanRow | null
  /** The rows are those of this plan, not of the one before. */
  readonly isCurrent: boolean
  readonly table: ReactNode
  /** What lies over the screen: drawn after all else. */
  readonly over: ReactNode
}

type Open = { readonly kind: 'show' } | { readonly kind: 'decide'; readonly rows: readonly PlanRow[] }

/** The steps of a plan, and what was decided about them. */
export function usePlanTable(options: PlanTableOptions): PlanTable {
  const { planned, view, decisions, marks, rows, hasTitles, setView } = options
  const { glyphs } = useConsole()
  const { columns } = useArea()
  const filter = useFilterText('Filter')
  const text = filter.text.trim()
  const wanted = useMemo(() => ({ sections: view.sections, text }), [view, text])
  const steps = useSteps(planned.plan, wanted)
  const list = useMemo(() => planRows(steps.sections, decisions, text), [steps.sections, decisions, text])
  const height = Math.max(1, rows - (hasTitles ? 2 : 1))
  const table = useTable({ title: 'Plan', rows: list, keyOf: ({ key }) => key, height, marks: true })
  const [open, setOpen] = useState<Open | null>(null)
  const close = (): void => setOpen(null)
  const { row } = table
  useReadOn(steps, table.index, list.length)
  const choose = useChoose(table, options)
  const acting = actingRows(table)
  const can = (choice: PathChoice) =>
    acting.some((one) => choicesOf(one, decisions).includes(choice)) && (() => choose(acting, choice))
  useKeys('pane', 'Plan', planTableKeys, {
    decide: row !== null && (() => setOpen({ kind: 'decide', rows: acting })),
    keep: can('keep'),
    overwrite: can('overwrite'),
    skip: can('skip'),
    rename: can('rename'),
    show: () => setOpen({ kind: 'show' }),
  })
  const tableColumns = useMemo(() => stepColumns(glyphs), [glyphs])
  const total = steps.sections.length === 0 ? viewCount(view, planned.plan.counts) : rowTotal(steps.sections, list)
  const count = lineOf(`${view.title} `, span(formatCount(total), 'bold'), ...markSpans(table))
  const title =
    steps.trouble !== null
      ? lineOf(span(` ${glyphs.failed} ${plainMessage(steps.trouble.message)}`, 'failed'))
      : (filter.line(columns, [span(`  ${formatCount(total)} in the plan`)]) ??
        ruleLine(count, 't shows other parts', columns, glyphs))
  const over =
    open?.kind === 'show' ? (
      <Menu
        title="Show"
        items={viewsFor(planned.plan.counts).map((one) => ({
          value: one.id,
          label: `${one.title} ${formatCount(viewCount(one, planned.plan.counts))}`,
        }))}
        initial={view.id}
        onClose={close}
        onChoose={(id) => {
          close()
          setView(planViews.find((one) => one.id === id) ?? view)
        }}
      />
    ) : open?.kind === 'decide' ? (
      <DecideMenu
        rows={open.rows}
        decisions={decisions}
        marks={marks}
        onClose={close}
        onChoose={(choice, isBelow) => {
          close()
          choose(open.rows, choice, isBelow)
        }}
      />
    ) : null
  return {
    row,
    isCurrent: steps.areCurrent,
    table: (
      <>
        <Lines lines={[title]} />
        <TableView table={table} columns={tableColumns} width={columns} titles={hasTitles} />
      </>
    ),
    over,
  }
}

/** The marked rows, or the one the cursor is on. */
function actingRows({ row, markCount, marked }: TableState<PlanRow>): readonly PlanRow[] {
  return markCount > 0 ? marked() : row === null ? [] : [row]
}

/** Decides about the rows where the choice means something for them, and goes on to the next row. */
function useChoose(
  table: TableState<PlanRow>,
  { decisions, decide }: Pick<PlanTableOptions, 'decisions' | 'decide'>,
): (rows: readonly PlanRow[], choice: PathChoice | null, isBelow?: boolean) => void {
  const { say } = useConsole()
  return (rows, choice, isBelow = false) => {
    const [first] = rows
    if (first !== undefined && isBelow) {
      decide([wholeDirectory(parentOf(first.step.path), first.step)], choice)
      return
    }
    const able = rows.filter((row) => choice === null || choicesOf(row, decisions).includes(choice))
    if (able.length < rows.length) say(`${formatNumberOf(rows.length - able.length, 'path')} cannot be decided so`)
    if (able.length > 0)
      decide(
        able.map(({ step }) => step),
        choice,
      )
    if (table.markCount > 0) table.clearMarks()
    else table.moveTo(table.index + 1)
  }
}

function useReadOn({ hasMore, readOn }: Steps, index: number, count: number): void {
  const isNear = index + ahead >= count
  useEffect(() => {
    if (isNear && hasMore && count > 0) readOn()
  }, [isNear, hasMore, count, readOn])
}

function markSpans({ markCount }: TableState<PlanRow>): Line {
  return markCount === 0 ? [] : [span(`  ${formatCount(markCount)} marked`, 'bold')]
}

function stepColumns(glyphs: Glyphs): readonly Column<PlanRow>[] {
  return [
    {
      title: 'S',
      width: glyphs.failed.length,
      priority: 0,
      cell: ({ step, isGone }) => (isGone ? span(glyphs.ok, 'ok') : actionMark(step, glyphs)),
    },
    { title: 'PATH', width: 24, upTo: 400, priority: 0, cut: 'middle', cell: ({ step }) => plainPath(step.path) },
    { title: 'WHY', width: 14, upTo: 34, priority: 1, cell: ({ step }) => whyText(step) },
    {
      title: 'ACTION',
      width: 14,
      priority: 0,
      cell: ({ step, choice }) =>
        choice === null
          ? span(actionWord(step), actionLook(step))
          : span(`${glyphs.mark} ${choiceWord(choice)}`, 'bold'),
    },
    {
      title: 'SIZE',
      width: 8,
      align: 'right',
      priority: 2,
      cell: ({ step }) =>
        step.bytes > 0
          ? formatBytes(step.bytes)
          : step.stored !== null && step.stored.type === 'file'
            ? formatBytes(step.stored.sizeBytes)
            : '-',
    },
  ]
}

function actionLook({ action }: PlannedStep) {
  return action === 'refuse' ? 'failed' : action === 'overwrite' ? 'warning' : undefined
}
