import { createCipheriv, createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chunkerRule } from '../../../src/engine/archive/chunker-rule.ts'
import { type CompressionLevel, defaultLevel } from '../../../src/engine/archive/codec.ts'
import { createHeader } from '../../../src/engine/archive/header.ts'
import { packSource } from '../../../src/engine/archive/pack-source.ts'
import type { ArchivePlace } from '../../../src/engine/archive/reader.ts'
import { ArchiveSink } from '../../../src/engine/archive/sink.ts'
import { SegmentSealer } from '../../../src/engine/archive/stream-aead.ts'
import { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { type ArchiveIdentity, ArchiveWriter, type WrittenStream } from '../../../src/engine/archive/writer.ts'
import type { Secret } from '../../../src/engine/keys/secrets.ts'
import { type Keys, kdfDefaults, noKeys, slotKeyFor } from '../../../src/engine/keys/slots.ts'
import { readAccountNames } from '../../../src/engine/platform/account-names.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { filesSource } from '../../../src/engine/sources/files.ts'
import type { PromisedFile } from '../../../src/engine/verify/scrub.ts'
import { fixedBlockDefaults } from '../../../src/model/fixed-blocks.ts'
import { type Compression, compressionSuffix, locatorBytes } from '../../../src/model/format.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import type { Attributes, Source, SourceEntry, SourceWarning } from '../../../src/model/source.ts'
import { seededRandom } from '../keys/seeded-random.ts'

/** Archives for tests, written by the real parts: source, workers, writer, sink, header. */

export const files = createDiskFiles()
const names = readAccountNames(files)
const random = seededRandom('archive kit')
const secret: Secret = { kind: 'raw', key: random.bytes(32) }
const slotKey = slotKeyFor(secret, kdfDefaults.scrypt, random)
export const keys: Keys = { secrets: [secret], slotKeys: [] }
export const wrongKeys: Keys = { secrets: [{ kind: 'raw', key: random.bytes(32) }], slotKeys: [] }
export const archiveId = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'

export interface BuiltArchive {
  readonly place: ArchivePlace
  readonly promised: PromisedFile
  readonly keys: Keys
  readonly written: WrittenStream
  readonly warnings: readonly SourceWarning[]
}

export interface BuildOptions {
  readonly compression?: Compression
  readonly encrypted?: boolean
  /** Length of a segment; small ones make many. */
  readonly segmentBytes?: number
  readonly pool: WorkerPool
  readonly directory: string
  readonly name?: string
}

/** A directory that is gone after the process; whoever makes it calls `remove`. */
export function scratch(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `holdfast-${name}-`))
  chmodSync(path, 0o755)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Many bytes that do not compress, the same in every run. */
export function noise(seed: string, count: number): Buffer {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(count))
}

export function poolOf(count: number): WorkerPool {
  return new WorkerPool({ count, filesModule: null })
}

export function levelOf(compression: Compression): CompressionLevel {
  return { compression, level: defaultLevel[compression] }
}

export async function build(source: Source, options: BuildOptions): Promise<BuiltArchive> {
  const { compression = 'zstd', encrypted = false, segmentBytes = 1 << 20, pool, directory, name = 'files' } = options
  const path = join(directory, `${name}${compressionSuffix[compression]}${encrypted ? '.enc' : ''}`)
  const header = encrypted
    ? createHeader(
        {
          id: archiveId,
          created: '2026-11-20T02:00:00.000Z',
          kind: 'full',
          tenant: '-',
          profile: 'self',
          set: '2026-11-20T02-00-00Z-full-7f3k',
          deps: [],
          comp: compression,
          loc: locatorBytes[compression],
          segmentBytes,
        },
        [slotKey],
        random,
      )
    : null
  const sealer =
    header === null
      ? null
      : new SegmentSealer({
          streamKey: header.streamKey,
          associatedData: header.associatedData,
          segmentBytes,
          salt: random.bytes(32),
          noncePrefix: random.bytes(7),
        })
  const sink = new ArchiveSink(files, pathFromText(path), header?.bytes ?? new Uint8Array(0), sealer)
  const identity: ArchiveIdentity = {
    id: archiveId,
    ordinal: 1,
    kind: 'full',
    source: { paths: [] },
    service: { name: 'files', type: 'files' },
    dependencies: [],
    previous: null,
  }
  const level = levelOf(compression)
  const writer = new ArchiveWriter(files, sink, identity, level, pathFromText(`${path}.spool`))
  const warnings: SourceWarning[] = []
  const context = {
    signal: new AbortController().signal,
    warn: (warning: SourceWarning) => void warnings.push(warning),
    skip: () => {},
  }
  try {
    await packSource(source, writer, context, {
      files,
      pool,
      names,
      compression: level,
      withXattrs: true,
      older: null,
      chunkerOf: chunkerRule(fixedBlockDefaults),
      onProgress: () => {},
    })
    const written = writer.finish(warnings.length)
    const payloadSha256 = await sink.finish()
    const place = { path: pathFromText(path), id: archiveId, compression, encrypted, root: written.root }
    const promised = { size: statSync(path).size, payloadSha256 }
    return { place, promised, keys: encrypted ? keys : noKeys, written, warnings }
  } finally {
    writer.close()
    sink.close()
  }
}

/** Everything below a directory on disk, under its absolute path. */
export function treeSource(...paths: string[]): Source {
  return filesSource(files, {
    paths: paths.map(pathFromText),
    exclude: [],
    excludeCaches: false,
    oneFileSystem: false,
    repository: null,
  })
}

export function listSource(entries: Iterable<SourceEntry>, slice = 512): Source {
  return {
    async *scan() {
      let some: SourceEntry[] = []
      for (const entry of entries) {
        some.push(entry)
        if (some.length < slice) continue
        yield some
        some = []
      }
      yield some
    },
  }
}

const plainAttributes: Attributes = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  allocatedBytes: 0,
  mtimeNs: 1_700_000_000_000_000_000n,
  ctimeNs: 1_700_000_000_000_000_000n,
  inode: 1n,
  device: 1n,
  deviceNumber: null,
  links: 1,
}

/** An entry that no disk has. */
export function madeUp(
  path: BytePath,
  type: SourceEntry['type'],
  content: Uint8Array | null = null,
  attributes: Partial<Attributes> = {},
  linkTarget: BytePath | null = null,
): SourceEntry {
  const sizeBytes = content?.length ?? 0
  return {
    path,
    type,
    attributes: { ...plainAttributes, sizeBytes, allocatedBytes: sizeBytes, ...attributes },
    linkTarget,
    content:
      content === null || content.length === 0
        ? { kind: 'none' }
        : {
            kind: 'stream',
            async *open() {
              yield content
            },
          },
  }
}
