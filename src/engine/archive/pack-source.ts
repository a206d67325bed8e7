import type { Chunk } from '../../model/format.ts'
import type { BytePath } from '../../model/path.ts'
import type { Source, SourceContext, SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'
import { Batches, largeFileBytes, type Unit } from '../plan/batches.ts'
import type { Piece, ReadPiece } from '../plan/pieces.ts'
import { release } from '../platform/release.ts'
import { frameTargetBytes } from './codec.ts'
import { inParts } from './in-parts.ts'
import { type GivenEntry, type MatchedEntry, Packer, type PackJob, type PackLink, type PackResult } from './pack-job.ts'
import { LargeFilePacker } from './pack-large.ts'
import type { Older, PackSourceOptions } from './pack-options.ts'
import type { PartJob } from './part-job.ts'
import { takeOver } from './take-over.ts'
import { typeLetters } from './type-letters.ts'
import type { ArchiveWriter } from './writer.ts'

/**
 * From a source to a writer: units of work go to the worker threads in any order, their results into the archive in
 * the order of the walk. At most a few units are under way, which bounds the memory.
 */
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
    const changes = this.#options.older?.changes ?? null
    const take = async (pieces: readonly Piece[]): Promise<void> => {
      for (const piece of pieces) for (const unit of batches.add(piece)) await this.#dispatch(unit)
    }
    for await (const entries of source.scan(this.#context)) {
      const pieces: Piece[] = []
      for (const entry of entries) {
        if (changes === null) pieces.push({ kind: 'read', entry, old: null, carrier: null })
        else changes.add(entry, pieces)
      }
      await take(pieces)
      this.#context.signal.throwIfAborted()
    }
    const last: Piece[] = []
    changes?.finish(last)
    await take(last)
    for (const unit of batches.finish()) await this.#dispatch(unit)
    while (this.#underWay.length > 0) await this.#acceptFirst()
  }

  /** After a failure the other jobs are waited for, so that nobody reads a descriptor that is being closed. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay.splice(0).map(({ result }) => result))
    await this.#large.settle()
  }

  async #dispatch(unit: Unit): Promise<void> {
    if (unit.kind === 'batch') return this.#dispatchBatch(unit.pieces, unit.reads)
    const { entry, old } = unit.piece
    const known = this.#knownChunks(entry, old)
    const settings = { chunker: this.#options.chunkerOf(entry.path), known }
    if (entry.content.kind === 'disk') return this.#large.file(entry, entry.content.path, settings)
    if (entry.content.kind === 'stream')
      return this.#large.stream(entry, entry.content.open(this.#context.signal), settings)
    throw new TypeError('an entry with a size has no content')
  }

  /** Chunks of the version before; of a file that is new here, those of one it may have been. */
  #knownChunks(entry: SourceEntry, old: TocEntry | null): readonly Chunk[] {
    const before = old ?? this.#options.older?.contents.likely(entry) ?? null
    return before?.content.kind === 'chunks' ? before.content.chunks : []
  }

  async #dispatchBatch(pieces: readonly Piece[], reads: readonly ReadPiece[]): Promise<void> {
    if (reads.length === 0) {
      await this.#queue(
        async () => {},
        () => {
          for (const piece of pieces) this.#acceptKept(piece)
        },
      )
      return
    }
    const { withXattrs, compression } = this.#options
    const links = new Map<number, PackLink>()
    const given = new Map<number, GivenEntry>()
    const known = new Map<number, string>()
    let paths = ''
    let types = ''
    let withNew = false
    for (const [index, { entry, old }] of reads.entries()) {
      types += typeLetters[entry.type]
      if (entry.content.kind === 'disk') paths += entry.content.path
      else given.set(index, await this.#givenEntry(entry))
      paths += '\0'
      const { type, linkTarget, attributes } = entry
      if (type === 'hardlink' && linkTarget !== null)
        links.set(index, { target: linkTarget, inode: attributes.inode, device: attributes.device })
      if (type === 'file' && old !== null && old.sha256 !== null) known.set(index, old.sha256)
      if (type === 'file' && attributes.sizeBytes > 0) withNew = true
    }
    const largestBytes = largeFileBytes - 1
    const contents = withNew ? (this.#options.older?.contents.shared() ?? null) : null
    const job: PackJob = {
      kind: 'pack',
      ...{ paths, types, links, given, known, contents, compression, withXattrs, largestBytes },
    }
    await this.#submit<PackResult>(job, [], (result) => this.#acceptBatch(pieces, reads, result, job))
  }

  async #givenEntry({ path, attributes, linkTarget, content }: SourceEntry): Promise<GivenEntry> {
    if (content.kind !== 'stream') return { path, attributes, linkTarget, bytes: noBytes }
    const bytes = await collect(content.open(this.#context.signal), attributes.sizeBytes)
    return { path, attributes, linkTarget, bytes }
  }

  #acceptBatch(pieces: readonly Piece[], reads: readonly ReadPiece[], result: PackResult, job: PackJob): void {
    const start = this.#writer.frames(result.frames)
    for (const { bytes } of result.frames) release(bytes)
    for (const warning of result.warnings) this.#context.warn(warning)
    let read = -1
    let at = 0
    for (const piece of pieces) {
      if (piece.kind !== 'read') {
        this.#acceptKept(piece)
        continue
      }
      read++
      const matched = result.matched.get(read)
      if (matched !== undefined) this.#acceptMatched(matched, piece, read, job)
      else if (result.indices[at] === read) this.#acceptPacked(reads[read] as ReadPiece, result, at++, start)
    }
  }

  #acceptPacked({ entry: { path }, carrier }: ReadPiece, result: PackResult, at: number, start: number): void {
    const linked = result.linked.get(at)
    if (linked !== undefined) {
      this.#acceptLinked(linked, carrier, start)
      return
    }
    const offset = result.offsets[at] as number
    const head = result.heads[at] as string
    const line = offset < 0 ? head : `${head}${start + offset}${result.tails[at]}`
    const size = result.sizes[at] as number
    this.#writer.toc.line(path, line, size < 0 ? null : size, result.pageEnds[at] === 1)
  }

  /** Read, and found to be what it was: the content stays where it is. */
  #acceptMatched({ entry, links, found }: MatchedEntry, piece: ReadPiece, index: number, job: PackJob): void {
    const same =
      found === 0 ? piece.old : this.#options.older?.contents.find(found, entry.sha256 ?? '', entry.sizeBytes)
    if (same === null || same === undefined) this.#storeAfterAll(piece, index, job)
    else this.#emit({ ...entry, content: same.content, sparse: same.sparse }, links > 1)
  }

  /** What looked like content that an older backup holds is none: stored here, for its turn has come. */
  #storeAfterAll(piece: ReadPiece, index: number, job: PackJob): void {
    const { files, names } = this.#options
    this.#writer.leaveOrder()
    const given = job.given.get(index)
    const alone: PackJob = {
      ...job,
      paths: `${job.paths.split('\0')[index]}\0`,
      types: job.types[index] as string, // the index is one of the job's
      links: new Map(),
      given: given === undefined ? new Map() : new Map([[0, given]]),
      known: new Map(),
      contents: null,
    }
    this.#acceptBatch([piece], [piece], new Packer(files, names).pack(alone), alone)
  }

  #acceptKept(piece: Piece): void {
    if (piece.kind === 'read') throw new TypeError('what is read is not kept')
    if (piece.kind === 'described') {
      this.#emit(piece.entry, piece.carries)
      return
    }
    const { lineage } = this.#options.older as Older // who keeps something has it from there
    takeOver(this.#writer, lineage, piece)
  }

  /** A hard link repeats what the entry that carries its data says of it. */
  #acceptLinked(entry: TocEntry, kept: TocEntry | null, start: number): void {
    const { content } = entry
    if (entry.type === 'file') {
      const moved: TocEntry['content'] =
        content.kind === 'extent'
          ? { ...content, extent: { ...content.extent, offset: start + content.extent.offset } }
          : content
      this.#emit({ ...entry, content: moved }, true)
      return
    }
    const carrier = this.#carriers.get(entry.linkTarget as BytePath) ?? kept
    if (carrier === null) {
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
    await this.#queue(
      () => this.#options.pool.run<Result>(job, transfer),
      (value) => accept(value as Result),
    )
  }

  /** Begins something once there is room for it; what comes of it is accepted in the order of the calls. */
  async #queue(begin: () => Promise<unknown>, accept: UnderWay['accept']): Promise<void> {
    while (this.#underWay.length >= 2 * this.#options.pool.count + 1) await this.#acceptFirst()
    const result = begin()
    result.catch(() => {}) // heard when it is accepted; until then the rejection must not end the process
    this.#underWay.push({ result, accept })
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
