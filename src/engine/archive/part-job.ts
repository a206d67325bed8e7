import { hash } from 'node:crypto'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { release } from '../platform/release.ts'
import type { Frame } from './batch.ts'
import { type CompressionLevel, compressFrame } from './codec.ts'
import { isKnown } from './known-chunks.ts'
import { readRegions } from './read-regions.ts'
import { encodeOwnFileHeader, paddedBytes } from './tar-header.ts'

/**
 * What a worker does with some neighbouring chunks of a large file: read them, hash each, compress those that are
 * stored. The raw bytes travel back too, since the hash of the whole file needs them in order.
 */
export interface PartJob {
  readonly kind: 'part'
  readonly content:
    | { readonly kind: 'open-file'; readonly fd: number; readonly regions: readonly (readonly [number, number])[] }
    | { readonly kind: 'given'; readonly bytes: Uint8Array }
  /** Lengths of the chunks, one after another; together they are the content. */
  readonly lengths: readonly number[]
  /** Chunks share a frame until it has that many bytes; 1 gives each a frame of its own. */
  readonly frameBytes: number
  readonly tar: PartOfTar
  readonly compression: CompressionLevel
}

export type PartOfTar =
  /** A piece of the member of the file: its header before the first part, the padding after the last. */
  | { readonly kind: 'member'; readonly header: Uint8Array; readonly paddingBytes: number }
  /** The chunks that are not in the table of known ones, if any, are a member of their own under this path. */
  | { readonly kind: 'new-chunks'; readonly path: BytePath; readonly known: SharedArrayBuffer }

export interface PartChunk {
  /** Frame that holds it, and where in that frame it begins; null where it is known and not stored. */
  readonly stored: { readonly frame: number; readonly inner: number } | null
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
  const { content, tar } = job
  const raw =
    content.kind === 'given'
      ? content.bytes
      : Buffer.allocUnsafeSlow(job.lengths.reduce((sum, length) => sum + length, 0))
  const problem = content.kind === 'given' ? null : readRegions(files, content.fd, content.regions, raw)
  let start = 0
  let newBytes = 0
  const pieces = job.lengths.map((length) => {
    const bytes = raw.subarray(start, start + length)
    start += length
    const sha256 = hash('sha256', bytes)
    const known = tar.kind === 'new-chunks' && isKnown(tar.known, sha256, length)
    if (!known) newBytes += length
    return { bytes, sha256, known }
  })

  const frames = new FrameGatherer(job.compression)
  if (tar.kind === 'member') frames.header(tar.header)
  else if (newBytes > 0) frames.header(encodeOwnFileHeader(tar.path, newBytes))
  const paddingBytes = tar.kind === 'member' ? tar.paddingBytes : paddedBytes(newBytes) - newBytes
  let rest = newBytes
  const chunks = pieces.map(({ bytes, sha256, known }): PartChunk => {
    if (known) return { stored: null, length: bytes.length, sha256 }
    const stored = { frame: frames.done.length, inner: frames.rawBytes }
    frames.add(bytes)
    rest -= bytes.length
    if (rest > 0 && frames.contentBytes >= job.frameBytes) frames.end()
    return { stored, length: bytes.length, sha256 }
  })
  frames.add(new Uint8Array(paddingBytes))
  frames.end()
  return { frames: frames.done, chunks, raw, problem }
}

class FrameGatherer {
  readonly done: Frame[] = []
  /** Bytes of the frame that is gathered, and without the tar header at its beginning. */
  rawBytes = 0
  contentBytes = 0
  readonly #compression: CompressionLevel
  #pieces: Uint8Array[] = []

  constructor(compression: CompressionLevel) {
    this.#compression = compression
  }

  header(bytes: Uint8Array): void {
    let rest = bytes
    for (; rest.length > headerInFrameBytes; rest = rest.subarray(headerInFrameBytes)) {
      this.add(rest.subarray(0, headerInFrameBytes))
      this.end()
    }
    this.add(rest)
    this.contentBytes = 0
  }

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#pieces.push(bytes)
    this.rawBytes += bytes.length
    this.contentBytes += bytes.length
  }

  end(): void {
    if (this.rawBytes > 0) {
      const [first] = this.#pieces
      const isOne = this.#pieces.length === 1 && first !== undefined
      const raw = isOne ? first : Buffer.concat(this.#pieces, this.rawBytes)
      const bytes = compressFrame(raw, this.#compression)
      this.done.push({ bytes, rawBytes: this.rawBytes })
      if (!isOne && bytes.buffer !== raw.buffer) release(raw)
    }
    this.#pieces = []
    this.rawBytes = 0
    this.contentBytes = 0
  }
}
