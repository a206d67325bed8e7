import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import { type CompressionLevel, compressFrame } from './codec.ts'
import { holdersOf } from './holders.ts'
import { PageSpool } from './page-spool.ts'
import { encodeTocLine, type OutsideList } from './toc-line.ts'
import { endsPage, jsonPath, PageCutter, type PageReference, type TocPage } from './toc-pages.ts'

/** A page of an older archive, taken over as it is, and what its lines stand for. */
export interface ReusedPage {
  readonly reference: PageReference
  /** Ordinal of the archive that stores it. */
  readonly ordinal: number
  readonly files: number
  readonly bytes: number
  /** Ordinals of all archives that its lines need. */
  readonly holders: Iterable<number>
}

/**
 * The table of contents while it grows: lines in the order of the walk, cut into pages, which wait in the spool until
 * the entries are done.
 */
export class TocWriter {
  /** Entries so far; what a progress line shows. */
  entries = 0
  files = 0
  contentBytes = 0
  /** Of these, bytes that lie in older archives. */
  reusedBytes = 0
  /** Bytes of the pages that are stored with this archive. */
  bytes = 0
  /** Ordinals of the archives that its entries need; 0 is the archive itself. */
  readonly holders = new Set<number>()
  readonly #compression: CompressionLevel
  readonly #pages = new PageCutter()
  readonly #references: PageReference[] = []
  readonly #spool: PageSpool

  constructor(files: Files, compression: CompressionLevel, spoolPath: BytePath) {
    this.#compression = compression
    this.#spool = new PageSpool(files, spoolPath)
  }

  /** `outside` is where its list of chunks lies that is too long for a line. */
  entry(entry: TocEntry, outside: OutsideList | null): void {
    for (const holder of holdersOf(entry)) this.holders.add(holder)
    if (entry.type === 'file') this.reusedBytes += reusedBytesOf(entry)
    const contentBytes = entry.type === 'file' ? entry.sizeBytes : null
    this.line(entry.path, encodeTocLine(entry, outside), contentBytes, endsPage(entry.path))
  }

  /** The same for a line that a worker has encoded. `contentBytes` is null for what is no file. */
  line(path: BytePath, line: string, contentBytes: number | null, ends: boolean): void {
    this.entries++
    if (contentBytes !== null) {
      this.files++
      this.contentBytes += contentBytes
    }
    const page = this.#pages.add(path, line, ends)
    if (page !== null) this.#page(page)
  }

  /** The same for a line of an older archive, which names its holder. */
  kept(path: BytePath, line: string, contentBytes: number | null): void {
    const holder = /\],"r":(\d+)/.exec(line)
    if (holder !== null) this.holders.add(Number(holder[1]))
    this.reusedBytes += contentBytes ?? 0
    this.line(path, line, contentBytes, endsPage(path))
  }

  /** Lines that wait for their page to be full. */
  get openLines(): number {
    return this.#pages.lines
  }

  /** Appends a page of an older archive. The page begun is ended before it. */
  reuse({ reference, ordinal, files, bytes, holders }: ReusedPage): void {
    this.end()
    const [path, offset, compressedBytes, count, sha256] = reference
    this.#references.push([path, offset, compressedBytes, count, sha256, ordinal])
    this.holders.add(ordinal)
    for (const holder of holders) this.holders.add(holder)
    this.entries += count
    this.files += files
    this.contentBytes += bytes
    this.reusedBytes += bytes
  }

  /** Ends the page begun. */
  end(): void {
    const page = this.#pages.finish()
    if (page !== null) this.#page(page)
  }

  /** Where the pages lie once those of this archive begin at `start`. */
  pagesAt(start: number): PageReference[] {
    return this.#references.map((page) => {
      const [path, offset, compressedBytes, count, sha256, holder] = page
      return holder === undefined ? [path, offset + start, compressedBytes, count, sha256] : page
    })
  }

  /** Hands out the compressed pages, in order, and gives up the spool. */
  drain(take: (bytes: Uint8Array, rawBytes: number) => void): void {
    this.#spool.drain(take)
    this.#spool.close()
  }

  /** Gives up the spool. Harmless after it was drained. */
  close(): void {
    this.#spool.close()
  }

  #page(page: TocPage): void {
    const bytes = compressFrame(page.bytes, this.#compression)
    this.#references.push([jsonPath(page.firstPath), this.#spool.bytes, bytes.length, page.count, page.sha256])
    this.#spool.append(bytes, page.bytes.length)
    this.bytes += page.bytes.length
  }
}

function reusedBytesOf({ content, sizeBytes }: TocEntry): number {
  if (content.kind === 'extent') return content.holder === 0 ? 0 : sizeBytes
  if (content.kind === 'none') return 0
  return content.chunks.reduce((sum, { holder, length }) => sum + (holder === 0 ? 0 : length), 0)
}
