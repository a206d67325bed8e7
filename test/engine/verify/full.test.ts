import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { compressFrame } from '../../../src/engine/archive/codec.ts'
import { alone } from '../../../src/engine/archive/lineage.ts'
import { type ArchivePlace, ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { ArchiveSink } from '../../../src/engine/archive/sink.ts'
import { encodeTarHeader, paddedBytes, type TarMember } from '../../../src/engine/archive/tar-header.ts'
import type { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { ArchiveWriter } from '../../../src/engine/archive/writer.ts'
import { noKeys } from '../../../src/engine/keys/slots.ts'
import type { Finding } from '../../../src/engine/verify/finding.ts'
import { verifyArchive } from '../../../src/engine/verify/verify-archive.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import type { TocEntry } from '../../../src/model/toc.ts'
import { levelMeanings } from '../../../src/model/verify-level.ts'
import {
  archiveId,
  type BuiltArchive,
  build,
  files,
  levelOf,
  listSource,
  madeUp,
  noise,
  poolOf,
  scratch,
} from '../archive/archive-kit.ts'
import { byItself } from './by-itself.ts'

vi.setConfig({ testTimeout: 60_000 })

const room = scratch('full')
let pool: WorkerPool
beforeAll(() => {
  pool = poolOf(2)
})
afterAll(async () => {
  await pool.close()
  room.remove()
})

const options = { signal: new AbortController().signal, onProgress: () => {}, ...byItself }
type Promised = BuiltArchive['promised']

function verify(
  place: ArchivePlace,
  promised: Promised,
  level: 'scrub' | 'quick' | 'full' = 'full',
): Promise<Finding[]> {
  return verifyArchive(files, pool, place, promised, noKeys, level, options)
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const content = Buffer.from('the content')
const attributes = {
  mode: 0o644,
  uid: 1,
  gid: 2,
  sizeBytes: content.length,
  allocatedBytes: content.length,
  mtimeNs: 5n,
  ctimeNs: 6n,
  inode: 7n,
  device: 8n,
  deviceNumber: null,
  links: 1,
}
const member: TarMember = {
  path: 'file' as BytePath,
  type: 'file',
  attributes,
  userName: 'user',
  groupName: 'group',
  linkTarget: null,
  xattrs: new Map([['user.a', Buffer.from('1')]]),
  acl: { access: 'user::rw-' },
  sparse: null,
  storedBytes: content.length,
}

interface Row {
  member: TarMember | null
  content?: Uint8Array
  padding?: number
  entry: ((own: TocEntry) => TocEntry) | null
}

/** An archive whose tar and table of contents say what a test wants, each with all checksums right. */
async function craft(name: string, rows: readonly Row[]): Promise<{ place: ArchivePlace; promised: Promised }> {
  const path = pathFromText(`${room.path}/${name}.tar.zst`)
  const sink = new ArchiveSink(files, path, new Uint8Array(0), null)
  const identity = {
    id: archiveId,
    ordinal: 1,
    kind: 'full' as const,
    source: { paths: [] },
    service: { name: 'files', type: 'files' },
    dependencies: [],
    previous: null,
  }
  const writer = new ArchiveWriter(files, sink, identity, levelOf('zstd'), pathFromText(`${path}.spool`))
  for (const { member: inTar, content: bytes = content, padding = 0, entry } of rows) {
    const header = encodeTarHeader(inTar ?? member)
    const pad = Buffer.alloc(paddedBytes(bytes.length) - bytes.length, padding)
    const raw = inTar === null ? Buffer.alloc(0) : Buffer.concat([header, bytes, pad])
    const frame = { bytes: compressFrame(raw, levelOf('zstd')), rawBytes: raw.length }
    const offset = inTar === null ? 0 : writer.frames([frame])
    if (entry === null) continue
    const { attributes: of, storedBytes: _, ...described } = inTar ?? member
    writer.entry(
      entry({
        ...described,
        ...of,
        sizeBytes: described.type === 'file' ? of.sizeBytes : 0,
        sha256: described.type === 'file' ? sha256Of(content) : null,
        content:
          bytes.length === 0
            ? { kind: 'none' }
            : {
                kind: 'extent',
                holder: 0,
                extent: { offset, compressedBytes: frame.bytes.length, inner: header.length },
              },
        torn: false,
      }),
    )
  }
  const written = writer.finish(0)
  const payloadSha256 = await sink.finish()
  sink.close()
  const place: ArchivePlace = { path, id: archiveId, compression: 'zstd', encrypted: false, root: written.root }
  return { place, promised: { size: statSync(path).size, payloadSha256 } }
}

const same = (entry: TocEntry): TocEntry => entry
const other = { ...member, path: 'other' as BytePath }
const without = (entry: TocEntry): TocEntry => ({ ...entry, sha256: '0'.repeat(64) })

test('a tar that matches its table of contents has no finding', async () => {
  const { place, promised } = await craft('sound', [
    { member, entry: same },
    { member: other, entry: same },
  ])
  for (const level of ['scrub', 'quick', 'full'] as const) expect(await verify(place, promised, level)).toEqual([])
})

const disagreements: [what: string, rows: Row[], path: string, finding: RegExp][] = [
  ['mode', [{ member, entry: (e) => ({ ...e, mode: 0o600 }) }], 'file', /mode/],
  ['owner', [{ member, entry: (e) => ({ ...e, uid: 9 }) }], 'file', /owner/],
  ['group', [{ member, entry: (e) => ({ ...e, gid: 9 }) }], 'file', /group/],
  ['owner name', [{ member, entry: (e) => ({ ...e, userName: 'other' }) }], 'file', /name of the owner/],
  ['time', [{ member, entry: (e) => ({ ...e, mtimeNs: 4n }) }], 'file', /time/],
  ['attributes', [{ member, entry: (e) => ({ ...e, xattrs: new Map() }) }], 'file', /extended attributes/],
  [
    'attribute value',
    [{ member, entry: (e) => ({ ...e, xattrs: new Map([['user.a', Buffer.from('2')]]) }) }],
    'file',
    /ext/,
  ],
  ['ACL', [{ member, entry: (e) => ({ ...e, acl: null }) }], 'file', /access control/],
  ['default ACL', [{ member, entry: (e) => ({ ...e, acl: { ...e.acl, default: 'x' } }) }], 'file', /default access/],
  ['holes', [{ member, entry: (e) => ({ ...e, sparse: [[0, content.length]] }) }], 'file', /holes/],
  [
    'type',
    [{ member, entry: (e) => ({ ...e, type: 'fifo', sha256: null, content: { kind: 'none' } }) }],
    'file',
    /type/,
  ],
  ['hash', [{ member, entry: without }], 'file', /fails its SHA-256/],
  ['content', [{ member, content: Buffer.from('the c0ntent'), entry: same }], 'file', /fails its SHA-256/],
  ['place', [{ member, entry: (e) => ({ ...e, content: { kind: 'none' } }) }], 'file', /has a size and no place/],
  [
    'inner offset',
    [{ member, entry: (e) => ({ ...e, content: { kind: 'extent', holder: 0, extent: shifted(e) } }) }],
    'file',
    /does not lie where/,
  ],
  [
    'link target',
    [
      {
        member: { ...member, type: 'symlink', linkTarget: 'a' as BytePath, storedBytes: 0 },
        content: Buffer.alloc(0),
        entry: (e) => ({ ...e, linkTarget: 'b' as BytePath }),
      },
    ],
    'file',
    /link target/,
  ],
  [
    'a member that is not listed',
    [
      { member, entry: null },
      { member: other, entry: same },
    ],
    'file',
    /not in the table/,
  ],
  [
    'a line without member',
    [
      { member: null, entry: same },
      { member: other, entry: same },
    ],
    'file',
    /not in the tar/,
  ],
  [
    'a line without member at the end',
    [
      { member, entry: same },
      { member: null, entry: (e) => ({ ...e, path: 'z' as BytePath }) },
    ],
    'z',
    /not in the tar/,
  ],
  [
    'a path twice',
    [
      { member, entry: same },
      { member, entry: same },
    ],
    'file',
    /out of order/,
  ],
  [
    'paths out of order',
    [
      { member: other, entry: same },
      { member, entry: same },
    ],
    'file',
    /out of order/,
  ],
  ['an unsafe path', [{ member: { ...member, path: 'a/../b' as BytePath }, entry: same }], 'a/../b', /escapes/],
  [
    'a hard link to nothing',
    [{ member, entry: same }, hardlink('file-2', 'absent', same)],
    'file-2',
    /hard link to a file that is not there/,
  ],
  [
    'a hard link with another hash',
    [{ member, entry: same }, hardlink('file-2', 'file', without)],
    'file-2',
    /data of its own/,
  ],
]

function shifted(entry: TocEntry): { offset: number; compressedBytes: number; inner: number } {
  if (entry.content.kind !== 'extent') throw new Error('no extent')
  return { ...entry.content.extent, inner: entry.content.extent.inner - 1 }
}

function hardlink(path: string, target: string, change: (entry: TocEntry) => TocEntry): Row {
  return {
    member: {
      ...member,
      path: path as BytePath,
      type: 'hardlink',
      linkTarget: target as BytePath,
      storedBytes: 0,
      attributes: { ...attributes, sizeBytes: 0 },
    },
    content: Buffer.alloc(0),
    entry: (e) => change({ ...e, sizeBytes: content.length, sha256: sha256Of(content) }),
  }
}

test.each(disagreements)('tar and table of contents that differ: %s', async (what, rows, path, finding) => {
  const { place, promised } = await craft(what.replaceAll(' ', '-'), rows)
  expect(await verify(place, promised, 'scrub')).toEqual([])
  const findings = await verify(place, promised)
  const about = findings.filter((found) => found.path === path)
  expect(about.map((found) => found.what).join('\n')).toMatch(finding)
  expect(about.every(({ severity }) => severity === 'damage')).toBe(true)
})

test('padding that is not zero is damage, and the entries behind it are still checked', async () => {
  const { place, promised } = await craft('padding', [
    { member, padding: 1, entry: same },
    { member: other, entry: without },
    { member: { ...member, path: 'third' as BytePath }, entry: same },
  ])
  const findings = await verify(place, promised)
  expect(findings.map(({ path, what }) => [path, what])).toEqual([
    [null, 'the padding after a member is not zero'],
    ['other', 'fails its SHA-256'],
  ])
})

test('a manifest of another size, hash or place of the root is damage', async () => {
  const { place, promised } = await craft('manifest', [{ member, entry: same }])
  expect((await verify(place, { ...promised, size: promised.size + 1 }, 'quick')).length).toBe(1)
  expect((await verify(place, { ...promised, payloadSha256: '0'.repeat(64) }, 'quick')).length).toBe(0)
  expect((await verify(place, { ...promised, payloadSha256: '0'.repeat(64) }, 'scrub')).length).toBe(1)
  expect((await verify({ ...place, root: { ...place.root, inner: 1 } }, promised, 'quick')).length).toBe(1)
})

test('rot in the middle: seen by scrub and full with the entries it hits, not by quick, which says so', async () => {
  const entries = Array.from({ length: 12 }, (_, at) =>
    madeUp(pathFromText(`file-${String(at).padStart(2, '0')}`), 'file', noise(String(at), 3 << 20)),
  )
  const archive = await build(listSource(entries), { pool, directory: room.path, name: 'rot' })
  const { place, promised } = archive
  const reader = new ArchiveReader(files, place, noKeys)
  const hit = alone(reader).find('file-05' as BytePath)
  reader.close()
  if (hit?.content.kind !== 'extent') throw new Error('file-05 is not there')
  const bytes = readFileSync(place.path)
  bytes.fill(0, hit.content.extent.offset + 100_000, hit.content.extent.offset + 100_100)
  writeFileSync(place.path, bytes)
  expect(await verify(place, promised, 'quick')).toEqual([])
  expect(levelMeanings.quick.blindSpot).toMatch(/cannot see damage in the middle/)
  expect((await verify(place, promised, 'scrub')).map(({ what }) => what)).toEqual([
    'the archive fails the SHA-256 of its manifest',
  ])
  const findings = await verify(place, promised, 'full')
  expect(findings.flatMap(({ path }) => (path === null ? [] : [path]))).toEqual(['file-05'])
})

test('a page of the table of contents that is rotten is damage already for quick, and the rest is still read', async () => {
  const entries = Array.from({ length: 6000 }, (_, at) => madeUp(pathFromText(`entry-${at + 10_000}`), 'directory'))
  const archive = await build(listSource(entries), { pool, directory: room.path, name: 'page' })
  const { place, promised } = archive
  const reader = new ArchiveReader(files, place, noKeys)
  const { pages } = reader.root.toc
  reader.close()
  expect(pages.length).toBeGreaterThan(2)
  const bytes = readFileSync(place.path)
  const [, offset, length] = pages[1] as (typeof pages)[number]
  bytes.fill(0x55, offset + 20, offset + length)
  writeFileSync(place.path, bytes)
  for (const level of ['quick', 'full'] as const) {
    const findings = await verify(place, promised, level)
    expect(findings.length).toBeGreaterThan(0)
    expect(findings.every(({ path }) => path === null)).toBe(true)
  }
})

test('progress is told in bytes and entries', async () => {
  const { place, promised } = await craft('progress', [{ member, entry: same }])
  const told: number[] = []
  const heard = { ...options, onProgress: ({ doneBytes }: { doneBytes: number }) => void told.push(doneBytes) }
  for (const level of ['scrub', 'full'] as const) {
    told.length = 0
    await verifyArchive(files, pool, place, promised, noKeys, level, heard)
    expect(told.length).toBeGreaterThan(0)
    expect(told).toEqual([...told].sort((a, b) => a - b))
  }
})
