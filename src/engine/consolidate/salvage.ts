import type { BytePath } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { type CompressionLevel, compressFrame, decompressFrames, frameTargetBytes } from '../archive/codec.ts'
import type { ArchiveReader } from '../archive/reader.ts'
import { paddedBytes } from '../archive/tar-header.ts'
import { type ReadMember, type TarListener, TarReader } from '../archive/tar-reader.ts'
import type { ArchiveWriter } from '../archive/writer.ts'
import { type FrameList, rawRangeOf } from '../verify/content-place.ts'
import { differences } from '../verify/member-check.ts'
import type { EntryIndex } from './entry-index.ts'

/** Where the content of entries lies in the tar of a new archive, by index; NaN where it is not there yet. */
export type NewPlaces = Float64Array

interface Segment {
  readonly end: number
  readonly live: boolean
  /** Of a live member: its index, and where its content begins in the old tar. */
  readonly index: number
  readonly contentStart: number
  /** What to add to an offset of the old tar for the new one; known once its first byte is written. */
  shift: number | null
}

interface OldFrame {
  readonly compressed: Uint8Array
  readonly raw: Uint8Array
  readonly start: number
}

/**
 * Takes over from one archive the members that a table of contents still lists as they are. A frame of nothing else is
 * copied as it is compressed; of the others only the living members, in frames of their own.
 */
export class Salvage implements TarListener {
  readonly #reader: ArchiveReader
  readonly #frames: FrameList
  readonly #index: EntryIndex
  readonly #writer: ArchiveWriter
  readonly #compression: CompressionLevel
  readonly #places: NewPlaces
  readonly #tar = new TarReader(this)
  readonly #segments: Segment[] = []
  readonly #waiting: OldFrame[] = []
  /** Up to here it is known what lives. */
  #known = 0
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0

  constructor(
    reader: ArchiveReader,
    index: EntryIndex,
    writer: ArchiveWriter,
    compression: CompressionLevel,
    places: NewPlaces,
  ) {
    this.#reader = reader
    this.#frames = reader.frames()
    this.#index = index
    this.#writer = writer
    this.#compression = compression
    this.#places = places
  }

  /** `turn` is called between frames. @throws E_DAMAGED, E_IO. */
  async run(turn: (doneBytes: number) => Promise<void>): Promise<void> {
    const { offsets, rawOffsets } = this.#frames
    const { stream } = this.#reader
    for (let frame = 0; frame + 1 < offsets.length; frame++) {
      const offset = offsets[frame] as number
      const compressed = stream.read(offset, (offsets[frame + 1] as number) - offset)
      const raw = decompressFrames(compressed, stream.compression)
      this.#tar.push(raw)
      this.#waiting.push({ compressed, raw, start: rawOffsets[frame] as number })
      this.#settle()
      await turn(compressed.length)
    }
    // Behind the last member stand the table of contents and the end, which are not taken over.
    this.#add(Number.MAX_SAFE_INTEGER, false, -1, 0)
    this.#settle()
    this.#flush()
  }

  comment(): void {}
  content(): void {}
  end(): void {}

  member(member: ReadMember): void {
    const end = member.contentStart + paddedBytes(member.storedBytes)
    const index = this.#livesAs(member)
    this.#add(end, index !== null, index ?? -1, member.contentStart)
  }

  /** The index of the entry that this member is, to the last attribute; null where it is none any more. */
  #livesAs(member: ReadMember): number | null {
    if (isOwn(member.path)) return null
    const found = this.#index.find(member.path)
    if (found === undefined || !Number.isNaN(this.#places[found.index] as number)) return null
    const { entry, index } = found
    if (differences(member, entry).length > 0) return null
    if (entry.type === 'file' && entry.content.kind !== 'none' && !this.#isHere(entry, member)) return null
    return index
  }

  #isHere(entry: TocEntry, { contentStart, storedBytes }: ReadMember): boolean {
    const { ord } = this.#reader.root
    const { content } = entry
    const own =
      content.kind === 'extent'
        ? content.holder === ord
        : content.kind === 'chunks' && content.chunks.every(({ holder }) => holder === ord)
    if (!own) return false
    const range = rawRangeOf(entry, this.#frames)
    return range !== null && typeof range !== 'string' && range.start === contentStart && range.length === storedBytes
  }

  #add(end: number, live: boolean, index: number, contentStart: number): void {
    this.#segments.push({ end, live, index, contentStart, shift: null })
    this.#known = end
  }

  /** Deals with every frame of which all is known. */
  #settle(): void {
    for (let frame = this.#waiting[0]; frame !== undefined; frame = this.#waiting[0]) {
      const end = frame.start + frame.raw.length
      if (end > this.#known) return
      this.#waiting.shift()
      const pieces = this.#piecesOf(frame, end)
      const lives = pieces.every(({ segment }) => segment.live)
      if (lives && pieces.length > 0 && this.#reader.stream.compression === this.#compression.compression) {
        this.#flush()
        for (const { segment, from } of pieces) this.#place(segment, from, this.#writer.rawBytes + from - frame.start)
        this.#writer.frames([{ bytes: frame.compressed, rawBytes: frame.raw.length }])
        continue
      }
      for (const { segment, from, to } of pieces) {
        if (!segment.live) continue
        this.#place(segment, from, this.#writer.rawBytes + this.#gatheredBytes)
        this.#gathered.push(frame.raw.slice(from - frame.start, to - frame.start))
        this.#gatheredBytes += to - from
        if (this.#gatheredBytes >= frameTargetBytes[this.#compression.compression]) this.#flush()
      }
    }
  }

  #piecesOf({ start }: OldFrame, end: number): { segment: Segment; from: number; to: number }[] {
    const pieces: { segment: Segment; from: number; to: number }[] = []
    for (let at = start; at < end; ) {
      const segment = this.#segments[0] as Segment // all up to `end` are known
      const to = Math.min(segment.end, end)
      if (to > at) pieces.push({ segment, from: at, to })
      if (segment.end <= end) this.#segments.shift()
      at = to
    }
    return pieces
  }

  #place(segment: Segment, from: number, newOffset: number): void {
    if (segment.shift !== null) return
    segment.shift = newOffset - from
    this.#places[segment.index] = segment.contentStart + segment.shift
  }

  #flush(): void {
    if (this.#gatheredBytes === 0) return
    const raw = Buffer.concat(this.#gathered, this.#gatheredBytes)
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#writer.frames([{ bytes: compressFrame(raw, this.#compression), rawBytes: raw.length }])
  }
}

function isOwn(path: BytePath): boolean {
  return path === '.bka' || path.startsWith('.bka/')
}
