import type { Chunk } from '../../model/format.ts'

/** SHA-256 and length of a chunk. */
const recordBytes = 36

/**
 * The chunks of a file's previous version, found by hash and length. The threads share one sorted table of them: it
 * would be too much to copy with every part.
 */
export class KnownChunks {
  readonly table: SharedArrayBuffer
  readonly #places = new Map<string, Chunk>()

  /** Chunks without a hash cannot be recognised and are of no use. */
  constructor(chunks: readonly Chunk[]) {
    for (const chunk of chunks) {
      if (chunk.sha256 === null) continue
      const key = keyOf(chunk.sha256, chunk.length)
      if (!this.#places.has(key)) this.#places.set(key, chunk)
    }
    this.table = new SharedArrayBuffer(this.#places.size * recordBytes)
    const records = Buffer.from(this.table)
    let at = 0
    for (const key of [...this.#places.keys()].sort()) at += records.write(key, at, 'hex')
  }

  get count(): number {
    return this.#places.size
  }

  place(sha256: string, length: number): Chunk | undefined {
    return this.#places.get(keyOf(sha256, length))
  }
}

/** Whether a table has a chunk; what the workers ask. */
export function isKnown(table: SharedArrayBuffer, sha256: string, length: number): boolean {
  const records = Buffer.from(table)
  const record = Buffer.from(keyOf(sha256, length), 'hex')
  let low = 0
  let high = records.length / recordBytes
  while (low < high) {
    const middle = (low + high) >> 1
    const order = record.compare(records, middle * recordBytes, (middle + 1) * recordBytes)
    if (order === 0) return true
    if (order < 0) high = middle
    else low = middle + 1
  }
  return false
}

function keyOf(sha256: string, length: number): string {
  return sha256 + length.toString(16).padStart(8, '0')
}
