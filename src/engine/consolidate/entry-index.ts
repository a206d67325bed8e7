import { type BytePath, comparePaths } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { Lineage } from '../archive/lineage.ts'
import { firstPath } from '../archive/reader.ts'
import type { PageReference } from '../archive/toc-pages.ts'

/** An entry and its place in the table of contents, counted from 0. */
export interface IndexedEntry {
  readonly index: number
  readonly entry: TocEntry
}

/** Finds entries of a table of contents by path, in any order; asking for neighbours is cheap. */
export class EntryIndex {
  readonly count: number
  readonly #lineage: Lineage
  readonly #pages: readonly PageReference[]
  /** Index of the first entry of every page. */
  readonly #starts: number[] = []
  #page = -1
  #entries = new Map<BytePath, IndexedEntry>()

  constructor(lineage: Lineage) {
    this.#lineage = lineage
    this.#pages = lineage.top.root.toc.pages
    let start = 0
    for (const page of this.#pages) {
      this.#starts.push(start)
      start += page[3]
    }
    this.count = start
  }

  find(path: BytePath): IndexedEntry | undefined {
    let low = 0
    let high = this.#pages.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (comparePaths(firstPath(this.#pages[middle] as PageReference), path) <= 0) low = middle + 1
      else high = middle
    }
    if (low === 0) return undefined
    if (low - 1 !== this.#page) this.#load(low - 1)
    return this.#entries.get(path)
  }

  /** All entries in their order. */
  *all(): Generator<IndexedEntry> {
    let index = 0
    for (const entry of this.#lineage.entries()) yield { index: index++, entry }
  }

  #load(page: number): void {
    const { ordinal, lines } = this.#lineage.pageLines(this.#pages[page] as PageReference) // the search stays within
    const start = this.#starts[page] as number
    this.#entries = new Map(
      lines.map((line, at) => {
        const entry = this.#lineage.entryOf(line, ordinal)
        return [entry.path, { index: start + at, entry }]
      }),
    )
    this.#page = page
  }
}
