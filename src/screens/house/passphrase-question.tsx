import { type ReactNode, useEffect, useState } from 'react'
import type { Question, Questions } from '../../model/console.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { Above, Overlay } from '../parts/overlay.tsx'
import { useTextField } from '../parts/text-field.ts'
import { lineOf, span } from '../text/line.ts'
import { useConsole } from './console-context.ts'

const questionKeys = {
  submit: { keys: ['enter'], label: 'open', about: 'open the repository with it', hint: 9 },
  cancel: { keys: ['escape', 'ctrl-c'], label: 'without', about: 'go on without the key', hint: 8 },
} as const satisfies KeyTable

/** Asks for the passphrase of the repository when the engine wants it, over whatever is on the screen. */
export function PassphraseQuestion({ questions }: { readonly questions: Questions }): ReactNode {
  const [waiting, setWaiting] = useState<readonly Question[]>([])
  useEffect(() => {
    questions.answerWith((question) => setWaiting((before) => [...before, question]))
    return () => questions.answerWith(null)
  }, [questions])
  const question = waiting[0]
  if (question === undefined) return null
  const done = (): void => setWaiting((before) => before.slice(1))
  return (
    <Above levels={20}>
      <Asked
        answer={(text) => {
          done()
          question.answer(text)
        }}
        refuse={() => {
          done()
          question.refuse()
        }}
      />
    </Above>
  )
}

function Asked({ answer, refuse }: { answer(text: string): void; refuse(): void }): ReactNode {
  const { facts } = useConsole()
  const field = useTextField({ title: 'passphrase', active: true, secret: true })
  useKeys('dialog', 'Passphrase', questionKeys, { submit: () => answer(field.text), cancel: refuse }, { modal: true })
  const lines = [
    lineOf(`The passphrase of ${facts.root}:`),
    lineOf('> ', ...field.spans(50)),
    [],
    lineOf(span('Enter', 'bold'), ' opens   ', span('Esc', 'bold'), ' goes on without what needs the key'),
  ]
  return <Overlay title="Passphrase" lines={lines} columns={66} />
}
