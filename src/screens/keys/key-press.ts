import type { Key } from 'ink'

/** One key as a person knows it. */
export interface KeyPress {
  /** As bindings spell it: `a`, `B`, `/`, `enter`, `escape`, `shift-tab`, `ctrl-l`, `alt-x`. Empty for none we know. */
  readonly name: string
  /** What it types; empty for a key that types nothing. */
  readonly text: string
}

const flags = [
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  ['delete', 'delete'],
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['tab', 'tab'],
] as const satisfies readonly (readonly [keyof Key, string])[]

export function keyPressOf(input: string, key: Key): KeyPress {
  for (const [flag, name] of flags) {
    if (!key[flag]) continue
    const modifiers = `${key.ctrl ? 'ctrl-' : ''}${key.meta ? 'alt-' : ''}${key.shift ? 'shift-' : ''}`
    return { name: modifiers + name, text: '' }
  }
  if (input === ' ' && !key.ctrl && !key.meta) return { name: 'space', text: ' ' }
  if (key.ctrl) return { name: input === '' ? '' : `ctrl-${input}`, text: '' }
  if (key.meta) return { name: input === '' ? '' : `alt-${input}`, text: '' }
  if (input === '' || /\p{Cc}/u.test(input)) return { name: input === '\n' ? 'ctrl-j' : '', text: '' }
  return { name: input, text: input }
}

const shownNames: Record<string, string> = {
  enter: 'Enter',
  escape: 'Esc',
  backspace: 'Backspace',
  delete: 'Del',
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  tab: 'Tab',
  'shift-tab': 'Shift-Tab',
  space: 'Space',
}

/** How a key is called in hints, help and documents. */
export function shownKey(name: string): string {
  const shown = shownNames[name]
  if (shown !== undefined) return shown
  return name.startsWith('ctrl-') ? `Ctrl-${name.slice(5).toUpperCase()}` : name
}

/**
 * Why a key must never be bound; null where it may. Function keys and Insert do not reach an Ink program, Alt is an Esc
 * that came with the next key over a slow line, Ctrl-A and Ctrl-B belong to screen and tmux, Ctrl-S and Ctrl-Q to the
 * flow control of the line; Ctrl-H, I, J and M are Backspace, Tab, line feed and Enter; Ctrl-\ ends programs.
 */
export function whyNeverBound(name: string): string | null {
  if (/^f\d+$/.test(name) || name === 'insert') return 'it does not reach the program'
  if (name.includes('alt-')) return 'over a slow line it is Esc and another key'
  if (/^ctrl-[ab]$/.test(name)) return 'it belongs to screen or tmux'
  if (/^ctrl-[sq]$/.test(name)) return 'it is flow control'
  if (/^ctrl-[hijm]$/.test(name)) return 'it is another key by the same byte'
  if (name === 'ctrl-\\') return 'it ends programs'
  return null
}
