import { type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { BytePath } from '../../model/path.ts'
import { formatCount } from '../../model/units.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type FindSearch, type FindState, type Found, mostFound } from '../store/find-search.ts'
import { emptyLines, exactly, troubleLines } from '../text/boxes.ts'
import { lostLine } from '../text/browse-lines.ts'
import type { Column } from '../text/columns.ts'
import { entryColumns } from '../text/entry-words.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { fitLine, type Line, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { type Browsing, markGlyph, useBrowseActions } from './browse-actions.tsx'
import { Lines } from './lines.tsx'
import { PreviewPane, previewRows } from './preview-pane.tsx'
import { TableView, useTable } from './table.tsx'
import { useTextField } from './text-field.ts'

export const findKeys = {
  close: { keys: ['escape'], label: 'end search', about: 'back to the directory', hint: 7 },
  retype: { keys: ['f', '/'], label: 'search anew', about: 'change what is looked for', hint: 6 },
} as const satisfies KeyTable

export interface BrowseFindProps {
  readonly browsing: Browsing
  readonly search: FindSearch
  /** To where something lies. */
  go(service: string, path: BytePath): void
  close(): void
}

/** All entries of a backup whose names match what is typed, while it is typed. */
export function BrowseFind({ browsing, search, go, close }: BrowseFindProps): ReactNode {
  const { glyphs } = useConsole()
  const { columns, rows } = useArea()
  const { browser, marks } = browsing
  const state = useSyncExternalStore(search.subscribe, search.snapshot)
  const [isTyping, setTyping] = useState(true)
  const field = useTextField({
    title: 'find',
    active: isTyping,
    initial: search.snapshot().text,
    submit: () => setTyping(false),
    cancel: close,
  })
  const { text } = field
  // Told as it is typed; the search itself waits until the hand rests.
  useEffect(() => search.look(text), [search, text])
  const lost = lostLine(state.lost, columns, glyphs)
  const below = previewRows(rows)
  const height = Math.max(1, rows - 2 - lost.length - below)
  const table = useTable<Found>({
    title: 'Found',
    rows: state.rows,
    keyOf: ({ service, path }) => `${service}\0${path}`,
    height,
  })
  const { row } = table
  const dialogs = useBrowseActions(browsing, {
    target: row,
    enter: row !== null && (() => go(row.service, row.path)),
    up: close,
    find: false,
    next: () => table.moveTo(table.index + 1),
  })
  useKeys('pane', 'Find', findKeys, { close: !isTyping && close, retype: !isTyping && (() => setTyping(true)) })
  const hasServices = browser.services.length > 1
  const tableColumns = useMemo(() => foundColumns(glyphs, hasServices), [glyphs, hasServices])
  const title: Line = [
    span(' find ', 'bold'),
    ...field.spans(Math.max(12, columns - 44)),
    ...resultSpans(state, isTyping),
  ]
  const instead = insteadOf(state, columns, glyphs)
  return (
    <>
      <Lines lines={[fitLine(title, columns, glyphs.cut), ...lost]} />
      {instead === null ? (
        <TableView
          table={table}
          columns={tableColumns}
          width={columns}
          markOf={({ service, path }) => markGlyph(marks, service, path, glyphs)}
        />
      ) : (
        <Lines lines={exactly(instead, height + 1)} />
      )}
      <PreviewPane browser={browser} service={row?.service ?? ''} child={row} columns={columns} rows={below} />
      {dialogs}
    </>
  )
}

function resultSpans({ text, rows, isSearching, done, total, cut }: FindState, isTyping: boolean): Line {
  const found = formatCount(rows.length)
  const counts = cut
    ? span(`  the first ${found}: say more of it`, 'warning')
    : isSearching
      ? span(`  ${found} so far${total === 0 ? '' : `, ${Math.floor((100 * done) / total)}%`}`)
      : span(text.trim() === '' ? '' : `  ${found} found`)
  return [counts, ...(isTyping ? [span('  Enter: to the list', 'dim')] : [])]
}

function insteadOf(
  { text, rows, isSearching, trouble }: FindState,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] | null {
  if (rows.length > 0) return null
  if (trouble !== null) return troubleLines(trouble, '', columns, glyphs)
  if (text.trim() === '')
    return emptyLines(
      'Words of a name, in any order; with a slash, of a path; * and ? stand for what is not known.',
      `As in: hosts   *.conf   ssh/ key   At most ${formatCount(mostFound)} are shown.`,
      columns,
    )
  return emptyLines(isSearching ? 'Searching…' : 'Nothing is called that.', '', columns)
}

function foundColumns(glyphs: Glyphs, hasServices: boolean): readonly Column<Found>[] {
  const columns = entryColumns<Found>(glyphs, ({ path }) => path)
  const service: Column<Found> = {
    title: 'SERVICE',
    width: 8,
    upTo: 16,
    priority: 1,
    cell: (row) => plainText(row.service),
  }
  return hasServices ? [service, ...columns] : columns
}
