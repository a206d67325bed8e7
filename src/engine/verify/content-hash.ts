import { createHash, type Hash, hash } from 'node:crypto'
import type { Chunk } from '../../model/format.ts'

/** SHA-256 of one entry's logical content, holes included, and of its chunks, while its stored bytes pass. */
export class ContentHash {
  /** A chunk that failed its own hash. */
  badChunk: number | null = null
  readonly #sizeBytes: number
  readonly #sparse: readonly (readonly [number, number])[] | null
  readonly #chunks: readonly Chunk[]
  /** Null while a content that comes in one piece is still possible: then one call hashes it. */
  #hash: Hash | null = null
  #done: string | null = null
  #region = 0
  #inRegion = 0
  #hashedTo = 0
  #chunk = 0
  #chunkHash: Hash | null = null
  #inChunk = 0

  constructor(sizeBytes: number, sparse: readonly (readonly [number, number])[] | null, chunks: readonly Chunk[]) {
    this.#sizeBytes = sizeBytes
    this.#sparse = sparse
    this.#chunks = chunks
  }

  update(bytes: Uint8Array): void {
    if (this.#chunks.length > 0) this.#updateChunks(bytes)
    if (this.#hash === null && this.#sparse === null && bytes.length === this.#sizeBytes) {
      this.#done = hash('sha256', bytes)
      return
    }
    this.#hash ??= createHash('sha256')
    if (this.#sparse === null) this.#hash.update(bytes)
    else this.#updateRegions(this.#hash, this.#sparse, bytes)
  }

  digest(): string {
    if (this.#done !== null) return this.#done
    const sha256 = this.#hash ?? createHash('sha256')
    if (this.#sparse !== null) this.#hole(sha256, this.#sizeBytes)
    return sha256.digest('hex')
  }

  #updateRegions(sha256: Hash, regions: readonly (readonly [number, number])[], bytes: Uint8Array): void {
    let rest = bytes
    while (rest.length > 0) {
      const region = regions[this.#region]
      if (region === undefined) return // more bytes than the map has: the tar reader has said so
      const [start, length] = region
      this.#hole(sha256, start)
      const piece = rest.subarray(0, length - this.#inRegion)
      sha256.update(piece)
      this.#hashedTo += piece.length
      this.#inRegion += piece.length
      rest = rest.subarray(piece.length)
      if (this.#inRegion < length) continue
      this.#region++
      this.#inRegion = 0
    }
  }

  #hole(sha256: Hash, end: number): void {
    while (this.#hashedTo < end && this.#inRegion === 0) {
      const piece = zeros.subarray(0, end - this.#hashedTo)
      sha256.update(piece)
      this.#hashedTo += piece.length
    }
  }

  #updateChunks(bytes: Uint8Array): void {
    let rest = bytes
    while (rest.length > 0) {
      const chunk = this.#chunks[this.#chunk]
      if (chunk === undefined) return
      const piece = rest.subarray(0, chunk.length - this.#inChunk)
      if (chunk.sha256 !== null) {
        this.#chunkHash ??= createHash('sha256')
        this.#chunkHash.update(piece)
      }
      this.#inChunk += piece.length
      rest = rest.subarray(piece.length)
      if (this.#inChunk < chunk.length) continue
      if (chunk.sha256 !== null && (this.#chunkHash ?? createHash('sha256')).digest('hex') !== chunk.sha256)
        this.badChunk ??= this.#chunk
      this.#chunkHash = null
      this.#inChunk = 0
      this.#chunk++
    }
  }
}

const zeros = new Uint8Array(1 << 20)
