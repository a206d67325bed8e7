import type { Chunk } from '../../model/format.ts'
import type { BytePath } from '../../model/path.ts'
import type { SourceContext, SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import { release } from '../platform/release.ts'
import { ChunkCutter, type Chunker, lookbackBytes } from './chunking.ts'
import { attributesOf } from './entry-attributes.ts'
import { leftOutText, noXattrs } from './extended-attributes.ts'
import { inParts } from './in-parts.ts'
import { KnownChunks } from './known-chunks.ts'
import { type Described, describe, LargeFile, OpenFile } from './large-file.ts'
import type { PackSourceOptions } from './pack-options.ts'
import type { PartJob, PartOfTar, PartResult } from './part-job.ts'
import { readRegions } from './read-regions.ts'
import type { ScanJob } from './scan-job.ts'
import { changedWhileRead, whyUnreadable } from './source-trouble.ts'
import { StoredRegions } from './stored-regions.ts'
import { cutStream } from './stream-chunks.ts'
import type { ArchiveWriter } from './writer.ts'

/** What the packing of a source does for its large files. */
export interface Packing {
  /** Hands a job to the workers, once there is room for it; `accept` gets results in the order of the calls. */
  submit<Result>(job: PartJob, transfer: ArrayBuffer[], accept: (result: Result) => void): Promise<void>
  emit(entry: TocEntry, carries: boolean): void
}

export interface LargeFileSettings {
  readonly chunker: Chunker
  /**
   * Chunks of the file's previous version, with the ordinals of the archives that hold them. Those that are found
   * again are not stored; with any at all, the new ones become members of the archive's own, and the file has none.
   */
  readonly known: readonly Chunk[]
}

/** Bytes that are scanned for cut points at a time, and of chunks that are packed at a time, the last one more. */
const partBytes = 2 << 20

/** Blocks of a grid share frames of about this size: a frame for each would compress less. */
const gridFrameBytes = 1 << 20

/** Neighbouring chunks that become one job. */
interface Group {
  /** Offset in the stored bytes. */
  readonly start: number
  readonly bytes: number
  readonly lengths: readonly number[]
}

/**
 * A large file becomes several units of work. The chunks are those of one pass from its beginning to its end,
 * although the threads share the work: they find the places where chunks may end, here the places are chosen, and the
 * threads hash and compress the chunks.
 */
export class LargeFilePacker {
  readonly #writer: ArchiveWriter
  readonly #context: SourceContext
  readonly #options: PackSourceOptions
  readonly #packing: Packing
  readonly #open = new Set<OpenFile>()
  readonly #scans = new Set<Promise<unknown>>()
  #chunkMembers = 0

  constructor(writer: ArchiveWriter, context: SourceContext, options: PackSourceOptions, packing: Packing) {
    this.#writer = writer
    this.#context = context
    this.#options = options
    this.#packing = packing
  }

  /** Closes what a failure left open. No submitted job may be under way. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#scans)
    for (const opened of this.#open) this.#closeFile(opened)
  }

  /** A large file is opened once, here, and read by all workers through that descriptor. */
  async file(entry: SourceEntry, path: BytePath, settings: LargeFileSettings): Promise<void> {
    const { files, names, withXattrs } = this.#options
    let opened: OpenFile
    try {
      opened = new OpenFile(files, path, names, withXattrs)
    } catch (error) {
      this.#context.warn({ path: entry.path, what: whyUnreadable(error as NodeJS.ErrnoException) })
      return
    }
    this.#open.add(opened)
    if (opened.before.type !== 'file') {
      this.#context.warn({ path: entry.path, what: `became a ${opened.before.type} while the backup ran; left out` })
      this.#closeFile(opened)
      return
    }
    const { leftOut, ...extended } = opened.extended
    if (leftOut.length > 0) this.#context.warn({ path: entry.path, what: leftOutText(leftOut) })
    const attributes = attributesOf(opened.before, 'file')
    const described = { ...describe(entry, attributes, names), ...extended, sparse: opened.sparse }
    const large = new LargePacking(described, settings)
    const stored = new StoredRegions(opened.sparse ?? [[0, attributes.sizeBytes]])
    const { chunker } = settings
    const lengths =
      chunker.kind === 'fixed' ? stored.blockLengths(chunker.blockBytes) : this.#contentLengths(opened, stored)
    for await (const group of inGroups(lengths)) {
      this.#context.signal.throwIfAborted()
      const last = group.start + group.bytes === stored.bytes
      const regions = stored.slice(group.start, group.bytes)
      await this.#submit(large, { kind: 'open-file', fd: opened.fd, regions }, group, last, () => {
        const torn = opened.changed()
        if (torn) this.#context.warn({ path: entry.path, what: changedWhileRead })
        this.#closeFile(opened)
        this.#packing.emit(large.file.entry(torn), attributes.links > 1)
      })
    }
  }

  /** A stream is cut here, in order: no thread has what the others have. */
  async stream(entry: SourceEntry, bytes: AsyncIterable<Uint8Array>, settings: LargeFileSettings): Promise<void> {
    const { sizeBytes, links } = entry.attributes
    const described = { ...describe(entry, entry.attributes, this.#options.names), xattrs: noXattrs, acl: null }
    const large = new LargePacking({ ...described, sparse: null }, settings)
    let start = 0
    for await (const piece of cutStream(inParts(bytes, sizeBytes, partBytes), sizeBytes, settings.chunker)) {
      const group = { start, bytes: piece.bytes.length, lengths: piece.lengths }
      start += piece.bytes.length
      await this.#submit(large, { kind: 'given', bytes: piece.bytes }, group, start === sizeBytes, () =>
        this.#packing.emit(large.file.entry(false), links > 1),
      )
    }
  }

  /** Lengths of the chunks, as soon as they are certain. The next parts are scanned meanwhile. */
  async *#contentLengths(opened: OpenFile, stored: StoredRegions): AsyncGenerator<number> {
    const { files, pool } = this.#options
    const cutter = new ChunkCutter(stored.bytes, (offset, length) => {
      const few = Buffer.alloc(length)
      readRegions(files, opened.fd, stored.slice(offset, length), few)
      return few
    })
    const ahead: { readonly points: Promise<Uint32Array>; readonly bytes: number }[] = []
    for (let next = 0; ; ) {
      while (ahead.length <= pool.count && next < stored.bytes) {
        const bytes = Math.min(partBytes, stored.bytes - next)
        ahead.push({ points: this.#scan(opened, stored, next, bytes), bytes })
        next += bytes
      }
      const first = ahead.shift()
      if (first === undefined) return
      yield* cutter.add(await first.points, first.bytes)
    }
  }

  #scan(opened: OpenFile, stored: StoredRegions, start: number, bytes: number): Promise<Uint32Array> {
    const before = Math.min(start, lookbackBytes)
    const job: ScanJob = {
      kind: 'scan',
      fd: opened.fd,
      regions: stored.slice(start - before, before + bytes),
      bytes: before + bytes,
      lookbackBytes: before,
    }
    const points = this.#options.pool.runUrgent<Uint32Array>(job)
    this.#scans.add(points)
    const forget = (): void => void this.#scans.delete(points)
    points.then(forget, forget)
    return points
  }

  async #submit(
    large: LargePacking,
    content: PartJob['content'],
    { start, lengths }: Group,
    last: boolean,
    finished: () => void,
  ): Promise<void> {
    const { file, known, frameBytes } = large
    const tar: PartOfTar =
      known.count > 0
        ? {
            kind: 'new-chunks',
            path: this.#writer.ownPath(`chunks/${this.#chunkMembers++}`),
            known: known.table,
          }
        : {
            kind: 'member',
            header: start === 0 ? file.tarHeader() : noBytes,
            paddingBytes: last ? file.paddingBytes : 0,
          }
    const { compression } = this.#options
    const job: PartJob = { kind: 'part', content, lengths, frameBytes, tar, compression }
    const transfer = content.kind === 'given' ? [content.bytes.buffer as ArrayBuffer] : []
    await this.#packing.submit<PartResult>(job, transfer, (result) => {
      file.accept(result, this.#writer.frames(result.frames))
      for (const { bytes } of result.frames) release(bytes)
      release(result.raw)
      if (result.problem !== null) this.#context.warn({ path: file.path, what: result.problem })
      if (last) finished()
    })
  }

  #closeFile(opened: OpenFile): void {
    opened.close()
    this.#open.delete(opened)
  }
}

class LargePacking {
  readonly file: LargeFile
  readonly known: KnownChunks
  readonly frameBytes: number

  constructor(described: Described, { known, chunker }: LargeFileSettings) {
    this.known = new KnownChunks(known)
    this.file = new LargeFile(described, this.known)
    this.frameBytes = chunker.kind === 'fixed' ? gridFrameBytes : 1
  }
}

/** At least one group, an empty one where nothing is stored. */
async function* inGroups(lengths: AsyncIterable<number> | Iterable<number>): AsyncGenerator<Group> {
  let start = 0
  let bytes = 0
  let gathered: number[] = []
  for await (const length of lengths) {
    gathered.push(length)
    bytes += length
    if (bytes < partBytes) continue
    yield { start, bytes, lengths: gathered }
    start += bytes
    bytes = 0
    gathered = []
  }
  if (bytes > 0 || start === 0) yield { start, bytes, lengths: gathered }
}

const noBytes = new Uint8Array(0)
