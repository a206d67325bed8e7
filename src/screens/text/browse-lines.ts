import type { BrowsedService, BrowsePlace, LostPart } from '../../model/browse.ts'
import { formatBytes, formatCount, formatNumberOf } from '../../model/units.ts'
import { ruleLine } from '../house/header.ts'
import type { Column } from './columns.ts'
import { cutMiddle } from './cut.ts'
import type { Glyphs } from './glyphs.ts'
import { type Line, lineOf, span } from './line.ts'
import { plainMessage, plainPath, plainText } from './plain.ts'
import { widthOf } from './width.ts'

/** The lines of a screen that looks into a backup. Pure. */

export interface DirectoryFacts {
  readonly place: BrowsePlace
  readonly marked: number
  /** How much there is: `12 names`. */
  readonly where: string
}

/** `── web › etc › ssh   ● 2 marked ───── 12 names ──`; the path loses its middle where it is too long. */
export function directoryRule({ place, marked, where }: DirectoryFacts, columns: number, glyphs: Glyphs): Line {
  const marks = marked === 0 ? '' : `  ${glyphs.mark} ${formatCount(marked)} marked`
  const crumbs =
    place.path === ''
      ? ''
      : place.path
          .split('/')
          .map((name) => ` ${glyphs.crumb} ${plainPart(name)}`)
          .join('')
  const service = plainText(place.service)
  const room = columns - 10 - widthOf(where) - widthOf(marks) - widthOf(service)
  const shown = cutMiddle(crumbs, Math.max(12, room), glyphs.cut)
  return ruleLine(
    lineOf(span(service), span(shown, 'bold'), ...(marks === '' ? [] : [span(marks, 'bold')])),
    where,
    columns,
    glyphs,
  )
}

function plainPart(name: string): string {
  return plainPath(name as BrowsePlace['path']) // a part of one
}

/** What is missing from a list, and why; nothing where all could be read. */
export function lostLine(lost: readonly LostPart[], columns: number, glyphs: Glyphs): readonly Line[] {
  const [first] = lost
  if (first === undefined) return []
  const entries = lost.reduce((sum, part) => sum + part.entries, 0)
  const text = `about ${formatNumberOf(entries, 'entry', 'entries')} cannot be read and may be missing here: ${plainMessage(first.message)}`
  return [lineOf(span(cutMiddle(` ${glyphs.failed} ${text}`, columns, glyphs.cut), 'failed'))]
}

export function serviceColumns(): readonly Column<BrowsedService>[] {
  return [
    { title: 'SERVICE', width: 14, upTo: 30, priority: 0, cut: 'middle', cell: ({ name }) => plainText(name) },
    { title: 'ENTRIES', width: 11, align: 'right', priority: 2, cell: ({ entries }) => formatCount(entries) },
    { title: 'FILES', width: 11, align: 'right', priority: 3, cell: ({ files }) => formatCount(files) },
    { title: 'BYTES', width: 8, align: 'right', priority: 0, cell: ({ bytes }) => formatBytes(bytes) },
    { title: 'STORED', width: 8, align: 'right', priority: 1, cell: ({ storedBytes }) => formatBytes(storedBytes) },
    {
      title: 'PATHS',
      width: 12,
      upTo: 80,
      priority: 1,
      cut: 'middle',
      cell: ({ paths }) => plainText(paths.join(' ')),
    },
  ]
}
