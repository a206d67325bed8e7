import { type ReactNode, useState } from 'react'
import type { PlannedRestore } from '../../model/planned-restore.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { Above, Overlay, overlayColumns } from '../parts/overlay.tsx'
import { useTextField } from '../parts/text-field.ts'
import { TextOverlay } from '../parts/text-overlay.tsx'
import { troubleOf } from '../store/loaded.ts'
import { wrap } from '../text/cut.ts'
import { shortId } from '../text/ids.ts'
import { lineOf, span } from '../text/line.ts'
import { plainMessage, plainText } from '../text/plain.ts'
import { planWords } from '../text/restore-command.ts'
import { type Target, withHome } from '../text/restore-wizard.ts'
import { commandText } from '../text/shell.ts'

const exportKeys = {
  submit: {
    keys: ['enter'],
    label: 'save',
    about: 'write the plan into this file, which must not exist',
    danger: 1,
    hint: 9,
  },
  cancel: { keys: ['escape'], label: 'cancel', about: 'write nothing', hint: 8 },
} as const satisfies KeyTable

export interface ExportProps {
  readonly plan: PlannedRestore
  readonly target: Target
  onSaved(file: string): void
  onClose(): void
}

const wantedColumns = 76

/** Keeps the plan in a file, and says how it is applied from there. */
export function ExportDialog(props: ExportProps): ReactNode {
  const [saved, setSaved] = useState<string | null>(null)
  const { facts } = useConsole()
  if (saved === null)
    return (
      <Above>
        <NameFile
          {...props}
          onSaved={(file) => {
            setSaved(file)
            props.onSaved(file)
          }}
        />
      </Above>
    )
  const command = commandText(facts, planWords(saved, props.target, facts.host))
  return (
    <TextOverlay
      title="The plan is saved"
      columns={wantedColumns}
      lines={(width) =>
        [
          `In ${plainText(saved)}. It is bound to this repository, to this backup, and to what stands there now.`,
          'Within its 15 minutes, and on this machine, this does exactly what it says:',
        ]
          .flatMap((text) => wrap(text, width))
          .concat(wrap(command, width - 2).map((text) => `  ${text}`))
          .map((text) => lineOf(text))
      }
      onClose={props.onClose}
    />
  )
}

function NameFile({ plan, onClose, onSaved }: ExportProps): ReactNode {
  const { facts } = useConsole()
  const [complaint, complain] = useState('')
  const home = facts.home === undefined ? '' : '~/'
  const field = useTextField({ title: 'file', active: true, initial: `${home}restore-plan-${shortId(plan.id)}.json` })
  const submit = (): void => {
    const file = withHome(field.text.trim(), facts.home)
    complain('writing')
    plan.save(file).then(
      () => onSaved(file),
      (error: unknown) => complain(plainMessage(troubleOf(error, 'saving the plan').message)),
    )
  }
  useKeys('dialog', 'Export the plan', exportKeys, { submit, cancel: onClose }, { modal: true })
  const columns = overlayColumns(useArea(), wantedColumns) - 4
  const lines = [
    lineOf('Into which file? It must not exist yet.'),
    lineOf('> ', ...field.spans(columns - 2)),
    ...wrap(complaint, columns).map((text) => lineOf(span(text, 'warning'))),
    lineOf(span('Enter', 'bold'), ' saves   ', span('Esc', 'bold'), ' writes nothing'),
  ]
  return <Overlay title="Export the plan" lines={lines} columns={wantedColumns} />
}
