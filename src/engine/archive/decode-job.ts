import { BackupError, damaged } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { type StreamAccess, StreamReader } from './stream-reader.ts'
import type { WorkerPool } from './worker-pool.ts'

/** What a worker does with a run of frames: read, authenticate and decompress them. */
export interface DecodeJob {
  readonly kind: 'decode'
  readonly access: StreamAccess
  /** S offset of every frame, with the end of the last one. */
  readonly offsets: readonly number[]
  /** Raw length of every frame, as frames.bin has it. */
  readonly rawLengths: readonly number[]
}

/** A frame's raw bytes, or why there are none. */
export type Decoded = Uint8Array | { readonly damage: string }

/** A run of frames that lie side by side, in order. */
export interface DecodedRun {
  /** Number of the first frame. */
  readonly first: number
  readonly frames: readonly Decoded[]
}

/** Decodes runs of frames; the archive of the last job stays open, for its end is authenticated at every opening. */
export class FrameDecoder {
  readonly #files: Files
  #open: { readonly path: BytePath; readonly fileBytes: number; readonly stream: StreamReader } | null = null

  constructor(files: Files) {
    this.#files = files
  }

  /** @throws what is not damage: a missing archive, a failing disk. */
  decode(job: DecodeJob): Decoded[] {
    const stream = this.#stream(job.access)
    return job.rawLengths.map((rawBytes, at) => {
      const start = job.offsets[at] as number
      return asDecoded(() => decodeFrame(stream, start, (job.offsets[at + 1] as number) - start, rawBytes))
    })
  }

  #stream(access: StreamAccess): StreamReader {
    const { path, fileBytes } = access
    if (this.#open?.path === path && this.#open.fileBytes === fileBytes) return this.#open.stream
    this.#open?.stream.close()
    this.#open = null
    const stream = new StreamReader(this.#files, access)
    this.#open = { path, fileBytes, stream }
    return stream
  }
}

/** The memory that may move to another thread. */
export function transferOf(frames: readonly Decoded[]): ArrayBuffer[] {
  return frames.flatMap((frame) => (frame instanceof Uint8Array ? [frame.buffer as ArrayBuffer] : []))
}

function decodeFrame(stream: StreamReader, offset: number, compressedBytes: number, rawBytes: number): Uint8Array {
  const raw = stream.decode(offset, compressedBytes)
  if (raw.length !== rawBytes)
    throw damaged(`the frame at ${offset} decodes to ${raw.length} bytes, the list of frames says ${rawBytes}`)
  // Small buffers share their memory with others.
  return raw.byteLength === raw.buffer.byteLength ? raw : Uint8Array.prototype.slice.call(raw)
}

function asDecoded(decode: () => Uint8Array): Decoded {
  try {
    return decode()
  } catch (error) {
    if (error instanceof BackupError && error.code === 'E_DAMAGED') return { damage: error.message }
    if ((error as NodeJS.ErrnoException).code === 'EIO') return { damage: 'the disk cannot read it: EIO' }
    throw error
  }
}

const runRawBytes = 4 << 20

/**
 * All frames of an archive in order, decoded by the pool; a few runs are under way at a time, which bounds the memory.
 * `offsets` and `rawOffsets` are those of ArchiveReader.frames(), with their closing pair.
 */
export async function* decodeInOrder(
  pool: WorkerPool,
  access: StreamAccess,
  frames: { readonly offsets: readonly number[]; readonly rawOffsets: readonly number[] },
): AsyncGenerator<DecodedRun> {
  const underWay: { first: number; result: Promise<Decoded[]> }[] = []
  const accept = async (): Promise<DecodedRun> => {
    const { first, result } = underWay.shift() as (typeof underWay)[number] // only called where there is one
    return { first, frames: await result }
  }
  try {
    for (const [first, end] of runsOf(frames.rawOffsets)) {
      const offsets = frames.offsets.slice(first, end + 1)
      const rawLengths = offsets
        .slice(1)
        .map((_, at) => (frames.rawOffsets[first + at + 1] as number) - (frames.rawOffsets[first + at] as number))
      const job: DecodeJob = { kind: 'decode', access, offsets, rawLengths }
      const result = pool.run<Decoded[]>(job)
      result.catch(() => {}) // heard when it is accepted; until then the rejection must not end the process
      underWay.push({ first, result })
      if (underWay.length > 2 * pool.count) yield await accept()
    }
    while (underWay.length > 0) yield await accept()
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result))
  }
}

/** Runs of frames of about 4 MiB, as [first, end). */
function* runsOf(rawOffsets: readonly number[]): Generator<[number, number]> {
  const count = rawOffsets.length - 1
  let first = 0
  for (let frame = 0; frame < count; frame++) {
    const bytes = (rawOffsets[frame + 1] as number) - (rawOffsets[first] as number)
    if (bytes < runRawBytes && frame < count - 1) continue
    yield [first, frame + 1]
    first = frame + 1
  }
}
