import { hash } from 'node:crypto'
import { BackupError, damaged } from '../../model/errors.ts'
import type { Chunk, Extent } from '../../model/format.ts'
import { displayPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { type StreamAccess, StreamReader } from '../archive/stream-reader.ts'
import { parseChunks } from '../archive/toc-line.ts'
import { storedBytesOf } from '../plan/restore-plan.ts'
import { release } from '../platform/release.ts'
import { ContentWriter } from './content-writer.ts'
import { codeOf } from './look.ts'
import type { RestorableEntry, SpooledStep } from './step-line.ts'

/** The stored bytes of entries of one archive. Neighbours share frames, so what was decoded last is kept. */
export class EntryContent {
  readonly #files: Files
  readonly #reader: StreamReader
  #decoded: { readonly offset: number; readonly length: number; readonly raw: Uint8Array } | null = null

  /** @throws E_ARCHIVE_MISSING, E_DAMAGED, E_IO. */
  constructor(files: Files, access: StreamAccess) {
    this.#files = files
    this.#reader = new StreamReader(files, access)
  }

  close(): void {
    this.#reader.close()
  }

  /**
   * The content of a file small enough to be held, checked before anything of it is written; null where it comes in
   * chunks. Of a sparse file, its data without the holes.
   *
   * @throws E_DAMAGED.
   */
  whole(step: SpooledStep, entry: RestorableEntry): Uint8Array | null {
    if (entry.content.kind === 'chunks' || step.outside !== null) return null
    const bytes =
      entry.content.kind === 'none'
        ? nothing
        : this.#reading(entry, () => this.#extent((entry.content as { extent: Extent }).extent, storedBytesOf(entry)))
    if (entry.sparse !== null) {
      const check = new ContentWriter(this.#files, null, entry)
      check.accept(bytes)
      check.finish()
    } else if (bytes.length !== entry.sizeBytes || hash('sha256', bytes) !== entry.sha256) {
      throw damaged(`the content of ${displayPath(entry.path)} fails its hash`)
    }
    return bytes
  }

  /** The chunks of a large file, one after another, each checked. @throws E_DAMAGED. */
  *pieces(step: SpooledStep, entry: RestorableEntry): Generator<Uint8Array> {
    for (const chunk of this.#chunks(step, entry)) {
      const bytes = this.#reading(entry, () => this.#extent(chunk, chunk.length))
      if (chunk.sha256 !== null && hash('sha256', bytes) !== chunk.sha256)
        throw damaged(`a part of ${displayPath(entry.path)} fails its hash`)
      yield bytes
    }
  }

  #chunks(step: SpooledStep, entry: RestorableEntry): readonly Chunk[] {
    const { outside } = step
    if (outside === null) return entry.content.kind === 'chunks' ? entry.content.chunks : []
    const text = this.#reading(entry, () => this.#reader.extent(outside, outside.length))
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

  #extent({ offset, compressedBytes, inner }: Extent, length: number): Uint8Array {
    let decoded = this.#decoded
    if (decoded === null || decoded.offset !== offset || decoded.length !== compressedBytes) {
      if (decoded !== null) release(decoded.raw)
      this.#decoded = null
      decoded = { offset, length: compressedBytes, raw: this.#reader.decode(offset, compressedBytes) }
      this.#decoded = decoded
    }
    if (inner + length > decoded.raw.length) throw damaged('an extent reaches past the end of its frames')
    return decoded.raw.subarray(inner, inner + length)
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
