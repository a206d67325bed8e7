import { type ReactNode, useMemo, useState } from 'react'
import type { CatalogEntry } from '../model/backup.ts'
import { formatBytes, formatCount } from '../model/units.ts'
import { useArea, useConsole, useLoaded, useMinute } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { DeleteDialog } from './parts/delete-dialog.tsx'
import { DrillDialog } from './parts/drill-dialog.tsx'
import { useFilter } from './parts/filter.tsx'
import { Lines } from './parts/lines.tsx'
import { Menu } from './parts/menu.tsx'
import { NotRead } from './parts/not-read.tsx'
import { PinDialog } from './parts/pin-dialog.tsx'
import { type TableState, TableView, useTable } from './parts/table.tsx'
import { VerifyMenu } from './parts/verify-menu.tsx'
import {
  backupFilterFields,
  backupLines,
  backupWords,
  keepWord,
  shortType,
  stateOfBackup,
  verifiedSpan,
} from './text/backup-words.ts'
import { emptyLines, exactly } from './text/boxes.ts'
import { type Column, stateColumn } from './text/columns.ts'
import type { Glyphs } from './text/glyphs.ts'
import { ageText, shortId, shortMoment } from './text/ids.ts'
import { type Line, lineOf, span } from './text/line.ts'
import { plainMessage, plainText } from './text/plain.ts'

const keys = {
  inspect: { keys: ['enter'], label: 'inspect', about: 'look into this backup', hint: 9, needs: 'inspect' },
  restore: {
    keys: ['R'],
    label: 'restore',
    about: 'rehearse and run a restore from this backup',
    hint: 8,
    needs: 'restore',
  },
  backup: { keys: ['B'], label: 'back up', about: 'make a backup', danger: 1, hint: 3, needs: 'create' },
  verify: { keys: ['V'], label: 'verify', about: 'prove that this backup is whole', danger: 1, hint: 7 },
  drill: { keys: ['T'], label: 'drill', about: 'restore it into a scratch place, timed and compared', danger: 1 },
  pin: {
    keys: ['P'],
    label: 'pin',
    about: 'hold this backup or the marked ones so that nothing deletes them; or let go',
    danger: 1,
    hint: 5,
  },
  remove: { keys: ['D'], label: 'delete', about: 'delete this backup, after its id was typed', danger: 2, hint: 2 },
  diff: {
    keys: ['='],
    label: 'compare',
    about: 'what changed between two marked backups, or the marked one and this one',
    hint: 4,
    needs: 'diff',
  },
  sort: { keys: ['o'], label: 'sort', about: 'choose the order', hint: 4 },
  copy: { keys: ['y'], label: 'copy id', about: "this backup's id into the clipboard" },
} as const satisfies KeyTable

type Order = 'newest' | 'oldest' | 'largest' | 'service' | 'risk' | 'verified'

const orders: readonly { readonly value: Order; readonly label: string }[] = [
  { value: 'newest', label: 'newest first' },
  { value: 'oldest', label: 'oldest first' },
  { value: 'risk', label: 'what is wrong first' },
  { value: 'verified', label: 'longest not verified first' },
  { value: 'largest', label: 'largest first' },
  { value: 'service', label: 'by service' },
]

const riskOrder = ['failed', 'warning', 'pending', 'ok']
const noBackups: readonly CatalogEntry[] = []

/** A dialog keeps the backup it was opened about, whatever the list does meanwhile. */
type Open =
  | { readonly kind: 'sort' }
  | { readonly kind: 'verify' | 'drill' | 'delete'; readonly backup: CatalogEntry }
  | { readonly kind: 'pin'; readonly backups: readonly CatalogEntry[] }

function Backups(): ReactNode {
  const { glyphs, store, facts, now: clock } = useConsole()
  const { columns, rows } = useArea()
  const now = useMinute()
  const list = useLoaded(store.list)
  const [order, setOrder] = useState<Order>('newest')
  const [open, setOpen] = useState<Open | null>(null)
  const all = list.value?.backups ?? noBackups
  const sorted = useMemo(() => inOrder(all, order), [all, order])
  const fields = useMemo(() => backupFilterFields(clock), [clock])
  const filter = useFilter({ rows: sorted, fields, words: backupWords })
  const notice = noticeLine(
    list.trouble === null ? (list.value?.problems[0] ?? null) : `${list.trouble.doing} failed: ${list.trouble.message}`,
    glyphs,
  )
  const detailRows = rows < 16 ? 3 : 4
  const height = rows - 2 - detailRows - notice.length
  const table = useTable({ title: 'Backups', rows: filter.rows, keyOf: ({ id }) => id, height, marks: true })
  const { row } = table
  useBackupKeys(table, setOpen)
  const tableColumns = useMemo(() => backupColumns(glyphs, now), [glyphs, now])

  if (list.value === null) return <NotRead trouble={list.trouble} reading="Reading the list of backups" />
  const title = filter.line(columns) ?? titleLine(table, all.length, order, columns, glyphs)
  const below: readonly Line[] =
    row === null
      ? emptyLines(
          filter.isOn ? 'Nothing matches.' : 'No backups yet.',
          filter.isOn
            ? 'Esc shows all again.'
            : `${facts.readOnly ? 'On' : 'B makes one; on'} the command line: holdfast create PATH`,
          columns,
        )
      : [ruleLine([], row.id, columns, glyphs), ...backupLines(row, now, glyphs)]
  const close = (): void => setOpen(null)
  return (
    <>
      <Lines lines={[...notice, title]} />
      <TableView table={table} columns={tableColumns} width={columns} />
      <Lines lines={exactly(below, detailRows)} />
      {open?.kind === 'sort' && (
        <Menu
          title="Order"
          items={orders}
          initial={order}
          onClose={close}
          onChoose={(chosen) => {
            close()
            setOrder(orders.find(({ value }) => value === chosen)?.value ?? order)
          }}
        />
      )}
      {open?.kind === 'pin' && <PinDialog backups={open.backups} onClose={close} />}
      {open?.kind === 'verify' && <VerifyMenu backups={[open.backup]} onClose={close} />}
      {open?.kind === 'drill' && <DrillDialog backup={open.backup} onClose={close} />}
      {open?.kind === 'delete' && <DeleteDialog backup={open.backup} onClose={close} />}
    </>
  )
}

function useBackupKeys(table: TableState<CatalogEntry>, setOpen: (open: Open) => void): void {
  const { open, copy, say } = useConsole()
  const { row } = table
  const has = row !== null
  const isThere = has && row.missing !== true
  useKeys('screen', 'Backups', keys, {
    inspect: isThere && (() => open('inspect', { backup: row.id })),
    restore: isThere && (() => open('restore', { backup: row.id })),
    backup: () => open('create', {}),
    verify: isThere && (() => setOpen({ kind: 'verify', backup: row })),
    drill: isThere && (() => setOpen({ kind: 'drill', backup: row })),
    pin: has && (() => setOpen({ kind: 'pin', backups: table.markCount > 0 ? table.marked() : [row] })),
    remove: isThere && (() => setOpen({ kind: 'delete', backup: row })),
    diff:
      has &&
      (() => {
        const pair = pairOf(table)
        if (pair === null) say('mark two with Space, or mark one and stand on the other')
        else open('diff', { from: pair[0].id, to: pair[1].id })
      }),
    sort: has && (() => setOpen({ kind: 'sort' })),
    copy: has && (() => copy(row.id)),
  })
}

/** The two that are to be compared, the older one first; null where it is not clear which. */
function pairOf({ row, marked, markCount }: TableState<CatalogEntry>): readonly [CatalogEntry, CatalogEntry] | null {
  const chosen = [...marked()]
  if (markCount === 1 && chosen.length === 1 && row !== null && row !== chosen[0]) chosen.push(row)
  const [a, b] = chosen
  if (a === undefined || b === undefined || chosen.length !== 2) return null
  return a.createdAt <= b.createdAt ? [a, b] : [b, a]
}

function inOrder(backups: readonly CatalogEntry[], order: Order): readonly CatalogEntry[] {
  switch (order) {
    case 'newest':
      return backups
    case 'oldest':
      return backups.toReversed()
    case 'largest':
      return backups.toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    case 'service':
      return backups.toSorted((a, b) => compare(a.services.join(), b.services.join()))
    case 'risk':
      return backups.toSorted((a, b) => riskOrder.indexOf(stateOfBackup(a)) - riskOrder.indexOf(stateOfBackup(b)))
    case 'verified':
      return backups.toSorted((a, b) => compare(a.verified?.at ?? '', b.verified?.at ?? ''))
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function noticeLine(text: string | null, glyphs: Glyphs): readonly Line[] {
  return text === null ? [] : [lineOf(span(` ${glyphs.warning} ${plainMessage(text)}`, 'warning'))]
}

function titleLine(
  { markCount }: TableState<CatalogEntry>,
  count: number,
  order: Order,
  columns: number,
  glyphs: Glyphs,
): Line {
  const marks = markCount === 0 ? [] : [span(`  ${glyphs.mark} ${formatCount(markCount)} marked`, 'bold')]
  const orderWord = orders.find(({ value }) => value === order)!.label
  return ruleLine(lineOf('Backups ', span(formatCount(count), 'bold'), ...marks), orderWord, columns, glyphs)
}

function backupColumns(glyphs: Glyphs, now: number): readonly Column<CatalogEntry>[] {
  return [
    stateColumn(glyphs, stateOfBackup),
    { title: 'ID', width: 4, upTo: 8, priority: 0, cut: 'start', cell: ({ id }) => shortId(id) },
    { title: 'SERVICE', width: 10, upTo: 24, priority: 0, cell: ({ services }) => plainText(services.join(', ')) },
    { title: 'WHEN', width: 11, priority: 0, cell: ({ createdAt }) => shortMoment(createdAt) },
    { title: 'AGE', width: 4, align: 'right', priority: 4, cell: ({ createdAt }) => ageText(createdAt, now) },
    { title: 'SIZE', width: 8, align: 'right', priority: 2, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
    { title: 'TYPE', width: 4, priority: 3, cell: ({ type }) => shortType(type) },
    { title: 'VERIFIED', width: 8, priority: 1, cell: ({ verified }) => verifiedSpan(verified, now, glyphs) },
    { title: 'KEEP', width: 4, priority: 1, cell: (entry) => keepWord(entry) },
    {
      title: 'FILES',
      width: 9,
      align: 'right',
      priority: 7,
      cell: ({ files }) => (files === null ? '-' : formatCount(files)),
    },
    {
      title: 'DESCRIPTION',
      width: 12,
      upTo: 60,
      priority: 5,
      cell: ({ description }) => plainText(description ?? ''),
    },
  ]
}

export const backups: ScreenSpec<'backups'> = {
  id: 'backups',
  title: 'Backups',
  digit: 2,
  keys,
  aliases: ['list', 'archives'],
  Screen: Backups,
}
