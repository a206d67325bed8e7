import { damaged } from '../model/errors.ts'
import { type BytePath, comparePaths, displayPath } from '../model/path.ts'
import type { TocEntry } from '../model/toc.ts'
import type { Lineage, PageLines } from './archive/lineage.ts'
import { pathOfLine } from './archive/parse-toc-line.ts'
import type { PageReference } from './archive/toc-pages.ts'
import { compareEntry, type Difference } from './plan/compare.ts'

/** Hears of entries that were passed, and may wait. */
export type Passed = (entries: number) => Promise<void> | undefined

/**
 * Merge-join of the tables of contents of two archives. Pages of the same hash are passed over without being read, and
 * equal lines without being understood: what an incremental took over from its base costs nothing. Null is an archive
 * that is not there.
 *
 * @throws E_DAMAGED, E_ARCHIVE_MISSING, E_KEY_MISSING, E_KEY_WRONG, E_IO.
 */
export async function* compareContents(
  before: Lineage | null,
  after: Lineage | null,
  passed: Passed,
): AsyncGenerator<Difference> {
  const [old, now] = [new TocCursor(before), new TocCursor(after)]
  while (!old.isDone || !now.isDone) {
    const waits = passed(old.takePassed() + now.takePassed())
    if (waits !== undefined) await waits
    if (!old.isDone && !now.isDone && old.pageHash !== null && old.pageHash === now.pageHash) {
      old.skipPage()
      now.skipPage()
      continue
    }
    if (!old.isDone && !now.isDone && old.line === now.line) {
      old.advance()
      now.advance()
      continue
    }
    const order = old.isDone ? 1 : now.isDone ? -1 : comparePaths(old.path, now.path)
    if (order < 0) {
      const entry = old.entry()
      yield { path: entry.path, change: 'removed', from: null, before: entry, after: null, attributes: [] }
      old.advance()
    } else if (order > 0) {
      const entry = now.entry()
      yield { path: entry.path, change: 'added', from: null, before: null, after: entry, attributes: [] }
      now.advance()
    } else {
      const difference = compareEntry(old.entry(), now.entry())
      if (difference !== null) yield difference
      old.advance()
      now.advance()
    }
  }
  await passed(old.takePassed() + now.takePassed())
}

/** A place in a table of contents that only moves on. */
class TocCursor {
  readonly #lineage: Lineage | null
  readonly #pages: readonly PageReference[]
  #page = 0
  #line = 0
  #loaded: PageLines | null = null
  #passed = 0
  #path: BytePath | null = null
  #previous: BytePath | null = null

  constructor(lineage: Lineage | null) {
    this.#lineage = lineage
    this.#pages = lineage?.top.root.toc.pages ?? []
  }

  get isDone(): boolean {
    return this.#page >= this.#pages.length
  }

  /** At the beginning of a page, its hash; null within one. */
  get pageHash(): string | null {
    return this.#line === 0 ? this.#reference[4] : null
  }

  get line(): string {
    return this.#lines.lines[this.#line] as string
  }

  /** @throws E_DAMAGED where it does not come after the one asked for last. */
  get path(): BytePath {
    if (this.#path !== null) return this.#path
    const path = pathOfLine(this.line)
    if (this.#previous !== null && comparePaths(this.#previous, path) > 0) {
      const where = displayPath((this.#lineage as Lineage).top.place.path)
      throw damaged(`the table of contents of ${where} is out of order at ${displayPath(path)}`)
    }
    this.#path = path
    this.#previous = path
    return path
  }

  entry(): TocEntry {
    return (this.#lineage as Lineage).entryOf(this.line, this.#lines.ordinal) // there are pages
  }

  advance(): void {
    this.#passed++
    this.#line++
    this.#path = null
    if (this.#line >= this.#reference[3]) this.#nextPage()
  }

  skipPage(): void {
    this.#passed += this.#reference[3]
    this.#nextPage()
  }

  /** Entries passed since this was asked last. */
  takePassed(): number {
    const passed = this.#passed
    this.#passed = 0
    return passed
  }

  #nextPage(): void {
    this.#page++
    this.#line = 0
    this.#path = null
    this.#loaded = null
  }

  get #reference(): PageReference {
    return this.#pages[this.#page] as PageReference // not asked for at the end
  }

  get #lines(): PageLines {
    this.#loaded ??= (this.#lineage as Lineage).pageLines(this.#reference)
    return this.#loaded
  }
}
