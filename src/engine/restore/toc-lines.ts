import { BackupError, damaged } from '../../model/errors.ts'
import { type BytePath, comparePaths, displayPath } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { Lineage, LostPage, PageLines } from '../archive/lineage.ts'
import { parseTocLine } from '../archive/parse-toc-line.ts'
import { firstPath } from '../archive/reader.ts'
import type { PageReference } from '../archive/toc-pages.ts'
import type { OwnerMap } from '../plan/owner-map.ts'

/** An entry with the line it was read from. */
export interface TocLine {
  /** Number of the archive in the restore. */
  readonly archive: number
  /** Ordinal of the archive that stores the line: what a holder of 0 means. */
  readonly home: number
  readonly line: string
  /** Its content is `none` where its chunks are listed outside the line. */
  readonly entry: TocEntry
  readonly listedOutside: boolean
  /** The entry has another owner than the line. */
  readonly owned?: true
}

/** The line with the owner its entry gets. */
export function withOwner(toc: TocLine, owners: OwnerMap): TocLine {
  const entry = owners.apply(toc.entry)
  return entry === toc.entry ? toc : { ...toc, entry, owned: true }
}

/** Hears of pages that cannot be read, by the number of their archive. */
export type LostPages = (archive: number, page: LostPage) => void

/** The entries of several archives in one order. @throws E_DAMAGED where the order within one is wrong. */
export function* mergedLines(lineages: readonly Lineage[], lost: LostPages): Generator<TocLine> {
  const streams = lineages.map((lineage, archive) => tocLines(lineage, archive, lost))
  if (streams.length === 1) return yield* streams[0] as Generator<TocLine>
  const heads = streams.map((stream) => stream.next())
  for (;;) {
    let first = -1
    heads.forEach((head, at) => {
      if (head.done) return
      const best = heads[first]
      if (best === undefined || best.done || comparePaths(head.value.entry.path, best.value.entry.path) < 0) first = at
    })
    const head = heads[first]
    if (head === undefined || head.done) return
    yield head.value
    heads[first] = (streams[first] as Generator<TocLine>).next()
  }
}

/** Stored paths that later hard links of the archive name as the carrier of their data. */
export function* carriersOf(lineage: Lineage): Generator<BytePath> {
  for (const page of lineage.top.root.toc.pages) {
    const read = pageIfReadable(lineage, page)
    if (read instanceof BackupError) continue
    // In JSON a quote inside a text is escaped, so this stands where it means what it says.
    if (!read.text.includes('"t":"h"')) continue
    for (const line of read.lines) {
      if (!line.includes('"t":"h"')) continue
      const { entry } = parseTocLine(line)
      if (entry.type === 'hardlink' && entry.linkTarget !== null) yield entry.linkTarget
    }
  }
}

function* tocLines(lineage: Lineage, archive: number, lost: LostPages): Generator<TocLine> {
  const { pages } = lineage.top.root.toc
  let previous: BytePath | null = null
  for (const [at, page] of pages.entries()) {
    const read = pageIfReadable(lineage, page)
    if (read instanceof BackupError) {
      const next = pages[at + 1]
      const first = firstPath(page)
      lost(archive, { first, next: next === undefined ? null : firstPath(next), entries: page[3], error: read })
      continue
    }
    for (const line of read.lines) {
      const { entry, outside } = parseTocLine(line)
      if (previous !== null && comparePaths(previous, entry.path) > 0) {
        const where = displayPath(lineage.top.place.path)
        throw damaged(`the table of contents of ${where} is out of order at ${displayPath(entry.path)}`)
      }
      previous = entry.path
      yield { archive, home: read.ordinal, line, entry, listedOutside: outside !== null }
    }
  }
}

function pageIfReadable(lineage: Lineage, page: PageReference): PageLines | BackupError {
  try {
    return lineage.pageLines(page)
  } catch (error) {
    // Damage in the archive itself is damage of the whole table, as ever; what an older one has lost is only a part.
    if (error instanceof BackupError && page[5] !== undefined) return error
    throw error
  }
}
