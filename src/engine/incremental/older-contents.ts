import { BackupError } from '../../model/errors.ts'
import type { SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import { ContentTable, type SharedContents } from '../archive/content-table.ts'
import { holdersOf } from '../archive/holders.ts'
import type { Lineage, PageLines } from '../archive/lineage.ts'
import { parseTocLine } from '../archive/parse-toc-line.ts'

/**
 * Finds files of an older backup by their content, so that what was moved or copied is not stored again. The table is
 * made when the first new file is met; a backup without one never needs it.
 */
export class OlderContents {
  readonly #lineage: Lineage
  readonly #usable: ReadonlySet<number> | null
  #shared: SharedContents | null = null
  /** Files stored in chunks. */
  readonly #large: { readonly number: number; readonly inode: bigint; readonly sizeBytes: number }[] = []
  /** Number of the first line of every page; the first of all is 1. */
  readonly #starts: number[] = []
  #page: { readonly number: number; readonly lines: PageLines } | null = null

  constructor(lineage: Lineage, usable: ReadonlySet<number> | null) {
    this.#lineage = lineage
    this.#usable = usable
  }

  /**
   * A large file of the older backup that a new one may be a moved or copied version of: the same inode, or the same
   * size. Its chunks decide; a wrong guess costs nothing but comparing hashes.
   */
  likely({ attributes: { inode, sizeBytes } }: SourceEntry): TocEntry | null {
    this.shared()
    const match =
      this.#large.find((file) => file.inode === inode) ?? this.#large.find((file) => file.sizeBytes === sizeBytes)
    return match === undefined ? null : this.#entry(match.number)
  }

  /** The table, for the threads that hash new files. */
  shared(): SharedContents {
    this.#shared ??= this.#readAll()
    return this.#shared
  }

  /** The entry under this number, where it has just this content and that content can be read. */
  find(number: number, sha256: string, sizeBytes: number): TocEntry | null {
    const entry = this.#entry(number)
    const same = entry !== null && entry.sha256 === sha256 && entry.sizeBytes === sizeBytes && !entry.torn
    return same ? entry : null
  }

  /** Null where it cannot be read, or not what it holds. */
  #entry(number: number): TocEntry | null {
    let page = this.#starts.length - 1
    while (page > 0 && (this.#starts[page] as number) > number) page--
    try {
      const { ordinal, lines } = this.#linesOf(page)
      const line = lines[number - (this.#starts[page] as number)]
      if (line === undefined) return null
      const entry = this.#lineage.entryOf(line, ordinal)
      return holdersOf(entry).every((holder) => this.#usable?.has(holder) ?? true) ? entry : null
    } catch (error) {
      if (error instanceof BackupError) return null // then it is stored again
      throw error
    }
  }

  #readAll(): SharedContents {
    const { root } = this.#lineage.top
    const table = new ContentTable(root.stats.files)
    let number = 1
    for (const page of root.toc.pages.keys()) {
      this.#starts.push(number)
      number += (root.toc.pages[page] as (typeof root.toc.pages)[number])[3]
      try {
        const start = this.#starts[page] as number
        for (const [at, line] of this.#linesOf(page).lines.entries()) {
          const hash = contentOf(line)
          if (hash === null || !this.#isOffered(line, start + at)) continue
          table.add(hash, start + at)
          if (line.includes(',"ck')) {
            const { inode, sizeBytes } = parseTocLine(line).entry
            this.#large.push({ number: start + at, inode, sizeBytes })
          }
        }
      } catch (error) {
        if (!(error instanceof BackupError)) throw error // a lost page's files are stored again
      }
    }
    return table.shared
  }

  /**
   * Whether find would give it. What it refuses is stored only after the rest of its batch, out of the tar's order:
   * that must stay as rare as a collision of hashes.
   */
  #isOffered(line: string, number: number): boolean {
    return !line.endsWith(',"torn":1}') && (this.#usable === null || this.#entry(number) !== null)
  }

  #linesOf(page: number): PageLines {
    if (this.#page?.number !== page) {
      const reference = this.#lineage.top.root.toc.pages[page] as Parameters<Lineage['pageLines']>[0] // the caller counts them
      this.#page = { number: page, lines: this.#lineage.pageLines(reference) }
    }
    return this.#page.lines
  }
}

const hashLength = 64

/** The hash in the line of a file that has content. In JSON a quote inside a text is escaped: this is the member. */
function contentOf(line: string): string | null {
  const at = line.indexOf(',"h":"')
  if (at < 0 || line.includes(',"s":0,')) return null
  return line.slice(at + 6, at + 6 + hashLength)
}
