import { setImmediate as nextTurn } from 'node:timers/promises'
import { BackupError } from '../model/errors.ts'
import type { Clock } from '../model/ports.ts'

/** Longer than this nobody is kept waiting who shares the thread: keys, clocks, signals. */
const mostMs = 12

/** Gives the event loop its turns during work that never waits by itself, and notices that nobody wants it any more. */
export class Pace {
  readonly #clock: Clock
  readonly #stopped: () => boolean
  #since: number

  /** @param stopped whether the work is to end. */
  constructor(clock: Clock, stopped: () => boolean) {
    this.#clock = clock
    this.#stopped = stopped
    this.#since = clock.elapsed()
  }

  /** Whether `turn` is to be awaited now. Cheap enough for every entry. */
  get isDue(): boolean {
    return this.#clock.elapsed() - this.#since >= mostMs
  }

  /** @throws E_INTERRUPTED. */
  async turn(): Promise<void> {
    await nextTurn()
    this.check()
    this.#since = this.#clock.elapsed()
  }

  /** @throws E_INTERRUPTED. */
  check(): void {
    if (this.#stopped()) throw new BackupError('E_INTERRUPTED', 'the reading was given up')
  }
}
