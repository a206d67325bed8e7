import { hash } from 'node:crypto'
import { BackupError, damaged } from '../../model/errors.ts'
import type { Chunk, Extent } from '../../model/format.ts'
import { displayPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { TocContent } from '../../model/toc.ts'
import { parseChunks } from '../archive/parse-toc-line.ts'
import { type StreamAccess, StreamReader } from '../archive/stream-reader.ts'
import { storedBytesOf } from '../plan/restore-plan.ts'
import { release } from '../platform/release.ts'
import { ContentWriter } from './content-writer.ts'
import { codeOf } from './look.ts'
import type { RestorableEntry, SpooledStep } from './step-line.ts'

interface Decoded {
  readonly ordinal: number
  readonly offset: number
  readonly length: number
  readonly raw: Uint8Array
}

/** Of an incremental backup neighbours may lie in several archives in turn: so many ranges are kept decoded. */
const keptRanges = 4

/** The stored bytes of entries of one backup. Neighbours share frames, so what was decoded last is kept. */
export class EntryContent {
  readonly #files: Files
  readonly #accesses: ReadonlyMap<number, StreamAccess>
  readonly #readers = new Map<number, StreamReader>()
  /** The one used last stands last. */
  #decoded: Decoded[] = []

  /** `accesses` are the archives that hold the bytes, by ordinal. */
  constructor(files: Files, accesses: ReadonlyMap<number, StreamAccess>) {
    this.#files = files
    this.#accesses = accesses
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close()
    this.#readers.clear()
  }

  /**
   * The content of a file small enough to be held, checked before anything of it is written; null where it comes in
   * pieces: in chunks, or with holes.
   *
   * @throws E_DAMAGED.
   */
  whole(step: SpooledStep, entry: RestorableEntry): Uint8Array | null {
    if (comesInChunks(step, entry) || entry.sparse !== null) return null
    const bytes = this.#inOne(step, entry)
    if (bytes.length !== entry.sizeBytes || hash('sha256', bytes) !== entry.sha256)
      throw damaged(`the content of ${displayPath(entry.path)} fails its hash`)
    return bytes
  }

  /**
   * The stored bytes of a large file or one with holes, one piece after another; of a chunk that has a hash, checked.
   * Only `ContentWriter` knows whether they are the file.
   *
   * @throws E_DAMAGED.
   */
  *pieces(step: SpooledStep, entry: RestorableEntry): Generator<Uint8Array> {
    if (!comesInChunks(step, entry)) {
      yield this.#inOne(step, entry)
      return
    }
    for (const chunk of this.#chunks(step, entry)) {
      const bytes = this.#reading(entry, () => this.#extent(chunk.holder || step.home, chunk, chunk.length))
      if (chunk.sha256 !== null && hash('sha256', bytes) !== chunk.sha256)
        throw damaged(`a part of ${displayPath(entry.path)} fails its hash`)
      yield bytes
    }
  }

  /** Reads all of it and compares it with its hash. @throws E_DAMAGED. */
  check(step: SpooledStep, entry: RestorableEntry): void {
    if (this.whole(step, entry) !== null) return
    const writer = new ContentWriter(this.#files, null, entry, null)
    for (const piece of this.pieces(step, entry)) writer.accept(piece)
    writer.finish()
  }

  #inOne(step: SpooledStep, entry: RestorableEntry): Uint8Array {
    return entry.content.kind === 'none' ? nothing : this.#reading(entry, () => this.#single(step, entry))
  }

  #chunks(step: SpooledStep, entry: RestorableEntry): readonly Chunk[] {
    const { outside } = step
    if (outside === null) return entry.content.kind === 'chunks' ? entry.content.chunks : []
    const text = this.#reading(entry, () => this.#reader(step.home).extent(outside, outside.length))
    let json: unknown
    try {
      json = JSON.parse(Buffer.from(text).toString('utf8'))
    } catch {
      json = null
    }
    const list = parseChunks(json)
    if (list === null) throw damaged(`the list of chunks of ${displayPath(entry.path)} is malformed`)
    return list
  }

  #single({ home }: SpooledStep, entry: RestorableEntry): Uint8Array {
    const { holder, extent } = entry.content as Extract<TocContent, { kind: 'extent' }> // neither none nor chunks
    return this.#extent(holder || home, extent, storedBytesOf(entry))
  }

  #extent(ordinal: number, { offset, compressedBytes, inner }: Extent, length: number): Uint8Array {
    const at = this.#decoded.findIndex(
      (known) => known.ordinal === ordinal && known.offset === offset && known.length === compressedBytes,
    )
    let decoded = this.#decoded[at]
    if (decoded === undefined) {
      if (this.#decoded.length >= keptRanges) release((this.#decoded.shift() as Decoded).raw)
      decoded = { ordinal, offset, length: compressedBytes, raw: this.#reader(ordinal).decode(offset, compressedBytes) }
      this.#decoded.push(decoded)
    } else if (at < this.#decoded.length - 1) this.#decoded.push(...this.#decoded.splice(at, 1))
    if (inner + length > decoded.raw.length) throw damaged('an extent reaches past the end of its frames')
    return decoded.raw.subarray(inner, inner + length)
  }

  #reader(ordinal: number): StreamReader {
    const known = this.#readers.get(ordinal)
    if (known !== undefined) return known
    const access = this.#accesses.get(ordinal)
    if (access === undefined) throw damaged(`archive number ${ordinal} of this backup cannot be read`)
    const reader = new StreamReader(this.#files, access)
    this.#readers.set(ordinal, reader)
    return reader
  }

  /** An archive that cannot be read is as good as damaged there. */
  #reading<T>(entry: RestorableEntry, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof BackupError) throw error
      const code = codeOf(error)
      if (code === 'EMFILE' || code === 'ENFILE') throw error
      throw damaged(`the archive cannot be read where ${displayPath(entry.path)} lies: ${code ?? 'unknown error'}`)
    }
  }
}

const nothing = new Uint8Array(0)

function comesInChunks(step: SpooledStep, entry: RestorableEntry): boolean {
  return entry.content.kind === 'chunks' || step.outside !== null
}
