import { type ReactNode, useState } from 'react'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { Overlay, overlayColumns } from '../parts/overlay.tsx'
import { useTextField } from '../parts/text-field.ts'
import { padEnd } from '../text/cut.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { widthOf } from '../text/width.ts'
import { type Command, commandsOf, filterCommands, rankCommands, screenCommands } from './commands.ts'
import { useArea, useConsole } from './console-context.ts'

/** `?` and `:`: what can be done here and now, to be looked up, and to be done from there. */

export const listKeys = {
  up: { keys: ['up'], label: 'up', about: 'one line up' },
  down: { keys: ['down', 'tab'], label: 'down', about: 'one line down' },
  run: { keys: ['enter'], label: 'do it', about: 'do what is chosen', hint: 9 },
  close: { keys: ['escape', 'ctrl-c'], label: 'close', about: 'close the list', hint: 8 },
} as const satisfies KeyTable

const wantedColumns = 74

export function Help({ onClose }: { onClose(): void }): ReactNode {
  const { layers } = useConsole()
  const [commands] = useState(() => commandsOf(layers.reachable()))
  return <CommandList title="Keys" prompt="/" commands={commands} choose={filterCommands} isGrouped onClose={onClose} />
}

export function Palette({ onClose }: { onClose(): void }): ReactNode {
  const { layers, screens, go } = useConsole()
  const [commands] = useState(() => [
    ...screenCommands(screens, go),
    ...commandsOf(layers.reachable().filter(({ kind }) => kind !== 'field')).filter(
      ({ id }) => !/\/(up|down|pageUp|pageDown|first|last|screen-\w+)$/.test(id),
    ),
  ])
  return (
    <CommandList
      title="Commands"
      prompt=":"
      commands={commands}
      choose={rankCommands}
      isGrouped={false}
      onClose={onClose}
    />
  )
}

interface CommandListProps {
  readonly title: string
  readonly prompt: string
  readonly commands: readonly Command[]
  choose(commands: readonly Command[], text: string): Command[]
  readonly isGrouped: boolean
  onClose(): void
}

function CommandList({ title, prompt, commands, choose, isGrouped, onClose }: CommandListProps): ReactNode {
  const { layers } = useConsole()
  const area = useArea()
  const [chosen, setChosen] = useState({ text: '', at: 0 })
  const field = useTextField({ title: 'search', active: true })
  const found = choose(commands, field.text)
  const at = chosen.text === field.text ? Math.min(chosen.at, Math.max(0, found.length - 1)) : 0
  const move = (by: number): void =>
    setChosen({ text: field.text, at: Math.max(0, Math.min(found.length - 1, at + by)) })
  useKeys(
    'dialog',
    title,
    listKeys,
    {
      up: () => move(-1),
      down: () => move(1),
      run: () => {
        const command = found[at]
        onClose()
        // What it does may have changed since the list was opened: what is bound now is what is done.
        const now = command && commandsOf(layers.below('dialog', title)).find(({ id }) => id === command.id)
        ;(now ?? (command?.group === 'Screens' ? command : undefined))?.run()
      },
      close: onClose,
    },
    { modal: true },
  )
  const columns = overlayColumns(area, wantedColumns) - 4
  const { lines, cursor } = listLines(found, at, columns, Math.max(3, area.rows - 8), isGrouped)
  const query: Line = lineOf(
    span(prompt, 'bold'),
    ...field.spans(columns - 20),
    span(`  ${found.length} of ${commands.length}`, 'dim'),
  )
  return (
    <Overlay
      title={title}
      lines={[query, ...lines]}
      columns={wantedColumns}
      cursor={cursor === null ? null : cursor + 1}
    />
  )
}

/** The commands as lines, under their groups where they are grouped, no more than `rows`, the chosen one among them. */
function listLines(
  commands: readonly Command[],
  at: number,
  columns: number,
  rows: number,
  isGrouped: boolean,
): { lines: Line[]; cursor: number | null } {
  if (commands.length === 0) return { lines: [lineOf(span('nothing is called that; Esc closes', 'dim'))], cursor: null }
  const keyColumns = Math.min(20, Math.max(...commands.map(({ keys }) => widthOf(keys)))) + 2
  const labelColumns = Math.min(20, Math.max(...commands.map(({ label }) => widthOf(label)))) + 2
  const lines: Line[] = []
  let cursor = 0
  for (const [index, { group, keys, label, about }] of commands.entries()) {
    if (isGrouped && group !== commands[index - 1]?.group) lines.push(lineOf(span(group, 'dim')))
    if (index === at) cursor = lines.length
    const what = isGrouped ? about : padEnd(label, labelColumns) + about
    lines.push(lineOf(span(padEnd(keys, keyColumns), 'bold'), padEnd(what, columns - keyColumns)))
  }
  const top = Math.max(0, Math.min(cursor - Math.floor(rows / 2), lines.length - rows))
  return { lines: lines.slice(top, top + rows), cursor: cursor - top }
}
