import { hash } from 'node:crypto'
import type { Root } from '../../model/archive.ts'
import { BackupError, damaged } from '../../model/errors.ts'
import { type BytePath, comparePaths, displayPath } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { parseChunks, parseTocLine } from './parse-toc-line.ts'
import { type ArchiveReader, firstPath, parseJson } from './reader.ts'
import type { PageReference } from './toc-pages.ts'

/** An older archive that a newer one builds on, as its root names it. */
export type Dependency = Root['deps'][number]

/** A page as it is stored, and the ordinal of the archive that stores it: what a line without a holder means. */
export interface PageLines {
  readonly ordinal: number
  readonly text: string
  readonly lines: readonly string[]
}

/** A page that cannot be read: nobody knows any more what it lists. */
export interface LostPage {
  readonly first: BytePath
  /** First path of the page after it; null where it is the last. */
  readonly next: BytePath | null
  readonly entries: number
  readonly error: BackupError
}

/**
 * An archive with those that hold what it took over from them. Its table of contents is complete: every entry names
 * the archive that holds its data directly, and nothing is replayed. Holders of the entries handed out are ordinals,
 * never 0.
 */
export class Lineage {
  readonly top: ArchiveReader
  readonly #open: (dependency: Dependency) => ArchiveReader
  readonly #members = new Map<number, ArchiveReader | BackupError>()
  readonly #onClose: () => void

  /** `open` opens an older archive; what it throws is what every read from that one throws. Takes over `top`. */
  constructor(top: ArchiveReader, open: (dependency: Dependency) => ArchiveReader, onClose: () => void = () => {}) {
    this.top = top
    this.#open = open
    this.#onClose = onClose
  }

  get ordinal(): number {
    return this.top.root.ord
  }

  get dependencies(): readonly Dependency[] {
    return this.top.root.deps
  }

  close(): void {
    for (const member of this.#members.values()) if (!(member instanceof BackupError)) member.close()
    this.#members.clear()
    this.top.close()
    this.#onClose()
  }

  /**
   * The archive of this ordinal, opened once and only when needed.
   *
   * @throws E_ARCHIVE_MISSING, E_DAMAGED, E_KEY_MISSING, E_KEY_WRONG, E_IO: the same for every call.
   */
  member(ordinal: number): ArchiveReader {
    if (ordinal === this.ordinal) return this.top
    let known = this.#members.get(ordinal)
    if (known === undefined) {
      known = this.#openMember(ordinal)
      this.#members.set(ordinal, known)
    }
    if (known instanceof BackupError) throw known
    return known
  }

  /** The page's lines as they are stored. @throws as member does; E_DAMAGED where the page fails its hash. */
  pageLines(reference: PageReference): PageLines {
    const [, offset, compressedBytes, count, sha256] = reference
    const ordinal = reference[5] ?? this.ordinal
    const { stream, place } = this.member(ordinal)
    const bytes = stream.decode(offset, compressedBytes)
    if (hash('sha256', bytes) !== sha256)
      throw damaged(`a page of the table of contents of ${displayPath(place.path)} fails its hash`)
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
    const lines = text.split('\n')
    if (lines.pop() !== '' || lines.length !== count)
      throw damaged(`a page of the table of contents of ${displayPath(place.path)} has another number of lines`)
    return { ordinal, text, lines }
  }

  /** The entry of a line, complete: with its holder's ordinal, and the chunk list that lies outside the line. */
  entryOf(line: string, ordinal: number): TocEntry {
    const { entry, outside } = parseTocLine(line)
    if (outside === null) return withHolder(entry, ordinal)
    const list = parseChunks(parseJson(this.member(ordinal).stream.extent(outside, outside.length)))
    if (list === null) throw damaged(`the list of chunks of ${displayPath(entry.path)} is malformed`)
    return withHolder({ ...entry, content: { kind: 'chunks', chunks: list } }, ordinal)
  }

  /**
   * All entries in the order of the walk. Pages that cannot be read are told to `lost` and passed over; without it
   * they end the reading.
   *
   * @throws E_DAMAGED, E_ARCHIVE_MISSING, E_KEY_MISSING, E_KEY_WRONG, E_IO.
   */
  *entries(lost?: (page: LostPage) => void): Generator<TocEntry> {
    const { pages } = this.top.root.toc
    let previous: BytePath | null = null
    for (const [at, page] of pages.entries()) {
      let entries: TocEntry[]
      try {
        const { ordinal, lines } = this.pageLines(page)
        entries = lines.map((line) => this.entryOf(line, ordinal))
      } catch (error) {
        if (lost === undefined || !(error instanceof BackupError)) throw error
        const next = pages[at + 1]
        lost({ first: firstPath(page), next: next === undefined ? null : firstPath(next), entries: page[3], error })
        continue
      }
      for (const entry of entries) {
        if (previous !== null && comparePaths(previous, entry.path) > 0) {
          const where = displayPath(this.top.place.path)
          throw damaged(`the table of contents of ${where} is out of order at ${displayPath(entry.path)}`)
        }
        previous = entry.path
        yield entry
      }
    }
  }

  /** The entry of exactly this path, found through the pages' first paths. */
  find(path: BytePath): TocEntry | undefined {
    const { pages } = this.top.root.toc
    let low = 0
    let high = pages.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (comparePaths(firstPath(pages[middle] as PageReference), path) <= 0) low = middle + 1
      else high = middle
    }
    const page = pages[low - 1]
    if (page === undefined) return undefined
    const { ordinal, lines } = this.pageLines(page)
    for (const line of lines) {
      const { entry } = parseTocLine(line)
      if (entry.path === path) return this.entryOf(line, ordinal)
    }
    return undefined
  }

  #openMember(ordinal: number): ArchiveReader | BackupError {
    const dependency = this.dependencies.find(({ i }) => i === ordinal)
    if (dependency === undefined)
      return damaged(`${displayPath(this.top.place.path)} needs archive number ${ordinal}, which it does not name`)
    try {
      const reader = this.#open(dependency)
      if (reader.rootSha256 === dependency.root && reader.access.fileBytes === dependency.size) return reader
      reader.close()
      return damaged(
        `${dependency.file} is not the archive that ${displayPath(this.top.place.path)} was built on`,
        'bring it back from a copy of the repository',
      )
    } catch (error) {
      if (error instanceof BackupError) return error
      throw error
    }
  }
}

/** An archive by itself: for one that needs no other, or for what is to be read of it alone. */
export function alone(reader: ArchiveReader): Lineage {
  return new Lineage(reader, ({ file }) => {
    throw new BackupError('E_INTERNAL', `${file} was asked for where one archive is read by itself`)
  })
}

function withHolder(entry: TocEntry, ordinal: number): TocEntry {
  const { content } = entry
  switch (content.kind) {
    case 'none':
      return entry
    case 'extent':
      return content.holder === 0 ? { ...entry, content: { ...content, holder: ordinal } } : entry
    case 'chunks':
      return {
        ...entry,
        content: {
          kind: 'chunks',
          chunks: content.chunks.map((chunk) => (chunk.holder === 0 ? { ...chunk, holder: ordinal } : chunk)),
        },
      }
  }
}
