import { type ReactNode, useMemo, useReducer, useRef } from 'react'
import { useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type Column, fitColumns, rowLine, titleLine } from '../text/columns.ts'
import { atTop, type Cursor, moveTo, type Rows, settle } from '../text/cursor.ts'
import { type Line, span } from '../text/line.ts'
import { Lines } from './lines.tsx'

/** A list of any length with a cursor; only what is seen of it is drawn. */

export const tableKeys = {
  up: { keys: ['up', 'k'], label: 'up', about: 'one line up' },
  down: { keys: ['down', 'j'], label: 'down', about: 'one line down' },
  pageUp: { keys: ['pageup'], label: 'page up', about: 'one page up' },
  pageDown: { keys: ['pagedown'], label: 'page down', about: 'one page down' },
  first: { keys: ['g', 'home'], label: 'first', about: 'to the first line' },
  last: { keys: ['G', 'end'], label: 'last', about: 'to the last line' },
  mark: { keys: ['space'], label: 'mark', about: 'mark this line, or take its mark away, and go on to the next' },
  unmark: { keys: ['escape'], label: 'unmark', about: 'take all marks away', hint: 5 },
} as const satisfies KeyTable

export interface TableOptions<Row> {
  /** What help calls it: `Backups`. */
  readonly title: string
  readonly rows: readonly Row[]
  /** What a row is called, whatever its place. */
  keyOf(row: Row): string
  /** How many rows are seen, without the line of titles. */
  readonly height: number
  /** False: another pane has the keys. */
  readonly active?: boolean
  /** Rows can be marked. */
  readonly marks?: boolean
}

export interface TableState<Row> {
  readonly rows: readonly Row[]
  /** Under the cursor; null in an empty list. */
  readonly row: Row | null
  readonly index: number
  readonly top: number
  readonly height: number
  readonly isActive: boolean
  isMarked(row: Row): boolean
  /** How many are marked, also of those that are filtered out now. */
  readonly markCount: number
  /** The marked ones that are in the list, in its order. */
  marked(): readonly Row[]
  clearMarks(): void
  moveTo(index: number): void
}

type Change =
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  | { readonly kind: 'marks'; readonly marks: ReadonlySet<string> }

interface Inside {
  readonly cursor: Cursor
  readonly marks: ReadonlySet<string>
}

function changed(inside: Inside, change: Change): Inside {
  return change.kind === 'cursor' ? { ...inside, cursor: change.cursor } : { ...inside, marks: change.marks }
}

/** The state of a list and its keys; `TableView` draws it. */
export function useTable<Row>(options: TableOptions<Row>): TableState<Row> {
  const { title, rows, keyOf, marks: hasMarks = false, active = true } = options
  const height = Math.max(1, options.height)
  const [inside, take] = useReducer(changed, { cursor: atTop, marks: new Set<string>() })
  const list: Rows = { count: rows.length, keyAt: (index) => keyOf(rows[index]!) }
  // The cursor as it was last seen, so that rows that come while nobody presses a key do not let it drift.
  const seen = useRef(inside.cursor)
  const asked = useRef(inside.cursor)
  const from = asked.current === inside.cursor ? seen.current : inside.cursor
  const cursor = settle(from, list, height)
  asked.current = inside.cursor
  seen.current = cursor
  const go = (index: number): void => take({ kind: 'cursor', cursor: moveTo(cursor, index, list, height) })
  const row = rows[cursor.index] ?? null
  const toggle = (): void => {
    if (row === null) return
    const marks = new Set(inside.marks)
    if (!marks.delete(keyOf(row))) marks.add(keyOf(row))
    take({ kind: 'marks', marks })
    go(cursor.index + 1)
  }
  const clearMarks = (): void => take({ kind: 'marks', marks: new Set() })
  useKeys(
    'pane',
    title,
    tableKeys,
    {
      up: () => go(cursor.index - 1),
      down: () => go(cursor.index + 1),
      pageUp: () => go(cursor.index - height),
      pageDown: () => go(cursor.index + height),
      first: () => go(0),
      last: () => go(rows.length - 1),
      mark: hasMarks && rows.length > 0 && toggle,
      unmark: hasMarks && inside.marks.size > 0 && clearMarks,
    },
    { active },
  )
  return {
    rows,
    row,
    index: cursor.index,
    top: cursor.top,
    height,
    isActive: active,
    isMarked: (one) => inside.marks.has(keyOf(one)),
    markCount: inside.marks.size,
    marked: () => (inside.marks.size === 0 ? [] : rows.filter((one) => inside.marks.has(keyOf(one)))),
    clearMarks,
    moveTo: go,
  }
}

export interface TableViewProps<Row> {
  readonly table: TableState<Row>
  readonly columns: readonly Column<Row>[]
  /** Of the screen. */
  readonly width: number
  /** Whether the line of titles is drawn above the rows. */
  readonly titles?: boolean
  /** What stands where a mark does, one cell wide; where absent, the table's own marks. */
  markOf?(row: Row): string
}

const gutter = 2

/** The cursor is a mark before the row, and inverse where there are colours. Exactly `height` rows and the titles. */
export function TableView<Row>({ table, columns, width, titles = true, markOf }: TableViewProps<Row>): ReactNode {
  const { glyphs } = useConsole()
  const fitted = useMemo(() => fitColumns(columns, width - gutter), [columns, width])
  const shown = table.rows.slice(table.top, table.top + table.height)
  const lines: Line[] = shown.map((row, at) => {
    const isCursor = table.isActive && table.top + at === table.index
    const mark = markOf?.(row) ?? (table.isMarked(row) ? glyphs.mark : ' ')
    return [
      span(isCursor ? glyphs.cursor : ' '),
      // A blank needs no look, and a look is nine bytes of every row.
      span(mark, mark === ' ' ? undefined : 'bold'),
      ...rowLine(fitted, row, glyphs.cut),
    ]
  })
  while (lines.length < table.height) lines.push([])
  const cursor = table.isActive && table.rows.length > 0 ? table.index - table.top : null
  return (
    <>
      {titles && <Lines lines={[[span(' '.repeat(gutter)), ...titleLine(fitted, glyphs.cut)]]} />}
      <Lines lines={lines} cursor={cursor} />
    </>
  )
}
