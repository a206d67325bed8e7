import { useMemo, useRef, useState } from 'react'
import { formatCount } from '../../model/units.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type FilterField, parseFilter } from '../text/filter.ts'
import { type Line, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { useTextField } from './text-field.ts'

export const filterKeys = {
  filter: { keys: ['/'], label: 'filter', about: 'show only what holds what is typed', hint: 6 },
  clear: { keys: ['escape'], label: 'clear filter', about: 'show all again', hint: 5 },
} as const satisfies KeyTable

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
  const [isEditing, setEditing] = useState(false)
  const field = useTextField({
    title: 'filter',
    active: active && isEditing,
    submit: () => setEditing(false),
    cancel: () => {
      field.set('')
      setEditing(false)
    },
  })
  const { text } = field
  const isOn = text.trim() !== ''
  const wordsOf = useRemembered(words)
  const parsed = useMemo(() => parseFilter(text, fields, wordsOf), [text, fields, wordsOf])
  const lastTest = useRef<(row: Row) => boolean>(() => true)
  if (parsed.kind === 'test') lastTest.current = parsed.test
  const test = lastTest.current
  const passing = useMemo(() => (isOn ? rows.filter(test) : rows), [rows, test, isOn])
  // Above the list, so that Esc takes away the filter before the marks.
  useKeys(
    'field',
    'Filter',
    filterKeys,
    { filter: !isEditing && (() => setEditing(true)), clear: !isEditing && isOn && (() => field.set('')) },
    { active },
  )
  return {
    rows: passing,
    text,
    isEditing,
    isOn,
    line(columns, counted) {
      if (!isEditing && !isOn) return null
      const count = `  ${counted ?? `${formatCount(passing.length)} of ${formatCount(rows.length)}`}`
      const error = parsed.kind === 'error' ? `  ${plainText(parsed.error)}` : ''
      const shown = isEditing ? field.spans(Math.max(8, columns - 40)) : [span(plainText(text), 'bold')]
      return [
        span(' /', 'bold'),
        ...shown,
        span(count),
        ...(error === '' ? [] : [span(error, 'warning')]),
        ...(isEditing && error === '' ? [span('  Enter keeps, Esc clears', 'dim')] : []),
      ]
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
