import type { BrowsePlace, Browser, Child, LostPart } from '../../model/browse.ts'
import { type Trouble, troubleOf } from './loaded.ts'

export interface Found extends Child {
  readonly service: string
}

export interface FindState {
  readonly text: string
  readonly rows: readonly Found[]
  readonly isSearching: boolean
  /** Entries that were looked at, of how many. */
  readonly done: number
  readonly total: number
  /** There are more than are held. */
  readonly cut: boolean
  readonly lost: readonly LostPart[]
  readonly trouble: Trouble | null
}

const nothing: FindState = {
  text: '',
  rows: [],
  isSearching: false,
  done: 0,
  total: 0,
  cut: false,
  lost: [],
  trouble: null,
}

export const mostFound = 5000
/** A search begins when the hand rests, and tells what it has four times a second. */
const restMs = 200
const tellMs = 250

/** Looks through a backup for what is typed, anew whenever that changes. */
export class FindSearch {
  readonly #browser: Browser
  readonly #services: readonly string[]
  readonly #listeners = new Set<() => void>()
  #state = nothing
  #controller = new AbortController()
  #timer: ReturnType<typeof setTimeout> | null = null

  /** @param services none is all. */
  constructor(browser: Browser, services: readonly string[]) {
    this.#browser = browser
    this.#services = services
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly snapshot = (): FindState => this.#state

  look(text: string): void {
    if (text === this.#state.text) return
    this.#stop()
    const wanted = text.trim() !== ''
    // What was found before stays until there is something else.
    this.#take({ ...(wanted ? this.#state : nothing), text, isSearching: wanted })
    if (wanted) this.#timer = setTimeout(() => void this.#search(text), restMs)
  }

  close(): void {
    this.#stop()
    this.#listeners.clear()
  }

  #stop(): void {
    this.#controller.abort()
    this.#controller = new AbortController()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  async #search(text: string): Promise<void> {
    const { signal } = this.#controller
    const rows: Found[] = []
    let [done, total] = [0, 0]
    const tell = (): void => {
      this.#take({ ...nothing, text, rows: [...rows], isSearching: true, done, total })
      this.#timer = setTimeout(tell, tellMs)
    }
    this.#timer = setTimeout(tell, tellMs)
    const watch = {
      signal,
      found: ({ service }: BrowsePlace, child: Child): void => void rows.push({ ...child, service }),
      progress: (nowDone: number, nowTotal: number): void => {
        done = nowDone
        total = nowTotal
      },
    }
    const below = '' as BrowsePlace['path']
    try {
      const { cut, lost } = await this.#browser.find({ services: this.#services, below, text, count: mostFound }, watch)
      if (signal.aborted) return
      this.#stop()
      this.#take({ ...nothing, text, rows, done, total, cut, lost })
    } catch (error) {
      if (signal.aborted) return
      this.#stop()
      this.#take({ ...nothing, text, rows, done, total, trouble: troubleOf(error, 'searching the backup') })
    }
  }

  #take(state: FindState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}
