import { BackupError } from '../../model/errors.ts'
import { type BytePath, comparePaths } from '../../model/path.ts'
import type { SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import { attributesOf } from '../archive/entry-attributes.ts'
import { holdersOf } from '../archive/holders.ts'
import { describe } from '../archive/large-file.ts'
import type { Lineage, PageLines } from '../archive/lineage.ts'
import { pathOfLine } from '../archive/parse-toc-line.ts'
import { encodeUnread } from '../archive/toc-line.ts'
import { type ChangeRules, isRacy, judgeChange } from '../plan/change.ts'
import type { KeptLine, Piece } from '../plan/pieces.ts'
import type { AccountNames } from '../platform/account-names.ts'

/**
 * Merges a walk with the table of contents of an older backup, both in the same order, and says what becomes of every
 * name. Memory is that of one page, and of the hard links.
 *
 * An entry that has not changed is recognised by its line: what the file system says of it now, encoded, is what the
 * older line begins with.
 */
export class ChangeDetection {
  readonly #lineage: Lineage
  readonly #names: AccountNames
  readonly #rules: ChangeRules
  /** Ordinals of archives that can be read; null where all can. */
  readonly #usable: ReadonlySet<number> | null
  readonly #lost: (error: BackupError) => void
  /** Kept entries that further names may refer to. */
  readonly #carriers = new Map<BytePath, { readonly line: string; readonly ordinal: number }>()
  #next = 0
  #page: Page | null = null
  #at = 0
  /** Matched lines of this page wait here, as long as the whole page may be taken over. */
  #matched: KeptLine[] = []
  #whole = true

  constructor(
    lineage: Lineage,
    names: AccountNames,
    rules: ChangeRules,
    usable: ReadonlySet<number> | null,
    lost: (error: BackupError) => void,
  ) {
    this.#lineage = lineage
    this.#names = names
    this.#rules = rules
    this.#usable = usable
    this.#lost = lost
    this.#turnPage()
  }

  /** Puts what becomes of this entry, and of what was decided by it, behind `pieces`. Entries come in walk order. */
  add(entry: SourceEntry, pieces: Piece[]): void {
    const front = this.#front(entry)
    for (;;) {
      const page = this.#page
      if (page === null) {
        pieces.push(this.#read(entry, null))
        return
      }
      const line = page.lines[this.#at] as string // turned as soon as it is past its end
      if (line.startsWith(front) && this.#isUnchanged(entry, line, front.length, page.ordinal)) {
        this.#keep(entry, line, page.ordinal)
        this.#step(pieces)
        return
      }
      const path = pathOfLine(line)
      const order = comparePaths(path, entry.path)
      if (order > 0) {
        if (this.#at > 0) this.#breakPage(pieces)
        pieces.push(this.#read(entry, null))
        return
      }
      this.#breakPage(pieces)
      if (order === 0) {
        pieces.push(this.#changed(entry, this.#lineage.entryOf(line, page.ordinal)))
        this.#step(pieces)
        return
      }
      this.#step(pieces) // gone from the source
    }
  }

  /** What is decided by the walk's end. */
  finish(pieces: Piece[]): void {
    if (this.#page !== null && this.#at > 0) this.#breakPage(pieces)
  }

  #front(entry: SourceEntry): string {
    return encodeUnread({ ...describe(entry, attributesOf(entry.attributes, entry.type), this.#names) })
  }

  #isUnchanged(entry: SourceEntry, line: string, end: number, ordinal: number): boolean {
    if (entry.content.kind === 'stream') return false // its times are made up
    const follows = line.charCodeAt(end)
    if (follows !== comma && follows !== closingBrace) return false
    const isFile = entry.type === 'file' || entry.type === 'hardlink'
    if (!isFile) return !isRacy(entry.attributes, { ...this.#rules, paranoid: false })
    if (isRacy(entry.attributes, this.#rules) || line.endsWith(',"torn":1}')) return false
    return this.#usable === null || this.#isUsable(this.#lineage.entryOf(line, ordinal))
  }

  #isUsable(entry: TocEntry): boolean {
    return this.#usable === null || holdersOf(entry).every((holder) => this.#usable?.has(holder))
  }

  #keep(entry: SourceEntry, line: string, ordinal: number): void {
    const { type, attributes, path } = entry
    this.#matched.push({ path, line, contentBytes: type === 'file' ? attributes.sizeBytes : null })
    if (type === 'file' && attributes.links > 1) this.#carriers.set(path, { line, ordinal })
  }

  #changed(entry: SourceEntry, old: TocEntry): Piece {
    const verdict = entry.content.kind === 'stream' ? 'read' : judgeChange(entry, old, this.#rules)
    if (verdict === 'new' || !this.#isUsable(old)) return this.#read(entry, null)
    if (verdict === 'read') return this.#read(entry, old)
    const { sha256, content, xattrs, acl, sparse, torn } = old
    const described = describe(entry, attributesOf(entry.attributes, entry.type), this.#names)
    return {
      kind: 'described',
      entry: { ...described, sha256, content, xattrs, acl, sparse, torn },
      carries: entry.attributes.links > 1,
    }
  }

  #read(entry: SourceEntry, old: TocEntry | null): Piece {
    const carrier =
      entry.type === 'hardlink' && entry.linkTarget !== null ? this.#carriers.get(entry.linkTarget) : undefined
    return {
      kind: 'read',
      entry,
      old,
      carrier: carrier === undefined ? null : this.#lineage.entryOf(carrier.line, carrier.ordinal),
    }
  }

  /** Goes on to the next line, and to the next page behind the last. */
  #step(pieces: Piece[]): void {
    this.#at++
    const page = this.#page as Page // whoever steps is on one
    if (this.#at < page.lines.length) return
    if (this.#whole) {
      const files = this.#matched.filter(({ contentBytes }) => contentBytes !== null)
      const bytes = files.reduce((sum, { contentBytes }) => sum + (contentBytes as number), 0)
      const { number, ordinal } = page
      pieces.push({ kind: 'page', page: number, ordinal, holders: this.#holders(page), files: files.length, bytes })
    } else this.#flush(pieces)
    this.#matched = []
    this.#turnPage()
  }

  /** Ordinals of all archives that the lines of a page need. */
  #holders({ text, lines, ordinal }: Page): number[] {
    if (ordinal === full) return [full] // it needs no other
    const holders = new Set([ordinal])
    // In JSON a quote inside a text is escaped, so these stand where they mean what they say.
    for (const [, holder] of text.matchAll(/\],"r":(\d+)/g)) holders.add(Number(holder))
    if (text.includes(',"ck":[') || text.includes(',"ckx":['))
      for (const line of lines)
        if (line.includes(',"ck":[') || line.includes(',"ckx":['))
          for (const holder of holdersOf(this.#lineage.entryOf(line, ordinal))) holders.add(holder)
    return [...holders]
  }

  /** The page is not taken over as a whole: what matched so far is written as lines. */
  #breakPage(pieces: Piece[]): void {
    this.#whole = false
    this.#flush(pieces)
  }

  #flush(pieces: Piece[]): void {
    if (this.#matched.length === 0 || this.#page === null) return
    pieces.push({ kind: 'lines', ordinal: this.#page.ordinal, lines: this.#matched })
    this.#matched = []
  }

  /** On to the next page that can be read. What a lost one listed is read anew. */
  #turnPage(): void {
    const { pages } = this.#lineage.top.root.toc
    this.#page = null
    this.#at = 0
    this.#whole = true
    while (this.#page === null && this.#next < pages.length) {
      const number = this.#next++
      try {
        // The page exists: the number is below the length.
        const page = this.#lineage.pageLines(pages[number] as (typeof pages)[number])
        if (page.lines.length > 0) this.#page = { number, ...page }
      } catch (error) {
        if (!(error instanceof BackupError)) throw error
        this.#lost(error)
      }
    }
  }
}

interface Page extends PageLines {
  readonly number: number
}

/** Ordinal of an archive that depends on nothing. */
const full = 1
const comma = 0x2c
const closingBrace = 0x7d
