import { createHash } from 'node:crypto'
import { damaged } from '../../model/errors.ts'
import { displayPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { SharedWatch } from './shared-watch.ts'
import type { RestorableEntry } from './step-line.ts'

const zeroBytes = new Uint8Array(1 << 20)
const writebackBytes = 16 << 20

/**
 * Puts stored bytes where they belong in a file, holes left out, and hashes the file as it will read, holes as zeros.
 * Memory is that of one piece.
 */
export class ContentWriter {
  readonly #files: Files
  /** Null: hash only. */
  readonly #fd: number | null
  readonly #entry: RestorableEntry
  readonly #watch: SharedWatch | null
  readonly #regions: readonly (readonly [number, number])[]
  readonly #hash = createHash('sha256')
  #region = 0
  /** Bytes taken into the current region. */
  #within = 0
  #hashedTo = 0
  #writtenBack = 0

  /**
   * A file with holes gets its length at once: what the file system cannot hold is told before hours go into it.
   *
   * @throws E_DAMAGED where the map of a sparse file is none.
   */
  constructor(files: Files, fd: number | null, entry: RestorableEntry, watch: SharedWatch | null) {
    this.#files = files
    this.#fd = fd
    this.#entry = entry
    this.#watch = watch
    this.#regions = entry.sparse ?? [[0, entry.sizeBytes]]
    let end = 0
    for (const [offset, length] of this.#regions) {
      if (offset < end || offset + length > entry.sizeBytes)
        throw damaged(`the map of the sparse file ${displayPath(entry.path)} is malformed`)
      end = offset + length
    }
    if (fd !== null && entry.sparse !== null) files.truncate(fd, entry.sizeBytes)
  }

  /** The next stored bytes. @throws E_DAMAGED where there are more than the entry promises, E_INTERRUPTED. */
  accept(bytes: Uint8Array): void {
    this.#watch?.check()
    let rest = bytes
    while (rest.length > 0) {
      const region = this.#regions[this.#region]
      if (region === undefined) throw this.#wrongLength()
      const [offset, length] = region
      const piece = rest.subarray(0, length - this.#within)
      if (piece.length > 0) {
        const at = offset + this.#within
        this.#hashZerosTo(at)
        this.#hash.update(piece)
        this.#hashedTo += piece.length
        if (this.#fd !== null) this.#write(this.#fd, piece, at)
      }
      this.#within += piece.length
      rest = rest.subarray(piece.length)
      this.#leaveFullRegions()
    }
  }

  /** Compares the length and the hash. @throws E_DAMAGED, E_INTERRUPTED. */
  finish(): void {
    this.#leaveFullRegions()
    if (this.#region < this.#regions.length) throw this.#wrongLength()
    this.#hashZerosTo(this.#entry.sizeBytes)
    if (this.#hash.digest('hex') !== this.#entry.sha256)
      throw damaged(`the content of ${displayPath(this.#entry.path)} fails its hash`)
  }

  #write(fd: number, piece: Uint8Array, at: number): void {
    this.#files.write(fd, piece, at)
    // Begun early, the sync at the end has little left to wait for.
    if (at + piece.length - this.#writtenBack < writebackBytes) return
    this.#files.startWriteback(fd, this.#writtenBack, at + piece.length - this.#writtenBack)
    this.#writtenBack = at + piece.length
  }

  #leaveFullRegions(): void {
    for (let region = this.#regions[this.#region]; region !== undefined; region = this.#regions[this.#region]) {
      if (this.#within < region[1]) return
      this.#region++
      this.#within = 0
    }
  }

  #hashZerosTo(offset: number): void {
    while (this.#hashedTo < offset) {
      const zeros = zeroBytes.subarray(0, offset - this.#hashedTo)
      this.#hash.update(zeros)
      this.#hashedTo += zeros.length
      this.#watch?.check()
    }
  }

  #wrongLength() {
    return damaged(`the archive holds another number of bytes for ${displayPath(this.#entry.path)} than it promises`)
  }
}
