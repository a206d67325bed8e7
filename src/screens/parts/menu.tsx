import { Text, useInput } from 'ink'
import SelectInput from 'ink-select-input'
import { type ReactNode, useRef } from 'react'
import { useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { cutEnd, padEnd } from '../text/cut.ts'
import { Above, Overlay } from './overlay.tsx'

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
}

export interface MenuProps {
  readonly title: string
  readonly items: readonly MenuItem[]
  /** Where the cursor begins. */
  readonly initial?: string
  onChoose(value: string): void
  onClose(): void
}

const wantedColumns = 44
const labelColumns = wantedColumns - 5

/** A short list over the screen, one of which is chosen. */
export function Menu(props: MenuProps): ReactNode {
  return (
    <Above>
      <Choices {...props} />
    </Above>
  )
}

function Choices({ title, items, initial, onChoose, onClose }: MenuProps): ReactNode {
  // The list moves its own cursor; what it does with the keys must be done by nobody else.
  const itsOwn = (): void => {}
  useKeys('dialog', title, menuKeys, { up: itsOwn, down: itsOwn, choose: itsOwn, close: onClose }, { modal: true })
  return (
    <Overlay
      title={title}
      lines={[]}
      columns={wantedColumns}
      belowRows={items.length}
      below={<Picker items={items} initial={initial ?? ''} onChoose={onChoose} />}
    />
  )
}

/** ink-select-input also takes digits as a choice at once; here a choice is Enter and nothing else. */
function Picker({
  items,
  initial,
  onChoose,
}: {
  readonly items: readonly MenuItem[]
  readonly initial: string
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
