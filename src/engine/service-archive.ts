import type { ManifestArchive, ManifestDetails } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import type { Narrator } from '../model/event.ts'
import { type Compression, compressionSuffix, locatorBytes } from '../model/format.ts'
import { type BytePath, displayPath, joinPath, storedPathOf } from '../model/path.ts'
import type { SourceContext } from '../model/source.ts'
import { chunkerRule } from './archive/chunker-rule.ts'
import type { CompressionLevel } from './archive/codec.ts'
import { createHeader } from './archive/header.ts'
import { alone } from './archive/lineage.ts'
import type { Older } from './archive/pack-options.ts'
import { packSource } from './archive/pack-source.ts'
import { type ArchivePlace, ArchiveReader } from './archive/reader.ts'
import { ArchiveSink } from './archive/sink.ts'
import { noncePrefixBytes, SegmentSealer, saltBytes } from './archive/stream-aead.ts'
import { jsonPath } from './archive/toc-pages.ts'
import type { WorkerPool } from './archive/worker-pool.ts'
import { type ArchiveIdentity, ArchiveWriter, type WrittenStream } from './archive/writer.ts'
import { fillArchive } from './consolidate/fill-archive.ts'
import { walkSettings } from './create-sources.ts'
import { type GitContext, gitContext } from './git-context.ts'
import type { Base } from './incremental/base.ts'
import { ChangeDetection } from './incremental/change-detection.ts'
import { WatchedSource } from './incremental/empty-roots.ts'
import { OlderContents } from './incremental/older-contents.ts'
import type { SlotKey } from './keys/slots.ts'
import { racySince } from './plan/change.ts'
import type { AccountNames } from './platform/account-names.ts'
import type { Repository, World } from './repository.ts'
import type { ServiceRequest } from './service-request.ts'
import { rootsOf } from './sources/files.ts'
import { sources } from './sources/registry.ts'
import { ThreadedSource } from './walk/threaded-source.ts'

/** What every service of a backup shares, and what this one reports to. */
export interface ServiceArchiveOptions {
  readonly world: World
  readonly repository: Repository
  readonly compression: CompressionLevel
  /** Keys the archive is wrapped for; none makes it an unencrypted one. */
  readonly slotKeys: readonly SlotKey[]
  readonly backupId: string
  readonly createdAt: string
  /** Where the archive is written. */
  readonly directory: BytePath
  /** For what has to wait on disk while the archive is written. */
  readonly spool: BytePath
  readonly pool: WorkerPool
  readonly names: AccountNames
  readonly withXattrs: boolean
  /** What to build upon; null makes a full archive. */
  readonly base: Base | null
  readonly kind: 'diff' | 'incr'
  /** Made from the base alone, and going on to depend on these ordinals; null where the source is read. */
  readonly kept: ReadonlySet<number> | null
  /** What is known of the work trees the source lies in; null where that is to be looked at. */
  readonly git: readonly GitContext[] | null
  /** Nothing of the base is believed but the content itself. */
  readonly paranoid: boolean
  readonly context: SourceContext
  readonly tell: Narrator
  /** What is left out on purpose, counted by reason as it comes. */
  readonly skipped: Readonly<Record<string, number>>
  /** Warnings of this service so far. */
  warnings(): number
  onProgress(bytes: number, entries: number): void
}

export interface ServiceArchive {
  readonly archive: ManifestArchive
  readonly details: ManifestDetails['services'][number]
  /** Stored paths that were asked for and have nothing below them. */
  readonly emptyRoots: readonly BytePath[]
  /** Ids of the backups whose archives it needs. */
  readonly dependsOn: readonly string[]
  /** The header region, to be kept outside the archive too; null where it is not encrypted. */
  readonly header: Uint8Array | null
}

interface ServiceStream extends WrittenStream {
  readonly emptyRoots: readonly BytePath[]
}

const segmentBytes = 1 << 20

/** Reads a service, writes its archive, waits until it is on disk, and reads it back. */
export async function writeServiceArchive(
  service: ServiceRequest,
  options: ServiceArchiveOptions,
): Promise<ServiceArchive> {
  const { world, compression, slotKeys, directory, tell } = options
  const { files, random, clock } = world
  const begun = clock.elapsed()
  tell({ kind: 'phase', phase: 'reading', service: service.name })
  const id = Buffer.from(random.bytes(16)).toString('hex')
  const encrypted = slotKeys.length > 0
  const file = `${service.name}${compressionSuffix[compression.compression]}${encrypted ? '.enc' : ''}`
  const path = joinPath(directory, file as BytePath)
  const header = encrypted ? newHeader(id, compression.compression, options) : null
  const sink = new ArchiveSink(files, path, header?.bytes ?? new Uint8Array(0), header?.sealer ?? null)
  let written: ServiceStream
  let payloadSha256: string
  try {
    written = await writeStream(id, service, sink, options)
    tell({ kind: 'phase', phase: 'writing to disk', service: service.name })
    payloadSha256 = await sink.finish()
  } finally {
    sink.close()
  }
  tell({ kind: 'phase', phase: 'reading back', service: service.name })
  readBack({ path, id, compression: compression.compression, encrypted, root: written.root }, service, written, options)
  const { offset, compressedBytes, inner, rootBytes } = written.root
  const roots = rootsOf(service.paths)
  const git: GitContext[] = [...(options.git ?? [])]
  for (const root of options.git === null ? roots : []) {
    const found = await gitContext(files, root)
    if (found !== null) git.push(found)
  }
  return {
    archive: {
      file,
      id,
      service: service.name,
      size: sink.fileBytes,
      payloadSha256,
      comp: compression.compression,
      root: [offset, compressedBytes, inner, rootBytes],
      deps: written.dependencies.map((dependency) => dependency.id),
    },
    emptyRoots: written.emptyRoots,
    dependsOn: written.dependencies.map(({ file: older }) => older.split('/', 1)[0] as string),
    details: {
      name: service.name,
      type: service.type,
      paths: roots.map(displayPath),
      files: written.files,
      entries: written.entries,
      bytes: written.bytes,
      storedBytes: sink.fileBytes,
      reusedBytes: written.reusedBytes,
      durationMs: Math.round(clock.elapsed() - begun),
      skipped: { ...options.skipped },
      git,
    },
    header: header?.bytes ?? null,
  }
}

async function writeStream(
  id: string,
  service: ServiceRequest,
  sink: ArchiveSink,
  options: ServiceArchiveOptions,
): Promise<ServiceStream> {
  const { world, repository, base, kept, compression, spool, pool, names, withXattrs, context, warnings, onProgress } =
    options
  const { files } = world
  const { exclude, excludeCaches, oneFileSystem } = service
  const paths = rootsOf(service.paths).map((root) => jsonPath(storedPathOf(root)))
  const identity = {
    id,
    ...placeInLineage(options),
    unsorted: kept !== null,
    source: { paths, exclude: [...exclude], excludeCaches, oneFileSystem },
    service: { name: service.name, type: service.type },
  }
  const tocSpool = joinPath(spool, `${service.name}.toc` as BytePath)
  const writer = new ArchiveWriter(files, sink, identity, compression, tocSpool)
  let thread: ThreadedSource | null = null
  try {
    const progress = () => onProgress(writer.toc.contentBytes, writer.toc.entries)
    if (base !== null && kept !== null) {
      await fillArchive(base.lineage, writer, { kept, compression, signal: context.signal, onProgress: progress })
      // What the older one could not read, this one does not have either.
      return { ...writer.finish(warnings() + base.lineage.top.root.stats.warnings), emptyRoots: [] }
    }
    const settings = walkSettings(files, repository.root, service)
    // A full backup keeps all processors busy as it is.
    if (base !== null) thread = new ThreadedSource(world.filesModule, service.type, settings)
    const all = service.source ?? thread ?? sources[service.type](files, settings)
    const source = new WatchedSource(all, rootsOf(service.paths).map(storedPathOf))
    const older = base === null ? null : olderOf(base, options)
    const chunkerOf = chunkerRule(service.fixedBlocks)
    const packing = { files, pool, names, compression, withXattrs, older, chunkerOf, onProgress: progress }
    await packSource(source, writer, context, packing)
    return { ...writer.finish(warnings()), emptyRoots: source.emptyRoots }
  } finally {
    await thread?.close()
    writer.close()
  }
}

/** Which archive of its lineage this one is. */
function placeInLineage({
  base,
  kept,
  kind,
}: ServiceArchiveOptions): Pick<ArchiveIdentity, 'ordinal' | 'kind' | 'dependencies' | 'previous'> {
  if (base === null || kept?.size === 0) return { ordinal: 1, kind: 'full', dependencies: [], previous: null }
  const { top, ordinal, dependencies } = base.lineage
  return {
    ordinal: 1 + Math.max(ordinal, ...dependencies.map(({ i }) => i)),
    kind,
    dependencies: base.dependencies.filter(({ i }) => kept?.has(i) ?? true),
    previous: { id: top.root.id, root: top.rootSha256 },
  }
}

function olderOf(base: Base, { world, names, paranoid, context }: ServiceArchiveOptions): Older {
  const { lineage, usable, backup, startedMs } = base
  const rules = { racyNs: racySince(startedMs, world.clock.now()), paranoid }
  // Pages of one archive that is gone have one reason, which is told once.
  const told = new Set<string>()
  const changes = new ChangeDetection(lineage, names, rules, usable, ({ message }) => {
    if (told.has(message)) return
    told.add(message)
    context.warn({ path: null, what: `a part of ${backup} cannot be read, and its files are stored anew: ${message}` })
  })
  return { lineage, changes, contents: new OlderContents(lineage, usable) }
}

function newHeader(
  id: string,
  compression: Compression,
  options: ServiceArchiveOptions,
): { bytes: Uint8Array; sealer: SegmentSealer } {
  const { world, slotKeys, backupId, createdAt } = options
  const { kind, dependencies } = placeInLineage(options)
  const { random } = world
  const fields = {
    id,
    created: createdAt,
    kind,
    tenant: '-',
    profile: 'self',
    set: backupId,
    deps: dependencies.map((dependency) => dependency.id),
    comp: compression,
    loc: locatorBytes[compression],
    segmentBytes,
  } as const
  const { bytes, streamKey, associatedData } = createHeader(fields, slotKeys, random)
  const salt = random.bytes(saltBytes)
  const noncePrefix = random.bytes(noncePrefixBytes)
  return { bytes, sealer: new SegmentSealer({ streamKey, associatedData, segmentBytes, salt, noncePrefix }) }
}

/** What was written is opened as a restore would open it, and every page of its table of contents read. */
function readBack(
  place: ArchivePlace,
  service: ServiceRequest,
  written: WrittenStream,
  { world, slotKeys }: ServiceArchiveOptions,
): void {
  const lineage = alone(new ArchiveReader(world.files, place, { secrets: [], slotKeys }))
  try {
    if (lineage.top.rootSha256 !== written.rootSha256) {
      const what = `the archive of ${service.name} reads back otherwise than it was written`
      throw new BackupError('E_IO', what, 'look at the disk: it does not keep what it is given')
    }
    for (const page of lineage.top.root.toc.pages) if (page[5] === undefined) lineage.pageLines(page)
  } finally {
    lineage.close()
  }
}
