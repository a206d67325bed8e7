import { type ReactNode, useState } from 'react'
import { useArea } from '../house/console-context.ts'
import { useKeys } from '../keys/use-keys.ts'
import { flagMeanings } from '../text/create-lines.ts'
import { type CreateFlag, createFlags } from '../text/create-request.ts'
import { wrap } from '../text/cut.ts'
import type { FormField } from '../text/form-state.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { useForm, useFormLines } from './form.tsx'
import { Above, Overlay, overlayColumns } from './overlay.tsx'

export interface CreateOptionsProps {
  readonly flags: ReadonlySet<CreateFlag>
  onDone(flags: ReadonlySet<CreateFlag>): void
  onClose(): void
}

const wantedColumns = 64

/** What is seldom wanted of a create, over the wizard: Enter keeps it, Esc leaves it as it was. */
export function CreateOptionsOverlay(props: CreateOptionsProps): ReactNode {
  return (
    <Above>
      <Choosing {...props} />
    </Above>
  )
}

function Choosing({ flags, onDone, onClose }: CreateOptionsProps): ReactNode {
  const area = useArea()
  const columns = overlayColumns(area, wantedColumns) - 4
  const [fields] = useState(() => fieldsOf(flags))
  const form = useForm({
    title: 'Options',
    fields,
    submit: () => onDone(new Set(createFlags.filter((flag) => form.choice(flag) === 'yes'))),
    cancel: onClose,
  })
  // What the form does not know must not reach the wizard below.
  useKeys('dialog', 'Options', {}, {}, { modal: true })
  const about = fields.find(({ name }) => name === form.focus)?.about ?? ''
  const help = wrap(about, columns - 2).map((text): Line => lineOf(span(`  ${text}`, 'dim')))
  const lines: Line[] = [
    ...useFormLines(fields, form, columns),
    [],
    ...Array.from({ length: 2 }, (_, at): Line => help[at] ?? []),
    [],
    lineOf(span('Space', 'bold'), ' changes   ', span('Enter', 'bold'), ' keeps   ', span('Esc', 'bold'), ' leaves it'),
  ]
  return <Overlay title="Options" lines={lines} columns={wantedColumns} />
}

function fieldsOf(flags: ReadonlySet<CreateFlag>): readonly FormField[] {
  return createFlags.map((flag) => ({
    kind: 'choice',
    name: flag,
    ...flagMeanings[flag],
    initial: flags.has(flag) ? 'yes' : 'no',
    options: [
      { value: 'no', label: 'no' },
      { value: 'yes', label: 'yes' },
    ],
  }))
}
