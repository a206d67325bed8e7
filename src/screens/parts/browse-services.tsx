import { type ReactNode, useEffect, useMemo } from 'react'
import type { BrowsedService } from '../../model/browse.ts'
import type { BytePath } from '../../model/path.ts'
import { formatBytes, formatDuration, formatNumberOf } from '../../model/units.ts'
import { useArea, useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import { exactly } from '../text/boxes.ts'
import { serviceColumns } from '../text/browse-lines.ts'
import { wrap } from '../text/cut.ts'
import { momentText } from '../text/ids.ts'
import { type Line, lineOf, span } from '../text/line.ts'
import { countMarks } from '../text/path-marks.ts'
import { plainText } from '../text/plain.ts'
import { type Browsing, markGlyph, useBrowseActions } from './browse-actions.tsx'
import { Lines } from './lines.tsx'
import { previewRows } from './preview-pane.tsx'
import { TableView, useTable } from './table.tsx'

const all = '' as BytePath

/** What a backup of several services begins with. */
export function BrowseServices({
  browsing,
  at,
  enter,
  find,
}: {
  readonly browsing: Browsing
  /** Where the cursor begins. */
  readonly at: string | null
  enter(service: string): void
  find(): void
}): ReactNode {
  const { glyphs } = useConsole()
  const { columns, rows } = useArea()
  const { browser, marks } = browsing
  const below = previewRows(rows)
  const table = useTable<BrowsedService>({
    title: 'Services',
    rows: browser.services,
    keyOf: ({ name }) => name,
    height: rows - 2 - below,
  })
  const { row, moveTo } = table
  // biome-ignore lint/correctness/useExhaustiveDependencies: only where it begins
  useEffect(() => {
    const index = browser.services.findIndex(({ name }) => name === at)
    if (index > 0) moveTo(index)
  }, [])
  const dialogs = useBrowseActions(browsing, {
    target: row === null ? null : { service: row.name, path: all, entry: null },
    enter: row !== null && (() => enter(row.name)),
    up: false,
    find,
    next: () => moveTo(table.index + 1),
  })
  const tableColumns = useMemo(serviceColumns, [])
  const marked = countMarks(marks)
  const title = lineOf(
    'Services ',
    span(String(browser.services.length), 'bold'),
    ...(marked === 0 ? [] : [span(`  ${glyphs.mark} ${marked} marked`, 'bold')]),
  )
  return (
    <>
      <Lines lines={[ruleLine(title, 'Enter opens one', columns, glyphs)]} />
      <TableView
        table={table}
        columns={tableColumns}
        width={columns}
        markOf={({ name }) => markGlyph(marks, name, all, glyphs)}
      />
      <Lines lines={exactly(aboutLines(browsing, row, columns, glyphs.dot), below)} />
      {dialogs}
    </>
  )
}

function aboutLines({ browser }: Browsing, row: BrowsedService | null, columns: number, dot: string): readonly Line[] {
  const { manifest, details } = browser
  const facts = [
    `made ${momentText(manifest.createdAt)} by ${plainText(details.user)} on ${plainText(details.host)} ${dot} took ${formatDuration(details.durationMs)} ${dot} ${formatNumberOf(details.warnings, 'warning')}`,
    ...(details.description === '' ? [] : [plainText(details.description)]),
    ...(row === null
      ? []
      : [
          `${plainText(row.name)} (${plainText(row.type)}): ${formatNumberOf(row.files, 'file')}, ${formatBytes(row.bytes)}`,
        ]),
    ...(row?.paths.map(plainText) ?? []),
  ]
  return [[], ...facts.flatMap((fact) => wrap(fact, columns - 2).map((text) => lineOf(` ${text}`)))]
}
