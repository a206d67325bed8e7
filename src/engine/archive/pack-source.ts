import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { Source, SourceContext, SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import { Batches, largeFileBytes, type Unit } from '../plan/batches.ts'
import type { AccountNames } from '../platform/account-names.ts'
import { release } from '../platform/release.ts'
import type { Chunker } from './chunking.ts'
import { type CompressionLevel, frameTargetBytes } from './codec.ts'
import { inParts } from './in-parts.ts'
import { type GivenEntry, type PackJob, type PackLink, type PackResult, typeLetters } from './pack-job.ts'
import { LargeFilePacker } from './pack-large.ts'
import type { PartJob } from './part-job.ts'
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
  /** How a large file of this stored path is cut. */
  chunkerOf(path: BytePath): Chunker
  onProgress(): void
}

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
  readonly #large: LargeFilePacker

  constructor(writer: ArchiveWriter, context: SourceContext, options: PackSourceOptions) {
    this.#writer = writer
    this.#context = context
    this.#options = options
    this.#large = new LargeFilePacker(writer, context, options, {
      submit: (job, transfer, accept) => this.#submit(job, transfer, accept),
      emit: (entry, carries) => this.#emit(entry, carries),
    })
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
    await this.#large.settle()
  }

  async #dispatch(unit: Unit): Promise<void> {
    if (unit.kind === 'batch') return this.#dispatchBatch(unit.entries)
    const { entry } = unit
    const settings = { chunker: this.#options.chunkerOf(entry.path), known: [] }
    if (entry.content.kind === 'disk') return this.#large.file(entry, entry.content.path, settings)
    if (entry.content.kind === 'stream')
      return this.#large.stream(entry, entry.content.open(this.#context.signal), settings)
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

  #emit(entry: TocEntry, carries: boolean): void {
    if (carries) this.#carriers.set(entry.path, entry)
    this.#writer.entry(entry)
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
