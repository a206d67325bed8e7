import { type ReactNode, useState } from 'react'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { Above, Overlay } from './overlay.tsx'
import { useTextField } from './text-field.ts'

const passphraseKeys = {
  submit: { keys: ['enter'], label: 'go on', about: 'take what was typed', danger: 1, hint: 9 },
  cancel: { keys: ['escape'], label: 'cancel', about: 'make nothing', hint: 8 },
} as const satisfies KeyTable

interface NewPassphraseProps {
  onDone(passphrase: string): void
  onCancel(): void
}

/** A new passphrase, typed twice. */
export function NewPassphrase(props: NewPassphraseProps): ReactNode {
  return (
    <Above>
      <TypeTwice {...props} />
    </Above>
  )
}

function TypeTwice({ onDone, onCancel }: NewPassphraseProps): ReactNode {
  const [isAgain, setAgain] = useState(false)
  const [complaint, complain] = useState('')
  const first = useTextField({ title: 'passphrase', active: !isAgain, secret: true })
  const again = useTextField({ title: 'passphrase again', active: isAgain, secret: true })
  const submit = (): void => {
    if (!isAgain) {
      complain(first.text === '' ? 'it is empty' : '')
      setAgain(first.text !== '')
    } else if (first.text === again.text) onDone(first.text)
    else {
      complain('the two differ: once more')
      first.set('')
      again.set('')
      setAgain(false)
    }
  }
  useKeys('dialog', 'New passphrase', passphraseKeys, { submit, cancel: onCancel }, { modal: true })
  const lines: Line[] = [
    lineOf('Whoever knows it reads the backups; nobody can tell it to you again.'),
    [],
    lineOf('passphrase  ', ...first.spans(44)),
    lineOf('again       ', ...again.spans(44)),
    lineOf(span(complaint, 'warning')),
    lineOf(span('Enter', 'bold'), ' goes on   ', span('Esc', 'bold'), ' makes nothing'),
  ]
  return <Overlay title="New passphrase" lines={lines} columns={74} />
}
