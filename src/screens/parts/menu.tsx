import { Text, useInput } from 'ink'
import SelectInput from 'ink-select-input'
import { type ReactNode, useRef, useState } from 'react'
import { useArea, useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { cutEnd, padEnd, wrap } from '../text/cut.ts'
import { fillLine, lineOf, span } from '../text/line.ts'
import { Lines } from './lines.tsx'
import { Above, Overlay, overlayColumns } from './overlay.tsx'

export const menuKeys = {
  up: { keys: ['up', 'k'], label: 'up', about: 'one line up' },
  down: { keys: ['down', 'j'], label: 'down', about: 'one line down' },
  choose: { keys: ['enter'], label: 'choose', about: 'take what is chosen', hint: 9 },
  close: { keys: ['escape', 'q', 'left', 'backspace'], label: 'close', about: 'choose nothing', hint: 8 },
} as const satisfies KeyTable

export interface MenuItem {
  readonly value: string
  /** Plain text. */
  readonly label: string
  /** What it means, plain: shown below the list while it is the one that Enter takes. */
  readonly about?: readonly string[]
}

export interface MenuProps {
  readonly title: string
  readonly items: readonly MenuItem[]
  /** Where the cursor begins. */
  readonly initial?: string
  /** Of the whole box; as wide as short labels need where absent. */
  readonly columns?: number
  onChoose(value: string): void
  onClose(): void
}

const usualColumns = 44
/** The mark of the chosen line and a blank on both sides of it. */
const indicatorColumns = 3

/** A short list over the screen, one of which is chosen. */
export function Menu(props: MenuProps): ReactNode {
  return (
    <Above>
      <Choices {...props} />
    </Above>
  )
}

function Choices({ title, items, initial, columns = usualColumns, onChoose, onClose }: MenuProps): ReactNode {
  const area = useArea()
  const inner = overlayColumns(area, columns) - 2
  const [chosen, setChosen] = useState(initial ?? items[0]?.value)
  const aboutOf = ({ about = [] }: MenuItem): readonly string[] => about.flatMap((text) => wrap(text, inner - 4))
  // As high as the longest, so that the box stays as it is while the cursor moves.
  const aboutRows = Math.max(0, ...items.map((item) => aboutOf(item).length))
  const about = items.flatMap((item) => (item.value === chosen ? aboutOf(item) : []))
  const aboutLines = Array.from({ length: aboutRows === 0 ? 0 : aboutRows + 1 }, (_, at) =>
    fillLine(lineOf(span(at === 0 ? '' : `   ${about[at - 1] ?? ''}`, 'dim')), inner, ''),
  )
  // The list moves its own cursor; what it does with the keys must be done by nobody else.
  const itsOwn = (): void => {}
  useKeys('dialog', title, menuKeys, { up: itsOwn, down: itsOwn, choose: itsOwn, close: onClose }, { modal: true })
  return (
    <Overlay
      title={title}
      lines={[]}
      columns={columns}
      belowRows={items.length + aboutLines.length}
      below={
        <>
          <Picker
            items={items}
            labelColumns={inner - indicatorColumns}
            initial={initial ?? ''}
            onHighlight={setChosen}
            onChoose={onChoose}
          />
          <Lines lines={aboutLines} />
        </>
      }
    />
  )
}

/** ink-select-input also takes digits as a choice at once; here a choice is Enter and nothing else. */
function Picker({
  items,
  labelColumns,
  initial,
  onHighlight,
  onChoose,
}: {
  readonly items: readonly MenuItem[]
  readonly labelColumns: number
  readonly initial: string
  onHighlight(value: string): void
  onChoose(value: string): void
}): ReactNode {
  const wasEnter = useRef(false)
  const at = Math.max(
    0,
    items.findIndex(({ value }) => value === initial),
  )
  return (
    <>
      <KeyWatch onKey={(isEnter) => (wasEnter.current = isEnter)} />
      <SelectInput
        items={items.map(({ value, label }) => ({
          key: value,
          value,
          label: padEnd(cutEnd(label, labelColumns, ''), labelColumns),
        }))}
        initialIndex={at}
        indicatorComponent={Indicator}
        itemComponent={Item}
        onHighlight={({ value }) => onHighlight(value)}
        onSelect={(item) => {
          // Of an empty list it gives nothing, whatever its types say.
          if (wasEnter.current && (item as MenuItem | undefined) !== undefined) onChoose(item.value)
        }}
      />
    </>
  )
}

/** Hears each key before the list does: it stands before it in the tree. */
function KeyWatch({ onKey }: { onKey(isEnter: boolean): void }): null {
  useInput((_input, key) => onKey(key.return))
  return null
}

function Indicator({ isSelected = false }: { readonly isSelected?: boolean }): ReactNode {
  const { glyphs } = useConsole()
  return <Text>{isSelected ? ` ${glyphs.cursor} ` : '   '}</Text>
}

function Item({ isSelected = false, label }: { readonly isSelected?: boolean; readonly label: string }): ReactNode {
  return <Text inverse={isSelected}>{label}</Text>
}
