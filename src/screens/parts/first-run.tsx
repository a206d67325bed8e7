import { type ReactNode, useState } from 'react'
import type { InitResult } from '../../model/repository.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { exactly, troubleLines } from '../text/boxes.ts'
import { padEnd, wrap } from '../text/cut.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { plainMessage, plainText } from '../text/plain.ts'
import { commandText } from '../text/shell.ts'
import { AskDialog } from './confirm-dialog.tsx'
import { Lines } from './lines.tsx'
import { Menu } from './menu.tsx'
import { NewPassphrase } from './new-passphrase.tsx'
import { TextOverlay } from './text-overlay.tsx'

const keys = {
  init: { keys: ['I'], label: 'make it', about: 'make the repository and its key', danger: 1, hint: 9 },
  backup: { keys: ['B'], label: 'back up', about: 'make the first backup', danger: 1, hint: 9, needs: 'create' },
} as const satisfies KeyTable

type Open = 'choose' | 'key-file' | 'passphrase' | 'done' | null

export interface FirstRunProps {
  readonly hasRepository: boolean
  /** True from when it makes something until what was made has been read: it must not go away before. */
  onStay(stay: boolean): void
}

/** What a new repository needs, in order: a key, something to back up, a first backup. */
export function FirstRun({ hasRepository, onStay }: FirstRunProps): ReactNode {
  const { engine, facts, glyphs, store, isBuilt, open: openScreen } = useConsole()
  const { columns, rows } = useArea()
  const [open, setOpen] = useState<Open>(null)
  const [made, setMade] = useState<InitResult | null>(null)
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  const init = (passphrase: string | null): void => {
    setOpen(null)
    onStay(true)
    engine.init({ passphrase }).then(
      (result) => {
        setTrouble(null)
        setMade(result)
        setOpen('done')
      },
      (error: unknown) => {
        setTrouble(troubleOf(error, 'making the repository'))
        onStay(false)
      },
    )
  }
  useKeys('screen', 'First run', keys, {
    init: !hasRepository && (() => setOpen('choose')),
    backup: hasRepository && (() => openScreen('create', {})),
  })
  const steps: Line[] = [
    [],
    lineOf(hasRepository ? '  There is no backup yet.' : `  There is no repository at ${plainText(facts.root)} yet.`),
    [],
    ...stepLines(
      hasRepository ? glyphs.ok : glyphs.cursor,
      'repository and key',
      hasRepository ? 'made' : keyText(facts.readOnly),
      columns,
    ),
    ...stepLines(
      hasRepository ? glyphs.cursor : glyphs.pending,
      'what to back up',
      'paths that you give, or the services that backup_config.json names',
      columns,
    ),
    ...stepLines(
      hasRepository ? glyphs.cursor : glyphs.pending,
      'the first backup',
      backupText(hasRepository, isBuilt('create'), facts.readOnly),
      columns,
    ),
    [],
    ...(trouble === null ? [] : troubleLines(trouble, 'I tries again', columns, glyphs)),
  ]
  const close = (): void => {
    setOpen(null)
    onStay(false)
    void store.refresh()
  }
  return (
    <>
      <Lines lines={exactly(steps, rows)} />
      {open === 'choose' && (
        <Menu
          title="What opens the backups?"
          items={[
            { value: 'key-file', label: 'a key file, made now (or the key given)' },
            { value: 'passphrase', label: 'a passphrase that you type' },
          ]}
          onClose={() => setOpen(null)}
          onChoose={(choice) => setOpen(choice === 'passphrase' ? 'passphrase' : 'key-file')}
        />
      )}
      {open === 'key-file' && (
        <AskDialog
          title="Make the repository?"
          facts={[
            `At ${plainText(facts.root)}.`,
            'Where no key is given, a new one is made as a file. Whoever has it reads the backups; without it nobody does: keep a copy elsewhere.',
          ]}
          command={commandText(facts, ['init'])}
          verb="make it"
          onCancel={() => setOpen(null)}
          onYes={() => init(null)}
        />
      )}
      {open === 'passphrase' && <NewPassphrase onCancel={() => setOpen(null)} onDone={init} />}
      {open === 'done' && made !== null && (
        <TextOverlay title="The repository is made" lines={(width) => madeLines(made, width)} onClose={close} />
      )}
    </>
  )
}

function keyText(readOnly: boolean): string {
  return readOnly ? 'holdfast init makes them; this console is read-only' : 'I makes them'
}

function backupText(hasRepository: boolean, canCreate: boolean, readOnly: boolean): string {
  if (readOnly) return 'holdfast create PATH; this console is read-only'
  if (!canCreate) return 'holdfast create PATH'
  return hasRepository ? 'B asks what, shows how much, and makes it' : 'B, once there is a repository'
}

function stepLines(mark: string, title: string, text: string, columns: number): Line[] {
  const label = padEnd(title, 20)
  return wrap(text, columns - 28).map((line, at) =>
    at === 0 ? lineOf(`  ${padEnd(mark, 3)}`, span(label, 'bold'), line) : lineOf(' '.repeat(25), line),
  )
}

function madeLines(made: InitResult, columns: number): Line[] {
  const facts = [
    `${made.created ? 'Made' : 'It was there already'}: ${plainMessage(made.root)}`,
    ...(made.keyFile === null
      ? []
      : [`Key: ${plainMessage(made.keyFile)}`, 'Copy it elsewhere now: without it nobody reads the backups.']),
    ...(made.encrypted ? [] : ['Nothing is encrypted: whoever reads the repository reads the data.']),
    ...(made.configurationFile === null ? [] : [`Configuration: ${plainMessage(made.configurationFile)}`]),
    ...made.notices.map(plainMessage),
  ]
  return facts.flatMap((fact) => wrap(fact, columns)).map((text) => lineOf(text))
}
