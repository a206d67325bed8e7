import { useMemo, useRef } from 'react'
import { formatCount } from '../../model/units.ts'
import { type FilterField, parseFilter } from '../text/filter.ts'
import { type Line, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { useFilterText } from './use-filter-text.ts'

export interface FilterOptions<Row> {
  readonly rows: readonly Row[]
  readonly fields: readonly FilterField<Row>[]
  /** What a bare word is looked for in. */
  words(row: Row): string
  /** False: another pane has the keys. */
  readonly active?: boolean
}

export interface Filter<Row> {
  /** What passes; where what is typed makes no sense, what passed before it. */
  readonly rows: readonly Row[]
  readonly text: string
  readonly isEditing: boolean
  readonly isOn: boolean
  /**
   * `/pg 12 of 4,310`, the error beside it; null where nothing is filtered. `counted` stands in the place of the counts
   * where the rows are not all there are.
   */
  line(columns: number, counted?: string): Line | null
}

/** The live filter of a list: `/` begins, Enter keeps it, Esc takes it away. */
export function useFilter<Row extends object>(options: FilterOptions<Row>): Filter<Row> {
  const { rows, fields, words, active = true } = options
  const typed = useFilterText('Filter', active)
  const { text, isEditing, isOn } = typed
  const wordsOf = useRemembered(words)
  const parsed = useMemo(() => parseFilter(text, fields, wordsOf), [text, fields, wordsOf])
  const lastTest = useRef<(row: Row) => boolean>(() => true)
  if (parsed.kind === 'test') lastTest.current = parsed.test
  const test = lastTest.current
  const passing = useMemo(() => (isOn ? rows.filter(test) : rows), [rows, test, isOn])
  return {
    rows: passing,
    text,
    isEditing,
    isOn,
    line(columns, counted) {
      const count = span(`  ${counted ?? `${formatCount(passing.length)} of ${formatCount(rows.length)}`}`)
      if (parsed.kind !== 'error') return typed.line(columns, [count])
      return typed.line(columns, [count, span(`  ${plainText(parsed.error)}`, 'warning')], true)
    },
  }
}

/** The words of a row are put together once. */
function useRemembered<Row extends object>(words: (row: Row) => string): (row: Row) => string {
  const latest = useRef(words)
  latest.current = words
  return useMemo(() => {
    const known = new WeakMap<Row, string>()
    return (row) => {
      let text = known.get(row)
      if (text === undefined) {
        text = latest.current(row).toLowerCase()
        known.set(row, text)
      }
      return text
    }
  }, [])
}
