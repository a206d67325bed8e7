import { createHash, type Hash } from 'node:crypto'
import { type BytePath, comparePaths } from '../../model/path.ts'
import type { TocEntry } from '../../model/toc.ts'
import { holdersOf } from '../archive/holders.ts'
import type { Lineage } from '../archive/lineage.ts'
import type { ArchiveReader } from '../archive/reader.ts'
import { type ReadMember, type TarListener, TarReader } from '../archive/tar-reader.ts'
import { unsortedMark } from '../archive/writer.ts'
import { EntryIndex } from '../consolidate/entry-index.ts'
import { ContentHash } from './content-hash.ts'
import { type FrameList, frameAt, type RawRange, rawRangeOf } from './content-place.ts'
import type { ContentsTable } from './contents-table.ts'
import { damageIn, type Findings } from './finding.ts'
import { differences } from './member-check.ts'
import type { Proven } from './proven.ts'

/** A content that lies behind lost bytes. */
interface Resumed {
  readonly entry: TocEntry
  readonly storedBytes: number
}

/**
 * The tar on one side, the table of contents on the other, merged in one pass: every member has its line, every
 * line its member, and they say the same. Where bytes are lost, it goes on at the next content whose place is known.
 */
export class TarMatch implements TarListener {
  readonly #lineage: Lineage
  readonly #reader: ArchiveReader
  readonly #proven: Proven
  readonly #frames: FrameList
  readonly #findings: Findings
  readonly #table: ContentsTable
  readonly #entries: Generator<TocEntry>
  readonly #tar = new TarReader(this)
  readonly #own: OwnMembers
  #next: TocEntry | null
  /** What the content that passes now belongs to; null where to nothing that is listed. */
  #current: { readonly entry: TocEntry; readonly hash: ContentHash } | null = null
  /** Bytes before this offset of the tar are passed over; null where nothing is lost. */
  #skipTo: number | null = null
  #resumed: Resumed | null = null
  #lost = false
  /** For an archive whose members come in an order of their own: they are looked up. */
  readonly #index: EntryIndex | null
  readonly #seen: Uint8Array

  constructor(lineage: Lineage, frames: FrameList, table: ContentsTable, findings: Findings, proven: Proven) {
    this.#lineage = lineage
    this.#reader = lineage.top
    this.#proven = proven
    this.#frames = frames
    this.#findings = findings
    this.#table = table
    this.#own = new OwnMembers(lineage.top, frames, findings)
    const unsorted = lineage.top.root.compat.includes(unsortedMark)
    this.#index = unsorted ? new EntryIndex(lineage) : null
    this.#seen = new Uint8Array(unsorted ? lineage.top.root.toc.n : 0)
    this.#entries = table.read()
    if (unsorted) for (const _ of this.#entries);
    this.#next = this.#advance()
  }

  /** The next bytes of the tar. */
  push(bytes: Uint8Array, position: number): void {
    let rest = bytes
    let at = position
    while (rest.length > 0) {
      if (this.#skipTo !== null) {
        const skipped = Math.min(rest.length, this.#skipTo - at)
        rest = rest.subarray(skipped)
        at += skipped
        if (at < this.#skipTo) return
        this.#resume(at)
        continue
      }
      try {
        this.#tar.push(rest)
        return
      } catch (error) {
        this.#findings.damage(damageIn(error))
        rest = bytes.subarray(this.#tar.position - position)
        at = this.#tar.position
        this.lose(at, at + 1)
      }
    }
  }

  /** A range of the tar that cannot be read. */
  lose(start: number, end: number): void {
    if (this.#skipTo !== null && this.#skipTo >= end) return
    this.#lost = true
    if (this.#current !== null) this.#findings.damage('has damaged content', this.#current.entry.path)
    this.#current = null
    this.#own.lose()
    if (this.#resumed !== null) this.#findings.damage('has damaged content', this.#resumed.entry.path)
    this.#resumed = null
    for (; this.#next !== null; this.#next = this.#advance()) {
      const range = this.#isHere(this.#next) ? rawRangeOf(this.#next, this.#frames) : null
      if (range === null || typeof range === 'string') continue
      if (range.start >= end) {
        this.#skipTo = range.start
        this.#resumed = { entry: this.#next, storedBytes: range.length }
        this.#next = this.#advance()
        return
      }
      if (range.start + range.length > start) this.#findings.damage('has damaged content', this.#next.path)
    }
    this.#skipTo = Number.MAX_SAFE_INTEGER
  }

  /** After the last byte: nothing may be missing. */
  finish(): void {
    if (!this.#lost) {
      this.#findings.attempt(() => this.#tar.finish())
      this.#own.finish()
    }
    for (; this.#next !== null; this.#next = this.#advance()) this.#unmatched(this.#next)
    if (this.#index === null || this.#lost) return
    for (const { index, entry } of this.#index.all()) if (this.#seen[index] !== 1) this.#unmatched(entry)
  }

  comment(text: string): void {
    if (text !== `BKA1 ${this.#reader.root.id}`)
      this.#findings.damage('the tar begins with the name of another archive')
  }

  member(member: ReadMember): void {
    if (this.#own.begin(member)) return
    const entry = this.#entryOf(member.path)
    if (entry === null) {
      // A link whose carrier vanished while the backup ran leaves its header behind; docs/format.md allows it.
      if (!this.#table.incomplete && member.type !== 'hardlink')
        this.#findings.damage('lies in the tar, and not in the table of contents', member.path)
      return
    }
    const differing = differences(member, entry)
    if (differing.length > 0)
      this.#findings.damage(`differs between the tar and the table of contents: ${differing.join(', ')}`, entry.path)
    if (entry.type !== 'file' || member.type !== 'file') return
    if (!this.#isHere(entry)) {
      this.#findings.damage('lies in the tar, and elsewhere for the table of contents', entry.path)
      return
    }
    const range = rawRangeOf(entry, this.#frames)
    const wrong = wrongPlace(range, member)
    if (wrong !== null) this.#findings.damage(wrong, entry.path)
    this.#current = { entry, hash: hashOf(entry) }
  }

  /** The entry of a member, which is dealt with then. */
  #entryOf(path: BytePath): TocEntry | null {
    if (this.#index !== null) {
      const found = this.#index.find(path)
      if (found === undefined) return null
      if (this.#seen[found.index] === 1) this.#findings.damage('lies in the tar twice', path)
      this.#seen[found.index] = 1
      return found.entry
    }
    while (this.#next !== null && comparePaths(this.#next.path, path) < 0) {
      this.#unmatched(this.#next)
      this.#next = this.#advance()
    }
    if (this.#next === null || this.#next.path !== path) return null
    const entry = this.#next
    this.#next = this.#advance()
    return entry
  }

  /** Bytes of the tar were lost, and what lies behind them was not matched. */
  get isPartial(): boolean {
    return this.#lost && this.#index !== null
  }

  content(bytes: Uint8Array): void {
    if (this.#current !== null) this.#current.hash.update(bytes)
    else this.#own.content(bytes)
  }

  end(): void {
    if (this.#current === null) {
      this.#own.end()
      return
    }
    const { entry, hash } = this.#current
    this.#current = null
    if (hash.digest() !== entry.sha256) this.#findings.damage('fails its SHA-256', entry.path)
    else if (hash.badChunk !== null) this.#findings.damage(`fails the SHA-256 of chunk ${hash.badChunk}`, entry.path)
    else this.#proven.add(entry, () => this.#reader.root.id)
  }

  #resume(position: number): void {
    const { entry, storedBytes } = this.#resumed as Resumed // set together with skipTo
    this.#skipTo = null
    this.#resumed = null
    this.#current = { entry, hash: hashOf(entry) }
    this.#tar.resume(position, storedBytes)
  }

  #unmatched(entry: TocEntry): void {
    if (this.#lost || !this.#mustBeInTar(entry)) return
    this.#findings.damage('lies in the table of contents, and not in the tar', entry.path)
  }

  /** An archive that builds on older ones has members for what is new in it; what it took over has none here. */
  #mustBeInTar(entry: TocEntry): boolean {
    return this.#reader.root.kind === 'full' || (entry.content.kind === 'extent' && this.#isHere(entry))
  }

  #isHere(entry: TocEntry): boolean {
    return entry.type === 'file' && holdersOf(entry).every((holder) => holder === this.#lineage.ordinal)
  }

  #advance(): TocEntry | null {
    const next = this.#entries.next()
    return next.done === true ? null : next.value
  }
}

function hashOf(entry: TocEntry): ContentHash {
  return new ContentHash(entry.sizeBytes, entry.sparse, entry.content.kind === 'chunks' ? entry.content.chunks : [])
}

function wrongPlace(range: RawRange | string | null, member: ReadMember): string | null {
  if (typeof range === 'string') return range
  if (range === null) return member.storedBytes === 0 ? null : 'has content that the table of contents does not place'
  return range.start === member.contentStart && range.length === member.storedBytes
    ? null
    : 'does not lie where the table of contents says'
}

/** What the writer itself puts below .bka/<id>/. */
class OwnMembers {
  readonly #reader: ArchiveReader
  readonly #frames: FrameList
  readonly #findings: Findings
  readonly #prefix: string
  readonly #seen = new Set<string>()
  #current: { readonly path: BytePath; readonly sha256: string | null; readonly hash: Hash } | null = null

  constructor(reader: ArchiveReader, frames: FrameList, findings: Findings) {
    this.#reader = reader
    this.#frames = frames
    this.#findings = findings
    this.#prefix = `.bka/${reader.root.id}/`
  }

  /** True where the member is one of the archive's own. */
  begin(member: ReadMember): boolean {
    if (!member.path.startsWith(this.#prefix)) {
      if (this.#seen.has('toc.jsonl')) this.#findings.damage('lies behind the table of contents', member.path)
      return false
    }
    const name = member.path.slice(this.#prefix.length)
    if (this.#seen.has(name)) this.#findings.damage('lies in the tar twice', member.path)
    this.#seen.add(name)
    const { root, location } = this.#reader
    const placed = (start: number | null, length: number): void => {
      if (member.contentStart !== start || member.storedBytes !== length)
        this.#findings.damage('does not lie where the root says', member.path)
    }
    if (member.type !== 'file') this.#findings.damage('is no file', member.path)
    const ownPage = root.toc.pages.find((page) => page[5] === undefined)
    if (name === 'toc.jsonl')
      placed(ownPage === undefined ? member.contentStart : this.#rawOf(ownPage[1]), root.toc.raw)
    if (name === 'frames.bin') placed(this.#rawOf(root.frames.at[0]), (root.frames.n + 1) * 16)
    if (name === 'root.json') placed(member.contentStart, location.rootBytes)
    const sha256 = name === 'root.json' ? this.#reader.rootSha256 : null
    this.#current = { path: member.path, sha256, hash: createHash('sha256') }
    return true
  }

  content(bytes: Uint8Array): void {
    if (this.#current !== null && this.#current.sha256 !== null) this.#current.hash.update(bytes)
  }

  end(): void {
    if (this.#current === null) return
    const { path, sha256, hash } = this.#current
    this.#current = null
    if (sha256 !== null && hash.digest('hex') !== sha256)
      this.#findings.damage('is another in the tar than the one that was opened', path)
  }

  lose(): void {
    this.#current = null
  }

  finish(): void {
    for (const name of ['README.txt', 'toc.jsonl', 'frames.bin', 'root.json'])
      if (!this.#seen.has(name)) this.#findings.damage(`the tar has no ${this.#prefix}${name}`)
  }

  #rawOf(offset: number): number | null {
    const frame = frameAt(this.#frames.offsets, offset)
    return frame === null ? null : (this.#frames.rawOffsets[frame] as number)
  }
}
