import type { Files } from '../../model/ports.ts'
import { readFully } from '../platform/read-fully.ts'

/** Fills `into` from regions of a file, one after another. What cannot be read is zeros; returns why, or null. */
export function readRegions(
  files: Files,
  fd: number,
  regions: readonly (readonly [number, number])[],
  into: Uint8Array,
): string | null {
  let problem: string | null = null
  let at = 0
  for (const [offset, length] of regions) {
    const piece = into.subarray(at, at + length)
    let got = 0
    try {
      got = readFully(files, fd, piece, offset)
      if (got < length) problem = 'became shorter while it was read; zeros stand for what is missing'
    } catch (error) {
      problem = `could not be read at offset ${offset}: ${(error as NodeJS.ErrnoException).code ?? 'EIO'}; zeros stand for what is missing`
    }
    piece.fill(0, got)
    at += length
  }
  return problem
}
