import { type ReactNode, useState } from 'react'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { Above, Overlay } from '../parts/overlay.tsx'
import { lineOf, span } from '../text/line.ts'
import { Help, Palette } from './command-list.tsx'
import { useConsole } from './console-context.ts'
import type { Place } from './places.ts'

/** What works on every screen. */
export const globalKeys = {
  help: { keys: ['?'], label: 'help', about: 'all keys that work here', hint: 3 },
  palette: { keys: [':'], label: 'commands', about: 'find a command by its name and do it', hint: 2 },
  back: {
    keys: ['escape', 'q', 'left', 'backspace'],
    label: 'back',
    about: 'close the topmost thing, then go back',
    hint: 4,
  },
  quit: { keys: ['q'], label: 'quit', about: 'leave the console; jobs keep running', hint: 1, aliases: ['exit'] },
  refresh: { keys: ['r'], label: 'refresh', about: 'read the repository anew' },
  redraw: { keys: ['ctrl-l'], label: 'redraw', about: 'draw the screen anew' },
  suspend: { keys: ['ctrl-z'], label: 'suspend', about: 'stop the console; fg in the shell brings it back' },
  cancel: {
    keys: ['ctrl-c'],
    label: 'cancel',
    about: 'close the topmost thing; at the beginning, ask whether to leave',
  },
} as const satisfies KeyTable

const leaveKeys = {
  yes: { keys: ['y', 'ctrl-c'], label: 'leave', about: 'leave the console', hint: 9 },
  no: { keys: ['escape', 'n', 'q', 'left', 'backspace'], label: 'stay', about: 'stay in the console', hint: 8 },
} as const satisfies KeyTable

/** What a program ends with that was interrupted. */
const interruptedCode = 130

export interface GlobalKeysProps {
  readonly place: Place
  /** Nothing lies behind this place on its way. */
  readonly isAtStart: boolean
  leave(exitCode: number): void
}

export function GlobalKeys({ place, isAtStart, leave }: GlobalKeysProps): ReactNode {
  const services = useConsole()
  const { layers, store, terminal, screens, say } = services
  const [open, setOpen] = useState<'help' | 'palette' | 'leave' | null>(null)
  const isHome = isAtStart && place.id === 'dashboard'
  useKeys('global', 'Everywhere', globalKeys, {
    help: () => setOpen('help'),
    palette: () => setOpen('palette'),
    back: !isHome && (() => (isAtStart ? services.go('dashboard') : services.back())),
    quit: isHome && (() => leave(0)),
    refresh: () => {
      say('reading')
      void store.refresh().then(() => say(store.freshness().isStale ? 'not all of it could be read' : 'read anew'))
    },
    redraw: () => void services.handOver(async () => {}),
    suspend: () => void services.handOver(() => terminal.stop()),
    cancel: () => {
      if (isHome && !layers.hasDialog) setOpen('leave')
      else layers.press({ name: 'escape', text: '' })
    },
  })
  const digits: KeyTable = Object.fromEntries(
    screens
      .filter(({ digit }) => digit !== null)
      .map(({ id, title, digit }) => [
        `screen-${id}`,
        { keys: [String(digit)], label: title, about: `to the screen ${title}` },
      ]),
  )
  useKeys(
    'global',
    'Screens',
    digits,
    Object.fromEntries(
      screens.filter(({ digit }) => digit !== null).map(({ id }) => [`screen-${id}`, () => services.go(id)]),
    ),
  )
  const close = (): void => setOpen(null)
  if (open === null) return null
  return (
    <Above levels={overScreens}>
      {open === 'help' && <Help onClose={close} />}
      {open === 'palette' && <Palette onClose={close} />}
      {open === 'leave' && <Leave onYes={() => leave(interruptedCode)} onNo={close} />}
    </Above>
  )
}

/** More than dialogs of screens are ever nested. */
const overScreens = 10

function Leave({ onYes, onNo }: { onYes(): void; onNo(): void }): ReactNode {
  const { store } = useConsole()
  useKeys('dialog', 'Leave?', leaveKeys, { yes: onYes, no: onNo }, { modal: true })
  const running = store.runs.snapshot().value?.filter(({ state }) => state === 'running').length ?? 0
  const lines = [
    lineOf(running === 0 ? 'Nothing is running.' : `${running} running; jobs keep running without the console.`),
    [],
    lineOf(span('y', 'bold'), ' or ', span('Ctrl-C', 'bold'), ' leaves   ', span('Esc', 'bold'), ' stays'),
  ]
  return <Overlay title="Leave?" lines={lines} columns={50} />
}
