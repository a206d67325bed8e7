import { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { Source, SourceContext, SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import { Batches, largeFileBytes, type Unit } from '../plan/batches.ts'
import type { AccountNames } from '../platform/account-names.ts'
import { release } from '../platform/release.ts'
import { type CompressionLevel, frameTargetBytes } from './codec.ts'
import { attributesOf } from './entry-attributes.ts'
import { leftOutText, noXattrs } from './extended-attributes.ts'
import { cutRegions, describe, LargeFile, OpenFile } from './large-file.ts'
import { type GivenEntry, type PackJob, type PackLink, type PackResult, typeLetters } from './pack-job.ts'
import type { PartJob, PartResult } from './part-job.ts'
import { changedWhileRead, whyUnreadable } from './source-trouble.ts'
import type { WorkerPool } from './worker-pool.ts'
import type { ArchiveWriter } from './writer.ts'

/**
 * From a source to a writer: units of work go to the worker threads in any order, their results into the archive in
 * the order of the walk. At most a few units are under way, which bounds the memory.
 */
export interface PackSourceOptions {
  readonly files: Files
  readonly pool: WorkerPool
  readonly names: AccountNames
  readonly compression: CompressionLevel
  readonly withXattrs: boolean
  onProgress(): void
}

const partBytes = 16 << 20

export async function packSource(
  source: Source,
  writer: ArchiveWriter,
  context: SourceContext,
  options: PackSourceOptions,
): Promise<void> {
  const packing = new Packing(writer, context, options)
  try {
    await packing.run(source)
  } finally {
    await packing.settle()
  }
}

interface UnderWay {
  readonly result: Promise<unknown>
  accept(result: unknown): void
}

class Packing {
  readonly #writer: ArchiveWriter
  readonly #context: SourceContext
  readonly #options: PackSourceOptions
  readonly #underWay: UnderWay[] = []
  /** Entries whose inode has further names: those names repeat hash and place. */
  readonly #carriers = new Map<BytePath, TocEntry>()
  readonly #open = new Set<OpenFile>()

  constructor(writer: ArchiveWriter, context: SourceContext, options: PackSourceOptions) {
    this.#writer = writer
    this.#context = context
    this.#options = options
  }

  async run(source: Source): Promise<void> {
    const { compression } = this.#options.compression
    const batches = new Batches(Math.max(4 << 20, frameTargetBytes[compression]))
    for await (const entries of source.scan(this.#context)) {
      for (const entry of entries) {
        for (const unit of batches.add(entry)) await this.#dispatch(unit)
      }
      this.#context.signal.throwIfAborted()
    }
    for (const unit of batches.finish()) await this.#dispatch(unit)
    while (this.#underWay.length > 0) await this.#acceptFirst()
  }

  /** After a failure the other jobs are waited for, so that nobody reads a descriptor that is being closed. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay.splice(0).map(({ result }) => result))
    for (const opened of this.#open) this.#closeFile(opened)
  }

  async #dispatch(unit: Unit): Promise<void> {
    if (unit.kind === 'batch') return this.#dispatchBatch(unit.entries)
    if (unit.entry.content.kind === 'disk') return this.#dispatchFile(unit.entry, unit.entry.content.path)
    if (unit.entry.content.kind === 'stream')
      return this.#dispatchStream(unit.entry, unit.entry.content.open(this.#context.signal))
    throw new TypeError('an entry with a size has no content')
  }

  async #dispatchBatch(entries: readonly SourceEntry[]): Promise<void> {
    const { withXattrs, compression } = this.#options
    const links = new Map<number, PackLink>()
    const given = new Map<number, GivenEntry>()
    let paths = ''
    let types = ''
    for (const [index, entry] of entries.entries()) {
      types += typeLetters[entry.type]
      if (entry.content.kind === 'disk') paths += entry.content.path
      else given.set(index, await this.#givenEntry(entry))
      paths += '\0'
      const { type, linkTarget, attributes } = entry
      if (type === 'hardlink' && linkTarget !== null)
        links.set(index, { target: linkTarget, inode: attributes.inode, device: attributes.device })
    }
    const largestBytes = largeFileBytes - 1
    const job: PackJob = { kind: 'pack', paths, types, links, given, compression, withXattrs, largestBytes }
    await this.#submit<PackResult>(job, [], (result) => this.#acceptBatch(entries, result))
  }

  async #givenEntry({ path, attributes, linkTarget, content }: SourceEntry): Promise<GivenEntry> {
    if (content.kind !== 'stream') return { path, attributes, linkTarget, bytes: noBytes }
    const bytes = await collect(content.open(this.#context.signal), attributes.sizeBytes)
    return { path, attributes, linkTarget, bytes }
  }

  #acceptBatch(entries: readonly SourceEntry[], result: PackResult): void {
    const start = this.#writer.frames(result.frames)
    for (const { bytes } of result.frames) release(bytes)
    for (const warning of result.warnings) this.#context.warn(warning)
    for (let at = 0; at < result.indices.length; at++) {
      const linked = result.linked.get(at)
      if (linked !== undefined) {
        this.#acceptLinked(linked, start)
        continue
      }
      const { path } = entries[result.indices[at] as number] as SourceEntry // the worker answers with indices it was given
      const offset = result.offsets[at] as number
      const head = result.heads[at] as string
      const line = offset < 0 ? head : `${head}${start + offset}${result.tails[at]}`
      const size = result.sizes[at] as number
      this.#writer.line(path, line, size < 0 ? null : size, result.pageEnds[at] === 1)
    }
  }

  /** A hard link repeats what the entry that carries its data says of it. */
  #acceptLinked(entry: TocEntry, start: number): void {
    const { content } = entry
    if (entry.type === 'file') {
      const moved: TocEntry['content'] =
        content.kind === 'extent'
          ? { ...content, extent: { ...content.extent, offset: start + content.extent.offset } }
          : content
      this.#emit({ ...entry, content: moved }, true)
      return
    }
    const carrier = this.#carriers.get(entry.linkTarget as BytePath)
    if (carrier === undefined) {
      this.#context.warn({
        path: entry.path,
        what: 'not stored: the name that carries its data could not be read',
      })
      return
    }
    const { sizeBytes, sha256, sparse, torn } = carrier
    this.#emit({ ...entry, sizeBytes, sha256, content: carrier.content, sparse, torn }, false)
  }

  /** A large file is opened once, here, and read by all workers through that descriptor. */
  async #dispatchFile(entry: SourceEntry, path: BytePath): Promise<void> {
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
    const large = new LargeFile({ ...describe(entry, attributes, names), ...extended, sparse: opened.sparse })
    const parts = cutRegions(opened.sparse ?? [[0, attributes.sizeBytes]], partBytes)
    for (const [at, regions] of parts.entries()) {
      const last = at === parts.length - 1
      await this.#submitPart(large, { kind: 'open-file', fd: opened.fd, regions }, at === 0, last, () => {
        const torn = opened.changed()
        if (torn) this.#context.warn({ path: entry.path, what: changedWhileRead })
        this.#closeFile(opened)
        this.#emit(large.entry(torn), attributes.links > 1)
      })
    }
  }

  async #dispatchStream(entry: SourceEntry, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { sizeBytes, links } = entry.attributes
    const large = new LargeFile({
      ...describe(entry, entry.attributes, this.#options.names),
      xattrs: noXattrs,
      acl: null,
      sparse: null,
    })
    let sent = 0
    for await (const part of inParts(bytes, sizeBytes, partBytes)) {
      const first = sent === 0
      sent += part.length
      await this.#submitPart(large, { kind: 'given', bytes: part }, first, sent === sizeBytes, () =>
        this.#emit(large.entry(false), links > 1),
      )
    }
  }

  async #submitPart(
    large: LargeFile,
    content: PartJob['content'],
    first: boolean,
    last: boolean,
    finished: () => void,
  ): Promise<void> {
    const job: PartJob = {
      kind: 'part',
      content,
      header: first ? large.tarHeader() : noBytes,
      paddingBytes: last ? large.paddingBytes : 0,
      compression: this.#options.compression,
    }
    const transfer = content.kind === 'given' ? [content.bytes.buffer as ArrayBuffer] : []
    await this.#submit<PartResult>(job, transfer, (result) => {
      large.accept(result, this.#writer.frames(result.frames))
      for (const { bytes } of result.frames) release(bytes)
      release(result.raw)
      if (result.problem !== null) this.#context.warn({ path: large.path, what: result.problem })
      if (last) finished()
    })
  }

  #emit(entry: TocEntry, carries: boolean): void {
    if (carries) this.#carriers.set(entry.path, entry)
    this.#writer.entry(entry)
  }

  #closeFile(opened: OpenFile): void {
    opened.close()
    this.#open.delete(opened)
  }

  async #submit<Result>(
    job: PackJob | PartJob,
    transfer: ArrayBuffer[],
    accept: (result: Result) => void,
  ): Promise<void> {
    while (this.#underWay.length >= 2 * this.#options.pool.count + 1) await this.#acceptFirst()
    const result = this.#options.pool.run<Result>(job, transfer)
    result.catch(() => {}) // heard when it is accepted; until then the rejection must not end the process
    this.#underWay.push({ result, accept: (value) => accept(value as Result) })
  }

  async #acceptFirst(): Promise<void> {
    const { result, accept } = this.#underWay.shift() as UnderWay
    accept(await result)
    this.#options.onProgress()
  }
}

const noBytes = new Uint8Array(0)

async function collect(bytes: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Uint8Array> {
  for await (const part of inParts(bytes, sizeBytes, sizeBytes)) return part
  return noBytes
}

/** @throws E_IO where the stream ends before or after the size it promised. */
async function* inParts(
  bytes: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  largestBytes: number,
): AsyncIterable<Uint8Array> {
  let rest = sizeBytes
  let part = Buffer.allocUnsafeSlow(Math.min(rest, largestBytes))
  let filled = 0
  for await (let piece of bytes) {
    if (piece.length > rest - filled)
      throw new BackupError('E_IO', `a stream is longer than the ${sizeBytes} bytes it promised`)
    while (piece.length > 0) {
      const taken = piece.subarray(0, part.length - filled)
      part.set(taken, filled)
      filled += taken.length
      piece = piece.subarray(taken.length)
      if (filled < part.length) break
      yield part
      rest -= filled
      filled = 0
      part = Buffer.allocUnsafeSlow(Math.min(rest, largestBytes))
    }
  }
  if (rest - filled > 0)
    throw new BackupError('E_IO', `a stream ended ${rest - filled} bytes before the ${sizeBytes} it promised`)
}
