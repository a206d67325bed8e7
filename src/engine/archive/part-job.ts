import { hash } from 'node:crypto'
import type { Files } from '../../model/ports.ts'
import { readFully } from '../platform/read-fully.ts'
import type { Frame } from './batch.ts'
import { chunkEnds } from './chunking.ts'
import { type CompressionLevel, compressFrame } from './codec.ts'

/**
 * What a worker does with one part of a large file: read it, cut it into content-defined chunks, compress each
 * chunk as a frame of its own. The raw bytes travel back too, since the hash of the whole file needs them in order.
 */
export interface PartJob {
  readonly kind: 'part'
  readonly content:
    | { readonly kind: 'open-file'; readonly fd: number; readonly regions: readonly (readonly [number, number])[] }
    | { readonly kind: 'given'; readonly bytes: Uint8Array }
  /** Tar header blocks, before the first part only. */
  readonly header: Uint8Array
  /** Zero bytes that complete the last block, after the last part only. */
  readonly paddingBytes: number
  readonly compression: CompressionLevel
}

export interface PartChunk {
  /** Frame that holds it, and where in that frame it begins. */
  readonly frame: number
  readonly inner: number
  readonly length: number
  readonly sha256: string
}

export interface PartResult {
  readonly frames: readonly Frame[]
  readonly chunks: readonly PartChunk[]
  readonly raw: Uint8Array
  /** The file ended early or could not be read here; zeros stand in its place. */
  readonly problem: string | null
}

/** Header blocks larger than this get frames of their own: a sparse map has no limit. */
const headerInFrameBytes = 1 << 20

export function packPart(files: Files, job: PartJob): PartResult {
  const { bytes: raw, problem } =
    job.content.kind === 'given'
      ? { bytes: job.content.bytes, problem: null }
      : readRegions(files, job.content.fd, job.content.regions)
  const frames: Frame[] = []
  const add = (bytes: Uint8Array): number =>
    frames.push({ bytes: compressFrame(bytes, job.compression), rawBytes: bytes.length }) - 1
  let before = job.header
  while (before.length > headerInFrameBytes) {
    add(before.subarray(0, headerInFrameBytes))
    before = before.subarray(headerInFrameBytes)
  }
  const ends = chunkEnds(raw)
  const chunks: PartChunk[] = []
  let start = 0
  for (const end of ends) {
    const chunk = raw.subarray(start, end)
    const padding = end === raw.length ? job.paddingBytes : 0
    const framed =
      before.length === 0 && padding === 0
        ? chunk
        : Buffer.concat([before, chunk], before.length + chunk.length + padding)
    chunks.push({ frame: add(framed), inner: before.length, length: chunk.length, sha256: hash('sha256', chunk) })
    before = noBytes
    start = end
  }
  if (ends.length === 0 && before.length + job.paddingBytes > 0)
    add(Buffer.concat([before], before.length + job.paddingBytes))
  return { frames, chunks, raw, problem }
}

const noBytes = new Uint8Array(0)

function readRegions(
  files: Files,
  fd: number,
  regions: readonly (readonly [number, number])[],
): { bytes: Uint8Array; problem: string | null } {
  const bytes = Buffer.allocUnsafeSlow(regions.reduce((sum, [, length]) => sum + length, 0))
  let problem: string | null = null
  let at = 0
  for (const [offset, length] of regions) {
    const piece = bytes.subarray(at, at + length)
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
  return { bytes, problem }
}
