import { cutEnd, cutMiddle, cutStart, padEnd, padStart } from './cut.ts'
import { type Glyphs, lookOf, type State } from './glyphs.ts'
import { type Line, type Look, type Span, span } from './line.ts'

/** Columns of a table, without borders, no wider than they must be. Pure. */
export interface Column<Row> {
  readonly title: string
  /** Its width; the least it needs where it is flexible. */
  readonly width: number
  /** Takes what others leave, up to so many columns. */
  readonly upTo?: number
  readonly align?: 'right'
  /** Left out where there is no room, the highest first; 0 never. */
  readonly priority: number
  /** Where it loses what does not fit; the end where absent. */
  readonly cut?: 'middle' | 'start'
  /** Plain text: foreign names have gone through `plainText`. */
  cell(row: Row): string | Span
}

/** The mark of a row's state. */
export function stateColumn<Row>(glyphs: Glyphs, stateOf: (row: Row) => State): Column<Row> {
  return {
    title: 'S',
    width: glyphs.ok.length,
    priority: 0,
    cell: (row) => {
      const state = stateOf(row)
      return span(glyphs[state], lookOf(state))
    },
  }
}

export interface FittedColumn<Row> extends Column<Row> {
  readonly columns: number
}

const gap = 1

/** The columns there is room for, with the width each gets. */
export function fitColumns<Row>(columns: readonly Column<Row>[], room: number): readonly FittedColumn<Row>[] {
  const shown = [...columns]
  const total = (): number => shown.reduce((sum, { width }) => sum + width, 0) + gap * (shown.length - 1)
  while (total() > room) {
    const last = shown.filter(({ priority }) => priority > 0).sort((a, b) => b.priority - a.priority)[0]
    if (last === undefined) break
    shown.splice(shown.indexOf(last), 1)
  }
  let left = room - total()
  const widths = shown.map(({ width }) => width)
  // Flexible columns share what is left, each up to what it can use.
  while (left > 0) {
    const growing = [...shown.keys()].filter((at) => widths[at]! < (shown[at]!.upTo ?? 0))
    if (growing.length === 0) break
    const share = Math.max(1, Math.floor(left / growing.length))
    for (const at of growing) {
      const more = Math.min(share, left, shown[at]!.upTo! - widths[at]!)
      widths[at]! += more
      left -= more
    }
  }
  // Where even the last columns do not fit, the widest gives way.
  while (left < 0) {
    const widest = widths.indexOf(Math.max(...widths))
    if (widths[widest]! <= 1) break
    widths[widest]!--
    left++
  }
  return shown.map((column, at) => ({ ...column, columns: widths[at]! }))
}

export function titleLine<Row>(columns: readonly FittedColumn<Row>[], mark: string): Line {
  return rowOf(columns, ({ title }) => span(title, 'dim'), mark)
}

export function rowLine<Row>(columns: readonly FittedColumn<Row>[], row: Row, mark: string): Line {
  return rowOf(
    columns,
    (column) => {
      const cell = column.cell(row)
      return typeof cell === 'string' ? span(cell) : cell
    },
    mark,
  )
}

function rowOf<Row>(
  columns: readonly FittedColumn<Row>[],
  cellOf: (column: FittedColumn<Row>) => Span,
  mark: string,
): Line {
  const pieces: { text: string; look: Look | undefined }[] = []
  for (const [at, column] of columns.entries()) {
    const { text, look } = cellOf(column)
    const cut = column.cut === 'middle' ? cutMiddle : column.cut === 'start' ? cutStart : cutEnd
    const fitted = cut(text, column.columns, mark)
    const padded = column.align === 'right' ? padStart(fitted, column.columns) : padEnd(fitted, column.columns)
    pieces.push({ text: `${at === 0 ? '' : ' '.repeat(gap)}${padded}`, look })
  }
  // No trailing blanks: they would be sent to the terminal with every row.
  while (pieces.length > 0) {
    const last = pieces.at(-1)!
    last.text = last.text.trimEnd()
    if (last.text !== '') break
    pieces.pop()
  }
  return pieces.map(({ text, look }) => (look === undefined ? { text } : { text, look }))
}
