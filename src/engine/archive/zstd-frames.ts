import { damaged } from '../../model/errors.ts'
import { limits } from '../../model/format.ts'

/**
 * Node's zstd decoder stops silently after the first frame of its input, so Holdfast finds the frames itself by
 * walking their block headers (RFC 8878, sections 3.1.1 and 3.1.2).
 */

export interface ZstdFrame {
  readonly start: number
  readonly end: number
  /** Decompressed length the frame promises; 0 for a skippable frame. */
  readonly contentBytes: number
  readonly skippable: boolean
}

const magic = 0xfd2fb528
const skippableMagic = 0x184d2a50
const windowLimitBytes = 8 * 1024 * 1024

/**
 * The frame that begins at `start`.
 *
 * @throws E_DAMAGED where the bytes are no complete frame, carry no content size, need a dictionary, or promise
 * more than a reader must be ready to hold.
 */
export function readZstdFrame(bytes: Uint8Array, start: number): ZstdFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const need = (end: number): number => {
    if (end > bytes.length) throw damaged('a zstd frame is cut short')
    return end
  }
  need(start + 8)
  const first = view.getUint32(start, true)
  if ((first & 0xfffffff0) >>> 0 === skippableMagic) {
    const end = need(start + 8 + view.getUint32(start + 4, true))
    return { start, end, contentBytes: 0, skippable: true }
  }
  if (first !== magic) throw damaged('a zstd frame does not begin with its magic number')

  const descriptor = bytes[start + 4] as number
  const singleSegment = (descriptor & 0x20) !== 0
  if ((descriptor & 0x08) !== 0) throw damaged('a zstd frame sets a reserved bit')
  if ((descriptor & 0x03) !== 0) throw damaged('a zstd frame asks for a dictionary')
  let at = start + 5
  if (!singleSegment) {
    const window = bytes[at++] as number
    const base = 2 ** (10 + (window >> 3))
    if (base + (base / 8) * (window & 7) > windowLimitBytes) throw damaged('a zstd frame asks for too large a window')
  }
  const sizeFlag = descriptor >> 6
  const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag
  if (sizeBytes === 0) throw damaged('a zstd frame carries no content size')
  need(at + sizeBytes)
  const contentBytes =
    sizeBytes === 1
      ? (bytes[at] as number)
      : sizeBytes === 2
        ? view.getUint16(at, true) + 256
        : sizeBytes === 4
          ? view.getUint32(at, true)
          : Number(view.getBigUint64(at, true))
  if (contentBytes > limits.frameRawBytes)
    throw damaged(`a zstd frame promises ${contentBytes} bytes, more than a frame may hold`)
  at += sizeBytes

  for (;;) {
    need(at + 3)
    const header = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
    const kind = (header >> 1) & 3
    if (kind === 3) throw damaged('a zstd block has a reserved type')
    at = need(at + 3 + (kind === 1 ? 1 : header >> 3))
    if ((header & 1) !== 0) break
  }
  const end = need(at + ((descriptor & 0x04) !== 0 ? 4 : 0))
  return { start, end, contentBytes, skippable: false }
}

/** All frames of a range, in order; the range must end where a frame ends. */
export function splitZstdFrames(bytes: Uint8Array): ZstdFrame[] {
  const frames: ZstdFrame[] = []
  for (let at = 0; at < bytes.length; ) {
    const frame = readZstdFrame(bytes, at)
    frames.push(frame)
    at = frame.end
  }
  return frames
}
