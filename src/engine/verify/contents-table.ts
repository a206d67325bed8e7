import { type BytePath, comparePaths, unsafePath } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { Lineage } from '../archive/lineage.ts'
import { firstPath } from '../archive/reader.ts'
import { jsonPath, type PageReference } from '../archive/toc-pages.ts'
import type { Findings } from './finding.ts'

/**
 * The table of contents, page by page: its hashes, its order, its sums. A page that is damaged is left out and the
 * others are still read, so that what can be checked is checked.
 */
export class ContentsTable {
  /** A page could not be read: an entry that is not found may have stood there. */
  incomplete = false
  entries = 0
  readonly #lineage: Lineage
  readonly #findings: Findings
  #previous: BytePath | null = null
  #files = 0
  #bytes = 0
  /** Names that repeat the data of another one: carrier and what its entry must say. */
  readonly #hardlinks = new Map<BytePath, TocEntry>()

  constructor(lineage: Lineage, findings: Findings) {
    this.#lineage = lineage
    this.#findings = findings
  }

  *read(): Generator<TocEntry> {
    const { pages } = this.#lineage.top.root.toc
    let end: number | null = null
    for (const [at, page] of pages.entries()) {
      if (page[5] === undefined) {
        if (end !== null && page[1] !== end)
          this.#findings.damage(`page ${at} of the table of contents does not follow the one before`)
        end = page[1] + page[2]
      }
      const entries = this.#findings.attempt(() => this.#entriesOf(page))
      if (entries === null) {
        this.incomplete = true
        continue
      }
      if (JSON.stringify(page[0]) !== JSON.stringify(jsonPath(entries[0]?.path ?? ('' as BytePath))))
        this.#findings.damage(`page ${at} of the table of contents begins with another path than promised`)
      for (const entry of entries) {
        this.#check(entry)
        yield entry
      }
    }
    this.#checkSums()
    this.#checkHardlinks()
  }

  #entriesOf(page: PageReference): TocEntry[] {
    const { ordinal, lines } = this.#lineage.pageLines(page)
    return lines.map((line) => this.#lineage.entryOf(line, ordinal))
  }

  #check(entry: TocEntry): void {
    const { path } = entry
    if (this.#previous !== null && comparePaths(this.#previous, path) >= 0)
      this.#findings.damage('stands out of order in the table of contents', path)
    this.#previous = path
    this.entries++
    const unsafe = unsafePath(path)
    if (unsafe !== null) this.#findings.damage(`cannot be restored: its path is ${unsafe}`, path)
    if (entry.type === 'unknown') this.#findings.warning('is of a type that this version does not know', path)
    if (entry.type === 'file') {
      this.#files++
      this.#bytes += entry.sizeBytes
    }
    if (entry.type === 'hardlink' && entry.linkTarget !== null) this.#hardlink(entry, entry.linkTarget)
  }

  #hardlink(entry: TocEntry, target: BytePath): void {
    if (comparePaths(target, entry.path) >= 0) {
      this.#findings.damage('is a hard link to a name that does not come before it', entry.path)
      return
    }
    const first = this.#hardlinks.get(target)
    if (first === undefined) this.#hardlinks.set(target, entry)
    else if (!sameData(first, entry)) this.#findings.damage('is a hard link with data of its own', entry.path)
  }

  #checkSums(): void {
    if (this.incomplete) return
    const { toc, stats } = this.#lineage.top.root
    if (this.entries !== toc.n)
      this.#findings.damage(`the table of contents has ${this.entries} entries, the root says ${toc.n}`)
    if (this.#files !== stats.files || this.#bytes !== stats.bytes)
      this.#findings.damage('the table of contents has other files than the root counts')
  }

  /** Every hard link says what the name it points to says; memory grows with the links, not with the archive. */
  #checkHardlinks(): void {
    const targets = [...this.#hardlinks.keys()].sort(comparePaths)
    let at = 0
    const { pages } = this.#lineage.top.root.toc
    for (const [index, page] of pages.entries()) {
      if (at === targets.length) return
      const next = pages[index + 1]
      const beyond = next === undefined ? null : firstPath(next)
      const here: BytePath[] = []
      while (at < targets.length && (beyond === null || comparePaths(targets[at] as BytePath, beyond) < 0))
        here.push(targets[at++] as BytePath)
      if (here.length === 0) continue
      let entries: Map<BytePath, TocEntry>
      try {
        entries = new Map(this.#entriesOf(page).map((entry) => [entry.path, entry]))
      } catch {
        continue // found and told above
      }
      for (const target of here) {
        const link = this.#hardlinks.get(target) as TocEntry
        const carrier = entries.get(target)
        if (carrier?.type !== 'file') this.#findings.damage('is a hard link to a file that is not there', link.path)
        else if (!sameData(carrier, link)) this.#findings.damage('is a hard link with data of its own', link.path)
      }
    }
  }
}

function sameData(a: TocEntry, b: TocEntry): boolean {
  return (
    a.sha256 === b.sha256 &&
    a.sizeBytes === b.sizeBytes &&
    JSON.stringify([a.content, a.sparse]) === JSON.stringify([b.content, b.sparse])
  )
}
