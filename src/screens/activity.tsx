import { type ReactNode, useEffect, useMemo, useState } from 'react'
import type { RunSummary } from '../model/jobs.ts'
import { formatCount, formatDuration } from '../model/units.ts'
import { useArea, useConsole, useIsActive, useLoaded, useMinute } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { CancelRun } from './parts/cancel-run.tsx'
import { useFilter } from './parts/filter.tsx'
import { Lines } from './parts/lines.tsx'
import { NotRead } from './parts/not-read.tsx'
import { PlanDialog } from './parts/plan-dialog.tsx'
import { TableView, useTable } from './parts/table.tsx'
import { useAllRuns } from './parts/use-all-runs.ts'
import { emptyLines, exactly } from './text/boxes.ts'
import type { Column } from './text/columns.ts'
import { wrap } from './text/cut.ts'
import type { FilterField } from './text/filter.ts'
import { type Glyphs, lookOf } from './text/glyphs.ts'
import { ageText, momentText, shortId, shortMoment } from './text/ids.ts'
import { type Line, lineOf, span } from './text/line.ts'
import { plainMessage, plainText } from './text/plain.ts'
import { isEndedRestore, isInterrupted, stateOfRun, wordOfKind, wordOfRun } from './text/run-words.ts'

const keys = {
  open: { keys: ['enter'], label: 'open', about: 'this run: its progress, its log, its report', hint: 9, needs: 'run' },
  cancel: { keys: ['x'], label: 'cancel job', about: 'stop this run, cleanly', danger: 1, hint: 7 },
  undo: { keys: ['U'], label: 'undo', about: 'take this restore back: its plan first', danger: 2, hint: 6 },
  goOn: { keys: ['R'], label: 'go on', about: 'go on with this interrupted restore: its plan first', danger: 2 },
  log: { keys: ['e'], label: 'log file', about: "this run's log in the pager", hint: 5 },
  copy: { keys: ['y'], label: 'copy id', about: "this run's id into the clipboard" },
} as const satisfies KeyTable

const detailRows = 3

function Activity(): ReactNode {
  const { glyphs, store, now: clock } = useConsole()
  const { columns, rows } = useArea()
  const isActive = useIsActive()
  const now = useMinute()
  const latest = useLoaded(store.runs)
  const { runs, isAll, more } = useAllRuns()
  const fields = useMemo(() => runFields(clock), [clock])
  const filter = useFilter({ rows: runs, fields, words: runWords })
  const [cancelled, cancel] = useState<RunSummary | null>(null)
  const [planned, plan] = useState<Planned | null>(null)
  const height = rows - 2 - detailRows
  const table = useTable({ title: 'Runs', rows: filter.rows, keyOf: ({ id }) => id, height })
  const { row } = table
  // Older ones are read before somebody stands at the end.
  useEffect(() => {
    if (isActive && !isAll && table.index + 2 * height >= filter.rows.length) more()
  })
  useRunKeys(row, cancel, plan)
  const tableColumns = useMemo(() => runColumns(glyphs, now), [glyphs, now])

  if (latest.value === null) return <NotRead trouble={latest.trouble} reading="Reading the runs" />
  const count = `${formatCount(runs.length)}${isAll ? '' : '+'}`
  const title = filter.line(columns) ?? ruleLine(lineOf('Runs ', span(count, 'bold')), 'newest first', columns, glyphs)
  const below =
    row === null
      ? emptyLines(
          filter.isOn ? 'Nothing matches.' : 'Nothing has run yet.',
          filter.isOn ? 'Esc shows all again.' : 'What runs, from here or from the command line, leaves its log here.',
          columns,
        )
      : runDetails(row, columns, glyphs)
  return (
    <>
      <Lines lines={[title]} />
      <TableView table={table} columns={tableColumns} width={columns} />
      <Lines lines={exactly(below, detailRows)} />
      {planned !== null && <PlanDialog {...planned} onClose={() => plan(null)} />}
      {cancelled !== null && <CancelRun run={cancelled} onClose={() => cancel(null)} />}
    </>
  )
}

interface Planned {
  readonly act: 'undo' | 'go-on'
  readonly restore: string
}

function useRunKeys(row: RunSummary | null, cancel: (run: RunSummary) => void, plan: (planned: Planned) => void): void {
  const { open, copy, jobs, terminal, handOver } = useConsole()
  useKeys('screen', 'Activity', keys, {
    open: row !== null && (() => open('run', { run: row.id })),
    cancel: row !== null && row.state === 'running' && (() => cancel(row)),
    undo: isEndedRestore(row) && (() => plan({ act: 'undo', restore: row.id })),
    goOn: isInterrupted(row) && (() => plan({ act: 'go-on', restore: row.id })),
    log: row !== null && (() => void handOver(() => terminal.page(jobs.logFile(row.id)))),
    copy: row !== null && (() => copy(row.id)),
  })
}

/** The line that names it, and up to two on how it ended. */
function runDetails(run: RunSummary, columns: number, glyphs: Glyphs): readonly Line[] {
  const { startedAt, endedAt, error, meaning, committed } = run
  const times = `${momentText(startedAt)}${endedAt === null ? '' : ` to ${momentText(endedAt).slice(11)}`}`
  const outcome =
    error !== null ? `${error.code} ${error.message}` : (meaning ?? (committed === null ? '' : `made ${committed}`))
  return [
    ruleLine([], run.id, columns, glyphs),
    lineOf(
      ` ${times} ${glyphs.dot} ${wordOfRun(run.state)} ${glyphs.dot} process ${run.pid ?? '?'} on ${plainText(run.host)}`,
    ),
    ...wrap(plainMessage(outcome), columns - 2).map((text) => lineOf(` ${text}`)),
  ]
}

function runFields(now: () => number): readonly FilterField<RunSummary>[] {
  return [
    { name: 'kind', kind: 'text', of: ({ kind }) => `${kind} ${wordOfKind(kind)}` },
    { name: 'status', kind: 'text', of: ({ state }) => state },
    { name: 'host', kind: 'text', of: ({ host }) => host },
    { name: 'age', kind: 'age', of: ({ startedAt }) => now() - Date.parse(startedAt) },
  ]
}

function runWords({ id, kind, about, state, committed, error }: RunSummary): string {
  return `${id} ${wordOfKind(kind)} ${about} ${state} ${committed ?? ''} ${error?.code ?? ''} ${error?.message ?? ''}`
}

function runColumns(glyphs: Glyphs, now: number): readonly Column<RunSummary>[] {
  const look = ({ state }: RunSummary): ReturnType<typeof lookOf> => lookOf(stateOfRun(state))
  return [
    { title: 'S', width: glyphs.ok.length, priority: 0, cell: (run) => span(glyphs[stateOfRun(run.state)], look(run)) },
    { title: 'WHAT', width: 11, priority: 0, cell: ({ kind }) => wordOfKind(kind) },
    { title: 'STARTED', width: 11, priority: 1, cell: ({ startedAt }) => shortMoment(startedAt) },
    { title: 'AGE', width: 4, align: 'right', priority: 3, cell: ({ startedAt }) => ageText(startedAt, now) },
    {
      title: 'TOOK',
      width: 12,
      align: 'right',
      priority: 2,
      cell: ({ durationMs }) => (durationMs === null ? '-' : formatDuration(durationMs)),
    },
    { title: 'ENDED AS', width: 11, priority: 1, cell: (run) => span(run.state, look(run)) },
    {
      title: 'MADE',
      width: 4,
      upTo: 8,
      priority: 4,
      cell: ({ committed }) => (committed === null ? '' : shortId(committed)),
    },
    {
      title: 'ABOUT',
      width: 14,
      upTo: 200,
      priority: 0,
      cut: 'middle',
      cell: ({ about, error }) =>
        plainText(error === null ? about : `${about === '' ? '' : `${about}: `}${error.message}`),
    },
  ]
}

export const activity: ScreenSpec<'activity'> = {
  id: 'activity',
  title: 'Activity',
  digit: 6,
  keys,
  aliases: ['runs', 'log', 'history', 'audit'],
  Screen: Activity,
}
