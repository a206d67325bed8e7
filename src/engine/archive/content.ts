import type { TocEntry } from '../../model/toc.ts'
import type { StreamReader } from './stream-reader.ts'

/** Where content is read from: a stream by the ordinal of its archive. */
export interface ContentSource {
  member(ordinal: number): { readonly stream: Pick<StreamReader, 'extent'> }
}

const zeros = new Uint8Array(1 << 20)

/** The logical content of a file in pieces, holes as zeros. Not hashed: that is the caller's. @throws E_DAMAGED. */
export function* readContent(source: ContentSource, entry: TocEntry): Generator<Uint8Array> {
  if (entry.sparse === null) {
    yield* readStored(source, entry)
    return
  }
  const stored = readStored(source, entry)
  let piece: Uint8Array = new Uint8Array(0)
  let position = 0
  for (const [offset, length] of entry.sparse) {
    yield* holes(offset - position)
    position = offset
    for (let rest = length; rest > 0; ) {
      if (piece.length === 0) {
        const next = stored.next()
        if (next.done === true) return // the hash will tell
        piece = next.value
      }
      const part = piece.subarray(0, rest)
      yield part
      piece = piece.subarray(part.length)
      rest -= part.length
      position += part.length
    }
  }
  yield* holes(entry.sizeBytes - position)
}

/** The bytes the archive holds: without the holes of a sparse file. */
export function* readStored(source: ContentSource, entry: TocEntry): Generator<Uint8Array> {
  switch (entry.content.kind) {
    case 'none':
      return
    case 'extent':
      yield source.member(entry.content.holder).stream.extent(entry.content.extent, storedBytesOf(entry))
      return
    case 'chunks':
      for (const chunk of entry.content.chunks) yield source.member(chunk.holder).stream.extent(chunk, chunk.length)
  }
}

export function storedBytesOf(entry: Pick<TocEntry, 'sparse' | 'sizeBytes'>): number {
  return entry.sparse?.reduce((sum, [, length]) => sum + length, 0) ?? entry.sizeBytes
}

function* holes(bytes: number): Generator<Uint8Array> {
  for (let rest = bytes; rest > 0; rest -= zeros.length) yield zeros.subarray(0, Math.min(rest, zeros.length))
}
