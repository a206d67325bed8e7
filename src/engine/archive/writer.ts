import { hash } from 'node:crypto'
import type { Root } from '../../model/archive.ts'
import { BackupError } from '../../model/errors.ts'
import type { Extent, RootLocation } from '../../model/format.ts'
import { type BytePath, pathFromText } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { Frame } from './batch.ts'
import { chunking } from './chunking.ts'
import { type CompressionLevel, compressFrame } from './codec.ts'
import { FrameTable } from './frame-table.ts'
import type { Dependency } from './lineage.ts'
import { encodeLocator } from './locator.ts'
import type { ArchiveSink } from './sink.ts'
import { encodeGlobalComment, encodeOwnFileHeader, paddedBytes } from './tar-header.ts'
import { encodeChunks, inlineListBytes, type OutsideList } from './toc-line.ts'
import type { PageReference } from './toc-pages.ts'
import { TocWriter } from './toc-writer.ts'

/**
 * Lays out the stream S of one archive, in order and append only:
 * comment and README, the entries' frames, the table of contents in pages, frames.bin, root.json, the locator.
 */
export interface ArchiveIdentity {
  readonly id: string
  readonly ordinal: number
  readonly kind: Root['kind']
  readonly source: Root['source']
  readonly service: Root['service']
  /** Older archives whose data and pages may be taken over; the root names those that are. */
  readonly dependencies: readonly Dependency[]
  /** The archive this one was compared with. */
  readonly previous: Root['prev']
  /** Its members come in another order than its table of contents. */
  readonly unsorted?: boolean
}

export interface WrittenStream {
  readonly root: RootLocation
  readonly rootSha256: string
  /** The older archives that this one needs. */
  readonly dependencies: readonly Dependency[]
  readonly entries: number
  readonly files: number
  readonly bytes: number
  /** Of these, bytes of content that lie in older archives. */
  readonly reusedBytes: number
}

/** In `compat` of a root: whoever matches tar and table of contents must not expect one order. */
export const unsortedMark = 'unsorted'
const ownFrameBytes = 8 << 20

export class ArchiveWriter {
  readonly #sink: ArchiveSink
  readonly #identity: ArchiveIdentity
  readonly #compression: CompressionLevel
  readonly #frames = new FrameTable()
  /** What is listed so far. */
  readonly toc: TocWriter
  #rawBytes = 0
  #outsideLists = 0
  #unsorted: boolean

  constructor(
    files: Files,
    sink: ArchiveSink,
    identity: ArchiveIdentity,
    compression: CompressionLevel,
    spoolPath: BytePath,
  ) {
    this.#sink = sink
    this.#identity = identity
    this.#unsorted = identity.unsorted ?? false
    this.#compression = compression
    this.toc = new TocWriter(files, compression, spoolPath)
    this.#own('README.txt', Buffer.from(readme(identity.id)), encodeGlobalComment(`BKA1 ${identity.id}`))
  }

  /** Where a file of the archive's own lies in the tar. */
  ownPath(name: string): BytePath {
    return pathFromText(`.bka/${this.#identity.id}/${name}`)
  }

  /** What comes next lies in the tar behind what the table of contents lists later. */
  leaveOrder(): void {
    this.#unsorted = true
  }

  /** Bytes of the tar so far. */
  get rawBytes(): number {
    return this.#rawBytes
  }

  /** The frames that hold a range of the tar that was written. */
  placeOf(rawStart: number, length: number): Extent {
    return this.#frames.placeOf(rawStart, length, this.#sink.streamBytes)
  }

  /** Appends finished frames. Returns the S offset of the first. */
  frames(frames: readonly Frame[]): number {
    const start = this.#sink.streamBytes
    for (const frame of frames) this.#frame(frame.bytes, frame.rawBytes)
    return start
  }

  /** Appends an entry to the table of contents. Entries come in the order of the walk. */
  entry(entry: TocEntry): void {
    let outside: OutsideList | null = null
    if (entry.content.kind === 'chunks') {
      const list = encodeChunks(entry.content.chunks)
      if (list.length > inlineListBytes) outside = this.#outside(Buffer.from(list))
    }
    this.toc.entry(entry, outside)
  }

  /** Writes everything that follows the entries. The sink is left open: its owner finishes it. */
  finish(warnings: number): WrittenStream {
    this.toc.end()
    const tocBytes = this.toc.bytes
    this.#compress(encodeOwnFileHeader(this.ownPath('toc.jsonl'), tocBytes))
    const pages = this.toc.pagesAt(this.#sink.streamBytes)
    this.toc.drain((bytes, rawBytes) => this.#frame(bytes, rawBytes))

    const recordBytes = this.#frames.sizeWith(1)
    const tocPadding = Buffer.alloc(paddedBytes(tocBytes) - tocBytes)
    this.#compress(Buffer.concat([tocPadding, encodeOwnFileHeader(this.ownPath('frames.bin'), recordBytes)]))
    const framesAt = this.#sink.streamBytes
    const records = this.#frames.encode(framesAt, this.#rawBytes)
    const frameCount = this.#frames.count
    for (let at = 0; at < records.length; at += ownFrameBytes) this.#compress(records.subarray(at, at + ownFrameBytes))
    const frames: Root['frames'] = { n: frameCount, at: [framesAt, this.#sink.streamBytes - framesAt] }

    const root = Buffer.from(JSON.stringify(this.#root(pages, frames, warnings)))
    const before = Buffer.concat([
      Buffer.alloc(paddedBytes(recordBytes) - recordBytes),
      encodeOwnFileHeader(this.ownPath('root.json'), root.length),
    ])
    const tail = Buffer.concat([before, root], before.length + paddedBytes(root.length) + 1024)
    const rootAt = this.#sink.streamBytes
    for (let at = 0; at < tail.length; at += ownFrameBytes) this.#compress(tail.subarray(at, at + ownFrameBytes))
    const location = {
      offset: rootAt,
      compressedBytes: this.#sink.streamBytes - rootAt,
      inner: before.length,
      rootBytes: root.length,
    }
    if (this.#sink.encrypted || hasLocator(this.#compression.compression)) this.#sink.write(this.#locator(location))
    return {
      root: location,
      rootSha256: hash('sha256', root),
      dependencies: this.#dependencies(),
      entries: this.toc.entries,
      files: this.toc.files,
      bytes: this.toc.contentBytes,
      reusedBytes: this.toc.reusedBytes,
    }
  }

  /** Gives up the spool. Harmless after finish. */
  close(): void {
    this.toc.close()
  }

  #locator(location: RootLocation): Uint8Array {
    const { compression } = this.#compression
    const length = encodeLocator(location, 0, compression).length
    return encodeLocator(location, this.#sink.streamBytes + length, compression)
  }

  #root(pages: readonly PageReference[], frames: Root['frames'], warnings: number): Root {
    const { id, ordinal, kind, source, service, previous } = this.#identity
    return {
      v: 1,
      id,
      ord: ordinal,
      kind,
      deps: [...this.#dependencies()],
      prev: previous,
      source,
      service,
      chunking: {
        algorithm: chunking.algorithm,
        min: chunking.minimumBytes,
        avg: chunking.averageBytes,
        max: chunking.maximumBytes,
      },
      toc: { n: this.toc.entries, raw: this.toc.bytes, pages: [...pages] },
      frames,
      stats: { files: this.toc.files, bytes: this.toc.contentBytes, warnings },
      compat: this.#unsorted ? [unsortedMark] : [],
      incompat: [],
    }
  }

  #dependencies(): Dependency[] {
    const { dependencies, ordinal } = this.#identity
    const needed = [...this.toc.holders].filter((holder) => holder !== 0 && holder !== ordinal).sort((a, b) => a - b)
    return needed.map((holder) => {
      const found = dependencies.find(({ i }) => i === holder)
      if (found === undefined)
        throw new BackupError('E_INTERNAL', `an entry needs archive number ${holder}, which is unknown`)
      return found
    })
  }

  /** A list too long for its line becomes a small file of its own below .bka/. */
  #outside(list: Uint8Array): OutsideList {
    const header = encodeOwnFileHeader(this.ownPath(`lists/${this.#outsideLists++}`), list.length)
    const offset = this.#sink.streamBytes
    const whole = Buffer.concat([header, list], header.length + paddedBytes(list.length))
    for (let at = 0; at < whole.length; at += ownFrameBytes) this.#compress(whole.subarray(at, at + ownFrameBytes))
    return { offset, compressedBytes: this.#sink.streamBytes - offset, inner: header.length, length: list.length }
  }

  #own(name: string, content: Uint8Array, before: Uint8Array): void {
    const header = encodeOwnFileHeader(this.ownPath(name), content.length)
    this.#compress(
      Buffer.concat([before, header, content], before.length + header.length + paddedBytes(content.length)),
    )
  }

  #compress(raw: Uint8Array): void {
    this.#frame(compressFrame(raw, this.#compression), raw.length)
  }

  #frame(bytes: Uint8Array, rawBytes: number): void {
    this.#frames.add(this.#sink.streamBytes, this.#rawBytes)
    this.#sink.write(bytes)
    this.#rawBytes += rawBytes
  }
}

/** xz and bzip2 take no bytes of others behind their own: a plain archive leaves the locator to the manifest. */
function hasLocator(compression: CompressionLevel['compression']): boolean {
  return compression !== 'xz' && compression !== 'bzip2'
}

function readme(id: string): string {
  return `This is a Holdfast archive, ${id}, format BKA1.

It is an ordinary tar: whatever opened it this far can extract the rest.
.bka/${id}/ holds the archive's own table of contents; you do not need it, and can delete it after extracting.
Files that an incremental archive took over from older archives are not in this tar. To restore them as well, use
Holdfast, or recovery/recover.py or recovery/recover.mjs from the repository this archive came from: they are single
scripts that need no installation, and FORMAT.md beside them describes every byte.
`
}
