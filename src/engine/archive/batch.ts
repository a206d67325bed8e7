import type { TocEntry } from '../../model/toc.ts'
import { type CompressionLevel, compressFrame, frameTargetBytes } from './codec.ts'
import { paddedBytes } from './tar-header.ts'
import { encodeTocLineAround } from './toc-line.ts'
import { endsPage } from './toc-pages.ts'

/** A batch's tar bytes, where its entries lie in them, and how they become frames and lines. */

export interface Frame {
  readonly bytes: Uint8Array
  readonly rawBytes: number
}

/** What was packed, column by column; entries that could not be read are absent. Offsets count from the first frame. */
export interface PackedEntries {
  readonly frames: readonly Frame[]
  /** Place of each packed entry in the job. */
  readonly indices: Uint32Array
  /** The line of the table of contents before and after the offset of the entry's bytes. */
  readonly heads: readonly string[]
  readonly tails: readonly string[]
  /** -1 where no byte is stored; the head is then the whole line. */
  readonly offsets: Float64Array
  /** Size of a file's content; -1 for what is no file. */
  readonly sizes: Float64Array
  readonly pageEnds: Uint8Array
  /** Hard links, and the files that carry their data: in full, for their lines depend on each other. */
  readonly linked: ReadonlyMap<number, TocEntry>
}

/** The tar bytes of a batch while they are gathered; keeps its memory from batch to batch. */
export class RawBuffer {
  bytes = Buffer.allocUnsafeSlow(6 << 20)
  length = 0

  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.length + more, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }

  pad(): void {
    const end = paddedBytes(this.length)
    this.reserve(end - this.length)
    this.bytes.fill(0, this.length, end)
    this.length = end
  }
}

/** An entry and its place in the batch's bytes. */
export interface Span {
  readonly index: number
  readonly entry: Omit<TocEntry, 'content'>
  /** Names the inode has. */
  readonly links: number
  readonly contentStart: number
  readonly contentEnd: number
  readonly end: number
}

/**
 * A frame ends with the entry that fills it; an entry larger than a frame is cut into equal frames of its own.
 * Only names and sizes decide, never who did the work.
 */
export function cutFrames(raw: RawBuffer, spans: readonly Span[], compression: CompressionLevel): PackedEntries {
  if (spans.length === 0) return { frames: [], ...linesOf([], [], [0]) }
  const target = frameTargetBytes[compression.compression]
  const starts = [0]
  spans.forEach((span, at) => {
    const start = starts.at(-1) as number // never empty
    const length = span.end - start
    if (length < target && at < spans.length - 1) return
    const pieces = Math.max(1, Math.round(length / target))
    for (let piece = 1; piece <= pieces; piece++) starts.push(start + Math.round((length * piece) / pieces))
  })
  const frames: Frame[] = []
  for (let at = 1; at < starts.length; at++) {
    const piece = raw.bytes.subarray(starts[at - 1], starts[at])
    frames.push({ bytes: compressFrame(piece, compression), rawBytes: piece.length })
  }
  return { frames, ...linesOf(spans, frames, starts) }
}

function linesOf(
  spans: readonly Span[],
  frames: readonly Frame[],
  starts: readonly number[],
): Omit<PackedEntries, 'frames'> {
  const frameOffsets = [0]
  for (const frame of frames) frameOffsets.push((frameOffsets.at(-1) as number) + frame.bytes.length)
  const indices = new Uint32Array(spans.length)
  const offsets = new Float64Array(spans.length)
  const sizes = new Float64Array(spans.length)
  const pageEnds = new Uint8Array(spans.length)
  const heads: string[] = []
  const tails: string[] = []
  const linked = new Map<number, TocEntry>()
  let frame = 0
  spans.forEach(({ index, entry, links, contentStart, contentEnd }, at) => {
    let content: TocEntry['content'] = { kind: 'none' }
    if (contentEnd > contentStart) {
      while ((starts[frame + 1] as number) <= contentStart) frame++
      let end = frame + 1
      while ((starts[end] as number) < contentEnd) end++
      const offset = frameOffsets[frame] as number
      const compressedBytes = (frameOffsets[end] as number) - offset
      const inner = contentStart - (starts[frame] as number)
      content = { kind: 'extent', holder: 0, extent: { offset, compressedBytes, inner } }
    }
    const whole: TocEntry = { ...entry, content }
    const { head, tail } = encodeTocLineAround(whole)
    heads.push(head)
    tails.push(tail)
    indices[at] = index
    offsets[at] = content.kind === 'extent' ? content.extent.offset : -1
    sizes[at] = entry.type === 'file' ? entry.sizeBytes : -1
    pageEnds[at] = endsPage(entry.path) ? 1 : 0
    if (entry.type === 'hardlink' || (entry.type === 'file' && links > 1)) linked.set(at, whole)
  })
  return { indices, heads, tails, offsets, sizes, pageEnds, linked }
}
