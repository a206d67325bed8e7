import { type ReactNode, useEffect, useMemo, useState } from 'react'
import type { PlannedStep } from '../../model/engine.ts'
import { nameOf, parentOf, rootPath } from '../../model/path.ts'
import type { PathChoice } from '../../model/restore.ts'
import { formatBytes, formatCount, formatNumberOf } from '../../model/units.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { filterKeys } from '../parts/filter.tsx'
import { Lines } from '../parts/lines.tsx'
import { Menu, type MenuItem } from '../parts/menu.tsx'
import { type TableState, TableView, useTable } from '../parts/table.tsx'
import { useTextField } from '../parts/text-field.ts'
import type { Column } from '../text/columns.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { plainMessage, plainPath, plainText } from '../text/plain.ts'
import { type PlanRow, type PlanView, planRows, planViews, rowTotal, viewCount } from '../text/restore-rows.ts'
import { isMarked, type Marks } from '../text/restore-scope.ts'
import type { Decisions } from '../text/restore-wizard.ts'
import {
  actionMark,
  actionWord,
  choiceMeaning,
  choicesFor,
  choiceWord,
  wholeDirectory,
  whyText,
} from '../text/restore-words.ts'
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
  rename: { keys: ['N'], label: 'beside', about: 'write it beside what is on disk, under a new name' },
  show: { keys: ['t'], label: 'show', about: 'choose which part of the plan is shown', hint: 5 },
} as const satisfies KeyTable

/** Reads on when so many rows are left below the cursor. */
const ahead = 100

export interface PlanTableProps {
  readonly planned: Planned
  readonly view: PlanView
  readonly decisions: Decisions
  readonly marks: Marks
  /** Of the rule, the titles, and the rows. */
  readonly rows: number
  readonly hasTitles: boolean
  setView(view: PlanView): void
  decide(steps: readonly PlannedStep[], choice: PathChoice | null): void
  /** Hears which row the cursor is on. */
  look(row: PlanRow | null): void
}

/** The steps of a plan, and what was decided about them. */
export function PlanTable(props: PlanTableProps): ReactNode {
  const { planned, view, decisions, rows, hasTitles, setView, look } = props
  const { glyphs } = useConsole()
  const { columns } = useArea()
  const filter = useStepFilter()
  const wanted = useMemo(() => ({ sections: view.sections, text: filter.text }), [view, filter.text])
  const steps = useSteps(planned.plan, wanted)
  const list = useMemo(() => planRows(steps.sections, decisions, filter.text), [steps.sections, decisions, filter.text])
  const height = Math.max(1, rows - (hasTitles ? 2 : 1))
  const table = useTable({ title: 'Plan', rows: list, keyOf: ({ key }) => key, height, marks: true })
  const [open, setOpen] = useState<'decide' | 'show' | null>(null)
  const { row, index } = table
  useReadOn(steps, index, list.length)
  useEffect(() => look(row), [look, row])
  const choose = useChoose(table, props)
  const acting = actingRows(table)
  const can = (choice: PathChoice): boolean =>
    acting.some(({ step }) => choicesFor(originalOf(step, decisions)).includes(choice))
  useKeys('pane', 'Plan', planTableKeys, {
    decide: row !== null && (() => setOpen('decide')),
    keep: can('keep') && (() => choose('keep')),
    overwrite: can('overwrite') && (() => choose('overwrite')),
    skip: can('skip') && (() => choose('skip')),
    rename: can('rename') && (() => choose('rename')),
    show: () => setOpen('show'),
  })
  const tableColumns = useMemo(() => stepColumns(glyphs), [glyphs])
  const total = steps.sections.length === 0 ? viewCount(view, planned.plan.counts) : rowTotal(steps.sections, list)
  const count = lineOf(`${view.title} `, span(formatCount(total), 'bold'), ...markSpans(table))
  const title =
    steps.trouble !== null
      ? lineOf(span(` ${glyphs.failed} ${plainMessage(steps.trouble.message)}`, 'failed'))
      : (filter.line(columns, total) ?? ruleLine(count, 't shows other parts', columns, glyphs))
  return (
    <>
      <Lines lines={[title]} />
      <TableView table={table} columns={tableColumns} width={columns} titles={hasTitles} />
      {open === 'show' && (
        <Menu
          title="Show"
          items={planViews.map((one) => ({
            value: one.id,
            label: `${one.title} ${formatCount(viewCount(one, planned.plan.counts))}`,
          }))}
          initial={view.id}
          onClose={() => setOpen(null)}
          onChoose={(id) => {
            setOpen(null)
            setView(planViews.find((one) => one.id === id) ?? view)
          }}
        />
      )}
      {open === 'decide' && (
        <DecideMenu
          {...props}
          rows={acting}
          onClose={() => setOpen(null)}
          onChoose={(choice, isBelow) => {
            setOpen(null)
            choose(choice, isBelow)
          }}
        />
      )}
    </>
  )
}

/** The marked rows, or the one the cursor is on. */
function actingRows({ row, markCount, marked }: TableState<PlanRow>): readonly PlanRow[] {
  return markCount > 0 ? marked() : row === null ? [] : [row]
}

/** As it was before anything was decided about it. */
function originalOf(step: PlannedStep, decisions: Decisions): PlannedStep {
  return decisions.get(step.path)?.step ?? step
}

/** Decides about the marked rows where the choice means something for them, and goes on to the next row. */
function useChoose(
  table: TableState<PlanRow>,
  { decisions, decide }: Pick<PlanTableProps, 'decisions' | 'decide'>,
): (choice: PathChoice | null, isBelow?: boolean) => void {
  const { say } = useConsole()
  return (choice, isBelow = false) => {
    const acting = actingRows(table)
    const [first] = acting
    if (first === undefined) return
    if (isBelow) {
      decide([wholeDirectory(parentOf(first.step.path), first.step)], choice)
      return
    }
    const steps = acting
      .map(({ step }) => step)
      .filter((step) => choice === null || choicesFor(originalOf(step, decisions)).includes(choice))
    if (steps.length < acting.length)
      say(`${formatNumberOf(acting.length - steps.length, 'path')} cannot be decided so`)
    if (steps.length > 0) decide(steps, choice)
    if (table.markCount > 0) table.clearMarks()
    else table.moveTo(table.index + 1)
  }
}

interface DecideMenuProps extends Pick<PlanTableProps, 'decisions' | 'marks'> {
  /** What is decided about. */
  readonly rows: readonly PlanRow[]
  onChoose(choice: PathChoice | null, isBelow: boolean): void
  onClose(): void
}

function DecideMenu({ rows, decisions, marks, onChoose, onClose }: DecideMenuProps): ReactNode {
  const [only] = rows
  const possible = new Set(rows.flatMap(({ step }) => choicesFor(originalOf(step, decisions))))
  const items: MenuItem[] = [...possible].map((choice) => ({ value: choice, label: choiceMeaning(choice) }))
  if (rows.some(({ choice }) => choice !== null))
    items.push({ value: 'none', label: 'as the rest: take the choice back' })
  const directory = rows.length === 1 && only !== undefined ? parentOf(only.step.path) : rootPath
  if (directory !== rootPath && isMarked(marks, directory)) {
    const name = `${plainPath(nameOf(directory))}/`
    for (const choice of ['keep', 'overwrite', 'skip'] as const)
      if (possible.has(choice)) items.push({ value: `${choice} below`, label: `${choiceWord(choice)}: all in ${name}` })
  }
  if (items.length === 0) items.push({ value: 'close', label: 'nothing can be chosen here' })
  const title =
    rows.length === 1 && only !== undefined ? plainPath(nameOf(only.step.path)) : formatNumberOf(rows.length, 'path')
  return (
    <Menu
      title={title}
      items={items}
      initial={rows.length === 1 ? (only?.choice ?? '') : ''}
      onClose={onClose}
      onChoose={(value) => {
        const [word = '', below] = value.split(' ')
        const choice = [...possible].find((one) => one === word)
        if (choice !== undefined) onChoose(choice, below !== undefined)
        else if (value === 'none') onChoose(null, false)
        else onClose()
      }}
    />
  )
}

function useReadOn({ hasMore, readOn }: Steps, index: number, count: number): void {
  const isNear = index + ahead >= count
  useEffect(() => {
    if (isNear && hasMore && count > 0) readOn()
  }, [isNear, hasMore, count, readOn])
}

interface StepFilter {
  readonly text: string
  line(columns: number, total: number): Line | null
}

/** `/` begins, Enter keeps it, Esc takes it away; the plan itself looks through all of its steps. */
function useStepFilter(): StepFilter {
  const [isEditing, setEditing] = useState(false)
  const clear = (): void => {
    field.set('')
    setEditing(false)
  }
  const field = useTextField({ title: 'filter', active: isEditing, submit: () => setEditing(false), cancel: clear })
  const text = field.text.trim()
  useKeys('field', 'Filter', filterKeys, {
    filter: !isEditing && (() => setEditing(true)),
    clear: !isEditing && text !== '' && clear,
  })
  return {
    text,
    line(columns, total) {
      if (!isEditing && text === '') return null
      const shown = isEditing ? field.spans(Math.max(8, columns - 40)) : [span(plainText(text), 'bold')]
      return [
        span(' /', 'bold'),
        ...shown,
        span(`  ${formatCount(total)} in the plan`),
        ...(isEditing ? [span('  Enter keeps, Esc clears', 'dim')] : []),
      ]
    },
  }
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
