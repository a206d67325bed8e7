import { hash } from 'node:crypto'
import type { Extent } from '../../model/archive.ts'
import { type BytePath, displayPath } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { Attributes, EntryType, SourceWarning } from '../../model/source.ts'
import type { AccountNames } from '../platform/account-names.ts'
import { aclAttributes, aclToText } from './acl.ts'
import { type CompressionLevel, compressFrame, frameTargetBytes } from './codec.ts'
import { encodeTarHeader, paddedBytes } from './tar-header.ts'

/**
 * What a worker does with a batch of small entries: read, hash, build the tar bytes, compress them into frames.
 * A batch begins and ends on a frame, so that the archive is the same for any number of workers.
 */

export interface PackEntry {
  readonly path: BytePath
  readonly type: EntryType
  readonly linkTarget: BytePath | null
  /** Size seen by the walk; the worker takes the size anew when it opens the file. */
  readonly sizeBytes: number
  readonly from:
    | { readonly kind: 'disk'; readonly path: BytePath }
    | { readonly kind: 'given'; readonly attributes: Attributes; readonly bytes: Uint8Array }
}

export interface PackJob {
  readonly kind: 'pack'
  readonly entries: readonly PackEntry[]
  readonly compression: CompressionLevel
  readonly withXattrs: boolean
  /** A file that has grown past this since the walk is cut here and marked torn. */
  readonly largestBytes: number
}

export interface Frame {
  readonly bytes: Uint8Array
  readonly rawBytes: number
}

/** An entry as it was packed. Offsets are relative to the batch's first frame. */
export interface PackedEntry {
  /** Its place in the job's entries; entries that could not be read are absent. */
  readonly index: number
  readonly attributes: Attributes
  readonly linkTarget: BytePath | null
  readonly xattrs: ReadonlyMap<string, Uint8Array> | null
  readonly acl: { readonly access?: string; readonly default?: string } | null
  readonly sparse: readonly (readonly [number, number])[] | null
  readonly sha256: string | null
  readonly extent: Extent | null
  readonly torn: boolean
}

export interface PackResult {
  readonly frames: readonly Frame[]
  readonly entries: readonly PackedEntry[]
  readonly warnings: readonly SourceWarning[]
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
  readonly entry: Omit<PackedEntry, 'extent'>
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
    job.entries.forEach((entry, index) => {
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
      const sparse = regions === null || isWhole(regions, sizeBytes) ? null : withClosingPair(regions, sizeBytes)
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
    described: Extended & Pick<PackedEntry, 'attributes' | 'sparse'>,
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
    return {
      entry: {
        index,
        attributes,
        linkTarget,
        xattrs: xattrs.size === 0 ? null : xattrs,
        acl,
        sparse,
        sha256,
        torn: false,
      },
      contentStart,
      contentEnd: contentStart + storedBytes,
      end: raw.length,
    }
  }
}

export const changedWhileRead = 'changed while it was read; its content is a mixture of versions'

interface Extended {
  readonly xattrs: ReadonlyMap<string, Uint8Array>
  readonly acl: PackedEntry['acl']
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
): { frames: Frame[]; entries: PackedEntry[] } {
  const target = frameTargetBytes[compression.compression]
  const cuts: number[] = []
  let start = 0
  spans.forEach((span, at) => {
    const length = span.end - start
    if (length < target && at < spans.length - 1) return
    const pieces = Math.max(1, Math.round(length / target))
    for (let piece = 1; piece <= pieces; piece++) cuts.push(start + Math.round((length * piece) / pieces))
    start = span.end
  })
  const frames: Frame[] = []
  const frameStarts: number[] = []
  const frameOffsets: number[] = []
  let from = 0
  let offset = 0
  for (const cut of cuts) {
    const bytes = compressFrame(raw.bytes.subarray(from, cut), compression)
    frames.push({ bytes, rawBytes: cut - from })
    frameStarts.push(from)
    frameOffsets.push(offset)
    offset += bytes.length
    from = cut
  }
  let frame = 0
  const entries = spans.map(({ entry, contentStart, contentEnd }) => {
    if (contentEnd === contentStart) return { ...entry, extent: null }
    while ((cuts[frame] as number) <= contentStart) frame++
    let last = frame
    while ((cuts[last] as number) < contentEnd) last++
    const begin = frameOffsets[frame] as number
    const end = (frameOffsets[last] as number) + (frames[last] as Frame).bytes.length
    return {
      ...entry,
      extent: { offset: begin, compressedBytes: end - begin, inner: contentStart - (frameStarts[frame] as number) },
    }
  })
  return { frames, entries }
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

/** GNU tar restores a file that ends in a hole short unless the map ends with (size, 0). */
export function withClosingPair(
  regions: readonly (readonly [number, number])[],
  sizeBytes: number,
): readonly (readonly [number, number])[] {
  const last = regions.at(-1)
  return last !== undefined && last[0] + last[1] === sizeBytes ? regions : [...regions, [sizeBytes, 0]]
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
