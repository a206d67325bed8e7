import type { ReactNode } from 'react'
import { nameOf, parentOf, rootPath } from '../../model/path.ts'
import type { PathChoice } from '../../model/restore.ts'
import { formatNumberOf } from '../../model/units.ts'
import { Menu, type MenuItem } from '../parts/menu.tsx'
import { plainPath } from '../text/plain.ts'
import type { PlanRow } from '../text/restore-rows.ts'
import { isMarked, type Marks } from '../text/restore-scope.ts'
import type { Decisions } from '../text/restore-wizard.ts'
import { choiceMeaning, choicesFor, choiceWord } from '../text/restore-words.ts'

/** What can be chosen for the path of a row, as it was before anything was. */
export function choicesOf({ step }: PlanRow, decisions: Decisions): readonly PathChoice[] {
  return choicesFor(decisions.get(step.path)?.step ?? step)
}

export interface DecideMenuProps {
  /** What is decided about. */
  readonly rows: readonly PlanRow[]
  readonly decisions: Decisions
  readonly marks: Marks
  onChoose(choice: PathChoice | null, isBelow: boolean): void
  onClose(): void
}

/** What can become of one path, or of several. */
export function DecideMenu({ rows, decisions, marks, onChoose, onClose }: DecideMenuProps): ReactNode {
  const [only] = rows
  const possible = new Set(rows.flatMap((row) => choicesOf(row, decisions)))
  const items: MenuItem[] = [...possible].map((choice) => ({ value: choice, label: choiceMeaning(choice) }))
  if (rows.some(({ choice }) => choice !== null))
    items.push({ value: 'none', label: 'as the rest: take the choice back' })
  const directory = rows.length === 1 && only !== undefined ? parentOf(only.step.path) : rootPath
  if (directory !== rootPath && isMarked(marks, directory)) {
    const name = `${plainPath(nameOf(directory))}/`
    for (const choice of ['keep', 'overwrite', 'skip'] as const)
      if (possible.has(choice)) items.push({ value: `${choice} below`, label: `${choiceWord(choice)}: all in ${name}` })
  }
  if (items.length === 0) items.push({ value: 'close', label: 'nothing can be chosen here' })
  const title =
    rows.length === 1 && only !== undefined ? plainPath(nameOf(only.step.path)) : formatNumberOf(rows.length, 'path')
  return (
    <Menu
      title={title}
      items={items}
      initial={rows.length === 1 ? (only?.choice ?? '') : ''}
      onClose={onClose}
      onChoose={(value) => {
        const [word = '', below] = value.split(' ')
        const choice = [...possible].find((one) => one === word)
        if (choice !== undefined) onChoose(choice, below !== undefined)
        else if (value === 'none') onChoose(null, false)
        else onClose()
      }}
    />
  )
}
