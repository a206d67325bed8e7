import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, vi } from 'vitest'
import { defaultLevel } from '../../../src/engine/archive/codec.ts'
import { alone } from '../../../src/engine/archive/lineage.ts'
import { packSource } from '../../../src/engine/archive/pack-source.ts'
import { type ArchivePlace, ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { ArchiveSink } from '../../../src/engine/archive/sink.ts'
import { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { ArchiveWriter } from '../../../src/engine/archive/writer.ts'
import { noKeys } from '../../../src/engine/keys/slots.ts'
import { readAccountNames } from '../../../src/engine/platform/account-names.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { type ApplyOptions, applyRestore } from '../../../src/engine/restore/apply.ts'
import type { RestoreOutcome } from '../../../src/engine/restore/outcome.ts'
import { prepareRestore } from '../../../src/engine/restore/prepare.ts'
import type { RestorePlan, RestoreRequest } from '../../../src/engine/restore/request.ts'
import { selectEverything } from '../../../src/engine/restore/select-paths.ts'
import { filesSource } from '../../../src/engine/sources/files.ts'
import { type BytePath, joinPath, pathFromText } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'
import type { Attributes, Source } from '../../../src/model/source.ts'

/** What the tests of restoring share: a scratch directory, real archives in it, and a restore in one call. */

export const files = createDiskFiles()
export const named = (name: string) => name as BytePath
export const isRoot = process.getuid?.() === 0
export const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
export const now = '2026-11-20T03:00:00.000Z'

let openReaders: ArchiveReader[] = []
let thePool: WorkerPool | null = null

/** One pool for all tests of a file: its threads outlive a restore, as the product's do. */
export function pool(): WorkerPool {
  thePool ??= new WorkerPool({ count: 2, filesModule: null })
  return thePool
}

export interface Scratch {
  readonly top: BytePath
  at(name: string): BytePath
}

/** Restores wait until all is on disk, which on a busy machine takes as long as it takes. */
const patienceMs = 60_000

export function useScratch(parent = tmpdir()): Scratch {
  vi.setConfig({ testTimeout: patienceMs, hookTimeout: patienceMs })
  let top = '' as BytePath
  beforeEach(() => {
    top = pathFromText(mkdtempSync(join(parent, 'restore-')))
    mkdirSync(join(top, 'repository'))
  })
  afterEach(() => {
    for (const reader of openReaders) reader.close()
    openReaders = []
    files.removeTree(top)
  })
  afterAll(async () => {
    await thePool?.close()
    thePool = null
  })
  return {
    get top() {
      return top
    },
    at: (name) => joinPath(top, named(name)),
  }
}

/** An archive in the scratch repository, written as the product writes it, not encrypted. */
export async function archiveOf(
  scratch: Scratch,
  source: Source,
  sources: readonly BytePath[],
  write?: (writer: ArchiveWriter) => void,
): Promise<ArchiveReader> {
  const id = randomBytes(16).toString('hex')
  const path = scratch.at(`repository/${id}.tar.zst`)
  const compression = { compression: 'zstd', level: defaultLevel.zstd } as const
  const sink = new ArchiveSink(files, path, new Uint8Array(0), null)
  const paths = sources.map((source) => ({ pb: Buffer.from(source, 'latin1').toString('base64') }))
  const identity = {
    id,
    ordinal: 1,
    kind: 'full',
    source: { paths },
    service: { name: 'files', type: 'files' },
    dependencies: [],
    previous: null,
  } as const
  const writer = new ArchiveWriter(files, sink, identity, compression, scratch.at(`repository/${id}.spool`))
  await packSource(
    source,
    writer,
    {
      signal: new AbortController().signal,
      warn: (warning) => {
        throw new Error(`unexpected: ${JSON.stringify(warning)}`)
      },
      skip: () => {},
    },
    {
      files,
      pool: pool(),
      names: readAccountNames(files),
      compression,
      withXattrs: true,
      older: null,
      chunkerOf: () => ({ kind: 'content' }),
      onProgress: () => {},
    },
  )
  write?.(writer)
  const { root } = writer.finish(0)
  await sink.finish()
  sink.close()
  writer.close()
  return openArchive({ path, id, compression: 'zstd', encrypted: false, root })
}

export function openArchive(place: ArchivePlace): ArchiveReader {
  const reader = new ArchiveReader(files, place, noKeys)
  openReaders.push(reader)
  return reader
}

export function backUp(scratch: Scratch, ...paths: BytePath[]): Promise<ArchiveReader> {
  const settings = { exclude: [], excludeCaches: false, oneFileSystem: false, repository: null }
  return archiveOf(scratch, filesSource(files, { ...settings, paths }), paths)
}

export type GivenEntry = {
  path: string
  type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'char-device' | 'block-device'
  content?: string
  linkTarget?: string
} & Partial<Attributes>

/** An archive of entries as given, however wrong: authentic, and made to do harm. */
export function archiveOfEntries(
  scratch: Scratch,
  entries: readonly GivenEntry[],
  sources = ['/'],
): Promise<ArchiveReader> {
  const source: Source = {
    async *scan() {
      yield entries.map(({ path, type, content = '', linkTarget, ...attributes }) => {
        const bytes = Buffer.from(content, 'latin1')
        return {
          path: named(path),
          type,
          linkTarget: linkTarget === undefined ? null : named(linkTarget),
          attributes: { ...plainAttributes, sizeBytes: type === 'file' ? bytes.length : 0, ...attributes },
          content:
            type === 'file' && bytes.length > 0
              ? {
                  kind: 'stream' as const,
                  async *open() {
                    yield bytes
                  },
                }
              : { kind: 'none' as const },
        }
      })
    },
  }
  return archiveOf(scratch, source, sources.map(named))
}

const plainAttributes: Attributes = {
  mode: 0o644,
  uid: user.uid,
  gid: user.gid,
  sizeBytes: 0,
  allocatedBytes: 0,
  mtimeNs: 1_700_000_000_123_456_789n,
  ctimeNs: 1_700_000_000_000_000_000n,
  inode: 1n,
  device: 1n,
  deviceNumber: null,
  links: 2,
}

export type RequestChange = Partial<Omit<RestoreRequest, 'archives'>>

let plans = 0

export function requestFor(
  scratch: Scratch,
  readers: readonly ArchiveReader[],
  change: RequestChange = {},
): RestoreRequest {
  return {
    id: `plan-${++plans}`,
    backup: '2026-11-20T02-00-00Z-full-7f3k',
    repositoryId: 'repository-1',
    archives: readers.map((reader, at) => ({ service: `service-${at}`, lineage: alone(reader) })),
    repositoryRoot: scratch.at('repository'),
    target: { kind: 'directory', path: scratch.at('target') },
    select: selectEverything,
    asked: { patterns: [], below: null, last: [] },
    saves: false,
    conflict: 'overwrite',
    choices: new Map(),
    user,
    now,
    ...change,
  }
}

export function prepare(
  scratch: Scratch,
  readers: readonly ArchiveReader[],
  change: RequestChange = {},
): Promise<RestorePlan> {
  const request = requestFor(scratch, readers, change)
  return prepareRestore(files, pool(), request, scratch.at(`repository/${request.id}`), {
    signal: new AbortController().signal,
  })
}

export function apply(
  plan: RestorePlan,
  readers: readonly ArchiveReader[],
  options: Partial<ApplyOptions> = {},
  disk: Files = files,
): Promise<RestoreOutcome> {
  const archives = readers.map((reader, at) => ({ service: `service-${at}`, lineage: alone(reader) }))
  return applyRestore(disk, pool(), plan, archives, { user, signal: new AbortController().signal, ...options })
}

export async function restore(
  scratch: Scratch,
  readers: readonly ArchiveReader[],
  change: RequestChange = {},
): Promise<{ plan: RestorePlan; outcome: RestoreOutcome }> {
  const plan = await prepare(scratch, readers, change)
  return { plan, outcome: await apply(plan, readers) }
}

/** Kinds and paths of a plan's steps, in order. */
export function stepsOf(plan: RestorePlan): string[] {
  return readFileSync(plan.spoolPath, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { step, path, because, entry } = JSON.parse(line)
      return [step, path ?? entry.p ?? entry.pb, ...(because ? [because] : [])].join(' ')
    })
}

export function refusedOf(plan: RestorePlan): string[] {
  return plan.header.refused.map(({ path, because }) => `${typeof path === 'string' ? path : path.pb}: ${because}`)
}

/** Everything a file system says of a tree but inode numbers and change times, with hard links as groups. */
export function treeOf(top: BytePath): Map<BytePath, unknown> {
  const tree = new Map<BytePath, unknown>()
  const groups = new Map<bigint, BytePath>()
  const visit = (path: BytePath, relative: BytePath): void => {
    const status = files.status(path)
    if (status === undefined) throw new Error(`${path} is not there`)
    const { type, mode, uid, gid, sizeBytes, mtimeNs, deviceNumber, links, inode } = status
    const xattrs = [...files.xattrs(path)]
      .map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`)
      .sort()
    const first = type === 'file' && links > 1 ? groups.get(inode) : undefined
    if (type === 'file') groups.set(inode, first ?? relative)
    tree.set(relative, {
      type,
      mode,
      uid,
      gid,
      mtimeNs,
      xattrs,
      ...(type === 'file' ? { sizeBytes, content: contentOf(path), group: links > 1 ? groups.get(inode) : null } : {}),
      ...(type === 'symlink' ? { target: files.linkTarget(path) } : {}),
      ...(type.endsWith('device') ? { deviceNumber } : {}),
    })
    if (type !== 'directory') return
    for (const name of files.names(path).sort()) visit(joinPath(path, name), joinPath(relative, name))
  }
  visit(top, named(''))
  return tree
}

export function contentOf(path: BytePath): string {
  const fd = files.open(path, 'read')
  try {
    const bytes = Buffer.alloc(files.statusOf(fd).sizeBytes)
    let got = 0
    while (got < bytes.length) got += files.read(fd, bytes, got, bytes.length - got, got)
    return bytes.toString('latin1')
  } finally {
    files.close(fd)
  }
}

export function put(path: BytePath, content: string, mode = 0o644): void {
  const fd = files.open(path, 'create')
  files.write(fd, Buffer.from(content, 'latin1'), null)
  files.setModeOf(fd, mode)
  files.close(fd)
}

/** Temporary files of a restore below a directory. */
export function leftovers(top: BytePath): BytePath[] {
  return [...treeOf(top).keys()].filter((path) => /(^|\/)\.hf-/.test(path))
}
