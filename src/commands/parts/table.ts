/** Columns for people. A table too wide loses what is least needed, then its flexible column is cut. */

export interface Column {
  readonly title: string
  readonly cells: readonly string[]
  readonly align?: 'right'
  /** Takes what space is left, and is cut to it. */
  readonly flexible?: true
  /** Left out when the table is too wide, the highest first. */
  readonly dispensable?: number
}

const gap = '  '
const flexibleMinimum = 8

/** The lines of the table, no wider than `width` where leaving out and cutting can make it so. */
export function tableLines(columns: readonly Column[], width: number): string[] {
  const shown = fittingColumns(columns, width)
  const widths = shown.map((column) => naturalWidth(column))
  const flexible = shown.findIndex((column) => column.flexible)
  if (flexible >= 0) {
    const others = total(widths) - widths[flexible]!
    widths[flexible] = Math.min(widths[flexible]!, Math.max(flexibleMinimum, width - others))
  }
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => {
        const cut = shown[at]!.flexible ? shorten(text, widths[at]!) : text
        return shown[at]!.align === 'right' ? cut.padStart(widths[at]!) : cut.padEnd(widths[at]!)
      })
      .join(gap)
      .trimEnd()
  const rows = shown[0]?.cells.map((_, row) => line(shown.map((column) => column.cells[row] ?? ''))) ?? []
  return [line(shown.map((column) => column.title)), ...rows]
}

function fittingColumns(columns: readonly Column[], width: number): Column[] {
  const shown = [...columns]
  const least = (): number =>
    total(
      shown.map((column) => (column.flexible ? Math.min(flexibleMinimum, naturalWidth(column)) : naturalWidth(column))),
    )
  while (least() > width) {
    const dispensable = shown.filter((column) => column.dispensable !== undefined)
    const next = dispensable.sort((a, b) => b.dispensable! - a.dispensable!)[0]
    if (next === undefined) break
    shown.splice(shown.indexOf(next), 1)
  }
  return shown
}

function naturalWidth({ title, cells }: Column): number {
  return cells.reduce((widest, cell) => Math.max(widest, cell.length), title.length)
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1)
}

export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 3)}...`
}

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const asciiBlocks = ['_', '.', '-', '=', '+', '*', '%', '#']

/** A trend in one line: the smallest value is the lowest mark, the largest the highest. Empty for no values. */
export function sparkline(values: readonly number[], unicode: boolean): string {
  const marks = unicode ? blocks : asciiBlocks
  const low = Math.min(...values)
  const span = Math.max(...values) - low
  return values.map((value) => marks[span === 0 ? 3 : Math.round(((value - low) / span) * (marks.length - 1))]).join('')
}
