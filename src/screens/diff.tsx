import { type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { DiffOptions } from '../model/diff.ts'
import { formatCount } from '../model/units.ts'
import { useArea, useConsole, useIsActive } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { ScreenArguments } from './house/screen-arguments.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { type Filter, useFilter } from './parts/filter.tsx'
import { Lines } from './parts/lines.tsx'
import { TableView, useTable } from './parts/table.tsx'
import { TextOverlay } from './parts/text-overlay.tsx'
import { type ChangeKind, DiffReading, type DiffRow, type DiffState } from './store/diff-reading.ts'
import { emptyLines, exactly, troubleLines } from './text/boxes.ts'
import {
  bothVersions,
  diffColumns,
  diffFilterFields,
  diffWords,
  kindLine,
  kindWords,
  stateLines,
  versionLines,
} from './text/diff-lines.ts'
import { parseFilter } from './text/filter.ts'
import type { Glyphs } from './text/glyphs.ts'
import { shortId, shortMoment } from './text/ids.ts'
import { type Line, lineOf, span } from './text/line.ts'
import { plainPath } from './text/plain.ts'

const keys = {
  both: { keys: ['enter'], label: 'versions', about: 'what is known of both versions', hint: 9 },
  inspect: { keys: ['i'], label: 'inspect', about: 'look into the backup where this lies', hint: 7, needs: 'inspect' },
  restore: {
    keys: ['R'],
    label: 'restore',
    about: 'rehearse and run a restore of this, or of what is marked, from the older backup',
    hint: 8,
    needs: 'restore',
  },
  stop: { keys: ['escape', 'x'], label: 'stop', about: 'compare no further; what was found stays', hint: 9 },
  again: { keys: ['r'], label: 'again', about: 'compare anew' },
  rest: {
    keys: ['f'],
    label: 'find in all',
    about: 'compare anew, and list what passes the filter of all there is',
    hint: 8,
  },
  added: { keys: ['+'], label: 'added', about: 'only what was added, or all again' },
  changed: { keys: ['~'], label: 'changed', about: 'only what has other content, or all again' },
  removed: { keys: ['-'], label: 'removed', about: 'only what was removed, or all again' },
  renamed: { keys: ['>'], label: 'renamed', about: 'only what was renamed, or all again' },
  metadata: { keys: ['='], label: 'attributes', about: 'only what has other attributes, or all again' },
  next: { keys: ['n'], label: 'next', about: 'to the next difference' },
  before: { keys: ['N'], label: 'before', about: 'to the difference before' },
  copy: { keys: ['y'], label: 'copy path', about: 'this path into the clipboard' },
} as const satisfies KeyTable

/** The state of a comparison, and how to begin it anew. */
interface Comparing {
  readonly state: DiffState
  stop(): void
  /** @param holds which changes are listed. */
  again(holds: (row: DiffRow) => boolean): void
}

const everything = (): boolean => true

function Diff({ argument }: { readonly argument: ScreenArguments['diff'] }): ReactNode {
  const { glyphs, copy, open } = useConsole()
  const { columns, rows } = useArea()
  const comparing = useComparison(argument)
  const { state } = comparing
  const [only, setOnly] = useState<ChangeKind | null>(null)
  const [shown, show] = useState<DiffRow | null>(null)
  const ofKind = useMemo(
    () => (only === null ? state.rows : state.rows.filter(({ change }) => change === only)),
    [state.rows, only],
  )
  const filter = useFilter<DiffRow>({ rows: ofKind, fields: diffFilterFields, words: diffWords })
  const notices = stateLines(state, state.rows.length, columns, glyphs)
  const height = Math.max(1, rows - 6 - notices.length)
  const table = useTable<DiffRow>({ title: 'Changes', rows: filter.rows, keyOf, height, marks: true })
  const { row } = table
  const toggle = (kind: ChangeKind) => (): void => setOnly(only === kind ? null : kind)
  const { from } = argument
  const marked = table.marked()
  const restorable = (marked.length > 0 ? marked : row === null ? [] : [row]).filter(({ before }) => before !== null)
  const place = row === null ? null : placeOf(argument, row)
  useKeys('screen', 'Compare', keys, {
    both: row !== null && (() => show(row)),
    inspect: place !== null && (() => open('inspect', place)),
    restore: restorable.length > 0 && (() => open('restore', restoreOf(from, restorable))),
    stop: state.phase === 'reading' && comparing.stop,
    again: state.phase !== 'reading' && (() => comparing.again(everything)),
    rest:
      state.phase !== 'reading' &&
      state.cut &&
      (filter.isOn || only !== null) &&
      (() => comparing.again(holdsOf(filter, only))),
    added: toggle('added'),
    changed: toggle('changed'),
    removed: toggle('removed'),
    renamed: toggle('renamed'),
    metadata: toggle('metadata'),
    next: row !== null && (() => table.moveTo(table.index + 1)),
    before: row !== null && (() => table.moveTo(table.index - 1)),
    copy: row !== null && (() => copy(`/${plainPath(row.path)}`)),
  })
  const hasServices = state.rows.some(({ service }) => service !== state.rows[0]!.service)
  const tableColumns = useMemo(() => diffColumns(glyphs, hasServices), [glyphs, hasServices])
  if (state.trouble !== null && state.rows.length === 0)
    return <Lines lines={exactly(troubleLines(state.trouble, 'r tries again, Esc goes back', columns, glyphs), rows)} />
  const instead = insteadOf(state, filter, only, columns)
  return (
    <>
      <Lines
        lines={[
          filter.line(columns) ?? titleLine(argument, table.markCount, state, columns, glyphs),
          kindLine(state.totals, only, columns, glyphs),
          ...notices,
        ]}
      />
      {instead === null ? (
        <TableView table={table} columns={tableColumns} width={columns} />
      ) : (
        <Lines lines={exactly(instead, height + 1)} />
      )}
      <Lines
        lines={exactly(
          [ruleLine([], '', columns, glyphs), ...(row === null ? [] : versionLines(row, columns, glyphs))],
          3,
        )}
      />
      {shown !== null && (
        <TextOverlay title="Both versions" lines={(width) => bothVersions(shown, width)} onClose={() => show(null)} />
      )}
    </>
  )
}

function useComparison({ from, to }: ScreenArguments['diff']): Comparing {
  const { engine } = useConsole()
  const isActive = useIsActive()
  const [begin] = useState(() => (holds: (row: DiffRow) => boolean): DiffReading => {
    const against: DiffOptions['against'] = to === 'live' ? { kind: 'live' } : { kind: 'backup', id: to }
    return new DiffReading(engine, { backup: from, services: [], against }, holds)
  })
  const [reading, setReading] = useState(() => begin(everything))
  useEffect(() => () => reading.close(), [reading])
  // What is not looked at is not drawn, but goes on.
  const state = useSyncExternalStore(isActive ? reading.subscribe : unwatched, reading.snapshot)
  return { state, stop: () => reading.stop(), again: (holds) => setReading(begin(holds)) }
}

const unwatched = (): (() => void) => () => {}

function keyOf({ service, path, change }: DiffRow): string {
  return `${service}\0${change}\0${path}`
}

/** What passes the filter as it is now. */
function holdsOf({ text }: Filter<DiffRow>, only: ChangeKind | null): (row: DiffRow) => boolean {
  const parsed = parseFilter(text, diffFilterFields, (row) => diffWords(row).toLowerCase())
  return (row) => (only === null || row.change === only) && (parsed.kind === 'error' || parsed.test(row))
}

/** The newer backup where it has it, else the older one; null where only the disk has it. */
function placeOf({ from, to }: ScreenArguments['diff'], row: DiffRow): ScreenArguments['inspect'] | null {
  const { service, path, before, after } = row
  if (after !== null && to !== 'live') return { backup: to, service, path }
  return before === null ? null : { backup: from, service, path: row.from ?? path }
}

function restoreOf(backup: string, rows: readonly DiffRow[]): ScreenArguments['restore'] {
  return {
    backup,
    services: [...new Set(rows.map(({ service }) => service))],
    paths: rows.map(({ from, path }) => from ?? path),
  }
}

function titleLine(
  { from, to }: ScreenArguments['diff'],
  marked: number,
  { phase, totals }: DiffState,
  columns: number,
  glyphs: Glyphs,
): Line {
  const count = kindWords.reduce((sum, { kind }) => sum + totals[kind].count, 0)
  const name = (id: string): string => `${shortId(id)} ${shortMoment(momentOfId(id))}`
  return ruleLine(
    lineOf(
      span(name(from), 'bold'),
      ` ${glyphs.arrow} `,
      span(to === 'live' ? 'the disk' : name(to), 'bold'),
      ...(marked === 0 ? [] : [span(`  ${glyphs.mark} ${formatCount(marked)} marked`, 'bold')]),
    ),
    `${formatCount(count)}${phase === 'reading' ? ' so far' : count === 1 ? ' change' : ' changes'}`,
    columns,
    glyphs,
  )
}

/** An id begins with its time, with dashes in the place of colons. */
function momentOfId(id: string): string {
  return id.replace(/^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\dZ).*$/, '$1:$2:$3')
}

function insteadOf(
  { phase, rows }: DiffState,
  filter: Filter<DiffRow>,
  only: ChangeKind | null,
  columns: number,
): readonly Line[] | null {
  if (filter.rows.length > 0) return null
  if (rows.length > 0)
    return filter.isOn
      ? emptyLines('Nothing matches.', 'Esc shows all again.', columns)
      : emptyLines(`None of these were ${only ?? 'found'}.`, 'The same key shows all again.', columns)
  if (phase === 'reading') return emptyLines('Comparing…', '', columns)
  if (phase === 'stopped') return emptyLines('Nothing was found before it was stopped.', 'r compares anew.', columns)
  return phase === 'failed' ? null : emptyLines('There is no difference.', '', columns)
}

export const diff: ScreenSpec<'diff'> = {
  id: 'diff',
  title: 'Compare',
  digit: null,
  keys,
  crumb: ({ from, to }) => `Compare ${shortId(from)} ${to === 'live' ? 'with the disk' : shortId(to)}`,
  aliases: ['diff'],
  Screen: Diff,
}
