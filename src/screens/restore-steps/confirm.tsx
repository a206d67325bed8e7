import { type ReactNode, useState } from 'react'
import { useArea, useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { TypeNameDialog } from '../parts/confirm-dialog.tsx'
import { Lines } from '../parts/lines.tsx'
import { useLaunch } from '../parts/use-launch.tsx'
import type { Trouble } from '../store/loaded.ts'
import { exactly } from '../text/boxes.ts'
import { wrap } from '../text/cut.ts'
import { shortId } from '../text/ids.ts'
import { type Line, lineOf } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { planWords, restoreWords } from '../text/restore-command.ts'
import { type ImpactFacts, impactOf, summaryOf } from '../text/restore-impact.ts'
import { nameToType, type Wizard } from '../text/restore-wizard.ts'
import { commandText } from '../text/shell.ts'
import { sentenceLines } from './target.tsx'
import type { Planned } from './use-plan.ts'

export const confirmStepKeys = {
  ask: { keys: ['enter'], label: 'type the name', about: 'ask for the name that begins it', hint: 9 },
  start: { keys: ['C'], label: 'type the name', about: 'confirm by typing a name, and begin', danger: 2 },
  copy: { keys: ['y'], label: 'copy command', about: 'the command line into the clipboard', hint: 6 },
} as const satisfies KeyTable

export interface ConfirmProps {
  readonly wizard: Wizard
  /** Of the scope; empty is all. */
  readonly services: readonly string[]
  readonly planned: Planned
  /** It is what was asked for, and its time has not run out. */
  readonly isCurrent: boolean
  readonly facts: ImpactFacts
  readonly scope: string
  readonly rows: number
  /** The plan does not hold any more. */
  refuse(trouble: Trouble): void
}

/** The last look: what will happen, in three lines and as a command; then the name. */
export function ConfirmStep(props: ConfirmProps): ReactNode {
  const { wizard, services, planned, isCurrent, facts, scope, rows, refuse } = props
  const { glyphs, facts: machine, copy } = useConsole()
  const { columns } = useArea()
  const { plan } = planned
  const [isTyping, setTyping] = useState(false)
  const { launch, shown } = useLaunch(plan, refuse)
  const command = commandOf({ ...wizard, services }, plan.id, machine)
  useKeys('screen', 'Confirm', confirmStepKeys, {
    ask: isCurrent && !machine.readOnly && (() => setTyping(true)),
    start: isCurrent && (() => setTyping(true)),
    copy: () => copy(command.text),
  })
  const summary = summaryOf({ ...facts, backup: plan.backup, scope })
  const name = nameToType(wizard.target, machine.host)
  const width = columns - 3
  const text = (said: string): readonly Line[] => wrap(said, width).map((line) => lineOf(` ${line}`))
  const lines: readonly Line[] = [
    ruleLine(
      lineOf('Confirm'),
      `plan ${plainText(shortId(plan.id))} ${glyphs.dot} until ${plan.expiresAt.slice(11, 16)}Z`,
      columns,
      glyphs,
    ),
    ...summary.flatMap(text),
    ...sentenceLines(
      isCurrent
        ? {
            state: 'warning',
            text: `Enter, then the name ${plainText(name)}, begins it. It goes on when this console is closed.`,
          }
        : { state: 'failed', text: 'the plan has run out: Esc goes back to it, p plans anew' },
      columns,
      glyphs,
    ),
    ruleLine(lineOf('The same on the command line'), 'y copies', columns, glyphs),
    ...text(command.text),
    ...text(command.note),
    ruleLine(lineOf('What it means'), '', columns, glyphs),
    ...impactOf(facts).flatMap((sentence) => sentenceLines(sentence, columns, glyphs)),
  ]
  return (
    <>
      <Lines lines={exactly(lines, rows)} />
      {isTyping && (
        <TypeNameDialog
          title={wizard.target.isInPlace ? 'Restore in place?' : 'Restore?'}
          facts={summary.slice(1)}
          command={command.text}
          verb="restore"
          name={name}
          nameOf={wizard.target.isInPlace ? 'name of this machine' : 'name of the directory'}
          onCancel={() => setTyping(false)}
          onYes={() => {
            setTyping(false)
            launch()
          }}
        />
      )}
      {shown}
    </>
  )
}

interface Command {
  readonly text: string
  readonly note: string
}

/** What can be said in options; else the plan in its file, which says everything. */
function commandOf(wizard: Wizard, plan: string, machine: ReturnType<typeof useConsole>['facts']): Command {
  const { target, decisions, kept } = wizard
  const { host, home } = machine
  if (kept?.plan === plan)
    return {
      text: commandText(machine, planWords(kept.file, target, host)),
      note: 'That file is this plan: applied within its time, it does exactly this.',
    }
  const words = restoreWords({ ...wizard, host, home, decided: decisions.size })
  if (words !== null)
    return { text: commandText(machine, words), note: 'It plans anew; e in the plan keeps exactly this one in a file.' }
  return {
    text: commandText(machine, planWords(`restore-plan-${shortId(plan)}.json`, target, host)),
    note: 'What was marked and decided here is in the plan alone: e in the plan keeps it in that file.',
  }
}
