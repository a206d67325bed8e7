import { spawnSync } from 'node:child_process'
import { gunzipSync, gzipSync } from 'node:zlib'
import { BackupError, damaged } from '../../model/errors.ts'
import { type Compression, limits } from '../../model/format.ts'
import { zstd } from '../platform/zstd.ts'
import { splitZstdFrames } from './zstd-frames.ts'

/**
 * One frame of the stream: compressed on its own, so that any range of frames decodes without the rest.
 *
 * zstd carries content size and checksum; gzip members have no name and no time. xz and bzip2 are the system's
 * own commands: slow, for those who must.
 */
export interface CompressionLevel {
  readonly compression: Compression
  readonly level: number
}

export const defaultLevel: Record<Compression, number> = { zstd: 2, gzip: 6, bzip2: 9, xz: 6, none: 0 }

/** Raw bytes a frame aims at. The external commands pay a process for every frame, so theirs are large. */
export const frameTargetBytes: Record<Compression, number> = {
  zstd: 2 << 20,
  gzip: 1 << 20,
  none: 1 << 20,
  // A frame may come out half as large again (an entry is cut into equal parts), and 16 MiB is the limit.
  xz: 8 << 20,
  bzip2: 8 << 20,
}

/** What one decode may yield at most: a file below the chunking threshold with its neighbours in the frame. */
const decodeLimitBytes = 4 * limits.frameRawBytes

/** A frame in memory of its own, so that it can be handed to another thread. */
export function compressFrame(raw: Uint8Array, settings: CompressionLevel): Uint8Array {
  const bytes = compress(raw, settings)
  // Node takes small buffers from a pool that other buffers live in too.
  return new Uint8Array(bytes)
}

function worstCaseBytes(rawBytes: number): number {
  return rawBytes + (rawBytes >> 8) + 65_536
}

function compress(raw: Uint8Array, { compression, level }: CompressionLevel): Uint8Array {
  switch (compression) {
    case 'none':
      return raw
    case 'zstd':
      return zstd().compress(raw, level)
    case 'gzip':
      return plainGzipHeader(gzipSync(raw, { level, chunkSize: worstCaseBytes(raw.length) }))
    case 'xz':
    case 'bzip2':
      return runFilter(compression, ['-c', `-${level}`], raw, decodeLimitBytes)
  }
}

/**
 * Decodes a range of whole frames, to at most `limitBytes`.
 *
 * @throws E_DAMAGED where any frame is cut, fails its checksum, or decodes to another length than it promises.
 */
export function decompressFrames(
  bytes: Uint8Array,
  compression: Compression,
  limitBytes = decodeLimitBytes,
): Uint8Array {
  switch (compression) {
    case 'none':
      return bytes
    case 'zstd':
      return decompressZstd(bytes, limitBytes)
    case 'gzip':
      try {
        return decompressGzip(bytes, limitBytes)
      } catch (error) {
        throw damaged(`a gzip member does not decode: ${(error as Error).message}`)
      }
    case 'xz':
    case 'bzip2':
      return runFilter(compression, ['-dc'], bytes, limitBytes)
  }
}

/** Node passes over zeros behind a member, and whatever follows them. */
function decompressGzip(bytes: Uint8Array, limitBytes: number): Uint8Array {
  // With `info`, Node returns the engine as well; its types do not say so.
  const { buffer, engine } = gunzipSync(bytes, { maxOutputLength: limitBytes, info: true }) as unknown as {
    buffer: Uint8Array
    engine: { bytesWritten: number }
  }
  if (engine.bytesWritten !== bytes.length) throw new Error('bytes follow that are no member')
  return buffer
}

function decompressZstd(bytes: Uint8Array, limitBytes: number): Uint8Array {
  const frames = splitZstdFrames(bytes).filter((frame) => !frame.skippable)
  const total = frames.reduce((sum, frame) => sum + frame.contentBytes, 0)
  if (total > limitBytes) throw damaged(`a range of frames promises ${total} bytes, more than a reader accepts`)
  const parts = frames.map((frame) => {
    let raw: Uint8Array
    try {
      // A frame that promises nothing is decoded as well: its promise may be the damage.
      raw = zstd().decompress(bytes.subarray(frame.start, frame.end), frame.contentBytes)
    } catch (error) {
      throw damaged(`a zstd frame does not decode: ${(error as Error).message}`)
    }
    if (raw.length !== frame.contentBytes) throw damaged('a zstd frame decodes to another length than it promises')
    return raw
  })
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, total)
}

/** Byte 9 of a gzip header names the writing system; 255 is "unknown", so that archives do not depend on it. */
function plainGzipHeader(member: Uint8Array): Uint8Array {
  member[9] = 255
  return member
}

function runFilter(command: 'xz' | 'bzip2', args: string[], input: Uint8Array, limitBytes: number): Uint8Array {
  const child = spawnSync(command, args, { input, maxBuffer: limitBytes, stdio: ['pipe', 'pipe', 'pipe'] })
  if (child.error !== undefined) {
    const failure = child.error as NodeJS.ErrnoException
    if (failure.code === 'ENOENT') {
      throw new BackupError(
        'E_PLATFORM',
        `the command ${command} is not installed`,
        `install ${command === 'xz' ? 'xz-utils' : 'bzip2'}, or choose zstd`,
      )
    }
    if (failure.code === 'ENOBUFS') throw damaged(`a ${command} stream decodes to more than a reader accepts`)
    throw new BackupError('E_IO', `running ${command}: ${failure.message}`, '', failure)
  }
  if (child.status !== 0) {
    const why = child.stderr.toString().trim() || `${command} ended with ${child.signal ?? child.status}`
    if (args.includes('-dc')) throw damaged(`a ${command} stream does not decode: ${why}`)
    throw new BackupError('E_IO', why)
  }
  // bzip2 decodes what stands before a damaged stream, says so, and ends with 0.
  if (args.includes('-dc') && child.stderr.length > 0)
    throw damaged(`a ${command} stream does not decode: ${child.stderr.toString().trim()}`)
  return child.stdout
}
