import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { CatalogEntry } from '../model/backup.ts'
import type { RunSummary } from '../model/jobs.ts'
import { formatCount } from '../model/units.ts'
import { useArea, useConsole, useLoaded, useMinute } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { CancelRun } from './parts/cancel-run.tsx'
import { useFilter } from './parts/filter.tsx'
import { Lines } from './parts/lines.tsx'
import { Menu } from './parts/menu.tsx'
import { NotRead } from './parts/not-read.tsx'
import { RunningLines, runningRows } from './parts/running-lines.tsx'
import { type TableState, TableView, useTable } from './parts/table.tsx'
import { useRunning } from './parts/use-running.ts'
import { useVerifications } from './parts/use-verifications.ts'
import { VerifyMenu } from './parts/verify-menu.tsx'
import { runPage } from './store/console-store.ts'
import type { Loaded } from './store/loaded.ts'
import { backupFilterFields, backupWords } from './text/backup-words.ts'
import { emptyLines, exactly, troubleLines } from './text/boxes.ts'
import type { Glyphs } from './text/glyphs.ts'
import { fitLine, type Line, lineOf, span } from './text/line.ts'
import { columnsOfBackups, columnsOfRuns } from './text/verify-columns.ts'
import {
  inProofOrder,
  type ProofOrder,
  proofCounts,
  proofLines,
  proofOrders,
  verificationPlot,
  waitingText,
} from './text/verify-lines.ts'

const keys = {
  open: {
    keys: ['enter'],
    label: 'open',
    about: 'look into this backup; in the history, the report of this run',
    hint: 9,
  },
  verify: {
    keys: ['V'],
    label: 'verify',
    about: 'prove that the marked backups, or this one, are whole: asks how thoroughly',
    danger: 1,
    hint: 8,
  },
  unverified: {
    keys: ['u'],
    label: 'unverified first',
    about: 'those first that were never verified, or not for the longest time; or the newest again',
    hint: 7,
  },
  history: {
    keys: ['tab', 'shift-tab'],
    label: 'history',
    about: 'to the history of verifications, and back',
    hint: 6,
  },
  follow: { keys: ['f'], label: 'follow', about: 'the verification that runs now', hint: 5, needs: 'run' },
  cancel: {
    keys: ['x'],
    label: 'cancel job',
    about: 'stop the verification that runs now, cleanly',
    danger: 1,
    hint: 4,
  },
  sort: { keys: ['o'], label: 'sort', about: 'choose the order' },
  copy: { keys: ['y'], label: 'copy id', about: "this backup's or this run's id into the clipboard" },
} as const satisfies KeyTable

const noBackups: readonly CatalogEntry[] = []
const noRuns: readonly RunSummary[] = []

/** A dialog keeps what it was opened about, whatever the list does meanwhile. */
type Open =
  | { readonly kind: 'sort' }
  | { readonly kind: 'verify'; readonly backups: readonly CatalogEntry[]; readonly isAll: boolean }
  | { readonly kind: 'cancel'; readonly run: RunSummary }

function Verify(): ReactNode {
  const { glyphs, store, facts, now: clock } = useConsole()
  const { columns, rows } = useArea()
  const now = useMinute()
  const list = useLoaded(store.list)
  const verifications = useVerifications()
  const running = useRunning().filter(({ run }) => run.kind === 'verify')
  const [order, setOrder] = useState<ProofOrder>('newest')
  const [pane, setPane] = useState<'backups' | 'history'>('backups')
  const [open, setOpen] = useState<Open | null>(null)
  const all = list.value?.backups ?? noBackups
  const runs = verifications.value ?? noRuns
  const sorted = useMemo(() => inProofOrder(all, order), [all, order])
  const fields = useMemo(() => backupFilterFields(clock), [clock])
  const isBackups = pane === 'backups'
  const filter = useFilter({ rows: sorted, fields, words: backupWords, active: isBackups })
  const heights = heightsOf(rows, running.length)
  const table = useTable({
    title: 'Backups',
    rows: filter.rows,
    keyOf: ({ id }) => id,
    height: heights.backups,
    marks: true,
    active: isBackups,
  })
  const history = useTable({
    title: 'History',
    rows: runs,
    keyOf: ({ id }) => id,
    height: heights.history - 1,
    active: !isBackups,
  })
  useTop(table, order)
  useVerifyKeys({ all, table, history, running: running[0]?.run ?? null, isBackups, order, setOrder, setPane, setOpen })
  const counts = useMemo(() => proofCounts(all), [all])
  const backupColumns = useMemo(() => columnsOfBackups(glyphs, now), [glyphs, now])
  const runColumns = useMemo(() => columnsOfRuns(glyphs), [glyphs])

  if (list.value === null) return <NotRead trouble={list.trouble} reading="Reading the list of backups" />
  const marked = table.marked()
  const title =
    filter.line(columns) ??
    ruleLine(
      lineOf('Backups ', span(formatCount(all.length), 'bold'), span(': '), ...counts),
      proofOrders.find(({ value }) => value === order)?.label ?? '',
      columns,
      glyphs,
    )
  const below =
    table.row === null
      ? emptyLines(
          filter.isOn ? 'Nothing matches.' : 'No backups yet.',
          filter.isOn ? 'Esc shows all again.' : '',
          columns,
        )
      : proofLines(table.row, now, columns, glyphs)
  const waiting =
    marked.length === 0
      ? span(
          table.row === null || facts.readOnly
            ? ' nothing waits'
            : ' nothing waits: Space marks, V verifies all that is marked as one job',
          'dim',
        )
      : span(` ${glyphs.mark} ${waitingText(marked, columns - 4)}`, 'bold')
  const close = (): void => setOpen(null)
  return (
    <>
      <Lines lines={[title]} />
      <TableView table={table} columns={backupColumns} width={columns} />
      <Lines lines={[...exactly(below, heights.detail), fitLine([waiting], columns - 1, glyphs.cut)]} />
      <RunningLines running={running} rows={heights.running} columns={columns} />
      <Lines lines={[historyRule(verifications.value, columns, glyphs)]} />
      {runs.length === 0 ? (
        <Lines lines={exactly(noHistory(verifications, columns, glyphs), heights.history - 1)} />
      ) : (
        <TableView table={history} columns={runColumns} width={columns} titles={false} />
      )}
      {open?.kind === 'sort' && (
        <Menu
          title="Order"
          items={proofOrders}
          initial={order}
          onClose={close}
          onChoose={(chosen) => {
            close()
            setOrder(proofOrders.find(({ value }) => value === chosen)?.value ?? order)
          }}
        />
      )}
      {open?.kind === 'verify' && (
        <VerifyMenu backups={open.backups} isAll={open.isAll} onClose={close} onStarted={table.clearMarks} />
      )}
      {open?.kind === 'cancel' && <CancelRun run={open.run} onClose={close} />}
    </>
  )
}

/** Title, column titles and queue beside what is told here. */
function heightsOf(
  rows: number,
  running: number,
): { readonly backups: number; readonly detail: number; readonly running: number; readonly history: number } {
  const isSmall = rows < 16
  const detail = isSmall ? 2 : 3
  const history = isSmall ? 3 : rows < 26 ? 5 : Math.floor(rows / 3)
  const busy = runningRows(running, rows)
  return { backups: rows - 3 - detail - busy - history, detail, running: busy, history }
}

/** Whoever asks for another order wants its first row, and not to stay with the one the cursor was on. */
function useTop(table: TableState<CatalogEntry>, order: ProofOrder): void {
  const known = useRef(order)
  useLayoutEffect(() => {
    if (known.current === order) return
    known.current = order
    table.moveTo(0)
  })
}

interface VerifyKeys {
  readonly all: readonly CatalogEntry[]
  readonly table: TableState<CatalogEntry>
  readonly history: TableState<RunSummary>
  /** The newest of those that run now. */
  readonly running: RunSummary | null
  readonly isBackups: boolean
  readonly order: ProofOrder
  setOrder(order: ProofOrder): void
  setPane(pane: 'backups' | 'history'): void
  setOpen(open: Open): void
}

function useVerifyKeys(given: VerifyKeys): void {
  const { table, history, running, isBackups, order, setOrder, setPane, setOpen } = given
  const { open, copy, isBuilt } = useConsole()
  const { row } = table
  const verify = useVerify(given)
  const openBackup =
    row !== null && row.missing !== true && isBuilt('inspect') && (() => open('inspect', { backup: row.id }))
  const run = history.row
  const openRun = run !== null && isBuilt('run') && (() => open('run', { run: run.id }))
  useKeys('screen', 'Verify', keys, {
    open: isBackups ? openBackup : openRun,
    verify: isBackups && row !== null && verify,
    unverified:
      isBackups &&
      row !== null &&
      (() => {
        setOrder(order === 'unverified' ? 'newest' : 'unverified')
      }),
    history: history.rows.length > 0 && (() => setPane(isBackups ? 'history' : 'backups')),
    follow: running !== null && (() => open('run', { run: running.id })),
    cancel: running !== null && (() => setOpen({ kind: 'cancel', run: running })),
    sort: isBackups && row !== null && (() => setOpen({ kind: 'sort' })),
    copy: isBackups ? row !== null && (() => copy(row.id)) : run !== null && (() => copy(run.id)),
  })
}

/** Asks about the marked ones, or the one under the cursor; what is gone is left out. */
function useVerify({ all, table, setOpen }: VerifyKeys): () => void {
  const { say } = useConsole()
  return () => {
    const { row, markCount } = table
    const wanted = markCount > 0 ? table.marked() : row === null ? [] : [row]
    const backups = wanted.filter(({ missing }) => missing !== true)
    if (backups.length > 0) {
      const isAll = backups.length > 1 && backups.length === all.filter(({ missing }) => missing !== true).length
      setOpen({ kind: 'verify', backups, isAll })
    } else
      say(
        wanted.length > 0
          ? 'gone from archives/: there is nothing to verify'
          : 'the marked ones are filtered out: Esc shows all again',
      )
  }
}

function historyRule(runs: readonly RunSummary[] | null, columns: number, glyphs: Glyphs): Line {
  const most = runs?.length === runPage ? '+' : ''
  const count = runs === null ? [] : [span(' '), span(`${formatCount(runs.length)}${most}`, 'bold')]
  const plot = verificationPlot(runs ?? noRuns, Math.min(30, columns - 40), glyphs)
  const took = plot === '' ? [] : [span('  took '), span(plot)]
  return ruleLine(lineOf(span('History'), ...count, ...took), 'Tab', columns, glyphs)
}

function noHistory(
  { value, trouble }: Loaded<readonly RunSummary[]>,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] {
  if (trouble !== null) return troubleLines(trouble, 'r tries again', columns, glyphs)
  return [lineOf(span(value === null ? ' Reading the runs' : ' Nothing was verified yet.', 'dim'))]
}

export const verify: ScreenSpec<'verify'> = {
  id: 'verify',
  title: 'Verify',
  digit: 5,
  keys,
  aliases: ['verification', 'proof', 'damage'],
  Screen: Verify,
}
