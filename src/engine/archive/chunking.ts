import { createHash } from 'node:crypto'

/**
 * Content-defined chunking of large files, so that a later version of a file shares all chunks an edit did not
 * touch: a gear rolling hash with normalised chunking of level 2 (Xia et al., "FastCDC", USENIX ATC 2016).
 * Readers never depend on these rules; they read the chunks a table of contents lists.
 */
export const chunking = {
  algorithm: 'gear32-nc2',
  minimumBytes: 256 * 1024,
  averageBytes: 1024 * 1024,
  maximumBytes: 4 * 1024 * 1024,
} as const

/** How a large file is cut into chunks: by what it holds, or on a grid of blocks. */
export type Chunker = { readonly kind: 'content' } | { readonly kind: 'fixed'; readonly blockBytes: number }

/** A chunk ends where the hash's top bits are zero, which depend on the most bytes: 22 before the average, 18 after. */
const strictShift = 10
const looseShift = 14

const gear = new Int32Array(256)
for (let value = 0; value < 256; value++) {
  gear[value] = createHash('sha256').update(`BKA1/gear/${value}`).digest().readInt32BE(0)
}

/** A gear hash has forgotten every byte that lies further back than this. */
const memoryBytes = 31

/** Ends of the chunks in `bytes`, ascending; the last is bytes.length. Empty input has no chunks. */
export function chunkEnds(bytes: Uint8Array): number[] {
  const ends: number[] = []
  let start = 0
  while (start < bytes.length) {
    start = chunkEnd(bytes, start)
    ends.push(start)
  }
  return ends
}

/** End of the chunk that starts at `start`, as long as no byte follows `bytes`. */
export function chunkEnd(bytes: Uint8Array, start: number): number {
  const last = Math.min(bytes.length, start + chunking.maximumBytes)
  const average = Math.min(last, start + chunking.averageBytes)
  let at = Math.min(last, start + chunking.minimumBytes)
  let hash = 0
  for (; at < average; at++) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    if (hash >>> strictShift === 0) return at + 1
  }
  for (; at < last; at++) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    if (hash >>> looseShift === 0) return at + 1
  }
  return last
}

/** Bytes before a part that its cut points depend on. */
export const lookbackBytes = memoryBytes

/**
 * Every place of a part where a chunk may end, wherever it started: what a thread can find out without knowing the
 * chunks before. `bytes` are the part and up to `lookbackBytes` before it, `before` of them. A point is twice the
 * offset of the end in the part, and 1 more where the strict mask agrees as well. Ascending.
 */
export function cutPoints(bytes: Uint8Array, before: number): Uint32Array<ArrayBuffer> {
  const found = new PointList()
  let hash = 0
  let at = 0
  for (; at < before; at++) hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
  // Four bytes a round: this loop sees every byte of every large file.
  for (const end = bytes.length - 3; at < end; at += 4) {
    const first = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    const second = ((first << 1) + (gear[bytes[at + 1] as number] as number)) | 0
    const third = ((second << 1) + (gear[bytes[at + 2] as number] as number)) | 0
    hash = ((third << 1) + (gear[bytes[at + 3] as number] as number)) | 0
    if (first >>> looseShift === 0) found.add(at + 1 - before, first)
    if (second >>> looseShift === 0) found.add(at + 2 - before, second)
    if (third >>> looseShift === 0) found.add(at + 3 - before, third)
    if (hash >>> looseShift === 0) found.add(at + 4 - before, hash)
  }
  for (; at < bytes.length; at++) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    if (hash >>> looseShift === 0) found.add(at + 1 - before, hash)
  }
  return found.done()
}

class PointList {
  #points = new Uint32Array(256)
  #count = 0

  add(end: number, hash: number): void {
    if (this.#count === this.#points.length) {
      const more = new Uint32Array(this.#count * 4)
      more.set(this.#points)
      this.#points = more
    }
    this.#points[this.#count++] = end * 2 + (hash >>> strictShift === 0 ? 1 : 0)
  }

  done(): Uint32Array<ArrayBuffer> {
    return this.#points.slice(0, this.#count)
  }
}

interface PartPoints {
  readonly start: number
  readonly points: Uint32Array
}

/**
 * Chooses the chunks of a stream from the cut points of its parts: exactly those of `chunkEnds` over the whole, for
 * parts of any size. Every point is looked at once, whatever the bytes are.
 *
 * A hash starts anew with every chunk, so the points just behind a chunk's minimum are not its own until the hash is
 * full; those few bytes are asked for and hashed again.
 */
export class ChunkCutter {
  readonly #totalBytes: number
  readonly #bytesAt: (offset: number, length: number) => Uint8Array
  readonly #parts: PartPoints[] = []
  /** Next point of the first part. */
  #next = 0
  #scanned = 0
  #start = 0

  /** `bytesAt` gives bytes of the stream, a few at a time, from parts that were added. */
  constructor(totalBytes: number, bytesAt: (offset: number, length: number) => Uint8Array) {
    this.#totalBytes = totalBytes
    this.#bytesAt = bytesAt
  }

  /** The points of the next part. Returns the lengths of the chunks that are certain now. */
  add(points: Uint32Array, partBytes: number): number[] {
    this.#parts.push({ start: this.#scanned, points })
    this.#scanned += partBytes
    const lengths: number[] = []
    while (this.#start < this.#totalBytes) {
      const last = Math.min(this.#totalBytes, this.#start + chunking.maximumBytes)
      if (last > this.#scanned) break
      const end = this.#fresh(last) ?? this.#pointed(last)
      lengths.push(end - this.#start)
      this.#start = end
    }
    return lengths
  }

  /** The end, where the hash finds one before it is full. */
  #fresh(last: number): number | null {
    const first = Math.min(last, this.#start + chunking.minimumBytes)
    const average = this.#start + chunking.averageBytes
    const length = Math.min(memoryBytes, last - first)
    if (length === 0) return null
    let hash = 0
    let at = first
    for (const byte of this.#bytesAt(first, length)) {
      hash = ((hash << 1) + (gear[byte] as number)) | 0
      if (hash >>> (at < average ? strictShift : looseShift) === 0) return at + 1
      at++
    }
    return null
  }

  #pointed(last: number): number {
    const first = this.#start + chunking.minimumBytes + memoryBytes
    const average = this.#start + chunking.averageBytes
    for (let part = this.#parts[0]; part !== undefined; part = this.#parts[0]) {
      const point = part.points[this.#next]
      if (point === undefined) {
        this.#parts.shift()
        this.#next = 0
        continue
      }
      const at = part.start + (point >>> 1) - 1
      if (at >= last) break
      this.#next++
      if (at >= average || (at >= first && (point & 1) === 1)) return at + 1
    }
    return last
  }
}
