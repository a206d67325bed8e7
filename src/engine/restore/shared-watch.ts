import { BackupError } from '../../model/errors.ts'

/**
 * How far the threads of a restore have come, and whether they are to stop. It is memory that all of them share,
 * because a thread in the midst of a large file hears no messages.
 */
export class SharedWatch {
  readonly memory: SharedArrayBuffer
  readonly #stop: Int32Array
  readonly #bytes: BigInt64Array

  /** @param memory that of another thread; its own where there is none. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.memory = memory
    this.#bytes = new BigInt64Array(memory, 0, 1)
    this.#stop = new Int32Array(memory, 8, 1)
  }

  /** Bytes that threads have written in jobs whose results are not in yet. */
  get bytes(): number {
    return Number(Atomics.load(this.#bytes, 0))
  }

  advance(bytes: number): void {
    if (bytes !== 0) Atomics.add(this.#bytes, 0, BigInt(bytes))
  }

  /** What `work` does in other threads stops when the signal is aborted. */
  async during<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const stop = () => void Atomics.store(this.#stop, 0, 1)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await work()
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** @throws E_INTERRUPTED */
  check(): void {
    if (Atomics.load(this.#stop, 0) === 0) return
    throw restoreInterrupted()
  }
}

export function restoreInterrupted(): BackupError {
  return new BackupError(
    'E_INTERRUPTED',
    'the restore was interrupted; what was complete stays',
    'run it again: what is right already is not written again',
  )
}
