import { createRequire } from 'node:module'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type * as Koffi from 'koffi'

/**
 * One zstd frame at a time (RFC 8878), through the zstd that Node itself is linked with.
 *
 * node:zlib makes a context and a worst-case buffer for every call; with frames of two megabytes that garbage costs a
 * fifth of a backup's processor time. The same library called directly keeps one of each for the thread's life. Where
 * this Node does not export it, node:zlib does the work, and gives the same bytes.
 */
export interface Zstd {
  readonly direct: boolean
  /** A frame with content size and checksum. The result may be overwritten by the next call. */
  compress(raw: Uint8Array, level: number): Uint8Array
  /** Exactly one frame, whose content size is known. Throws where it does not decode to that. */
  decompress(frame: Uint8Array, contentBytes: number): Uint8Array
}

const { ZSTD_c_windowLog, ZSTD_c_hashLog, ZSTD_c_minMatch, ZSTD_c_strategy, ZSTD_fast } = constants
const shaped = [ZSTD_c_windowLog, ZSTD_c_hashLog, ZSTD_c_minMatch, ZSTD_c_strategy] as const

/**
 * What a level stands for. Level 2 is given the window and the hash table that suit frames of 2 MiB: it compresses to
 * within 2 % of what level 3 does, a quarter faster (docs/decisions/frame-size.md). 0 leaves it to the level.
 */
function parametersOf(level: number): [number, number][] {
  const shape = level === 2 ? [21, 17, 6, ZSTD_fast] : [0, 0, 0, 0]
  return [
    [constants.ZSTD_c_compressionLevel, level],
    ...shaped.map((key, at): [number, number] => [key, shape[at] ?? 0]),
  ]
}

let loaded: Zstd | null = null

export function zstd(): Zstd {
  loaded ??= linkedZstd() ?? zlibZstd
  return loaded
}

export const zlibZstd: Zstd = {
  direct: false,
  compress: (raw, level) =>
    zstdCompressSync(raw, {
      // Room for the worst case, so that the output is one piece.
      chunkSize: worstCaseBytes(raw.length),
      params: { ...Object.fromEntries(parametersOf(level)), [constants.ZSTD_c_checksumFlag]: 1 },
    }),
  decompress: (frame, contentBytes) =>
    zstdDecompressSync(frame, { chunkSize: Math.max(64, contentBytes), maxOutputLength: Math.max(1, contentBytes) }),
}

/** Null where the symbols cannot be reached: no koffi for this machine, or a Node that hides them. */
export function linkedZstd(): Zstd | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi // loaded here, since most commands never need it
    const program = koffi.load(null)
    const createContext = program.func('void* ZSTD_createCCtx()')
    const createDecoder = program.func('void* ZSTD_createDCtx()')
    const setParameter = program.func('size_t ZSTD_CCtx_setParameter(void*, int, int)')
    const compress2 = program.func('size_t ZSTD_compress2(void*, void*, size_t, const void*, size_t)')
    const decompress = program.func('size_t ZSTD_decompressDCtx(void*, void*, size_t, const void*, size_t)')
    const isError = program.func('uint32_t ZSTD_isError(size_t)')
    const errorName = program.func('const char* ZSTD_getErrorName(size_t)')
    const encoder: unknown = createContext()
    const decoder: unknown = createDecoder()
    if (encoder === null || decoder === null) return null
    const checked = (result: number | bigint): number => {
      if (isError(result) !== 0) throw new Error(String(errorName(result)))
      return Number(result)
    }
    let room = Buffer.allocUnsafeSlow(worstCaseBytes(2 << 20))
    let currentLevel: number | null = null
    checked(setParameter(encoder, constants.ZSTD_c_checksumFlag, 1))
    return {
      direct: true,
      compress(raw, level) {
        if (level !== currentLevel)
          for (const [key, value] of parametersOf(level)) checked(setParameter(encoder, key, value))
        currentLevel = level
        if (room.length < worstCaseBytes(raw.length)) room = Buffer.allocUnsafeSlow(worstCaseBytes(raw.length))
        return room.subarray(0, checked(compress2(encoder, room, room.length, raw, raw.length)))
      },
      decompress(frame, contentBytes) {
        const out = Buffer.allocUnsafeSlow(Math.max(1, contentBytes))
        return out.subarray(0, checked(decompress(decoder, out, out.length, frame, frame.length)))
      },
    }
  } catch {
    return null
  }
}

function worstCaseBytes(rawBytes: number): number {
  return rawBytes + (rawBytes >> 8) + 65_536
}
