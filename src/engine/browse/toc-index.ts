import { BackupError, damaged } from '../../model/errors.ts'
import { type BytePath, comparePaths, displayPath, isWithin } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { Lineage } from '../archive/lineage.ts'
import { parseTocLine, pathOfLine } from '../archive/parse-toc-line.ts'
import { firstPath } from '../archive/reader.ts'
import type { PageReference } from '../archive/toc-pages.ts'

/** Where an entry stands, or the next one would. */
export interface Position {
  readonly page: number
  readonly line: number
  /** Somewhere in a page that cannot be read: only that is known. */
  readonly isLost?: true
}

export interface IndexedPage {
  readonly ordinal: number
  readonly lines: readonly string[]
  /** Of every line. They are parts of the page's text: whoever keeps one longer than the page keeps all of it. */
  readonly paths: readonly BytePath[]
}

/** Pages kept: a step to a neighbour must not read one anew. */
const keptPages = 6

/**
 * A table of contents as a sorted list of any length in which a place is found, and a subtree passed over, by reading
 * one page. Memory does not grow with it.
 */
export class TocIndex {
  readonly lineage: Lineage
  /** Number of the first entry of every page, and of all. */
  readonly #starts: Float64Array
  readonly #kept = new Map<number, IndexedPage | BackupError>()

  constructor(lineage: Lineage) {
    this.lineage = lineage
    const { pages } = lineage.top.root.toc
    this.#starts = new Float64Array(pages.length + 1)
    for (const [at, page] of pages.entries()) this.#starts[at + 1] = (this.#starts[at] as number) + page[3]
  }

  get pageCount(): number {
    return this.#starts.length - 1
  }

  get entryCount(): number {
    return this.#starts[this.pageCount] as number
  }

  numberOf({ page, line }: Position): number {
    return (this.#starts[page] as number) + line
  }

  entriesOf(page: number): number {
    return this.#reference(page)[3]
  }

  firstOf(page: number): BytePath {
    return firstPath(this.#reference(page))
  }

  /** The page, or why it cannot be read. */
  page(at: number): IndexedPage | BackupError {
    const known = this.#kept.get(at)
    const page = known ?? this.#read(at)
    this.#kept.delete(at)
    this.#kept.set(at, page)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > keptPages && oldest !== undefined) this.#kept.delete(oldest)
    return page
  }

  /** The first entry that is the path or comes after it. */
  atOrAfter(path: BytePath): Position {
    return this.#search((other) => comparePaths(other, path) < 0)
  }

  /** The first entry that comes after the path and all that lies below it. */
  past(path: BytePath): Position {
    return this.#search((other) => comparePaths(other, path) <= 0 || isWithin(other, path))
  }

  /** As `past`, from an entry that is the path or lies below it: cheap where little does. */
  pastFrom(from: Position, path: BytePath): Position {
    const page = this.page(from.page)
    if (page instanceof BackupError) return this.past(path)
    const next = page.paths[from.line + 1]
    if (next !== undefined && !isWithin(next, path)) return { page: from.page, line: from.line + 1 }
    return this.past(path)
  }

  /** The path that stands there; null at the end, and within a page that cannot be read. */
  pathAt({ page, line }: Position): BytePath | null {
    if (page >= this.pageCount) return null
    if (line === 0) return this.firstOf(page)
    const read = this.page(page)
    return read instanceof BackupError ? null : (read.paths[line] as BytePath)
  }

  /** The position after this one. */
  next({ page, line }: Position): Position {
    return line + 1 < this.entriesOf(page) ? { page, line: line + 1 } : { page: page + 1, line: 0 }
  }

  /** What a list needs of a line: content and chunks that lie elsewhere are left alone. */
  parse(page: IndexedPage, line: number): TocEntry {
    return parseTocLine(page.lines[line] as string).entry
  }

  /** The first position for which `isBefore` is false; all that comes before it is before. */
  #search(isBefore: (path: BytePath) => boolean): Position {
    const page = firstThat(this.pageCount, (at) => !isBefore(this.firstOf(at))) - 1
    if (page < 0) return { page: 0, line: 0 }
    const read = this.page(page)
    if (read instanceof BackupError) return { page, line: 0, isLost: true }
    const line = firstThat(read.paths.length, (at) => !isBefore(read.paths[at] as BytePath))
    return line === read.paths.length ? { page: page + 1, line: 0 } : { page, line }
  }

  #reference(at: number): PageReference {
    return this.lineage.top.root.toc.pages[at] as PageReference // the caller counts them
  }

  #read(at: number): IndexedPage | BackupError {
    try {
      const { ordinal, lines } = this.lineage.pageLines(this.#reference(at))
      const paths = lines.map(pathOfLine)
      this.#checkOrder(at, paths)
      return { ordinal, lines, paths }
    } catch (error) {
      if (error instanceof BackupError) return error
      throw error
    }
  }

  /** A search in what is not sorted finds nothing, and says nothing. */
  #checkOrder(at: number, paths: readonly BytePath[]): void {
    const isWrong = (path: BytePath, index: number): boolean =>
      comparePaths(index === 0 ? this.firstOf(at) : (paths[index - 1] as BytePath), path) > 0
    const wrong = paths.find(isWrong)
    const last = paths.at(-1)
    const next = at + 1 < this.pageCount ? this.firstOf(at + 1) : null
    const misplaced = wrong ?? (next !== null && last !== undefined && comparePaths(last, next) > 0 ? last : undefined)
    if (misplaced === undefined) return
    const where = displayPath(this.lineage.top.place.path)
    throw damaged(`the table of contents of ${where} is out of order at ${displayPath(misplaced)}`)
  }
}

/** The first of so many numbers, from 0, that passes; so many where none does. What comes after one that passes does too. */
function firstThat(count: number, passes: (at: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (passes(middle)) high = middle
    else low = middle + 1
  }
  return low
}
