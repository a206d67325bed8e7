import { hash } from 'node:crypto'
import { type BytePath, displayPath, storedPathOf } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { Attributes, EntryType, SourceWarning } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { AccountNames } from '../platform/account-names.ts'
import { aclAttributes, aclToText } from './acl.ts'
import { type CompressionLevel, compressFrame, frameTargetBytes } from './codec.ts'
import { encodeTarHeader, paddedBytes } from './tar-header.ts'
import { encodeTocLineAround } from './toc-line.ts'
import { endsPage } from './toc-pages.ts'

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

export const typeLetters: Record<EntryType, string> = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  'char-device': 'c',
  'block-device': 'b',
  fifo: 'p',
}
const typeOfLetter = new Map(Object.entries(typeLetters).map(([type, letter]) => [letter, type as EntryType])) // the inverse

export interface Frame {
  readonly bytes: Uint8Array
  readonly rawBytes: number
}

/** What was packed, column by column; entries that could not be read are absent. Offsets count from the first frame. */
export interface PackResult {
  readonly frames: readonly Frame[]
  /** Place of each packed entry in the job. */
  readonly indices: Uint32Array
  /** The line of the table of contents before and after the offset of the entry's bytes. */
  readonly heads: readonly string[]
  readonly tails: readonly string[]
  /** -1 where no byte is stored; the head is then the whole line. */
  readonly offsets: Float64Array
  /** Size of a file's content; -1 for what is no file. */
  readonly sizes: Float64Array
  readonly pageEnds: Uint8Array
  /** Hard links, and the files that carry their data: in full, for their lines depend on each other. */
  readonly linked: ReadonlyMap<number, TocEntry>
  readonly warnings: readonly SourceWarning[]
}

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

/** The tar bytes of a batch while they are gathered; keeps its memory from batch to batch. */
class RawBuffer {
  bytes = Buffer.allocUnsafeSlow(6 << 20)
  length = 0

  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.length + more, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  pad(): void {
    const end = paddedBytes(this.length)
    this.reserve(end - this.length)
    this.bytes.fill(0, this.length, end)
    this.length = end
  }
}

interface Span {
  readonly index: number
  readonly entry: Omit<TocEntry, 'content'>
  /** Names the inode has. */
  readonly links: number
  readonly contentStart: number
  readonly contentEnd: number
  readonly end: number
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
    entriesOf(job).forEach((entry, index) => {
      const before = raw.length
      try {
        const span = this.#packEntry(entry, index, job, warnings)
        if (span !== null) spans.push(span)
      } catch (error) {
        raw.length = before
        warnings.push({ path: entry.path, what: whyUnreadable(error as NodeJS.ErrnoException) })
      }
    })
    return { ...cutFrames(raw, spans, job.compression), warnings }
  }

  #packEntry(entry: PackEntry, index: number, job: PackJob, warnings: SourceWarning[]): Span | null {
    if (entry.from.kind === 'given') {
      const { attributes, bytes } = entry.from
      const described = { attributes, xattrs: noXattrs, acl: null, sparse: null }
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
      warnings.push({ path: entry.path, what: 'was replaced while the backup ran; left out' })
      return null
    }
    const linkTarget = entry.type === 'symlink' ? this.#files.linkTarget(entry.from.path) : entry.linkTarget
    const described = {
      attributes: attributesOf(status, entry.type),
      ...this.#extended(entry.from.path, job),
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
        ...this.#extended(path, job),
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
      const after = files.statusOf(fd)
      torn ||=
        after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs || after.sizeBytes !== before.sizeBytes
      if (torn) warnings.push({ path: entry.path, what: changedWhileRead })
      return { ...span, entry: { ...span.entry, torn } }
    } finally {
      files.close(fd)
    }
  }

  #extended(path: BytePath, job: PackJob): Extended {
    return job.withXattrs ? splitXattrs(this.#files.xattrs(path), this.#names) : { xattrs: noXattrs, acl: null }
  }

  /** Header, content read straight into the batch, padding; the hash is taken where the content lies. */
  #append(
    entry: PackEntry,
    index: number,
    described: Extended & { readonly attributes: Attributes; readonly sparse: TocEntry['sparse'] },
    content: { readonly storedBytes: number; fill(into: Uint8Array): void } | null,
  ): Span {
    const raw = this.#raw
    const { attributes, xattrs, acl, sparse } = described
    const storedBytes = content?.storedBytes ?? 0
    const { path, type, linkTarget } = entry
    const userName = this.#names.user(attributes.uid)
    const groupName = this.#names.group(attributes.gid)
    raw.append(
      encodeTarHeader({ path, type, attributes, userName, groupName, linkTarget, xattrs, acl, sparse, storedBytes }),
    )
    const contentStart = raw.length
    raw.reserve(storedBytes)
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

export const changedWhileRead = 'changed while it was read; its content is a mixture of versions'

interface Extended {
  readonly xattrs: ReadonlyMap<string, Uint8Array>
  readonly acl: TocEntry['acl']
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()

/** ACLs travel as text of their own; what is left are plain extended attributes. */
export function splitXattrs(all: Map<string, Uint8Array>, names: AccountNames): Extended {
  if (all.size === 0) return { xattrs: noXattrs, acl: null }
  let acl: { access?: string; default?: string } = {}
  for (const which of ['access', 'default'] as const) {
    const value = all.get(aclAttributes[which])
    const text = value === undefined ? null : aclToText(value, names)
    if (text === null) continue
    acl = { ...acl, [which]: text }
    all.delete(aclAttributes[which])
  }
  return { xattrs: all, acl: Object.keys(acl).length === 0 ? null : acl }
}

/**
 * A frame ends with the entry that fills it; an entry larger than a frame is cut into equal frames of its own.
 * Only names and sizes decide, never who did the work.
 */
function cutFrames(
  raw: RawBuffer,
  spans: readonly Span[],
  compression: CompressionLevel,
): Omit<PackResult, 'warnings'> {
  const target = frameTargetBytes[compression.compression]
  const starts = [0]
  spans.forEach((span, at) => {
    const start = starts.at(-1) as number // never empty
    const length = span.end - start
    if (length < target && at < spans.length - 1) return
    const pieces = Math.max(1, Math.round(length / target))
    for (let piece = 1; piece <= pieces; piece++) starts.push(start + Math.round((length * piece) / pieces))
  })
  const frames: Frame[] = []
  for (let at = 1; at < starts.length; at++) {
    const piece = raw.bytes.subarray(starts[at - 1], starts[at])
    frames.push({ bytes: compressFrame(piece, compression), rawBytes: piece.length })
  }
  return { frames, ...linesOf(spans, frames, starts) }
}

function linesOf(
  spans: readonly Span[],
  frames: readonly Frame[],
  starts: readonly number[],
): Omit<PackResult, 'warnings' | 'frames'> {
  const frameOffsets = [0]
  for (const frame of frames) frameOffsets.push((frameOffsets.at(-1) as number) + frame.bytes.length)
  const indices = new Uint32Array(spans.length)
  const offsets = new Float64Array(spans.length)
  const sizes = new Float64Array(spans.length)
  const pageEnds = new Uint8Array(spans.length)
  const heads: string[] = []
  const tails: string[] = []
  const linked = new Map<number, TocEntry>()
  let frame = 0
  spans.forEach(({ index, entry, links, contentStart, contentEnd }, at) => {
    let content: TocEntry['content'] = { kind: 'none' }
    if (contentEnd > contentStart) {
      while ((starts[frame + 1] as number) <= contentStart) frame++
      let end = frame + 1
      while ((starts[end] as number) < contentEnd) end++
      const offset = frameOffsets[frame] as number
      const compressedBytes = (frameOffsets[end] as number) - offset
      const inner = contentStart - (starts[frame] as number)
      content = { kind: 'extent', holder: 0, extent: { offset, compressedBytes, inner } }
    }
    const whole: TocEntry = { ...entry, content }
    const { head, tail } = encodeTocLineAround(whole)
    heads.push(head)
    tails.push(tail)
    indices[at] = index
    offsets[at] = content.kind === 'extent' ? content.extent.offset : -1
    sizes[at] = entry.type === 'file' ? entry.sizeBytes : -1
    pageEnds[at] = endsPage(entry.path) ? 1 : 0
    if (entry.type === 'hardlink' || (entry.type === 'file' && links > 1)) linked.set(at, whole)
  })
  return { indices, heads, tails, offsets, sizes, pageEnds, linked }
}

export function attributesOf(status: FileStatus, type: EntryType): Attributes {
  return {
    mode: status.mode,
    uid: status.uid,
    gid: status.gid,
    sizeBytes: type === 'file' ? status.sizeBytes : 0,
    allocatedBytes: status.allocatedBytes,
    mtimeNs: status.mtimeNs,
    ctimeNs: status.ctimeNs,
    inode: status.inode,
    device: status.device,
    deviceNumber: type === 'char-device' || type === 'block-device' ? status.deviceNumber : null,
    links: status.links,
  }
}

export function isWhole(regions: readonly (readonly [number, number])[], sizeBytes: number): boolean {
  return regions.length === 1 && regions[0]?.[0] === 0 && regions[0][1] === sizeBytes
}

/** More regions than this would make a line of the table of contents too long. */
const mostRegions = 32_768

/**
 * The map of a sparse file. GNU tar restores a file that ends in a hole short unless its map ends with (size, 0).
 * Past `mostRegions` the smallest holes are stored as the zeros they read as.
 */
export function sparseMap(
  regions: readonly (readonly [number, number])[],
  sizeBytes: number,
): readonly (readonly [number, number])[] {
  const few = regions.length <= mostRegions ? regions : withoutSmallHoles(regions)
  const last = few.at(-1)
  return last !== undefined && last[0] + last[1] === sizeBytes ? few : [...few, [sizeBytes, 0]]
}

function withoutSmallHoles(regions: readonly (readonly [number, number])[]): [number, number][] {
  const holeBefore = (at: number): number => {
    const [offset, length] = regions[at - 1] as readonly [number, number] // at is 1 or more
    return (regions[at] as readonly [number, number])[0] - offset - length
  }
  const holes = Float64Array.from({ length: regions.length - 1 }, (_, at) => holeBefore(at + 1)).sort()
  const kept = holes[holes.length - mostRegions + 1] as number // the smallest hole that stays
  const joined: [number, number][] = []
  regions.forEach(([offset, length], at) => {
    const last = joined.at(-1)
    if (last !== undefined && (holeBefore(at) < kept || joined.length >= mostRegions))
      last[1] = offset + length - last[0]
    else joined.push([offset, length])
  })
  return joined
}

/** Reads until `into` is full or the file ends; returns the bytes read. */
export function readFully(files: Files, fd: number, into: Uint8Array, position: number): number {
  let got = 0
  while (got < into.length) {
    const count = files.read(fd, into, got, into.length - got, position + got)
    if (count === 0) break
    got += count
  }
  return got
}

function hashSparse(stored: Uint8Array, sparse: readonly (readonly [number, number])[], sizeBytes: number): string {
  const logical = Buffer.alloc(sizeBytes)
  let at = 0
  for (const [offset, length] of sparse) {
    logical.set(stored.subarray(at, at + length), offset)
    at += length
  }
  return hash('sha256', logical)
}

function vanished(): NodeJS.ErrnoException {
  return Object.assign(new Error('vanished'), { code: 'ENOENT' })
}

/** A read that failed, in words for the warning. */
export function whyUnreadable(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'vanished before it could be read'
    case 'EACCES':
    case 'EPERM':
      return 'not readable: permission denied'
    case 'ELOOP':
      return 'became a symlink while the backup ran; left out'
    default:
      return `not readable: ${error.code ?? displayPath(error.message as BytePath)}`
  }
}
