import { BackupError } from '../../model/errors.ts'

/** A stream in parts of exactly `largestBytes`, the last one shorter, each in memory of its own. @throws E_IO where the stream ends before or after the size it promised. */
export async function* inParts(
  bytes: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  largestBytes: number,
): AsyncIterable<Uint8Array> {
  let rest = sizeBytes
  let part = Buffer.allocUnsafeSlow(Math.min(rest, largestBytes))
  let filled = 0
  for await (let piece of bytes) {
    if (piece.length > rest - filled)
      throw new BackupError('E_IO', `a stream is longer than the ${sizeBytes} bytes it promised`)
    while (piece.length > 0) {
      const taken = piece.subarray(0, part.length - filled)
      part.set(taken, filled)
      filled += taken.length
      piece = piece.subarray(taken.length)
      if (filled < part.length) break
      yield part
      rest -= filled
      filled = 0
      part = Buffer.allocUnsafeSlow(Math.min(rest, largestBytes))
    }
  }
  if (rest - filled > 0)
    throw new BackupError('E_IO', `a stream ended ${rest - filled} bytes before the ${sizeBytes} it promised`)
}
