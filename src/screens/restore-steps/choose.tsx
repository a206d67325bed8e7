import { type ReactNode, useEffect, useMemo, useRef } from 'react'
import type { CatalogEntry } from '../../model/backup.ts'
import { formatBytes, formatCount } from '../../model/units.ts'
import { useArea, useConsole, useLoaded, useMinute } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { useFilter } from '../parts/filter.tsx'
import { Lines } from '../parts/lines.tsx'
import { TableView, useTable } from '../parts/table.tsx'
import {
  backupFilterFields,
  backupLines,
  backupWords,
  shortType,
  stateOfBackup,
  verifiedSpan,
} from '../text/backup-words.ts'
import { sparkline } from '../text/bars.ts'
import { emptyLines, exactly } from '../text/boxes.ts'
import { type Column, stateColumn } from '../text/columns.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { ageText, shortId, shortMoment } from '../text/ids.ts'
import { fitLine, type Line, lineOf, span } from '../text/line.ts'
import { plainText } from '../text/plain.ts'

export const chooseKeys = {
  take: { keys: ['enter'], label: 'take it', about: 'restore from this backup', hint: 9 },
} as const satisfies KeyTable

export interface ChooseProps {
  readonly backup: string
  /** The services the wizard was opened about; empty: those of the backup. */
  readonly services: readonly string[]
  readonly rows: number
  choose(entry: CatalogEntry): void
}

const noBackups: readonly CatalogEntry[] = []

/** Another backup of the same: how it was yesterday, or the last one that is proven. */
export function Choose({ backup, services, rows, choose }: ChooseProps): ReactNode {
  const { glyphs, store, now: clock } = useConsole()
  const { columns } = useArea()
  const now = useMinute()
  const { value } = useLoaded(store.list)
  const all = value?.backups ?? noBackups
  const alike = useMemo(() => withSameServices(all, backup, services), [all, backup, services])
  const fields = useMemo(() => backupFilterFields(clock), [clock])
  const filter = useFilter({ rows: alike, fields, words: backupWords })
  const timeline = rows < 16 ? 0 : 2
  const height = rows - 5 - timeline
  const table = useTable({ title: 'Backups', rows: filter.rows, keyOf: ({ id }) => id, height })
  // It begins on the one it was opened with.
  const hasBegun = useRef(false)
  const at = filter.rows.findIndex(({ id }) => id === backup)
  const { moveTo } = table
  useEffect(() => {
    if (hasBegun.current || at < 0) return
    hasBegun.current = true
    moveTo(at)
  }, [at, moveTo])
  const { row } = table
  useKeys('pane', 'Choose', chooseKeys, { take: row !== null && row.missing !== true && (() => choose(row)) })
  const tableColumns = useMemo(() => chooseColumns(glyphs, now), [glyphs, now])
  const names = services.length > 0 ? services : (all.find(({ id }) => id === backup)?.services ?? [])
  const title =
    filter.line(columns) ??
    ruleLine(
      lineOf('Backups of ', span(plainText(names.join(', ')), 'bold'), ` ${formatCount(alike.length)}`),
      'newest first',
      columns,
      glyphs,
    )
  const below: readonly Line[] =
    row === null ? emptyLines('Nothing matches.', 'Esc shows all again.', columns) : backupLines(row, now, glyphs)
  return (
    <>
      <Lines lines={[title]} />
      {timeline > 0 && <Lines lines={exactly(timelineOf(filter.rows, row, columns, glyphs), timeline)} />}
      <TableView table={table} columns={tableColumns} width={columns} />
      <Lines
        lines={exactly(
          below.map((line) => fitLine(line, columns - 1, glyphs.cut)),
          3,
        )}
      />
    </>
  )
}

function withSameServices(
  all: readonly CatalogEntry[],
  backup: string,
  services: readonly string[],
): readonly CatalogEntry[] {
  const given = all.find(({ id }) => id === backup)
  const wanted = services.length > 0 ? services : (given?.services ?? [])
  return all.filter(
    (entry) =>
      entry.id === backup || (entry.type !== 'safety' && wanted.every((name) => entry.services.includes(name))),
  )
}

/** The newest backups by size, the newest on the right, and where the cursor is among them. */
function timelineOf(
  backups: readonly CatalogEntry[],
  row: CatalogEntry | null,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] {
  const room = Math.max(0, columns - 18)
  const shown = backups.slice(0, room).toReversed()
  const [oldest, newest] = [shown[0], shown.at(-1)]
  if (oldest === undefined || newest === undefined) return []
  const plot = sparkline(
    shown.map(({ sizeBytes, verified }) => ({ value: sizeBytes, failed: verified?.ok === false })),
    room,
    glyphs,
  )
  const start = ` ${shortMoment(oldest.createdAt).slice(0, 5)} `
  const at = row === null ? -1 : shown.indexOf(row)
  return [
    lineOf(span(start, 'dim'), plot, span(` ${shortMoment(newest.createdAt).slice(0, 5)}`, 'dim')),
    at < 0 ? [] : lineOf(`${' '.repeat(start.length + at)}${glyphs.up}`),
  ]
}

function chooseColumns(glyphs: Glyphs, now: number): readonly Column<CatalogEntry>[] {
  return [
    stateColumn(glyphs, stateOfBackup),
    { title: 'ID', width: 4, upTo: 8, priority: 0, cell: ({ id }) => shortId(id) },
    { title: 'WHEN', width: 11, priority: 0, cell: ({ createdAt }) => shortMoment(createdAt) },
    { title: 'AGE', width: 4, align: 'right', priority: 0, cell: ({ createdAt }) => ageText(createdAt, now) },
    {
      title: 'VERIFIED',
      width: 14,
      priority: 0,
      cell: ({ verified }) =>
        verified === null ? span('never verified', 'warning') : verifiedSpan(verified, now, glyphs),
    },
    { title: 'TYPE', width: 4, priority: 3, cell: ({ type }) => shortType(type) },
    {
      title: 'SIZE',
      width: 8,
      align: 'right',
      priority: 2,
      cell: ({ bytes, sizeBytes }) => formatBytes(bytes ?? sizeBytes),
    },
    { title: 'SERVICES', width: 10, upTo: 24, priority: 4, cell: ({ services }) => plainText(services.join(', ')) },
    { title: 'DESCRIPTION', width: 12, upTo: 60, priority: 5, cell: ({ description }) => plainText(description ?? '') },
  ]
}
