import type { TocEntry } from '../../model/toc.ts'

/** Where the frames of an archive lie, in the stream and in the tar: ArchiveReader.frames(). */
export interface FrameList {
  readonly offsets: readonly number[]
  readonly rawOffsets: readonly number[]
}

/** A range of the tar. */
export interface RawRange {
  readonly start: number
  readonly length: number
}

/**
 * Where the table of contents says that an entry's stored bytes lie in the tar; null where it stores none.
 * A string says why the place is none.
 */
export function rawRangeOf(entry: TocEntry, frames: FrameList): RawRange | string | null {
  const { content } = entry
  const storedBytes = entry.sparse?.reduce((sum, [, length]) => sum + length, 0) ?? entry.sizeBytes
  switch (content.kind) {
    case 'none':
      return storedBytes === 0 ? null : 'has a size and no place'
    case 'extent': {
      const { offset, compressedBytes, inner } = content.extent
      return rawRange(frames, offset, compressedBytes, inner, storedBytes) ?? 'lies where no frames are'
    }
    case 'chunks': {
      const first = content.chunks[0]
      if (first === undefined) return 'has an empty list of chunks'
      let start: number | null = null
      let end = 0
      for (const { offset, compressedBytes, inner, length } of content.chunks) {
        const range = rawRange(frames, offset, compressedBytes, inner, length)
        if (range === null) return 'has a chunk where no frames are'
        start ??= range.start
        if (range.start !== start + end) return 'has chunks that do not follow each other'
        end += length
      }
      return end === storedBytes && start !== null ? { start, length: end } : 'has chunks of another length'
    }
  }
}

function rawRange(
  { offsets, rawOffsets }: FrameList,
  offset: number,
  compressedBytes: number,
  inner: number,
  length: number,
): RawRange | null {
  const first = frameAt(offsets, offset)
  const end = frameAt(offsets, offset + compressedBytes)
  if (first === null || end === null) return null
  const start = (rawOffsets[first] as number) + inner
  return start + length <= (rawOffsets[end] as number) ? { start, length } : null
}

/** The frame that begins at exactly this offset; the closing pair counts. */
export function frameAt(offsets: readonly number[], offset: number): number | null {
  let low = 0
  let high = offsets.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const value = offsets[middle] as number
    if (value === offset) return middle
    if (value < offset) low = middle + 1
    else high = middle - 1
  }
  return null
}
