import { type ReactNode, useMemo } from 'react'
import type { CatalogEntry } from '../../model/backup.ts'
import type { ConfiguredService, SourceListing } from '../../model/source-listing.ts'
import { useArea, useConsole, useMinute } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import { exactly } from '../text/boxes.ts'
import type { Column } from '../text/columns.ts'
import { serviceLines } from '../text/create-lines.ts'
import { wrongWith } from '../text/create-request.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { ageText } from '../text/ids.ts'
import { lineOf, span } from '../text/line.ts'
import { plainMessage, plainPath, plainText } from '../text/plain.ts'
import { Lines } from './lines.tsx'
import { type TableState, TableView, useTable } from './table.tsx'

/** A configured service, and whether it is to be backed up. */
export interface ServiceRow {
  readonly service: ConfiguredService
  readonly isMarked: boolean
  /** The newest backup that holds it; null where there is none. */
  readonly newest: CatalogEntry | null
}

/** The services as a list with a cursor; what is marked belongs to the wizard, so that Esc does not take it away. */
export function useServices(
  { services }: SourceListing,
  marks: ReadonlySet<string>,
  backups: readonly CatalogEntry[],
  rows: number,
  isActive: boolean,
): TableState<ServiceRow> {
  const newest = useMemo(
    () => new Map(services.map(({ name }) => [name, newestOf(name, backups)] as const)),
    [services, backups],
  )
  const all = services.map((service) => ({
    service,
    isMarked: marks.has(service.name),
    newest: newest.get(service.name) ?? null,
  }))
  return useTable({
    title: 'Services',
    rows: all,
    keyOf: ({ service }) => service.name,
    height: serviceRows(all.length, rows).table,
    active: isActive,
  })
}

function newestOf(name: string, backups: readonly CatalogEntry[]): CatalogEntry | null {
  return (
    backups.find(({ type, missing, services }) => services.includes(name) && type !== 'safety' && missing !== true) ??
    null
  )
}

/** The rule above the list, and its titles. */
const titleRows = 2

/** How many services are seen, and how much of the one under the cursor, on so many rows. */
export function serviceRows(count: number, rows: number): { readonly table: number; readonly detail: number } {
  const leastDetail = rows < 14 ? 3 : 6
  const table = Math.max(1, Math.min(count, rows - titleRows - leastDetail))
  return { table, detail: rows - titleRows - table }
}

/** Exactly `rows` high. */
export function ServiceChoice({
  table,
  rows,
  marked,
}: {
  readonly table: TableState<ServiceRow>
  readonly rows: number
  readonly marked: number
}): ReactNode {
  const { glyphs } = useConsole()
  const { columns: width } = useArea()
  const now = useMinute()
  const columns = useMemo(() => columnsOf(glyphs, now), [glyphs, now])
  const { row } = table
  const { detail } = serviceRows(table.rows.length, rows)
  const title = lineOf('Services ', span(`${marked} of ${table.rows.length}`, 'bold'), ' marked')
  const below =
    row === null
      ? []
      : [
          ruleLine(lineOf(span(plainText(row.service.name), 'bold')), '', width, glyphs),
          ...serviceLines(row.service, row.newest, now, width, glyphs),
        ]
  return (
    <>
      <Lines lines={[ruleLine(title, 'Space marks', width, glyphs)]} />
      <TableView table={table} columns={columns} width={width} />
      <Lines lines={exactly(below, detail)} />
    </>
  )
}

function columnsOf(glyphs: Glyphs, now: number): readonly Column<ServiceRow>[] {
  return [
    { title: '', width: 3, priority: 0, cell: ({ isMarked }) => (isMarked ? `[${glyphs.mark}]` : '[ ]') },
    {
      title: 'S',
      width: glyphs.ok.length,
      priority: 0,
      cell: ({ service }) =>
        service.problem !== null
          ? span(glyphs.failed, 'failed')
          : wrongWith(service) !== null
            ? span(glyphs.warning, 'warning')
            : span(glyphs.ok, 'ok'),
    },
    { title: 'SERVICE', width: 12, upTo: 24, priority: 0, cell: ({ service }) => plainText(service.name) },
    {
      title: 'NEWEST',
      width: 6,
      align: 'right',
      priority: 1,
      cell: ({ newest }) => (newest === null ? 'never' : ageText(newest.createdAt, now)),
    },
    { title: 'TYPE', width: 8, upTo: 13, priority: 3, cell: ({ service }) => service.type },
    { title: 'WHAT', width: 16, upTo: 120, priority: 0, cell: whatOf },
  ]
}

function whatOf({ service }: ServiceRow): string {
  const { problem, paths, volumes } = service
  if (problem !== null) return plainMessage(problem)
  return [...paths, ...volumes].map(({ path }) => plainPath(path)).join('  ')
}
