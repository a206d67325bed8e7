import { BackupError, damaged } from '../../model/errors.ts'
import { type Compression, type Extent, limits } from '../../model/format.ts'
import { type BytePath, displayPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'
import { readFully } from '../platform/read-fully.ts'
import { release } from '../platform/release.ts'
import { decompressFrames } from './codec.ts'
import { type SegmentKey, SegmentOpener } from './stream-aead.ts'

/** All a worker needs to read an archive: plain data. It holds a key: never logged. */
export interface StreamAccess {
  readonly path: BytePath
  readonly compression: Compression
  /** Null where the archive is not encrypted: the file is the stream. */
  readonly key: SegmentKey | null
  readonly fileBytes: number
}

/** What one read may ask for: a chunk or a small file, with the rest of its frames. */
const extentLimitBytes = 2 * limits.frameRawBytes + (1 << 20)

/**
 * Random access to the stream S of one archive. Encrypted segments are authenticated before any byte of them is
 * handed on; the last segment first of all, since only it proves that the file was not cut.
 */
export class StreamReader {
  readonly streamBytes: number
  readonly compression: Compression
  readonly #files: Files
  readonly #access: StreamAccess
  readonly #opener: SegmentOpener | null
  readonly #fd: number
  /** The segments read last: neighbours usually ask for the same one. */
  readonly #recent = new Map<number, Uint8Array>()
  /** Filled anew by every read: megabytes of garbage for every segment would outgrow the archive. */
  #ciphertext: Uint8Array = new Uint8Array(0)
  #compressed: Uint8Array = new Uint8Array(0)

  /** @throws E_ARCHIVE_MISSING, E_IO, E_DAMAGED where the end of the stream does not authenticate. */
  constructor(files: Files, access: StreamAccess) {
    this.#files = files
    this.#access = access
    this.compression = access.compression
    this.#opener = access.key === null ? null : new SegmentOpener(access.key)
    this.streamBytes = this.#opener?.plaintextBytes ?? access.fileBytes
    this.#fd = openArchiveFile(files, access.path)
    try {
      if (this.#opener !== null) this.#segment(this.#opener.segmentCount - 1)
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    letGo(this.#files, this.#fd)
  }

  /** Bytes of S. @throws E_DAMAGED where the range lies outside or fails authentication. */
  read(offset: number, length: number): Uint8Array {
    return this.#readInto(Buffer.allocUnsafe(length), offset, length)
  }

  #readInto(into: Uint8Array, offset: number, length: number): Uint8Array {
    if (offset < 0 || length < 0 || offset + length > this.streamBytes) {
      throw damaged(`bytes ${offset} to ${offset + length} lie outside the archive's ${this.streamBytes}`)
    }
    if (length === 0) return into.subarray(0, 0)
    if (this.#opener === null) return this.#pread(into, offset, length)
    const first = this.#opener.locate(offset)
    const last = this.#opener.locate(offset + length - 1)
    const out = into.subarray(0, length)
    let at = 0
    for (let segment = first.segment; segment <= last.segment; segment++) {
      const plain = this.#segment(segment)
      const from = segment === first.segment ? first.offset : 0
      const to = segment === last.segment ? last.offset + 1 : plain.length
      out.set(plain.subarray(from, to), at)
      at += to - from
    }
    return out
  }

  /** What a range of whole frames decodes to. `rawBytes` is set where the archive rightly promises more than usual. */
  decode(offset: number, compressedBytes: number, rawBytes = 0): Uint8Array {
    if (compressedBytes > extentLimitBytes + rawBytes)
      throw damaged(`a range of frames is ${compressedBytes} bytes long, more than a reader accepts`)
    const limitBytes = 2 * extentLimitBytes + rawBytes
    // What is not compressed is handed on as it is, and must not be overwritten by the next read.
    if (this.compression === 'none') return this.read(offset, compressedBytes)
    if (this.#compressed.length < compressedBytes)
      this.#compressed = Buffer.allocUnsafeSlow(compressedBytes + (1 << 20))
    const compressed = this.#readInto(this.#compressed, offset, compressedBytes)
    return decompressFrames(compressed, this.compression, limitBytes)
  }

  /** The `length` bytes an extent points at. */
  extent(extent: Extent, length: number): Uint8Array {
    const raw = this.decode(extent.offset, extent.compressedBytes, length)
    if (extent.inner + length > raw.length) throw damaged('an extent reaches past the end of its frames')
    return raw.subarray(extent.inner, extent.inner + length)
  }

  #segment(index: number): Uint8Array {
    const known = this.#recent.get(index)
    if (known !== undefined) return known
    const opener = this.#opener as SegmentOpener // only called where there is one
    const { position, length } = opener.ciphertextRange(index)
    if (this.#ciphertext.length < length) this.#ciphertext = Buffer.allocUnsafeSlow(length)
    const plain = opener.open(index, this.#pread(this.#ciphertext, position, length))
    const [oldest] = this.#recent
    if (this.#recent.size >= 3 && oldest !== undefined) {
      this.#recent.delete(oldest[0])
      release(oldest[1])
    }
    this.#recent.set(index, plain)
    return plain
  }

  #pread(into: Uint8Array, position: number, length: number): Uint8Array {
    const bytes = into.subarray(0, length)
    let got: number
    try {
      got = readFully(this.#files, this.#fd, bytes, position)
    } catch (error) {
      throw explainIo(error, 'read', this.#access.path)
    }
    if (got < length) throw damaged(`the archive ${displayPath(this.#access.path)} is shorter than it was`)
    return bytes
  }
}

/** @throws E_ARCHIVE_MISSING where there is no such file. */
export function openArchiveFile(files: Files, path: BytePath): number {
  try {
    return files.open(path, 'read-following')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT')
      throw new BackupError(
        'E_ARCHIVE_MISSING',
        `the archive ${displayPath(path)} is missing`,
        'bring it back from a copy of the repository',
      )
    throw new BackupError('E_IO', `opening the archive ${displayPath(path)}: ${code}`, '', error)
  }
}
