import { type Chunker, chunkEnd, chunking } from './chunking.ts'

/** Some chunks of a stream, in memory of their own. */
export interface StreamChunks {
  readonly bytes: Uint8Array
  readonly lengths: readonly number[]
}

/** Cuts a stream of `sizeBytes` into chunks; what a part leaves over goes before the next one. */
export async function* cutStream(
  parts: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  chunker: Chunker,
): AsyncGenerator<StreamChunks> {
  const largest = chunker.kind === 'fixed' ? chunker.blockBytes : chunking.maximumBytes
  let left: Uint8Array = new Uint8Array(0)
  let seen = 0
  for await (const part of parts) {
    seen += part.length
    const bytes = left.length === 0 ? part : Buffer.concat([left, part], left.length + part.length)
    const lengths: number[] = []
    let start = 0
    while (start < bytes.length && (bytes.length - start >= largest || seen === sizeBytes)) {
      const end = chunker.kind === 'fixed' ? Math.min(bytes.length, start + largest) : chunkEnd(bytes, start)
      lengths.push(end - start)
      start = end
    }
    left = bytes.slice(start)
    if (start > 0) yield { bytes: new Uint8Array(bytes.subarray(0, start)), lengths }
  }
}
