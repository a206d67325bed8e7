import type { ReactNode } from 'react'
import { useArea, useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import { emptyLines, exactly } from '../text/boxes.ts'
import type { Column } from '../text/columns.ts'
import { wrap } from '../text/cut.ts'
import type { FilterField } from '../text/filter.ts'
import { type Line, lineOf } from '../text/line.ts'
import { useFilter } from './filter.tsx'
import { Lines } from './lines.tsx'
import { TableView, useTable } from './table.tsx'

export interface FactTableProps<Row extends object> {
  /** What help calls it. */
  readonly title: string
  readonly rows: readonly Row[]
  keyOf(row: Row): string
  readonly columns: readonly Column<Row>[]
  /** What a word of the filter is looked for in. */
  words(row: Row): string
  /** The whole of one row: plain text, wrapped below the list. */
  details(row: Row): readonly string[]
  readonly empty: string
  /** Of all of it. */
  readonly height: number
}

const detailRows = 5
const noFields: readonly FilterField<never>[] = []

/** A list to read in, with a filter, and below it all of the row under the cursor. */
export function FactTable<Row extends object>(props: FactTableProps<Row>): ReactNode {
  const { glyphs } = useConsole()
  const { columns: width } = useArea()
  const { title, rows, keyOf, columns, words, details, empty, height } = props
  const filter = useFilter<Row>({ rows, fields: noFields, words })
  const filterLine = filter.line(width)
  const table = useTable({
    title,
    rows: filter.rows,
    keyOf,
    height: height - detailRows - 1 - (filterLine === null ? 0 : 1),
  })
  const { row } = table
  const below: readonly Line[] =
    row === null
      ? emptyLines(filter.isOn ? 'Nothing matches.' : empty, filter.isOn ? 'Esc shows all again.' : '', width)
      : [
          ruleLine([], '', width, glyphs),
          ...details(row).flatMap((fact) => wrap(fact, width - 2).map((text) => lineOf(` ${text}`))),
        ]
  return (
    <>
      {filterLine !== null && <Lines lines={[filterLine]} />}
      <TableView table={table} columns={columns} width={width} />
      <Lines lines={exactly(below, detailRows)} />
    </>
  )
}
