import { type ListedEntry, listed } from '../../model/browse.ts'
import type { Change, DiffOptions } from '../../model/diff.ts'
import type { Engine } from '../../model/engine.ts'
import type { BytePath } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { type Trouble, troubleOf } from './loaded.ts'

export type ChangeKind = Change['change']

/** What is kept of an entry that differs. */
export type DiffSide = ListedEntry & Pick<TocEntry, 'sha256'>

export interface DiffRow {
  readonly service: string
  readonly path: BytePath
  readonly from: BytePath | null
  readonly change: ChangeKind
  readonly before: DiffSide | null
  readonly after: DiffSide | null
  /** Names of what differs, joined by commas. */
  readonly differs: string
}

export interface KindTotal {
  readonly count: number
  /** Of the newer version, where there is one. */
  readonly bytes: number
}

export type KindTotals = Readonly<Record<ChangeKind, KindTotal>>

export interface DiffState {
  /** In the order they came; not all of them where `cut`. */
  readonly rows: readonly DiffRow[]
  /** Of all changes there are, held or not. */
  readonly totals: KindTotals
  readonly phase: 'reading' | 'done' | 'stopped' | 'failed'
  /** More changes were met than are held. */
  readonly cut: boolean
  /** Entries that were compared, of about how many. */
  readonly done: number
  readonly total: number
  readonly warnings: readonly string[]
  readonly trouble: Trouble | null
}

const none: KindTotal = { count: 0, bytes: 0 }
const beginning: DiffState = {
  rows: [],
  totals: { added: none, removed: none, changed: none, metadata: none, renamed: none },
  phase: 'reading',
  cut: false,
  done: 0,
  total: 0,
  warnings: [],
  trouble: null,
}

/** So many changes are held, whatever their number: a screen is no place for a million objects. */
export const mostHeld = 50_000
/** They wait in memory, with all that is known of them, until it is clear that they are not renames. */
const renamesAmong = 10_000
const tellMs = 250

/** One comparison: read once, told four times a second. */
export class DiffReading {
  readonly #controller = new AbortController()
  readonly #listeners = new Set<() => void>()
  readonly #holds: (row: DiffRow) => boolean
  readonly #rows: DiffRow[] = []
  readonly #totals = new Map<ChangeKind, { count: number; bytes: number }>()
  readonly #known = new Map<string, string>()
  #state = beginning
  #cut = false
  #done = 0
  #total = 0
  #timer: ReturnType<typeof setTimeout> | null = null

  /** @param holds which changes are held; all are counted. */
  constructor(engine: Engine, options: DiffOptions, holds: (row: DiffRow) => boolean) {
    this.#holds = holds
    void this.#read(engine, options)
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly snapshot = (): DiffState => this.#state

  /** What was found so far stays. */
  stop(): void {
    this.#controller.abort()
  }

  close(): void {
    this.#listeners.clear()
    this.#controller.abort()
  }

  async #read(engine: Engine, options: DiffOptions): Promise<void> {
    const { signal } = this.#controller
    const watch = {
      signal,
      renamesAmong,
      progress: (done: number, total: number): void => {
        this.#done = done
        this.#total = total
      },
    }
    this.#schedule()
    let end: Partial<DiffState>
    try {
      const { warnings } = await engine.diff(options, async (change) => this.#take(change), watch)
      end = { phase: 'done', warnings }
    } catch (error) {
      end = signal.aborted ? { phase: 'stopped' } : { phase: 'failed', trouble: troubleOf(error, 'comparing') }
    }
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#tell(end)
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#tell({})
      this.#schedule()
    }, tellMs)
  }

  #take({ service, path, from, change, before, after, attributes }: Change): void {
    const total = this.#totals.get(change) ?? { count: 0, bytes: 0 }
    total.count++
    total.bytes += (after ?? before)?.sizeBytes ?? 0
    this.#totals.set(change, total)
    const differs = this.#once(attributes.join(', '))
    const row: DiffRow = { service, path, from, change, before: sideOf(before), after: sideOf(after), differs }
    if (!this.#holds(row)) return
    if (this.#rows.length < mostHeld) this.#rows.push(row)
    else this.#cut = true
  }

  /** The same few texts come again and again. */
  #once(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    this.#known.set(text, text)
    return text
  }

  #tell(more: Partial<DiffState>): void {
    const hasMore = this.#rows.length > this.#state.rows.length
    this.#state = {
      ...this.#state,
      rows: hasMore ? [...this.#rows] : this.#state.rows,
      totals: {
        ...beginning.totals,
        ...Object.fromEntries([...this.#totals].map(([kind, total]) => [kind, { ...total }])),
      },
      cut: this.#cut,
      done: this.#done,
      total: this.#total,
      ...more,
    }
    for (const listener of this.#listeners) listener()
  }
}

function sideOf(entry: TocEntry | null): DiffSide | null {
  return entry === null ? null : { ...listed(entry), sha256: entry.sha256 }
}
