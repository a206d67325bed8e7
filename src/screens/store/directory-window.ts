import type { BrowsePlace, Browser, Child, ChildPage, ChildQuery, LostPart } from '../../model/browse.ts'
import type { BytePath } from '../../model/path.ts'
import { type Trouble, troubleOf } from './loaded.ts'

/** The part of a directory that is at hand. */
export interface DirectoryState {
  readonly rows: readonly Child[]
  readonly hasBefore: boolean
  readonly hasAfter: boolean
  /** Parts of the table of contents that cannot be read, as far as they were met. */
  readonly lost: readonly LostPart[]
  readonly isReading: boolean
  /** Nothing was read yet. */
  readonly isNew: boolean
  readonly trouble: Trouble | null
  /** Where the cursor is to go with these rows; a new object for every wish. Null: it stays with its row. */
  readonly jump: { readonly index: number } | null
}

const nothing: DirectoryState = {
  rows: [],
  hasBefore: false,
  hasAfter: false,
  lost: [],
  isReading: true,
  isNew: true,
  trouble: null,
  jump: null,
}

const pageRows = 500
/** So near an edge the next page is read. */
const nearRows = 250
const mostRows = 2000

export type Passes = (child: Child) => boolean

/**
 * A directory of any size, of which only so many rows are ever held: they move along with whoever looks at them.
 * One reading at a time.
 */
export class DirectoryWindow {
  readonly #browser: Browser
  readonly #place: BrowsePlace
  readonly #passes: Passes | null
  readonly #controller = new AbortController()
  readonly #listeners = new Set<() => void>()
  #state = nothing
  #reading = false

  /** @param at a child the window begins around; null is the first. */
  constructor(browser: Browser, place: BrowsePlace, passes: Passes | null, at: BytePath | null) {
    this.#browser = browser
    this.#place = place
    this.#passes = passes
    void this.#read(() => (at === null ? this.#atStart() : this.#around(at)))
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly snapshot = (): DirectoryState => this.#state

  /** Somebody looks at this row. */
  near(index: number): void {
    const { rows, hasBefore, hasAfter, trouble } = this.#state
    if (this.#reading || trouble !== null) return
    const [first, last] = [rows[0], rows.at(-1)]
    if (hasAfter && last !== undefined && index >= rows.length - nearRows)
      void this.#read(async () => this.#append(await this.#page({ after: last.path })))
    else if (hasBefore && first !== undefined && index < nearRows)
      void this.#read(async () => this.#prepend(await this.#page({ before: first.path })))
  }

  toStart(): void {
    if (this.#state.hasBefore) void this.#read(() => this.#atStart())
    else this.#jumpTo(0)
  }

  toEnd(): void {
    if (this.#state.hasAfter) void this.#read(() => this.#atEnd())
    else this.#jumpTo(this.#state.rows.length - 1)
  }

  close(): void {
    this.#controller.abort()
    this.#listeners.clear()
  }

  async #atStart(): Promise<Partial<DirectoryState>> {
    const { children, more, lost } = await this.#page('start')
    return { rows: children, hasBefore: false, hasAfter: more, lost: this.#withLost(lost), jump: { index: 0 } }
  }

  async #atEnd(): Promise<Partial<DirectoryState>> {
    const { children, more, lost } = await this.#page('end')
    const jump = { index: Math.max(0, children.length - 1) }
    return { rows: children, hasBefore: more, hasAfter: false, lost: this.#withLost(lost), jump }
  }

  async #around(path: BytePath): Promise<Partial<DirectoryState>> {
    const before = await this.#page({ before: path })
    const last = before.children.at(-1)
    const after = await this.#page(last === undefined ? 'start' : { after: last.path })
    return {
      rows: [...before.children, ...after.children],
      hasBefore: before.more,
      hasAfter: after.more,
      lost: this.#withLost([...before.lost, ...after.lost]),
      jump: {
        index: Math.min(before.children.length, Math.max(0, before.children.length + after.children.length - 1)),
      },
    }
  }

  #append({ children, more, lost }: ChildPage): Partial<DirectoryState> {
    const all = [...this.#state.rows, ...children]
    const rows = all.slice(-mostRows)
    return {
      rows,
      hasAfter: more,
      hasBefore: this.#state.hasBefore || rows.length < all.length,
      lost: this.#withLost(lost),
      jump: null,
    }
  }

  #prepend({ children, more, lost }: ChildPage): Partial<DirectoryState> {
    const all = [...children, ...this.#state.rows]
    const rows = all.slice(0, mostRows)
    return {
      rows,
      hasBefore: more,
      hasAfter: this.#state.hasAfter || rows.length < all.length,
      lost: this.#withLost(lost),
      jump: null,
    }
  }

  #page(from: ChildQuery['from']): Promise<ChildPage> {
    const { signal } = this.#controller
    return this.#browser.children({ ...this.#place, from, count: pageRows, passes: this.#passes, signal })
  }

  #withLost(lost: readonly LostPart[]): readonly LostPart[] {
    const known = new Map([...this.#state.lost, ...lost].map((part) => [part.first, part]))
    return known.size === this.#state.lost.length ? this.#state.lost : [...known.values()]
  }

  async #read(reading: () => Promise<Partial<DirectoryState>>): Promise<void> {
    if (this.#reading) return
    this.#reading = true
    if (!this.#state.isReading) this.#take({ isReading: true })
    let read: Partial<DirectoryState>
    try {
      read = await reading()
    } catch (error) {
      read = { trouble: troubleOf(error, 'reading the directory') }
    }
    this.#reading = false
    this.#take({ ...read, isReading: false, isNew: false })
  }

  #jumpTo(index: number): void {
    this.#take({ jump: { index: Math.max(0, index) } })
  }

  #take(more: Partial<DirectoryState>): void {
    if (this.#controller.signal.aborted) return
    this.#state = { ...this.#state, ...more }
    for (const listener of this.#listeners) listener()
  }
}
