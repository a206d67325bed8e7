import { hash } from 'node:crypto'
import { type BytePath, storedPathOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { Attributes, EntryType, SourceWarning } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { AccountNames } from '../platform/account-names.ts'
import { letGo } from '../platform/let-go.ts'
import { readFully } from '../platform/read-fully.ts'
import { cutFrames, type PackedEntries, RawBuffer, type Span } from './batch.ts'
import type { CompressionLevel } from './codec.ts'
import { lookUpContent, type SharedContents } from './content-table.ts'
import { attributesOf } from './entry-attributes.ts'
import { type ExtendedAttributes, leftOutText, noExtendedAttributes, splitXattrs } from './extended-attributes.ts'
import { changedWhileRead, replacedWhileRead, saysEmpty, vanished, whyUnreadable } from './source-trouble.ts'
import { hashSparse, isWhole, sparseMap } from './sparse-map.ts'
import { planTarHeader, writeTarHeader } from './tar-header.ts'
import { typeOfLetter } from './type-letters.ts'

/**
 * What a worker does with a batch of small entries: read, hash, build the tar bytes, compress them into frames.
 * A batch begins and ends on a frame, so that the archive is the same for any number of workers.
 */

/** Entries in the order of the walk. Names on disk travel as one string, which costs least between threads. */
export interface PackJob {
  readonly kind: 'pack'
  /** Absolute paths, each followed by NUL; stored without their leading slash. Empty for a given entry. */
  readonly paths: string
  /** One letter of `typeLetters` for each entry. */
  readonly types: string
  /** Hard links: the name that carries the data, and the inode both must have. */
  readonly links: ReadonlyMap<number, PackLink>
  readonly given: ReadonlyMap<number, GivenEntry>
  /** SHA-256 of what files held in an older backup: such content is not stored again. */
  readonly known: ReadonlyMap<number, string>
  /** What else an older backup holds; null where it is not asked. */
  readonly contents: SharedContents | null
  readonly compression: CompressionLevel
  readonly withXattrs: boolean
  /** A file that has grown past this since the walk is cut here and marked torn. */
  readonly largestBytes: number
}

export interface PackLink {
  readonly target: BytePath
  readonly inode: bigint
  readonly device: bigint
}

/** An entry that does not lie on disk under its own name: its source has said all there is. */
export interface GivenEntry {
  readonly path: BytePath
  readonly attributes: Attributes
  readonly linkTarget: BytePath | null
  readonly bytes: Uint8Array
}

/** What became of a job: what was packed, and what need not be. */
export interface PackResult extends PackedEntries {
  /** By place in the job: entries whose content is the known one, and that are not packed. */
  readonly matched: ReadonlyMap<number, MatchedEntry>
  readonly warnings: readonly SourceWarning[]
}

export interface MatchedEntry {
  readonly entry: Omit<TocEntry, 'content'>
  /** Names the inode has. */
  readonly links: number
  /** 0 where it is the content known for this path; else the number under which it was found. */
  readonly found: number
}

const oneByte = new Uint8Array(1)

interface PackEntry {
  readonly path: BytePath
  readonly type: EntryType
  readonly linkTarget: BytePath | null
  readonly link: PackLink | null
  readonly from:
    | { readonly kind: 'disk'; readonly path: BytePath }
    | { readonly kind: 'given'; readonly attributes: Attributes; readonly bytes: Uint8Array }
}

function entriesOf(job: PackJob): PackEntry[] {
  const paths = job.paths.split('\0') as BytePath[] // the sender joined paths
  return Array.from(job.types, (letter, index) => {
    const type = typeOfLetter.get(letter) as EntryType // letters of the table above
    const given = job.given.get(index)
    if (given !== undefined) {
      return { path: given.path, type, linkTarget: given.linkTarget, link: null, from: { kind: 'given', ...given } }
    }
    const disk = paths[index] as BytePath
    const link = job.links.get(index) ?? null
    return {
      path: storedPathOf(disk),
      type,
      linkTarget: link?.target ?? null,
      link,
      from: { kind: 'disk', path: disk },
    }
  })
}

/** 0 for the content known for this path, the number of another that an older backup holds, or null. */
function knownAs({ type, sha256, sizeBytes, torn }: Span['entry'], index: number, job: PackJob): number | null {
  if (type !== 'file' || sha256 === null || torn) return null
  if (sha256 === job.known.get(index)) return 0
  if (job.contents === null || sizeBytes === 0) return null
  const found = lookUpContent(job.contents, sha256)
  return found === 0 ? null : found
}

export class Packer {
  readonly #files: Files
  readonly #names: AccountNames
  readonly #raw = new RawBuffer()

  constructor(files: Files, names: AccountNames) {
    this.#files = files
    this.#names = names
  }

  pack(job: PackJob): PackResult {
    const raw = this.#raw
    raw.length = 0
    const warnings: SourceWarning[] = []
    const spans: Span[] = []
    const matched = new Map<number, MatchedEntry>()
    entriesOf(job).forEach((entry, index) => {
      const before = raw.length
      try {
        const span = this.#packEntry(entry, index, job, warnings)
        if (span === null) return
        const { entry: packed, links } = span
        const found = knownAs(packed, index, job)
        if (found !== null) {
          raw.length = before
          matched.set(index, { entry: packed, links, found })
        } else spans.push(span)
      } catch (error) {
        raw.length = before
        warnings.push({ path: entry.path, what: whyUnreadable(error as NodeJS.ErrnoException) })
      }
    })
    return { ...cutFrames(raw, spans, job.compression), matched, warnings }
  }

  #packEntry(entry: PackEntry, index: number, job: PackJob, warnings: SourceWarning[]): Span | null {
    if (entry.from.kind === 'given') {
      const { attributes, bytes } = entry.from
      const described = { attributes, ...noExtendedAttributes, sparse: null }
      return this.#append(
        entry,
        index,
        described,
        entry.type === 'file' ? { storedBytes: bytes.length, fill: (into) => into.set(bytes) } : null,
      )
    }
    if (entry.type === 'file') return this.#packFile(entry, entry.from.path, index, job, warnings)
    const status = this.#files.status(entry.from.path)
    if (status === undefined) throw vanished()
    const { link } = entry
    const expected = link === null ? entry.type : 'file'
    if (status.type !== expected || (link !== null && (status.inode !== link.inode || status.device !== link.device))) {
      warnings.push({ path: entry.path, what: replacedWhileRead })
      return null
    }
    const linkTarget = entry.type === 'symlink' ? this.#files.linkTarget(entry.from.path) : entry.linkTarget
    const described = {
      attributes: attributesOf(status, entry.type),
      ...this.#extended(entry, entry.from.path, job, warnings),
      sparse: null,
    }
    return this.#append({ ...entry, linkTarget }, index, described, null)
  }

  #packFile(entry: PackEntry, path: BytePath, index: number, job: PackJob, warnings: SourceWarning[]): Span | null {
    const files = this.#files
    const fd = files.open(path, 'read')
    try {
      const before = files.statusOf(fd)
      if (before.type !== 'file') {
        warnings.push({ path: entry.path, what: `became a ${before.type} while the backup ran; left out` })
        return null
      }
      const sizeBytes = Math.min(before.sizeBytes, job.largestBytes)
      const regions = before.allocatedBytes < sizeBytes ? files.dataRegions(fd, sizeBytes) : null
      const sparse = regions === null || isWhole(regions, sizeBytes) ? null : sparseMap(regions, sizeBytes)
      let torn = sizeBytes < before.sizeBytes
      const described = {
        attributes: { ...attributesOf(before, 'file'), sizeBytes },
        ...this.#extended(entry, path, job, warnings),
        sparse,
      }
      const storedBytes = sparse?.reduce((sum, [, length]) => sum + length, 0) ?? sizeBytes
      const fill = (into: Uint8Array): void => {
        let at = 0
        for (const [offset, length] of sparse ?? [[0, sizeBytes] as const]) {
          const piece = into.subarray(at, at + length)
          const got = readFully(files, fd, piece, offset)
          if (got < length) {
            piece.fill(0, got)
            torn = true
          }
          at += length
        }
      }
      const span = this.#append(entry, index, described, { storedBytes, fill })
      const holdsMore = before.sizeBytes === 0 && files.read(fd, oneByte, 0, 1, 0) > 0
      const after = files.statusOf(fd)
      const changed =
        after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs || after.sizeBytes !== before.sizeBytes
      const what = holdsMore && !changed ? saysEmpty : changedWhileRead
      torn ||= holdsMore || changed
      if (torn) warnings.push({ path: entry.path, what })
      return { ...span, entry: { ...span.entry, torn } }
    } finally {
      letGo(files, fd)
    }
  }

  #extended(entry: PackEntry, path: BytePath, job: PackJob, warnings: SourceWarning[]): ExtendedAttributes {
    if (!job.withXattrs) return noExtendedAttributes
    const extended = splitXattrs(this.#files.xattrs(path), this.#names)
    if (extended.leftOut.length > 0) warnings.push({ path: entry.path, what: leftOutText(extended.leftOut) })
    return extended
  }

  /** Header, content read straight into the batch, padding; the hash is taken where the content lies. */
  #append(
    entry: PackEntry,
    index: number,
    described: ExtendedAttributes & { readonly attributes: Attributes; readonly sparse: TocEntry['sparse'] },
    content: { readonly storedBytes: number; fill(into: Uint8Array): void } | null,
  ): Span {
    const raw = this.#raw
    const { attributes, xattrs, acl, sparse } = described
    const storedBytes = content?.storedBytes ?? 0
    const { path, type, linkTarget } = entry
    const userName = this.#names.user(attributes.uid)
    const groupName = this.#names.group(attributes.gid)
    const member = { path, type, attributes, userName, groupName, linkTarget, xattrs, acl, sparse, storedBytes }
    const header = planTarHeader(member)
    raw.reserve(header.bytes + storedBytes)
    writeTarHeader(header, raw.bytes, raw.length)
    raw.length += header.bytes
    const contentStart = raw.length
    raw.length += storedBytes
    const stored = raw.bytes.subarray(contentStart, raw.length)
    content?.fill(stored)
    const sha256 =
      content === null
        ? null
        : sparse === null
          ? hash('sha256', stored)
          : hashSparse(stored, sparse, attributes.sizeBytes)
    raw.pad()
    const { mode, uid, gid, sizeBytes, mtimeNs, ctimeNs, inode, device, deviceNumber } = attributes
    const told = { mode, uid, gid, userName, groupName, sizeBytes, mtimeNs, ctimeNs, inode, device, deviceNumber }
    return {
      index,
      entry: { path, type, ...told, linkTarget, sha256, xattrs, acl, sparse, torn: false },
      links: attributes.links,
      contentStart,
      contentEnd: contentStart + storedBytes,
      end: raw.length,
    }
  }
}
