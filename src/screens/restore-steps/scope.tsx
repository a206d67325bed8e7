import { type ReactNode, useMemo } from 'react'
import type { Browser } from '../../model/browse.ts'
import type { BytePath } from '../../model/path.ts'
import { formatBytes, formatCount } from '../../model/units.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { Lines } from '../parts/lines.tsx'
import { TableView, useTable } from '../parts/table.tsx'
import { useFilterText } from '../parts/use-filter-text.ts'
import { exactly } from '../text/boxes.ts'
import type { Column } from '../text/columns.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { fitLine, type Line, lineOf, span } from '../text/line.ts'
import { plainMessage, plainPath, plainText } from '../text/plain.ts'
import type { Amount, MarkState } from '../text/restore-scope.ts'
import { timeText } from '../text/restore-words.ts'
import {
  everythingOrNothing,
  foundRows,
  isAll,
  isDirectory,
  nameOfRow,
  onlyPath,
  onlyService,
  type ScopeAnswers,
  type ScopeRow,
  scopeRows,
  toggledPath,
  toggledService,
} from '../text/scope-rows.ts'
import { type Found, useFind } from './use-find.ts'
import { type TreeState, useTree } from './use-tree.ts'

export const scopeKeys = {
  next: { keys: ['enter'], label: 'go on', about: 'take what is marked, and choose where it goes', hint: 9 },
  toggle: { keys: ['space'], label: 'mark', about: 'mark this and all below it, or take the mark away', hint: 9 },
  only: { keys: ['o'], label: 'only this', about: 'mark this alone, and nothing else', hint: 8 },
  all: { keys: ['a'], label: 'all or none', about: 'mark everything, or nothing', hint: 6 },
  open: { keys: ['right', 'l'], label: 'open', about: 'open this directory, or read on where there is more', hint: 7 },
  close: { keys: ['left', 'h'], label: 'close', about: 'close this directory, or go to the one it lies in' },
} as const satisfies KeyTable

export interface ScopeProps {
  readonly browser: Browser
  readonly answers: ScopeAnswers
  /** Paths that were brought along: the tree is open as far as they lie. */
  readonly shown: readonly BytePath[]
  /** What is marked; null while it is counted. */
  readonly amount: Amount | null
  readonly rows: number
  change(answers: ScopeAnswers): void
  next(): void
}

/** What is restored: everything, some services, or what is marked in the tree. */
export function Scope({ browser, answers, shown, amount, rows, change, next }: ScopeProps): ReactNode {
  const { glyphs } = useConsole()
  const { columns } = useArea()
  const tree = useTree(browser, shown)
  const find = useFilterText('Find')
  const found = useFind(browser, find.text)
  const list = useMemo(
    () => (found === null ? scopeRows(tree.tree, answers) : foundRows(found.rows, answers)),
    [tree.tree, found, answers],
  )
  const table = useTable({ title: 'Tree', rows: list, keyOf: ({ key }) => key, height: rows - 3 })
  useScopeKeys({ row: table.row, rows: list, tree, browser, answers, change, next, moveTo: table.moveTo })
  const tableColumns = useMemo(() => scopeColumns(glyphs), [glyphs])
  const title =
    find.line(columns, foundSpans(found)) ??
    ruleLine(lineOf('What is restored'), '/ finds a name in the whole backup', columns, glyphs)
  return (
    <>
      <Lines lines={[title]} />
      <TableView table={table} columns={tableColumns} width={columns} titles={false} />
      <Lines
        lines={exactly(
          [amountLine(answers, amount, browser, columns, glyphs), detailLine(table.row, columns, glyphs)],
          2,
        )}
      />
    </>
  )
}

interface ScopeKeysProps extends Pick<ScopeProps, 'browser' | 'answers' | 'change' | 'next'> {
  readonly row: ScopeRow | null
  readonly rows: readonly ScopeRow[]
  readonly tree: TreeState
  moveTo(index: number): void
}

function useScopeKeys({ row, rows, tree, browser, answers, change, next, moveTo }: ScopeKeysProps): void {
  const { services } = browser
  const canOpen =
    row !== null && ((row.kind === 'path' && !row.isFound && isDirectory(row.child)) || row.kind === 'service')
  useKeys('pane', 'Scope', scopeKeys, {
    next,
    toggle:
      row !== null &&
      row.kind !== 'note' &&
      (() => {
        if (row.kind === 'all') change(everythingOrNothing(services, answers))
        else if (row.kind === 'service') change(toggledService(services, row.service, answers))
        else change(toggledPath(services, row.service, row.path, answers))
      }),
    only:
      row !== null &&
      (row.kind === 'path' || row.kind === 'service') &&
      (() =>
        change(row.kind === 'path' ? onlyPath(services, row.service, row.path) : onlyService(services, row.service))),
    all: () => change(everythingOrNothing(services, answers)),
    open: () => {
      if (row?.kind === 'note' && row.more !== null) tree.readOn(row.more)
      else if (canOpen && !row.isOpen) tree.open(row.service, row.kind === 'path' ? row.path : ('' as BytePath))
      else if (canOpen) moveTo(rows.indexOf(row) + 1)
    },
    close: () => {
      if (row === null) return
      if (canOpen && row.isOpen) tree.close(row.key)
      else if (row.kind === 'path' && row.above !== null) moveTo(rows.findIndex(({ key }) => key === row.above))
    },
  })
}

function foundSpans(found: Found | null): Line {
  if (found === null) return []
  if (found.trouble !== null) return [span(`  ${plainMessage(found.trouble.message)}`, 'warning')]
  const count = `  ${formatCount(found.rows.length)}${found.isCut ? ' and more' : ''} found`
  return [span(count), ...(found.isSearching ? [span(', searching', 'dim')] : [])]
}

function scopeColumns(glyphs: Glyphs): readonly Column<ScopeRow>[] {
  return [
    { title: 'NAME', width: 24, upTo: 400, priority: 0, cut: 'middle', cell: (row) => rowText(row, glyphs) },
    {
      title: 'SIZE',
      width: 8,
      align: 'right',
      priority: 1,
      cell: (row) => {
        const entry = row.kind === 'path' ? row.child.entry : null
        return entry === null || entry.type === 'directory'
          ? ''
          : entry.type === 'file'
            ? formatBytes(entry.sizeBytes)
            : entry.type
      },
    },
    {
      title: 'MODIFIED',
      width: 20,
      priority: 2,
      cell: (row) => (row.kind === 'path' && row.child.entry !== null ? timeText(row.child.entry.mtimeNs) : ''),
    },
  ]
}

function rowText(row: ScopeRow, glyphs: Glyphs) {
  switch (row.kind) {
    case 'all':
      return span(`${markOf(row.state, glyphs)} everything`, 'bold')
    case 'service':
      return span(
        `${markOf(row.state, glyphs)} ${row.isOpen ? glyphs.open : glyphs.closed} service ${plainText(row.service)}`,
        'bold',
      )
    case 'note':
      return span(`${'  '.repeat(row.depth + 2)}${plainMessage(row.text)}`, row.isTrouble ? 'warning' : 'dim')
    case 'path': {
      const isDir = isDirectory(row.child)
      const fold = row.isFound ? '' : `${isDir ? (row.isOpen ? glyphs.open : glyphs.closed) : ' '} `
      return span(
        `${markOf(row.state, glyphs)} ${'  '.repeat(row.depth)}${fold}${plainPath(nameOfRow(row))}${isDir ? '/' : ''}`,
      )
    }
  }
}

function markOf(state: MarkState, glyphs: Glyphs): string {
  return state === 'on' ? glyphs.mark : state === 'partly' ? glyphs.partly : glyphs.unmarked
}

/** What is marked, in words: `everything`, `3 files, 1.2 MiB`. */
export function scopeText(answers: ScopeAnswers, amount: Amount | null): string {
  const size =
    amount === null
      ? ''
      : `${formatCount(amount.files)} ${amount.files === 1 ? 'file' : 'files'}, ${formatBytes(amount.bytes)}`
  if (isAll(answers)) return size === '' ? 'everything' : `everything: ${size}`
  return size === '' ? 'what is marked' : size
}

function amountLine(
  answers: ScopeAnswers,
  amount: Amount | null,
  browser: Browser,
  columns: number,
  glyphs: Glyphs,
): Line {
  const all = browser.services.reduce(
    (sum, { files, bytes }) => ({ files: sum.files + files, bytes: sum.bytes + bytes }),
    { files: 0, bytes: 0 },
  )
  const of = ` of ${formatCount(all.files)} files, ${formatBytes(all.bytes)}`
  const marked = amount === null ? 'counting what is marked' : scopeText(answers, amount)
  return fitLine(
    lineOf(' marked: ', span(marked, 'bold'), span(isAll(answers) ? '' : of, 'dim')),
    columns - 1,
    glyphs.cut,
  )
}

/** The whole path of the row the cursor is on: its name alone may be cut. */
function detailLine(row: ScopeRow | null, columns: number, glyphs: Glyphs): Line {
  if (row?.kind !== 'path') return lineOf(span(' Space marks, o marks one alone, Right opens, Enter goes on', 'dim'))
  const link = row.child.entry?.linkTarget
  const target = row.child.entry?.type === 'symlink' && link != null ? ` ${glyphs.arrow} ${plainPath(link)}` : ''
  return fitLine(lineOf(span(` /${plainPath(row.path)}${target}`, 'dim')), columns - 1, glyphs.cut)
}
