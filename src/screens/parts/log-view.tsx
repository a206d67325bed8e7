import { type ReactNode, useMemo, useState } from 'react'
import { formatCount } from '../../model/units.ts'
import { useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { wrap } from '../text/cut.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { fitLine, type Line, type Look, lineOf, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import type { LogLine } from '../text/run-log-lines.ts'
import { Lines } from './lines.tsx'
import { useTextField } from './text-field.ts'

export const logKeys = {
  up: { keys: ['up', 'k'], label: 'up', about: 'one line up; what is new is not followed then' },
  down: { keys: ['down', 'j'], label: 'down', about: 'one line down; at the end what is new is followed' },
  pageUp: { keys: ['pageup'], label: 'page up', about: 'one page up' },
  pageDown: { keys: ['pagedown', 'space'], label: 'page down', about: 'one page down' },
  first: { keys: ['g', 'home'], label: 'first', about: 'to the first line' },
  last: { keys: ['G', 'end'], label: 'follow', about: 'to the end, and on with what is new', hint: 5 },
  search: { keys: ['/'], label: 'search', about: 'find a text in the log; nothing is left out', hint: 6 },
  next: { keys: ['n'], label: 'next', about: 'the next line that holds it', hint: 7 },
  previous: { keys: ['N'], label: 'previous', about: 'the line before that holds it' },
  wrap: { keys: ['w'], label: 'wrap', about: 'break long lines, or cut them off', hint: 3 },
  forget: { keys: ['escape'], label: 'end search', about: 'forget what was searched', hint: 4 },
} as const satisfies KeyTable

interface View {
  /** Number of the first line that is seen; null at the end, where what is new is followed. */
  readonly top: number | null
  /** How many lines there were when following ended. */
  readonly pausedAt: number
  /** Number of the line that was found last. */
  readonly found: number | null
  readonly isWrapped: boolean
  readonly isSearching: boolean
}

const atEnd: View = { top: null, pausedAt: 0, found: null, isWrapped: false, isSearching: false }
const levelLooks: Readonly<Record<LogLine['level'], Look | undefined>> = { I: undefined, W: 'warning', E: 'failed' }

/** A log in exactly `rows` rows with its title: at its end it follows what is new, above it stays where it is. */
export function LogView({
  lines,
  columns,
  rows,
  isDone,
}: {
  readonly lines: readonly LogLine[]
  readonly columns: number
  readonly rows: number
  /** Nothing new comes any more. */
  readonly isDone: boolean
}): ReactNode {
  const { glyphs } = useConsole()
  const [view, setView] = useState(atEnd)
  const height = Math.max(1, rows - 1)
  const change = (more: Partial<View>): void => setView((before) => ({ ...before, ...more }))
  const field = useTextField({
    title: 'search',
    active: view.isSearching,
    submit: (text) => {
      change({ isSearching: false })
      goToMatch(text, 1)
    },
    cancel: () => {
      field.set('')
      change({ isSearching: false, found: null })
    },
  })
  const wanted = field.text.toLowerCase()
  const shown = useMemo(
    () => lines.flatMap((line) => drawn(line, columns, view.isWrapped, glyphs)),
    [lines, columns, view.isWrapped, glyphs],
  )
  const first = lines[0]?.number ?? 0
  const lastTop = Math.max(0, shown.length - height)
  const top = view.top === null ? lastTop : Math.min(lastTop, indexOf(shown, view.top))
  const to = (row: number): void => {
    const next = Math.max(0, Math.min(lastTop, row))
    // At the end it follows again.
    if (next === lastTop) change({ top: null })
    else change({ top: shown[next]!.number, pausedAt: view.top === null ? lines.length + first : view.pausedAt })
  }
  const goToMatch = (text: string, direction: 1 | -1): void => {
    const looked = text.toLowerCase()
    const matches = looked === '' ? [] : lines.filter((line) => line.text.toLowerCase().includes(looked))
    const from = view.found ?? (direction === 1 ? (shown[top]?.number ?? 0) - 1 : Number.POSITIVE_INFINITY)
    const next =
      direction === 1
        ? (matches.find(({ number }) => number > from) ?? matches[0])
        : (matches.findLast(({ number }) => number < from) ?? matches.at(-1))
    if (next === undefined) {
      change({ found: null })
      return
    }
    const row = indexOf(shown, next.number)
    const isSeen = row >= top && row < top + height
    const newTop = isSeen ? top : Math.max(0, Math.min(lastTop, row - Math.floor(height / 2)))
    change({ found: next.number, top: shown[newTop]!.number, pausedAt: lines.length + first })
  }
  useKeys('pane', 'Log', logKeys, {
    up: () => to(top - 1),
    down: () => to(top + 1),
    pageUp: () => to(top - height),
    pageDown: () => to(top + height),
    first: () => to(0),
    last: () => change({ top: null }),
    search: !view.isSearching && (() => change({ isSearching: true })),
    next: wanted !== '' && (() => goToMatch(field.text, 1)),
    previous: wanted !== '' && (() => goToMatch(field.text, -1)),
    wrap: () => change({ isWrapped: !view.isWrapped }),
    forget:
      wanted !== '' &&
      !view.isSearching &&
      (() => {
        field.set('')
        change({ found: null })
      }),
  })
  const count = wanted === '' ? 0 : lines.filter((line) => line.text.toLowerCase().includes(wanted)).length
  const fresh = lines.length + first - view.pausedAt
  const where =
    view.top !== null && !isDone
      ? `paused${fresh > 0 ? `, ${formatCount(fresh)} new` : ''}, G follows`
      : view.top === null && !isDone
        ? 'following'
        : `${formatCount(Math.min(lines.length, top + height))} of ${formatCount(shown.length)}`
  const title: Line = view.isSearching
    ? [span(' /', 'bold'), ...field.spans(columns - 30), span(`  ${formatCount(count)} found`)]
    : ruleLine(
        lineOf(
          'Log ',
          span(formatCount(lines.length + first), 'bold'),
          ...(wanted === '' ? [] : [`  /${plainText(field.text)} `, span(formatCount(count), 'bold')]),
        ),
        where,
        columns,
        glyphs,
      )
  const window = shown.slice(top, top + height)
  const body = window.map(({ number, line }) =>
    number === view.found ? [span(glyphs.cursor), ...line.slice(1)] : line,
  )
  while (body.length < height) body.push([])
  return <Lines lines={[title, ...body]} />
}

interface Drawn {
  readonly number: number
  readonly line: Line
}

function drawn({ number, time, level, text }: LogLine, columns: number, isWrapped: boolean, glyphs: Glyphs): Drawn[] {
  const look = levelLooks[level]
  const head = [span(' '), span(`${time} `, 'dim'), span(`${level} `, look)]
  const room = columns - 13
  if (!isWrapped) return [{ number, line: fitLine([...head, span(text, look)], columns - 1, glyphs.cut) }]
  return wrap(text, room).map((part, at) => ({
    number,
    line: at === 0 ? [...head, span(part, look)] : [span(' '.repeat(12)), span(part, look)],
  }))
}

/** Where a line begins; where it has been cut off since, the first that is left. */
function indexOf(shown: readonly Drawn[], number: number): number {
  const found = shown.findIndex((one) => one.number >= number)
  return found < 0 ? Math.max(0, shown.length - 1) : found
}
