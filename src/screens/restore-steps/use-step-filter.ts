import { useState } from 'react'
import { formatCount } from '../../model/units.ts'
import { useKeys } from '../keys/use-keys.ts'
import { filterKeys } from '../parts/filter.tsx'
import { useTextField } from '../parts/text-field.ts'
import { type Line, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'

export interface StepFilter {
  readonly text: string
  line(columns: number, total: number): Line | null
}

/** `/` begins, Enter keeps it, Esc takes it away; the plan itself looks through all of its steps. */
export function useStepFilter(): StepFilter {
  const [isEditing, setEditing] = useState(false)
  const clear = (): void => {
    field.set('')
    setEditing(false)
  }
  const field = useTextField({ title: 'filter', active: isEditing, submit: () => setEditing(false), cancel: clear })
  const text = field.text.trim()
  useKeys('field', 'Filter', filterKeys, {
    filter: !isEditing && (() => setEditing(true)),
    clear: !isEditing && text !== '' && clear,
  })
  return {
    text,
    line(columns, total) {
      if (!isEditing && text === '') return null
      const shown = isEditing ? field.spans(Math.max(8, columns - 40)) : [span(plainText(text), 'bold')]
      return [
        span(' /', 'bold'),
        ...shown,
        span(`  ${formatCount(total)} in the plan`),
        ...(isEditing ? [span('  Enter keeps, Esc clears', 'dim')] : []),
      ]
    },
  }
}
