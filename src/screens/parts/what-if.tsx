import { type ReactNode, useState } from 'react'
import type { RetentionCounts } from '../../model/retention.ts'
import { useConsole } from '../house/console-context.ts'
import { useKeys } from '../keys/use-keys.ts'
import { wrap } from '../text/cut.ts'
import type { FormField } from '../text/form-state.ts'
import { lineOf, span } from '../text/line.ts'
import { countsFrom, countsText } from '../text/policy-words.ts'
import { useForm, useFormLines } from './form.tsx'
import { Above, Overlay } from './overlay.tsx'

const wantedColumns = 70

interface WhatIfProps {
  readonly initial: RetentionCounts
  onTry(counts: RetentionCounts): void
  onClose(): void
}

/** Another policy, to see what would go by it. */
export function WhatIf(props: WhatIfProps): ReactNode {
  return (
    <Above>
      <Trying {...props} />
    </Above>
  )
}

function Trying({ initial, onTry, onClose }: WhatIfProps): ReactNode {
  const { glyphs } = useConsole()
  const [formFields] = useState<readonly FormField[]>(() => [
    { kind: 'text', name: 'counts', label: 'Keep', initial: countsText(initial) },
  ])
  const form = useForm({
    title: 'What if',
    fields: formFields,
    submit: () => {
      if (typeof counts !== 'string') onTry(counts)
    },
    cancel: onClose,
  })
  const counts = countsFrom(form.text('counts'))
  const lines = useFormLines(formFields, form, wantedColumns - 4)
  useKeys('dialog', 'What if', {}, {}, { modal: true })
  const wrong =
    typeof counts === 'string'
      ? wrap(counts, wantedColumns - 8).map((text) => lineOf(span(`${glyphs.failed} ${text}`, 'failed')))
      : []
  return (
    <Overlay
      title="What if the policy were"
      columns={wantedColumns}
      lines={[
        ...lines,
        [],
        ...(wrong.length > 0
          ? wrong
          : [lineOf(span('keep days daily weekly monthly quarterly yearly minimum', 'dim'))]),
        lineOf(span('Enter', 'bold'), ' shows what would go   ', span('Esc', 'bold'), ' closes'),
      ]}
    />
  )
}
