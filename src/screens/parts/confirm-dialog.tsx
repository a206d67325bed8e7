import { type ReactNode, useLayoutEffect, useState } from 'react'
import { useArea, useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { wrap } from '../text/cut.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { graphemesOf } from '../text/width.ts'
import { Above, Overlay, overlayColumns } from './overlay.tsx'
import { useTextField } from './text-field.ts'

/** Long enough that a key that was on its way when the dialog was drawn is not an answer to it. */
const flushMs = 300
const wantedColumns = 72
const reasonLength = 12

export interface ConfirmProps {
  readonly title: string
  /** What will happen, with counts and bytes. Plain text; wrapped. */
  readonly facts: readonly (string | Line)[]
  /** The same deed on the command line, for the runbook; null where it has none. */
  readonly command: string | null
  /** What `y` or the typed name does: `delete it`. */
  readonly verb: string
  onCancel(): void
}

export const confirmKeys = {
  yes: { keys: ['y'], label: 'yes', about: 'do it', danger: 1, hint: 9 },
  no: { keys: ['escape', 'n', 'q', 'left', 'backspace'], label: 'cancel', about: 'leave it as it is', hint: 8 },
  nothing: { keys: ['enter', 'space'], label: 'nothing', about: 'Enter answers nothing here' },
} as const satisfies KeyTable

/**
 * Level 1: asks before something changes. Cancel has the focus; only `y` does it, Enter does nothing. What was typed
 * before the question was on the screen is forgotten.
 */
export function AskDialog(props: ConfirmProps & { onYes(): void }): ReactNode {
  return (
    <Above>
      <Ask {...props} />
    </Above>
  )
}

function Ask({ title, facts, command, verb, onCancel, onYes }: ConfirmProps & { onYes(): void }): ReactNode {
  const { glyphs } = useConsole()
  useFlush()
  const { rows } = useArea()
  const columns = useTextColumns()
  const cancel = [span(`${glyphs.cursor} [ Cancel ]`, 'bold'), span('  Esc')]
  const answers = [[], lineOf(...cancel, '      ', span('y', 'bold'), ` ${verb}`)]
  const { lines, isWhole } = fitted(factLines(facts, columns), commandLines(command, columns), answers, rows - 2)
  const yes = isWhole && onYes
  useKeys('dialog', title, confirmKeys, { yes, no: onCancel, nothing: () => {} }, { modal: true })
  return <Overlay title={title} lines={lines} columns={wantedColumns} />
}

export interface TypeNameProps extends ConfirmProps {
  /** What must be typed, to the letter. */
  readonly name: string
  /** What the name is: `backup id`, `host`. */
  readonly nameOf: string
}

const typeKeys = {
  cancel: { keys: ['escape'], label: 'cancel', about: 'leave it as it is', hint: 8 },
  submit: { keys: ['enter'], label: 'confirm', about: 'do it, once the name is right', danger: 2, hint: 9 },
} as const satisfies KeyTable

/** Level 2: the name of what it is about must be typed. A paste is refused: it would prove nothing. */
export function TypeNameDialog(props: TypeNameProps & { onYes(): void }): ReactNode {
  const { onYes, ...rest } = props
  return (
    <Above>
      <TypeName {...rest} wantsReason={false} onYes={() => onYes()} />
    </Above>
  )
}

/** Level 3: as level 2, and a reason for the log. */
export function ReasonDialog(props: TypeNameProps & { onYes(reason: string): void }): ReactNode {
  return (
    <Above>
      <TypeName {...props} wantsReason />
    </Above>
  )
}

function TypeName(props: TypeNameProps & { readonly wantsReason: boolean; onYes(reason: string): void }): ReactNode {
  const { title, facts, command, verb, name, nameOf, wantsReason, onCancel, onYes } = props
  const [complaint, complain] = useState('')
  const { rows } = useArea()
  const [step, setStep] = useState<'reason' | 'name'>(wantsReason ? 'reason' : 'name')
  useFlush()
  const refusePaste = (): void => complain('pasting is not taken here: type it')
  const reason = useTextField({ title: 'reason', active: step === 'reason' })
  const typed = useTextField({ title: nameOf, active: step === 'name', refusePaste })
  const submit = (): void => {
    if (!isWhole) return
    if (step === 'reason') {
      if (graphemesOf(reason.text.trim()).length < reasonLength) complain(`at least ${reasonLength} characters`)
      else {
        complain('')
        setStep('name')
      }
    } else if (typed.text !== name) complain(typed.text === '' ? '' : `that is not the ${nameOf}`)
    else onYes(reason.text.trim())
  }
  useKeys('dialog', title, typeKeys, { cancel: onCancel, submit }, { modal: true })
  const columns = useTextColumns()
  const answers: Line[] = [[]]
  if (wantsReason) {
    answers.push(lineOf(`Why (for the log, at least ${reasonLength} characters):`))
    answers.push(lineOf('> ', ...reason.spans(columns - 2)))
  }
  if (step === 'name') {
    answers.push(...wrap(`To ${verb}, type the ${nameOf}  ${plainText(name)}`, columns).map((text) => lineOf(text)))
    answers.push(lineOf('> ', ...typed.spans(columns - 2)))
  }
  answers.push(
    lineOf(span(complaint, 'warning')),
    lineOf(span('Enter', 'bold'), ' confirm   ', span('Esc', 'bold'), ' cancel'),
  )
  const { lines, isWhole } = fitted(factLines(facts, columns), commandLines(command, columns), answers, rows - 2)
  return <Overlay title={title} lines={lines} columns={wantedColumns} />
}

/** What was typed ahead never answers a question that was not yet on the screen. */
function useFlush(): void {
  const { terminal } = useConsole()
  useLayoutEffect(() => terminal.flushKeys(flushMs), [terminal])
}

/**
 * All of it where it fits, else all but the command line. Where not even what will happen fits, it is not done: nobody
 * answers what he could not read.
 */
function fitted(
  facts: readonly Line[],
  command: readonly Line[],
  answers: readonly Line[],
  rows: number,
): { readonly lines: readonly Line[]; readonly isWhole: boolean } {
  const room = rows - answers.length
  if (facts.length + command.length <= room) return { lines: [...facts, ...command, ...answers], isWhole: true }
  if (facts.length <= room) return { lines: [...facts, ...answers], isWhole: true }
  const missing = `${facts.length - room + 1} more lines; make the terminal larger to answer`
  return { lines: [...facts.slice(0, room - 1), lineOf(span(missing, 'warning')), ...answers], isWhole: false }
}

function useTextColumns(): number {
  return overlayColumns(useArea(), wantedColumns) - 4
}

function factLines(facts: ConfirmProps['facts'], columns: number): Line[] {
  return facts.flatMap((fact) => (typeof fact === 'string' ? wrap(fact, columns).map((text) => lineOf(text)) : [fact]))
}

function commandLines(command: string | null, columns: number): Line[] {
  if (command === null) return []
  return [
    [],
    lineOf(span('The same on the command line:', 'dim')),
    ...wrap(command, columns - 2).map((text) => lineOf(`  ${text}`)),
  ]
}
