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

/** Masks take the hash's top bits, which depend on the most bytes: 22 before the average, 18 after it. */
const strictMask = (0xffffffff << 10) >>> 0
const looseMask = (0xffffffff << 14) >>> 0

const gear = new Int32Array(256)
for (let value = 0; value < 256; value++) {
  gear[value] = createHash('sha256').update(`BKA1/gear/${value}`).digest().readInt32BE(0)
}

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

function chunkEnd(bytes: Uint8Array, start: number): number {
  const last = Math.min(bytes.length, start + chunking.maximumBytes)
  const average = Math.min(last, start + chunking.averageBytes)
  let at = Math.min(last, start + chunking.minimumBytes)
  let hash = 0
  for (; at < average; at++) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    if ((hash & strictMask) === 0) return at + 1
  }
  for (; at < last; at++) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    if ((hash & looseMask) === 0) return at + 1
  }
  return last
}
