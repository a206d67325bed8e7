import { type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { BrowsePlace, Browser, Child } from '../../model/browse.ts'
import { type BytePath, nameOf, parentOf } from '../../model/path.ts'
import { formatCount, formatNumberOf } from '../../model/units.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type DirectoryState, DirectoryWindow, type Passes } from '../store/directory-window.ts'
import { emptyLines, exactly, troubleLines } from '../text/boxes.ts'
import { directoryRule, lostLine } from '../text/browse-lines.ts'
import { entryColumns, entryFilterFields, entryWords, isDirectory } from '../text/entry-words.ts'
import { parseFilter } from '../text/filter.ts'
import type { Line } from '../text/line.ts'
import { countMarks } from '../text/path-marks.ts'
import { type Browsing, markGlyph, useBrowseActions } from './browse-actions.tsx'
import { type Filter, useFilter } from './filter.tsx'
import { Lines } from './lines.tsx'
import { PreviewPane, previewRows } from './preview-pane.tsx'
import { type TableState, TableView, useTable } from './table.tsx'

/** The ends of a directory of which only a part is at hand. */
export const edgeKeys = {
  first: { keys: ['g', 'home'], label: 'first', about: 'to the first of the directory' },
  last: { keys: ['G', 'end'], label: 'last', about: 'to the last of the directory' },
} as const satisfies KeyTable

export interface BrowseDirectoryProps {
  readonly browsing: Browsing
  readonly place: BrowsePlace
  /** Where the cursor begins; null is the first row. */
  readonly at: BytePath | null
  /** To another directory, the cursor on `at`. */
  go(place: BrowsePlace, at: BytePath | null): void
  /** To what lies above the service; null where nothing does. */
  readonly leave: (() => void) | null
  find(): void
}

/** One directory of a backup. Mounted anew for every other one. */
export function BrowseDirectory({ browsing, place, at, go, leave, find }: BrowseDirectoryProps): ReactNode {
  const { glyphs, say } = useConsole()
  const { columns, rows } = useArea()
  const { browser, marks } = browsing
  const { service, path } = place
  // Left, pressed once too often, must not lose what was chosen.
  const stay = countMarks(marks) > 0 && (() => say('this is the top; Esc takes the marks away, and then goes back'))
  const { window, state, filter, isComplete } = useFilteredDirectory(browser, place, at)
  const lost = lostLine(state.lost, columns, glyphs)
  const below = previewRows(rows)
  const height = Math.max(1, rows - 2 - lost.length - below)
  const table = useTable<Child>({ title: 'Entries', rows: filter.rows, keyOf: (row) => row.path, height })
  useWindow(window, state, table, isComplete)
  const total = useCount(browser, place)
  const { row } = table
  const dialogs = useBrowseActions(browsing, {
    target: row === null ? null : { service, path: row.path, entry: row.entry },
    enter: row === null ? false : isDirectory(row) ? () => go({ service, path: row.path }, null) : null,
    up: path === '' ? (leave ?? stay) : () => go({ service, path: parentOf(path) }, path),
    find,
    next: () => table.moveTo(table.index + 1),
  })
  const tableColumns = useMemo(() => entryColumns<Child>(glyphs, (child) => nameOf(child.path)), [glyphs])

  const counted = isComplete ? undefined : countedText(state, filter)
  const title: Line =
    filter.line(columns, counted) ??
    directoryRule({ place, marked: countMarks(marks), where: whereText(state, table, total) }, columns, glyphs)
  const instead = insteadOf(state, filter, columns, glyphs)
  return (
    <>
      <Lines lines={[title, ...lost]} />
      {instead === null ? (
        <TableView
          table={table}
          columns={tableColumns}
          width={columns}
          markOf={(child) => markGlyph(marks, service, child.path, glyphs)}
        />
      ) : (
        <Lines lines={exactly(instead, height + 1)} />
      )}
      <PreviewPane browser={browser} service={service} child={row} columns={columns} rows={below} />
      {dialogs}
    </>
  )
}

interface FilteredDirectory {
  readonly window: DirectoryWindow
  readonly state: DirectoryState
  readonly filter: Filter<Child>
  /** All of the directory is at hand: what is filtered is filtered here. */
  readonly isComplete: boolean
}

/** Where a part of a directory is at hand, a filter is for whoever reads it. */
function useFilteredDirectory(browser: Browser, place: BrowsePlace, at: BytePath | null): FilteredDirectory {
  const { now } = useConsole()
  const [whole] = useState(() => new DirectoryWindow(browser, place, null, at))
  const [part, setPart] = useState<DirectoryWindow | null>(null)
  const wholeState = useSyncExternalStore(whole.subscribe, whole.snapshot)
  const isComplete = !wholeState.hasBefore && !wholeState.hasAfter
  const window = part ?? whole
  const state = useSyncExternalStore(window.subscribe, window.snapshot)
  const fields = useMemo(() => entryFilterFields(now), [now])
  const filter = useFilter<Child>({ rows: state.rows, fields, words: entryWords })
  const text = isComplete ? '' : filter.text
  useEffect(() => {
    if (text.trim() === '') return setPart(null)
    const parsed = parseFilter<Child>(text, fields, (child) => entryWords(child).toLowerCase())
    if (parsed.kind === 'error') return
    const passes: Passes = parsed.test
    const next = new DirectoryWindow(browser, place, passes, null)
    setPart(next)
    return () => next.close()
  }, [browser, place, fields, text])
  useEffect(() => () => whole.close(), [whole])
  return { window, state, filter, isComplete }
}

/** The rows at hand follow the cursor, and the cursor goes where the rows were read for. */
function useWindow(
  window: DirectoryWindow,
  state: DirectoryState,
  table: TableState<Child>,
  isComplete: boolean,
): void {
  const { index, moveTo } = table
  const { jump, rows } = state
  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows may have a new edge
  useEffect(() => {
    if (!isComplete) window.near(index)
  }, [window, index, isComplete, rows])
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for every jump, with the rows it came with
  useEffect(() => {
    if (jump !== null) moveTo(jump.index)
  }, [jump])
  useKeys('pane', 'Entries', edgeKeys, {
    first: !isComplete && (() => window.toStart()),
    last: !isComplete && (() => window.toEnd()),
  })
}

function useCount(browser: Browser, place: BrowsePlace): number | null {
  const [count, setCount] = useState<number | null>(null)
  useEffect(() => {
    let isOver = false
    browser.countBelow(place).then(
      (below) => !isOver && setCount(below),
      () => {},
    )
    return () => {
      isOver = true
    }
  }, [browser, place])
  return count
}

function whereText(state: DirectoryState, { rows }: TableState<Child>, total: number | null): string {
  if (!state.hasBefore && !state.hasAfter) {
    const names = formatNumberOf(rows.length, 'name')
    return total === null || total <= rows.length ? names : `${names}, ${formatCount(total)} entries below`
  }
  return total === null ? 'a part of it' : `${formatCount(total)} entries below`
}

function countedText({ rows, isReading, hasBefore, hasAfter, isNew }: DirectoryState, { isOn }: Filter<Child>): string {
  if (!isOn) return ''
  if (isReading && isNew) return 'searching…'
  return `${formatCount(rows.length)}${hasBefore || hasAfter ? ' and more' : ''} found`
}

function insteadOf(
  { rows, trouble, isNew, hasAfter, hasBefore }: DirectoryState,
  filter: Filter<Child>,
  columns: number,
  glyphs: Parameters<typeof troubleLines>[3],
): readonly Line[] | null {
  if (trouble !== null && rows.length === 0) return troubleLines(trouble, 'Left goes up', columns, glyphs)
  if (isNew) return emptyLines(filter.isOn ? 'Searching…' : 'Reading…', '', columns)
  if (filter.rows.length > 0) return null
  if (filter.isOn) return emptyLines('Nothing matches.', 'Esc shows all again.', columns)
  return rows.length === 0 && !hasAfter && !hasBefore
    ? emptyLines('The directory is empty.', 'Left goes up.', columns)
    : null
}
