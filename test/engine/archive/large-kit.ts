import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chunker } from '../../../src/engine/archive/chunking.ts'
import { type Dependency, Lineage } from '../../../src/engine/archive/lineage.ts'
import { LargeFilePacker } from '../../../src/engine/archive/pack-large.ts'
import { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { ArchiveSink } from '../../../src/engine/archive/sink.ts'
import type { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { ArchiveWriter } from '../../../src/engine/archive/writer.ts'
import { noKeys } from '../../../src/engine/keys/slots.ts'
import { readAccountNames } from '../../../src/engine/platform/account-names.ts'
import type { Chunk } from '../../../src/model/format.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import type { FileStatus } from '../../../src/model/ports.ts'
import type { SourceEntry, SourceWarning } from '../../../src/model/source.ts'
import type { TocEntry } from '../../../src/model/toc.ts'
import { files, levelOf } from './archive-kit.ts'

/** One version after another of one large file, each in an archive that may build on those before. */

export interface Version {
  readonly file: string
  readonly entry: TocEntry
  readonly lineage: Lineage
  readonly warnings: readonly SourceWarning[]
}

export interface VersionOptions {
  readonly directory: string
  readonly pool: WorkerPool
  readonly name: string
  readonly chunker?: Chunker
  /** Versions before, the first with ordinal 1; the last one's chunks are known. */
  readonly before?: readonly Version[]
  readonly signal?: AbortSignal
}

const names = readAccountNames(files)

/** A file on disk as the walk finds it. */
export function onDisk(path: string): SourceEntry {
  const bytePath = pathFromText(path)
  const content = { kind: 'disk', path: bytePath } as const
  return {
    path: 'large' as BytePath,
    type: 'file',
    attributes: files.status(bytePath) as FileStatus,
    linkTarget: null,
    content,
  }
}

export async function pack(source: SourceEntry, options: VersionOptions): Promise<Version> {
  const {
    directory,
    pool,
    name,
    chunker = { kind: 'content' },
    before = [],
    signal = new AbortController().signal,
  } = options
  const ordinal = before.length + 1
  const file = join(directory, `${name}.tar.zst`)
  const compression = levelOf('zstd')
  const id = ordinal.toString(16).padStart(32, '0')
  const sink = new ArchiveSink(files, pathFromText(file), new Uint8Array(0), null)
  const dependencies = before.map(({ lineage }, at) => dependencyOf(lineage.top, at + 1))
  const identity = {
    id,
    ordinal,
    kind: ordinal === 1 ? ('full' as const) : ('incr' as const),
    source: { paths: [] },
    service: { name: 'files', type: 'files' },
    dependencies,
    previous: null,
  }
  const writer = new ArchiveWriter(files, sink, identity, compression, pathFromText(`${file}.spool`))
  const warnings: SourceWarning[] = []
  const context = {
    signal,
    warn: (warning: SourceWarning) => void warnings.push(warning),
    skip: () => {},
  }
  const underWay: { readonly result: Promise<unknown>; accept(result: unknown): void }[] = []
  let entry: TocEntry | null = null
  const packer = new LargeFilePacker(
    writer,
    context,
    { files, pool, names, compression, withXattrs: true, older: null, chunkerOf: () => chunker, onProgress: () => {} },
    {
      async submit(job, transfer, accept) {
        underWay.push({ result: pool.run(job, transfer), accept: accept as (result: unknown) => void })
      },
      emit(emitted) {
        entry = emitted
        writer.entry(emitted)
      },
    },
  )
  const known: Chunk[] = []
  const base = before.at(-1)
  if (base !== undefined) {
    const { content } = [...base.lineage.entries()][0] as TocEntry
    if (content.kind === 'chunks') known.push(...content.chunks)
  }
  const settings = { chunker, known }
  try {
    if (source.content.kind === 'disk') await packer.file(source, source.content.path, settings)
    else if (source.content.kind === 'stream')
      await packer.stream(source, source.content.open(context.signal), settings)
    for (const { result, accept } of underWay) accept(await result)
    const { root } = writer.finish(warnings.length)
    await sink.finish()
    const place = { path: pathFromText(file), id, compression: 'zstd' as const, encrypted: false, root }
    const lineage = new Lineage(new ArchiveReader(files, place, noKeys), ({ i }) => {
      const holder = (before[i - 1] as Version).lineage.top.place
      return new ArchiveReader(files, holder, noKeys)
    })
    return { file, entry: entry as unknown as TocEntry, lineage, warnings }
  } finally {
    await packer.settle()
    writer.close()
    sink.close()
  }
}

function dependencyOf(reader: ArchiveReader, ordinal: number): Dependency {
  const { place, access, rootSha256 } = reader
  return { i: ordinal, id: place.id, file: `archive ${ordinal}`, size: access.fileBytes, root: rootSha256 }
}

/** The file as its entry describes it, every chunk read from the archive that holds it and compared with its hash. */
export function readBack({ lineage }: Version): Buffer {
  const entry = lineage.find('large' as BytePath) as TocEntry
  const chunks = entry.content.kind === 'chunks' ? entry.content.chunks : []
  const stored = Buffer.concat(
    chunks.map((chunk) => {
      const bytes = lineage.member(chunk.holder).stream.extent(chunk, chunk.length)
      if (createHash('sha256').update(bytes).digest('hex') !== chunk.sha256) throw new Error('a chunk fails its hash')
      return Buffer.from(bytes)
    }),
  )
  const whole = Buffer.alloc(entry.sizeBytes)
  let at = 0
  for (const [offset, length] of entry.sparse ?? [[0, entry.sizeBytes] as const]) {
    stored.copy(whole, offset, at, at + length)
    at += length
  }
  if (at !== stored.length) throw new Error('the chunks are more than the file')
  if (createHash('sha256').update(whole).digest('hex') !== entry.sha256) throw new Error('the file fails its hash')
  return whole
}

/** Bytes of chunks that the archive of this version itself stores, uncompressed. */
export function newBytes({ lineage }: Version): number {
  const { content } = lineage.find('large' as BytePath) as TocEntry
  if (content.kind !== 'chunks') return 0
  return content.chunks.reduce((sum, { holder, length }) => sum + (holder === lineage.ordinal ? length : 0), 0)
}

export function chunkLengths({ entry }: Version): number[] {
  return entry.content.kind === 'chunks' ? entry.content.chunks.map(({ length }) => length) : []
}

export function archiveBytes({ file }: Version): Buffer {
  return readFileSync(file)
}
