import { type Loaded, notLoaded, type Trouble, troubleOf } from './loaded.ts'

export interface PollerSettings<T> {
  /** For messages: `reading the backups`. */
  readonly doing: string
  read(): Promise<T>
  /** Whether two readings say the same; then the old one stays, and nothing is drawn anew. */
  same(before: T, after: T): boolean
  /** How long after a reading the next begins, at least. */
  pauseMs(latest: T | null): number
  /** A reading may take one part in so many of the time: what is slow to read is read less often. */
  readonly idleShare: number
  now(): number
}

/**
 * Reads something again and again while somebody looks at it, one reading at a time. Whoever looks again after a while
 * sees the old value until the new one is there.
 */
export class Poller<T> {
  readonly #settings: PollerSettings<T>
  readonly #listeners = new Set<() => void>()
  #loaded: Loaded<T> = notLoaded
  #timer: ReturnType<typeof setTimeout> | null = null
  #reading: Promise<void> | null = null
  #isAskedAgain = false
  #pauseMs = 0
  #isClosed = false

  constructor(settings: PollerSettings<T>) {
    this.#settings = settings
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#resume()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#rest()
    }
  }

  readonly snapshot = (): Loaded<T> => this.#loaded

  get isWatched(): boolean {
    return this.#listeners.size > 0
  }

  /** When the reading that is due now should be there; null before the first. */
  get expectedBy(): number | null {
    return this.#loaded.at === null ? null : this.#loaded.at + this.#pauseMs
  }

  /** Reads now; resolves when what was changed before the call is seen. */
  async refresh(): Promise<void> {
    if (this.#isClosed) return
    if (this.#reading === null) return this.#begin()
    this.#isAskedAgain = true
    return this.#reading
  }

  /** What was read is not true any more: it is read anew now, or once somebody looks. */
  expire(): void {
    if (this.isWatched) void this.refresh()
    else this.#pauseMs = 0
  }

  close(): void {
    this.#isClosed = true
    this.#rest()
  }

  #resume(): void {
    if (this.#isClosed || this.#reading !== null) return
    const { at } = this.#loaded
    const waited = at === null ? Number.POSITIVE_INFINITY : this.#settings.now() - at
    if (waited >= this.#pauseMs) void this.#begin()
    else this.#schedule(this.#pauseMs - waited)
  }

  #rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #begin(): Promise<void> {
    this.#rest()
    this.#reading = this.#read().finally(() => {
      this.#reading = null
      if (this.isWatched && !this.#isClosed) this.#schedule(this.#pauseMs)
    })
    return this.#reading
  }

  async #read(): Promise<void> {
    do {
      this.#isAskedAgain = false
      const began = this.#settings.now()
      try {
        const value = await this.#settings.read()
        const before = this.#loaded.value
        const isSame = before !== null && this.#settings.same(before, value)
        this.#store({ value: isSame ? before : value, at: this.#settings.now(), trouble: null })
      } catch (error) {
        this.#store({ ...this.#loaded, trouble: troubleOf(error, this.#settings.doing) })
      }
      const tookMs = this.#settings.now() - began
      this.#pauseMs = Math.max(this.#settings.pauseMs(this.#loaded.value), tookMs * this.#settings.idleShare)
    } while (this.#isAskedAgain && !this.#isClosed)
  }

  #schedule(waitMs: number): void {
    this.#rest()
    this.#timer = setTimeout(() => void this.#begin(), waitMs)
  }

  /** A new time alone is nobody's business: the same value at a later time is not drawn. */
  #store(loaded: Loaded<T>): void {
    const before = this.#loaded
    if (before.value === loaded.value && sameTrouble(before.trouble, loaded.trouble) && before.value !== null) {
      this.#loaded = Object.assign(before, { at: loaded.at })
      return
    }
    this.#loaded = loaded
    for (const listener of this.#listeners) listener()
  }
}

function sameTrouble(a: Trouble | null, b: Trouble | null): boolean {
  return a === b || (a !== null && b !== null && a.code === b.code && a.message === b.message)
}
