import { hash } from 'node:crypto'
import { damaged } from '../../model/errors.ts'
import { type BytePath, comparePaths, displayPath } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { ArchiveReader } from '../archive/reader.ts'
import { parseTocLine } from '../archive/toc-line.ts'
import type { PageReference } from '../archive/toc-pages.ts'

/** An entry with the line it was read from. */
export interface TocLine {
  /** Number of the archive in the restore. */
  readonly archive: number
  readonly line: string
  /** Its content is `none` where its chunks are listed outside the line. */
  readonly entry: TocEntry
  readonly listedOutside: boolean
}

/** The entries of several archives in one order. @throws E_DAMAGED. */
export function* mergedLines(readers: readonly ArchiveReader[]): Generator<TocLine> {
  const streams = readers.map((reader, archive) => tocLines(reader, archive))
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
export function* carriersOf(reader: ArchiveReader): Generator<BytePath> {
  for (const page of reader.root.toc.pages) {
    const bytes = pageBytes(reader, page)
    // In JSON a quote inside a text is escaped, so this stands where it means what it says.
    for (let at = bytes.indexOf('"t":"h"'); at >= 0; at = bytes.indexOf('"t":"h"', at + 1)) {
      const start = bytes.lastIndexOf(10, at) + 1
      const end = bytes.indexOf(10, at)
      const { entry } = parseTocLine(bytes.toString('utf8', start, end < 0 ? bytes.length : end))
      if (entry.type === 'hardlink' && entry.linkTarget !== null) yield entry.linkTarget
    }
  }
}

function* tocLines(reader: ArchiveReader, archive: number): Generator<TocLine> {
  let previous: BytePath | null = null
  for (const page of reader.root.toc.pages) {
    const lines = pageBytes(reader, page).toString('utf8').split('\n')
    if (lines.pop() !== '' || lines.length !== page[3])
      throw damaged('a page of the table of contents has another number of lines than promised')
    for (const line of lines) {
      const { entry, outside } = parseTocLine(line)
      if (previous !== null && comparePaths(previous, entry.path) > 0) {
        const where = displayPath(reader.place.path)
        throw damaged(`the table of contents of ${where} is out of order at ${displayPath(entry.path)}`)
      }
      previous = entry.path
      yield { archive, line, entry, listedOutside: outside !== null }
    }
  }
}

function pageBytes(reader: ArchiveReader, [, offset, compressedBytes, , sha256]: PageReference): Buffer {
  const bytes = reader.stream.decode(offset, compressedBytes)
  if (hash('sha256', bytes) !== sha256)
    throw damaged(`a page of the table of contents of ${displayPath(reader.place.path)} fails its hash`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
