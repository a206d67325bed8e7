import { EventEmitter } from 'node:events'
import { giveUpOn, isLongRest, looksPasted, splitKeys, type Typed, withoutOrphan } from './key-split.ts'

/** What the stream needs of a terminal's input: node:tty's ReadStream, or a stand-in. */
export interface KeySource {
  on(event: string, listener: (...args: never[]) => void): unknown
  removeListener(event: string, listener: (...args: never[]) => void): unknown
  pause(): unknown
  resume(): unknown
  ref?(): unknown
  unref?(): unknown
  setRawMode?(on: boolean): unknown
}

const longRestMs = 1000
const pasteGapMs = 80
const orphanMs = 500
const restLimit = 4 * 1024 * 1024

/**
 * A terminal's input for Ink, one key at a time.
 *
 * Ink hands all keys of one packet to the components before React has committed the first: `Down Enter` in one packet
 * opens the row above, and a packet with text and Enter loses the Enter. Here every key is a read of its own in a
 * macrotask of its own, whatever the network made of it. The beginning of a key waits `escapeMs` for its rest; replies
 * of the terminal are dropped; a burst that no hand types is a paste; `flush` forgets what was typed ahead.
 *
 * Emits `readable` as a stream in paused mode does, and `gone` once, when the terminal is there no more.
 */
export class KeyStream extends EventEmitter {
  readonly isTTY = true
  readonly #source: KeySource
  readonly #escapeMs: number
  readonly #now: () => number
  readonly #decoder = new TextDecoder()
  #queue: Typed[] = []
  #current: string | null = null
  #rest = ''
  #restTimer: NodeJS.Timeout | null = null
  #turn: NodeJS.Immediate | null = null
  #isReading = false
  #isGone = false
  #deafUntil = Number.NEGATIVE_INFINITY
  #pastedAt = Number.NEGATIVE_INFINITY
  /** The beginning of a key that was given up, and when. */
  #orphan = ''
  #orphanedAt = Number.NEGATIVE_INFINITY

  constructor(source: KeySource, escapeMs: number, now: () => number = () => performance.now()) {
    super()
    this.#source = source
    this.#escapeMs = escapeMs
    this.#now = now
    // Nobody may listen for a moment, while one listener takes the place of another: keys wait.
    this.on('newListener', (event) => event === 'readable' && this.#scheduleTurn())
    for (const event of ['end', 'close', 'error']) source.on(event, () => this.#leave())
  }

  /** The next key, in the bytes a terminal sends for it; null until the next `readable`. */
  read(): string | null {
    const key = this.#current
    this.#current = null
    return key
  }

  /** Input is read while the terminal is in raw mode: otherwise it belongs to somebody else. */
  setRawMode(on: boolean): this {
    this.#source.setRawMode?.(on)
    if (on === this.#isReading) return this
    this.#isReading = on
    if (on) {
      this.#source.on('data', this.#take)
      this.#source.resume()
    } else {
      this.#source.removeListener('data', this.#take)
      this.#source.pause()
      this.#forget()
    }
    return this
  }

  /** Forgets all keys that nobody has handled yet, and all that come within the next `holdMs`. */
  flush(holdMs: number): void {
    this.#queue = []
    this.#deafUntil = this.#now() + holdMs
  }

  setEncoding(_encoding: string): this {
    return this
  }

  ref(): this {
    this.#source.ref?.()
    return this
  }

  unref(): this {
    this.#source.unref?.()
    return this
  }

  pause(): this {
    return this
  }

  resume(): this {
    return this
  }

  readonly #take = (chunk: Uint8Array | string): void => {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true })
    const now = this.#now()
    if (this.#rest === '' && (looksPasted(text) || (now - this.#pastedAt < pasteGapMs && !text.includes('\x1b')))) {
      this.#pastedAt = now
      this.#push([{ kind: 'paste', text }])
      return
    }
    const isLate = this.#orphan !== '' && this.#rest === '' && now - this.#orphanedAt < orphanMs
    const fresh = isLate ? withoutOrphan(this.#orphan, text) : { text, rest: '' }
    this.#orphan = fresh.rest
    const { typed, rest } = splitKeys(this.#rest + fresh.text)
    this.#rest = rest.length > restLimit ? '' : rest
    this.#push(typed)
    this.#waitForRest()
  }

  #waitForRest(): void {
    if (this.#restTimer !== null) clearTimeout(this.#restTimer)
    this.#restTimer = null
    if (this.#rest === '') return
    this.#restTimer = setTimeout(
      () => {
        const typed = giveUpOn(this.#rest)
        if (!isLongRest(this.#rest)) {
          this.#orphan = this.#rest
          this.#orphanedAt = this.#now()
        }
        this.#rest = ''
        this.#push(typed)
      },
      isLongRest(this.#rest) ? longRestMs : this.#escapeMs,
    )
  }

  #push(typed: readonly Typed[]): void {
    if (this.#now() < this.#deafUntil) return
    for (const one of typed) {
      const last = this.#queue.at(-1)
      if (one.kind === 'paste' && last?.kind === 'paste')
        this.#queue[this.#queue.length - 1] = { kind: 'paste', text: last.text + one.text }
      else this.#queue.push(one)
    }
    this.#scheduleTurn()
  }

  #scheduleTurn(): void {
    if (this.#turn !== null || this.#queue.length === 0) return
    this.#turn = setImmediate(() => {
      this.#turn = null
      if (this.listenerCount('readable') === 0) return
      const next = this.#queue.shift()
      if (next === undefined) return
      // A paste must not carry its own end.
      this.#current = next.kind === 'key' ? next.sequence : `\x1b[200~${next.text.replaceAll('\x1b', '')}\x1b[201~`
      this.emit('readable')
      this.#scheduleTurn()
    })
  }

  #forget(): void {
    if (this.#restTimer !== null) clearTimeout(this.#restTimer)
    if (this.#turn !== null) clearImmediate(this.#turn)
    this.#restTimer = null
    this.#turn = null
    this.#queue = []
    this.#current = null
    this.#rest = ''
    this.#orphan = ''
  }

  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.emit('gone')
  }
}
