import { useState } from 'react'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type Line, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { useTextField } from './text-field.ts'

export const filterKeys = {
  filter: { keys: ['/'], label: 'filter', about: 'show only what holds what is typed', hint: 6 },
  clear: { keys: ['escape'], label: 'clear filter', about: 'show all again', hint: 5 },
} as const satisfies KeyTable

export interface FilterText {
  readonly text: string
  readonly isEditing: boolean
  /** Something is typed that is not blank. */
  readonly isOn: boolean
  /** `/pg 12 of 4,310`: what is typed, and what is told of it; null where nothing is. */
  line(columns: number, told: Line, isWrong?: boolean): Line | null
}

/** What is typed above a list: `/` begins, Enter keeps it, Esc takes it away. */
export function useFilterText(title: 'Filter' | 'Find', active = true): FilterText {
  const [isEditing, setEditing] = useState(false)
  const clear = (): void => {
    field.set('')
    setEditing(false)
  }
  const field = useTextField({
    title: title.toLowerCase(),
    active: active && isEditing,
    submit: () => setEditing(false),
    cancel: clear,
  })
  const { text } = field
  const isOn = text.trim() !== ''
  // Above the list, so that Esc takes away the filter before the marks.
  useKeys(
    'field',
    title,
    filterKeys,
    { filter: !isEditing && (() => setEditing(true)), clear: !isEditing && isOn && clear },
    { active },
  )
  return {
    text,
    isEditing,
    isOn,
    line(columns, told, isWrong = false) {
      if (!isEditing && !isOn) return null
      const shown = isEditing ? field.spans(Math.max(8, columns - 40)) : [span(plainText(text), 'bold')]
      const next = isEditing && !isWrong ? [span('  Enter keeps, Esc clears', 'dim')] : []
      return [span(' /', 'bold'), ...shown, ...told, ...next]
    },
  }
}
