import { createHash } from 'node:crypto'
import type { Chunk } from '../../model/format.ts'
import type { BytePath } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { Attributes, SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import type { AccountNames } from '../platform/account-names.ts'
import { letGo } from '../platform/let-go.ts'
import { type ExtendedAttributes, noExtendedAttributes, splitXattrs } from './extended-attributes.ts'
import type { KnownChunks } from './known-chunks.ts'
import type { PartResult } from './part-job.ts'
import { isWhole, sparseMap } from './sparse-map.ts'
import { encodeTarHeader, paddedBytes } from './tar-header.ts'

type Region = readonly [number, number]

/** An entry before its content was read. */
export type Described = Omit<TocEntry, 'sha256' | 'content' | 'torn'>

export function describe(
  entry: SourceEntry,
  attributes: Attributes,
  names: AccountNames,
): Omit<Described, 'xattrs' | 'acl' | 'sparse'> {
  const { mode, uid, gid, sizeBytes, mtimeNs, ctimeNs, inode, device, deviceNumber } = attributes
  return {
    path: entry.path,
    type: entry.type,
    mode,
    uid,
    gid,
    userName: names.user(uid),
    groupName: names.group(gid),
    sizeBytes,
    mtimeNs,
    ctimeNs,
    inode,
    device,
    deviceNumber,
    linkTarget: entry.linkTarget,
  }
}

/** A large file while the workers read it: what it was when it was opened, and whether it still is. */
export class OpenFile {
  readonly fd: number
  readonly before: FileStatus
  readonly sparse: readonly Region[] | null
  readonly extended: ExtendedAttributes
  readonly #files: Files

  constructor(files: Files, path: BytePath, names: AccountNames, withXattrs: boolean) {
    this.#files = files
    this.fd = files.open(path, 'read')
    try {
      this.before = files.statusOf(this.fd)
      const { sizeBytes, allocatedBytes } = this.before
      const regions = allocatedBytes < sizeBytes ? files.dataRegions(this.fd, sizeBytes) : null
      this.sparse = regions === null || isWhole(regions, sizeBytes) ? null : sparseMap(regions, sizeBytes)
      this.extended = withXattrs ? splitXattrs(files.xattrs(path), names) : noExtendedAttributes
    } catch (error) {
      letGo(files, this.fd)
      throw error
    }
  }

  changed(): boolean {
    const after = this.#files.statusOf(this.fd)
    return (
      after.mtimeNs !== this.before.mtimeNs ||
      after.ctimeNs !== this.before.ctimeNs ||
      after.sizeBytes !== this.before.sizeBytes
    )
  }

  close(): void {
    letGo(this.#files, this.fd)
  }
}

/** Puts the parts of one large file together again: its hash, its chunks, its entry. */
export class LargeFile {
  readonly path: BytePath
  readonly #described: Described
  readonly #known: KnownChunks
  readonly #hash = createHash('sha256')
  readonly #chunks: Chunk[] = []
  readonly #storedBytes: number
  /** Bytes of the stored regions hashed so far. */
  #seen = 0
  #hashedTo = 0
  #torn = false

  /** Chunks that are `known` lie where they lay before. */
  constructor(described: Described, known: KnownChunks) {
    this.#known = known
    this.path = described.path
    this.#described = described
    this.#storedBytes = described.sparse?.reduce((sum, [, length]) => sum + length, 0) ?? described.sizeBytes
  }

  get paddingBytes(): number {
    return paddedBytes(this.#storedBytes) - this.#storedBytes
  }

  tarHeader(): Uint8Array {
    const attributes = { ...this.#described, allocatedBytes: this.#storedBytes, links: 1 }
    return encodeTarHeader({ ...this.#described, type: 'file', attributes, storedBytes: this.#storedBytes })
  }

  /** Parts come in order; `offset` is the S offset of the part's first frame. */
  accept(part: PartResult, offset: number): void {
    const starts: number[] = []
    let at = offset
    for (const frame of part.frames) {
      starts.push(at)
      at += frame.bytes.length
    }
    for (const { stored, length, sha256 } of part.chunks) {
      if (stored === null) {
        this.#chunks.push(this.#known.place(sha256, length) as Chunk) // the worker looks in the same table
        continue
      }
      const { frame, inner } = stored
      const compressedBytes = part.frames[frame]?.bytes.length ?? 0
      this.#chunks.push({ holder: 0, offset: starts[frame] ?? 0, compressedBytes, inner, length, sha256 })
    }
    this.#absorb(part.raw)
    this.#torn ||= part.problem !== null
  }

  entry(torn: boolean): TocEntry {
    this.#hashHoleTo(this.#described.sizeBytes)
    const content: TocEntry['content'] =
      this.#chunks.length === 0 ? { kind: 'none' } : { kind: 'chunks', chunks: this.#chunks }
    return { ...this.#described, sha256: this.#hash.digest('hex'), content, torn: torn || this.#torn }
  }

  #absorb(raw: Uint8Array): void {
    if (this.#described.sparse === null) {
      this.#hash.update(raw)
      this.#hashedTo += raw.length
      return
    }
    let rest = raw
    let skip = this.#seen
    for (const [start, length] of this.#described.sparse) {
      if (rest.length === 0) break
      if (skip >= length) {
        skip -= length
        continue
      }
      const piece = rest.subarray(0, length - skip)
      this.#hashHoleTo(start + skip)
      this.#hash.update(piece)
      this.#hashedTo += piece.length
      rest = rest.subarray(piece.length)
      skip = 0
    }
    this.#seen += raw.length
  }

  #hashHoleTo(offset: number): void {
    while (this.#hashedTo < offset) {
      const zeros = zeroBytes.subarray(0, offset - this.#hashedTo)
      this.#hash.update(zeros)
      this.#hashedTo += zeros.length
    }
  }
}

const zeroBytes = new Uint8Array(1 << 20)
