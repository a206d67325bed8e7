import { type ReactNode, useState } from 'react'
import { useArea } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { Above, Overlay, overlayColumns } from './overlay.tsx'

export const textKeys = {
  up: { keys: ['up', 'k'], label: 'up', about: 'one line up' },
  down: { keys: ['down', 'j'], label: 'down', about: 'one line down' },
  pageUp: { keys: ['pageup'], label: 'page up', about: 'one page up' },
  pageDown: { keys: ['pagedown', 'space'], label: 'page down', about: 'one page down' },
  first: { keys: ['g', 'home'], label: 'first', about: 'to the first line' },
  last: { keys: ['G', 'end'], label: 'last', about: 'to the last line' },
  close: { keys: ['escape', 'enter', 'q', 'left', 'backspace'], label: 'close', about: 'close it', hint: 9 },
} as const satisfies KeyTable

export interface TextOverlayProps {
  readonly title: string
  /** The text in so many columns. */
  lines(columns: number): readonly Line[]
  /** Of the whole box, at most. */
  readonly columns?: number
  onClose(): void
}

const wantedColumns = 76

/** A text over the screen, of any length. */
export function TextOverlay(props: TextOverlayProps): ReactNode {
  return (
    <Above>
      <Reading {...props} />
    </Above>
  )
}

function Reading({ title, lines: linesIn, columns = wantedColumns, onClose }: TextOverlayProps): ReactNode {
  const area = useArea()
  const [wanted, setTop] = useState(0)
  const lines = linesIn(overlayColumns(area, columns) - 4)
  const height = Math.max(1, Math.min(lines.length, area.rows - 6))
  const last = lines.length - height
  const top = Math.max(0, Math.min(wanted, last))
  const to = (line: number) => (): void => setTop(Math.max(0, Math.min(last, line)))
  useKeys(
    'dialog',
    title,
    textKeys,
    {
      up: to(top - 1),
      down: to(top + 1),
      pageUp: to(top - height),
      pageDown: to(top + height),
      first: to(0),
      last: to(last),
      close: onClose,
    },
    { modal: true },
  )
  const where = last === 0 ? '' : `   ${top + 1} to ${top + height} of ${lines.length}`
  const shown = [...lines.slice(top, top + height), [], lineOf(span('Esc', 'bold'), ' closes', span(where, 'dim'))]
  return <Overlay title={title} lines={shown} columns={columns} />
}
