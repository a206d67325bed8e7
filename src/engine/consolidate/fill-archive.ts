import { type Chunk, limits } from '../../model/format.ts'
import type { BytePath } from '../../model/path.ts'
import type { Attributes } from '../../model/source.ts'
import type { TocContent, TocEntry } from '../../model/toc.ts'
import { type CompressionLevel, compressFrame, frameTargetBytes } from '../archive/codec.ts'
import { readStored, storedBytesOf } from '../archive/content.ts'
import { holdersOf } from '../archive/holders.ts'
import type { Lineage } from '../archive/lineage.ts'
import { encodeOwnFileHeader, encodeTarHeader, paddedBytes } from '../archive/tar-header.ts'
import { pageRule } from '../archive/toc-pages.ts'
import type { ArchiveWriter } from '../archive/writer.ts'
import { EntryIndex } from './entry-index.ts'
import { type NewPlaces, Salvage } from './salvage.ts'

/**
 * Makes of a backup and those it depends on one archive that depends on fewer: what lies in the archives `kept` stays
 * there, everything else is taken over. The source is not looked at.
 */
export interface FillOptions {
  /** Ordinals of the archives the new one may go on to depend on; none makes it a full one. */
  readonly kept: ReadonlySet<number>
  readonly compression: CompressionLevel
  readonly signal: AbortSignal
  onProgress(): void
}

export async function fillArchive(lineage: Lineage, writer: ArchiveWriter, options: FillOptions): Promise<void> {
  await new Filling(lineage, writer, options).run()
}

class Filling {
  readonly #lineage: Lineage
  readonly #writer: ArchiveWriter
  readonly #options: FillOptions
  readonly #index: EntryIndex
  readonly #places: NewPlaces
  /** By index, the new chunks of large files that were put together anew. */
  readonly #chunks = new Map<number, readonly Chunk[]>()
  /** What hard links repeat of the entries that carry their data. */
  readonly #carriers = new Map<BytePath, TocContent | null>()
  #members = 0
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0

  constructor(lineage: Lineage, writer: ArchiveWriter, options: FillOptions) {
    this.#lineage = lineage
    this.#writer = writer
    this.#options = options
    this.#index = new EntryIndex(lineage)
    this.#places = new Float64Array(this.#index.count).fill(Number.NaN)
  }

  async run(): Promise<void> {
    const { kept, compression } = this.#options
    const all = [...this.#lineage.dependencies.map(({ i }) => i), this.#lineage.ordinal]
    for (const ordinal of all) {
      if (kept.has(ordinal)) continue
      const salvage = new Salvage(this.#lineage.member(ordinal), this.#index, this.#writer, compression, this.#places)
      await salvage.run(() => this.#turn())
    }
    await this.#storeRest()
    await this.#list()
  }

  /** What no old member stands for any more: other attributes, another name, chunks of several archives. */
  async #storeRest(): Promise<void> {
    const isFull = this.#options.kept.size === 0
    for (const { index, entry } of this.#index.all()) {
      if (entry.type === 'hardlink' && entry.linkTarget !== null) this.#carriers.set(entry.linkTarget, null)
      if (!Number.isNaN(this.#places[index] as number)) continue
      const needed = holdersOf(entry).some((holder) => !this.#options.kept.has(holder))
      if (entry.type === 'file' && needed && entry.content.kind === 'chunks') this.#storeChunks(index, entry, isFull)
      else if (entry.type === 'file' && needed) this.#storeSmall(index, entry)
      else if (isFull) this.#gather([headerOf(entry)])
      else continue
      await this.#turn()
    }
    this.#flush()
  }

  #storeSmall(index: number, entry: TocEntry): void {
    const stored = Buffer.concat([...readStored(this.#lineage, entry)])
    const header = headerOf(entry)
    this.#places[index] = this.#writer.rawBytes + this.#gatheredBytes + header.length
    this.#gather([header, stored, Buffer.alloc(paddedBytes(stored.length) - stored.length)])
  }

  /** A member of the file's own where all of it lies in this archive; else its chunks in a member of the archive's. */
  #storeChunks(index: number, entry: TocEntry, whole: boolean): void {
    const { chunks } = entry.content as Extract<TocContent, { kind: 'chunks' }> // the caller looked
    const { kept } = this.#options
    const taken = chunks.filter(({ holder }) => !kept.has(holder))
    const bytes = taken.reduce((sum, { length }) => sum + length, 0)
    const isWhole = whole || taken.length === chunks.length
    const header = isWhole
      ? headerOf(entry)
      : encodeOwnFileHeader(this.#writer.ownPath(`chunks/${this.#members++}`), bytes)
    this.#gather([header])
    this.#flush()
    const placed: Chunk[] = []
    for (const chunk of chunks) placed.push(kept.has(chunk.holder) ? chunk : this.#copyChunk(chunk))
    this.#gather([Buffer.alloc(paddedBytes(bytes) - bytes)])
    this.#chunks.set(index, placed)
  }

  /** A chunk that is a frame is copied as it is compressed. */
  #copyChunk(chunk: Chunk): Chunk {
    const { stream } = this.#lineage.member(chunk.holder)
    const { compression } = this.#options
    const raw = stream.decode(chunk.offset, chunk.compressedBytes)
    const isFrame = chunk.inner === 0 && raw.length === chunk.length && stream.compression === compression.compression
    const bytes = isFrame
      ? stream.read(chunk.offset, chunk.compressedBytes)
      : compressFrame(raw.subarray(chunk.inner, chunk.inner + chunk.length), compression)
    const offset = this.#writer.frames([{ bytes, rawBytes: chunk.length }])
    return { ...chunk, holder: 0, offset, compressedBytes: bytes.length, inner: 0 }
  }

  async #list(): Promise<void> {
    const { pages } = this.#lineage.top.root.toc
    let index = 0
    for (const page of pages) {
      const { ordinal, lines } = this.#lineage.pageLines(page)
      const entries = lines.map((line) => this.#lineage.entryOf(line, ordinal))
      const { openLines } = this.#writer.toc
      const fits = openLines === 0 || openLines >= pageRule.leastEntries
      if (fits && this.#isKept(ordinal, entries)) {
        const files = entries.filter(({ type }) => type === 'file')
        const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
        const holders = new Set(entries.flatMap(holdersOf))
        this.#writer.toc.reuse({ reference: page, ordinal, files: files.length, bytes, holders })
        for (const entry of entries) if (this.#carriers.has(entry.path)) this.#carriers.set(entry.path, entry.content)
        index += entries.length
      } else for (const entry of entries) this.#listOne(index++, entry)
      await this.#turn()
    }
  }

  #isKept(ordinal: number, entries: readonly TocEntry[]): boolean {
    const { kept } = this.#options
    return kept.has(ordinal) && entries.every((entry) => holdersOf(entry).every((holder) => kept.has(holder)))
  }

  #listOne(index: number, entry: TocEntry): void {
    const carried = entry.type === 'hardlink' ? this.#carriers.get(entry.linkTarget as BytePath) : null
    const content = carried ?? this.#contentOf(index, entry)
    if (this.#carriers.has(entry.path)) this.#carriers.set(entry.path, content)
    this.#writer.entry({ ...entry, content })
  }

  #contentOf(index: number, entry: TocEntry): TocContent {
    const { content } = entry
    const chunks = this.#chunks.get(index)
    if (chunks !== undefined) return { kind: 'chunks', chunks }
    const place = this.#places[index] as number
    if (content.kind === 'none' || Number.isNaN(place)) return content
    if (content.kind === 'extent')
      return { kind: 'extent', holder: 0, extent: this.#writer.placeOf(place, storedBytesOf(entry)) }
    let at = place
    return {
      kind: 'chunks',
      chunks: content.chunks.map(({ length, sha256 }) => {
        const extent = this.#writer.placeOf(at, length)
        at += length
        return { ...extent, holder: 0, length, sha256 }
      }),
    }
  }

  #gather(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#gathered.push(piece)
      this.#gatheredBytes += piece.length
    }
    if (this.#gatheredBytes >= frameTargetBytes[this.#options.compression.compression]) this.#flush()
  }

  #flush(): void {
    const raw = Buffer.concat(this.#gathered, this.#gatheredBytes)
    this.#gathered = []
    this.#gatheredBytes = 0
    for (let at = 0; at < raw.length; at += limits.frameRawBytes / 2) {
      const piece = raw.subarray(at, at + limits.frameRawBytes / 2)
      this.#writer.frames([{ bytes: compressFrame(piece, this.#options.compression), rawBytes: piece.length }])
    }
  }

  async #turn(): Promise<void> {
    this.#options.signal.throwIfAborted()
    this.#options.onProgress()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The member's blocks before its content, as they are written for a file on disk. */
function headerOf(entry: TocEntry): Uint8Array {
  if (entry.type === 'unknown') throw new TypeError('an entry of unknown type is never written')
  const { path, type, userName, groupName, linkTarget, xattrs, acl, sparse } = entry
  const storedBytes = type === 'file' ? storedBytesOf(entry) : 0
  const { mode, uid, gid, sizeBytes, mtimeNs, ctimeNs, inode, device, deviceNumber } = entry
  const told = { mode, uid, gid, sizeBytes, mtimeNs, ctimeNs, inode, device, deviceNumber }
  const attributes: Attributes = { ...told, allocatedBytes: storedBytes, links: 1 }
  return encodeTarHeader({ path, type, attributes, userName, groupName, linkTarget, xattrs, acl, sparse, storedBytes })
}
