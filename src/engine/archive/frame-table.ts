import type { Extent } from '../../model/format.ts'

const recordBytes = 16

/** Where each compressed frame begins, in S and in the tar: what becomes frames.bin. Grows by doubling, 16 bytes a frame. */
export class FrameTable {
  #records = Buffer.alloc(64 * 1024)
  /** Frames so far. */
  count = 0

  /** A frame begins at these offsets. Both ascend. */
  add(offset: number, rawOffset: number): void {
    this.#put(this.count++, offset, rawOffset)
  }

  /** Bytes of frames.bin for the frames so far, `further` ones, and the record that ends it. */
  sizeWith(further: number): number {
    return (this.count + further + 1) * recordBytes
  }

  /** frames.bin: a record for each frame, and one for the end. */
  encode(end: number, rawEnd: number): Uint8Array {
    this.#put(this.count, end, rawEnd)
    return Buffer.from(this.#records.subarray(0, (this.count + 1) * recordBytes))
  }

  /** The frames that hold a range of the tar; `end` is that of S. */
  placeOf(rawStart: number, length: number, end: number): Extent {
    const first = this.#frameWith(rawStart)
    const last = this.#frameWith(rawStart + Math.max(length, 1) - 1)
    const offset = this.#offsetOf(first)
    const after = last + 1 < this.count ? this.#offsetOf(last + 1) : end
    return { offset, compressedBytes: after - offset, inner: rawStart - this.#rawOffsetOf(first) }
  }

  #frameWith(rawOffset: number): number {
    let low = 0
    let high = this.count
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#rawOffsetOf(middle) <= rawOffset) low = middle
      else high = middle
    }
    return low
  }

  #offsetOf(frame: number): number {
    return Number(this.#records.readBigUInt64BE(frame * recordBytes))
  }

  #rawOffsetOf(frame: number): number {
    return Number(this.#records.readBigUInt64BE(frame * recordBytes + 8))
  }

  #put(frame: number, offset: number, rawOffset: number): void {
    const at = frame * recordBytes
    if (at + recordBytes > this.#records.length)
      this.#records = Buffer.concat([this.#records], this.#records.length * 2)
    this.#records.writeBigUInt64BE(BigInt(offset), at)
    this.#records.writeBigUInt64BE(BigInt(rawOffset), at + 8)
  }
}
