type Region = readonly [number, number]

/**
 * The bytes of a file that are stored, as one stream: all of it, or the data regions of a sparse file one after
 * another. Offsets are those of this stream.
 */
export class StoredRegions {
  /** Length of the stream. */
  readonly bytes: number
  readonly #regions: readonly Region[]
  /** Where in the stream each region begins. */
  readonly #starts: readonly number[]

  constructor(regions: readonly Region[]) {
    this.#regions = regions
    const starts: number[] = []
    let bytes = 0
    for (const [, length] of regions) {
      starts.push(bytes)
      bytes += length
    }
    this.#starts = starts
    this.bytes = bytes
  }

  /** Where `length` bytes of the stream lie in the file, in order. */
  slice(start: number, length: number): Region[] {
    const found: Region[] = []
    let at = start
    for (let index = this.#indexOf(start); at < start + length; index++) {
      const [offset, regionBytes] = this.#regions[index] as Region // the stream is as long as its regions
      const skipped = at - (this.#starts[index] as number)
      const taken = Math.min(regionBytes - skipped, start + length - at)
      if (taken > 0) found.push([offset + skipped, taken])
      at += taken
    }
    return found
  }

  /**
   * Lengths of the pieces of the stream that lie in the same block of the file. The grid is the file's and not the
   * stream's: a hole that fills up moves what follows it in the stream, and must not move the blocks.
   */
  *blockLengths(blockBytes: number): Generator<number> {
    let block = -1
    let length = 0
    for (const [offset, regionBytes] of this.#regions) {
      for (let done = 0; done < regionBytes; ) {
        const here = Math.floor((offset + done) / blockBytes)
        if (here !== block && length > 0) {
          yield length
          length = 0
        }
        block = here
        const taken = Math.min(regionBytes - done, (here + 1) * blockBytes - offset - done)
        length += taken
        done += taken
      }
    }
    if (length > 0) yield length
  }

  /** The last region that begins at or before this offset. */
  #indexOf(start: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#starts[middle] as number) <= start) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}
