import { execFileSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readlinkSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { chunkerRule } from '../../../src/engine/archive/chunker-rule.ts'
import { chunkEnds } from '../../../src/engine/archive/chunking.ts'
import type { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { noKeys } from '../../../src/engine/keys/slots.ts'
import { verifyArchive } from '../../../src/engine/verify/verify-archive.ts'
import { fixedBlockDefaults } from '../../../src/model/fixed-blocks.ts'
import { pathFromText } from '../../../src/model/path.ts'
import { byItself } from '../verify/by-itself.ts'
import { build, files, madeUp, noise, poolOf, scratch, treeSource } from './archive-kit.ts'
import { archiveBytes, chunkLengths, newBytes, onDisk, pack, readBack, type Version } from './large-kit.ts'

vi.setConfig({ testTimeout: 60_000 })

const mib = 1 << 20
const fixed = { kind: 'fixed', blockBytes: 256 * 1024 } as const
const room = scratch('large')
const content = noise('large files', 30 * mib)
let pool: WorkerPool
let made = 0

beforeAll(() => {
  pool = poolOf(2)
})
afterAll(async () => {
  await pool.close()
  room.remove()
})

function file(bytes: Uint8Array): string {
  const path = join(room.path, `file-${made++}`)
  writeFileSync(path, bytes)
  return path
}

const options = () => ({ directory: room.path, pool, name: `archive-${made++}` })

/** A file's first version, and the next one built on it. */
async function twice(path: string, change: () => void, more: { chunker?: typeof fixed } = {}) {
  const first = await pack(onDisk(path), { ...options(), ...more })
  change()
  return { first, second: await pack(onDisk(path), { ...options(), ...more, before: [first] }) }
}

/** What ordinary programs make of an archive: both must read it without a word. */
function listed({ file: archive }: Version): string[] {
  const names = execFileSync('tar', ['--zstd', '-tf', archive], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return names.trimEnd().split('\n')
}

const ownNames = (version: Version): string[] =>
  listed(version).filter((name) => !/\/(README.txt|toc.jsonl|frames.bin|root.json)$|^GlobalHead/.test(name))

test('the chunks of a file on disk are those of one pass over it', async () => {
  const version = await pack(onDisk(file(content)), options())
  expect(chunkLengths(version)).toEqual(chunkEnds(content).map((end, at, ends) => end - (ends[at - 1] ?? 0)))
  expect(readBack(version).equals(content)).toBe(true)
  expect(ownNames(version)).toEqual(['large'])
})

test('a stream has the same chunks as the file it came from', async () => {
  const version = await pack(madeUp(pathFromText('large'), 'file', content), options())
  expect(chunkLengths(version)).toEqual(chunkEnds(content).map((end, at, ends) => end - (ends[at - 1] ?? 0)))
  expect(readBack(version).equals(content)).toBe(true)
  const grid = await pack(madeUp(pathFromText('large'), 'file', content), { ...options(), chunker: fixed })
  expect(new Set(chunkLengths(grid))).toEqual(new Set([fixed.blockBytes]))
  expect(readBack(grid).equals(content)).toBe(true)
})

test('the archive is the same for one worker and for four', async () => {
  const path = file(content)
  const next = file(Buffer.concat([content.subarray(0, 9 * mib), Buffer.from('inserted'), content.subarray(9 * mib)]))
  const bytes: Buffer[] = []
  for (const count of [1, 4]) {
    const workers = poolOf(count)
    const first = await pack(onDisk(path), { ...options(), pool: workers })
    const second = await pack(onDisk(next), { ...options(), pool: workers, before: [first] })
    bytes.push(archiveBytes(first), archiveBytes(second))
    await workers.close()
  }
  expect(bytes[0]?.equals(bytes[2] as Buffer)).toBe(true)
  expect(bytes[1]?.equals(bytes[3] as Buffer)).toBe(true)
})

test('an appended log stores its end only', async () => {
  const path = file(content)
  const grown = Buffer.concat([content, noise('appended', 100_000)])
  const { second } = await twice(path, () => writeFileSync(path, grown))
  expect(newBytes(second)).toBeLessThan(5 * mib)
  expect(readBack(second).equals(grown)).toBe(true)
})

test('an insertion stores the chunks about it only, and the tar holds just those', async () => {
  const path = file(content)
  const edited = Buffer.concat([content.subarray(0, 11_000_000), Buffer.from('inserted'), content.subarray(11_000_000)])
  const { first, second } = await twice(path, () => writeFileSync(path, edited))
  expect(newBytes(second)).toBeGreaterThan(0)
  expect(newBytes(second)).toBeLessThan(6 * mib)
  expect(statSync(second.file).size).toBeLessThan(statSync(first.file).size / 4)
  expect(readBack(second).equals(edited)).toBe(true)
  const names = ownNames(second)
  expect(names.length).toBeGreaterThan(0)
  for (const name of names) expect(name).toMatch(/^\.bka\/0{31}2\/chunks\/\d+$/)
  const extracted = execFileSync('tar', ['--zstd', '-xOf', second.file, ...names], { maxBuffer: 64 * mib })
  expect(extracted.length).toBe(newBytes(second))
})

test('bsdtar reads an archive of chunks as well', async () => {
  const path = file(content)
  const { second } = await twice(path, () => writeFileSync(path, content.subarray(1000)))
  const out = execFileSync('bsdtar', ['-tf', second.file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  expect(out).toMatch(/chunks\/\d+\n/)
})

test('a third version finds chunks of both versions before it', async () => {
  const path = file(content)
  const { first, second } = await twice(path, () => writeFileSync(path, Buffer.concat([content, noise('b', 9 * mib)])))
  const bytes = Buffer.concat([Buffer.from('x'), content, noise('b', 9 * mib)])
  writeFileSync(path, bytes)
  const third = await pack(onDisk(path), { ...options(), before: [first, second] })
  expect(newBytes(third)).toBeLessThan(5 * mib)
  expect(readBack(third).equals(bytes)).toBe(true)
  const { content: listedContent } = third.entry
  const holders = listedContent.kind === 'chunks' ? listedContent.chunks.map(({ holder }) => holder) : []
  expect(new Set(holders)).toEqual(new Set([0, 1, 2]))
})

test('the same bytes with a new time store nothing', async () => {
  const path = file(content)
  const { first, second } = await twice(path, () => utimesSync(path, 1, 2))
  expect(newBytes(second)).toBe(0)
  expect(ownNames(second)).toEqual([])
  expect(second.entry.sha256).toBe(first.entry.sha256)
  expect(second.entry.mtimeNs).toBe(2_000_000_000n)
  expect(readBack(second).equals(content)).toBe(true)
  expect(statSync(second.file).size).toBeLessThan(16_384)
})

test('of a file cut on a grid, only overwritten blocks are stored', async () => {
  const path = file(content)
  const { first, second } = await twice(
    path,
    () => {
      const fd = openSync(path, 'r+')
      for (const at of [5 * mib + 8192, 5 * mib + 300_000, 20 * mib]) writeSync(fd, Buffer.alloc(8192, 1), 0, 8192, at)
      closeSync(fd)
    },
    { chunker: fixed },
  )
  expect(new Set(chunkLengths(first))).toEqual(new Set([fixed.blockBytes]))
  expect(newBytes(second)).toBe(3 * fixed.blockBytes)
  expect(readBack(second).subarray(20 * mib, 20 * mib + 8192)).toEqual(Buffer.alloc(8192, 1))
})

test('neighbouring blocks of a grid share frames of a megabyte or two', async () => {
  const version = await pack(onDisk(file(content)), { ...options(), chunker: fixed })
  const { offsets, rawOffsets } = version.lineage.top.frames()
  const { content: listedContent } = version.entry
  const chunks = listedContent.kind === 'chunks' ? listedContent.chunks : []
  expect(new Set(chunks.map(({ offset }) => offset)).size).toBe(30)
  for (const { offset } of chunks) {
    const at = offsets.indexOf(offset)
    const raw = (rawOffsets[at + 1] as number) - (rawOffsets[at] as number)
    expect(raw).toBeGreaterThanOrEqual(mib)
    expect(raw).toBeLessThan(2 * mib)
  }
})

test.each([{ chunker: undefined }, { chunker: fixed }])(
  'a sparse file stores its changed region only ($chunker)',
  async ({ chunker }) => {
    const path = join(room.path, `sparse-${made++}`)
    const fd = openSync(path, 'w')
    ftruncateSync(fd, 200 * mib)
    writeSync(fd, content, 0, 12 * mib, 3 * mib)
    writeSync(fd, content, 12 * mib, 18 * mib, 100 * mib)
    const { first, second } = await twice(
      path,
      // a hole fills up in front of most of the data, and a region changes
      () => {
        writeSync(fd, noise('filled', 65_536), 0, 65_536, 40 * mib)
        writeSync(fd, Buffer.alloc(4096, 7), 0, 4096, 110 * mib)
      },
      chunker === undefined ? {} : { chunker },
    )
    closeSync(fd)
    expect(first.entry.sparse?.length).toBeGreaterThan(1)
    expect(newBytes(first)).toBe(30 * mib)
    expect(newBytes(second)).toBeLessThan(chunker === undefined ? 10 * mib : mib)
    const whole = readBack(second)
    expect(whole.subarray(100 * mib, 110 * mib).equals(content.subarray(12 * mib, 22 * mib))).toBe(true)
    expect(whole.subarray(40 * mib, 40 * mib + 65_536).equals(noise('filled', 65_536))).toBe(true)
    expect(whole.length).toBe(200 * mib)
  },
)

test('a file that became a single hole has no chunk and no member', async () => {
  const path = file(content)
  const { second } = await twice(path, () => {
    truncateSync(path, 0)
    truncateSync(path, 30 * mib)
  })
  expect(second.entry.content).toEqual({ kind: 'none' })
  expect(ownNames(second)).toEqual([])
  expect(readBack(second).equals(Buffer.alloc(30 * mib))).toBe(true)
})

test('a file that shrank stores its new last chunk only', async () => {
  const path = file(content)
  const { second } = await twice(path, () => truncateSync(path, 17_000_001))
  expect(newBytes(second)).toBeLessThan(4 * mib)
  expect(readBack(second).equals(content.subarray(0, 17_000_001))).toBe(true)
})

test('a file that became shorter while it was read is torn, and its hash is that of what was stored', async () => {
  const path = file(content)
  const first = await pack(onDisk(path), options())
  const shortening = { ...onDisk(path) }
  const workers = poolOf(1)
  const reading = pack(shortening, { ...options(), pool: workers, before: [first] })
  truncateSync(path, 10 * mib)
  const second = await reading
  await workers.close()
  expect(second.entry.torn).toBe(true)
  expect(second.warnings.map(({ what }) => what).join('\n')).toMatch(/changed while it was read/)
  expect(
    readBack(second)
      .subarray(0, 10 * mib)
      .equals(content.subarray(0, 10 * mib)),
  ).toBe(true)
})

test('chunks without a hash and files unlike the known one are stored in full', async () => {
  const path = file(content)
  const other = noise('another file', 20 * mib)
  const { second } = await twice(path, () => writeFileSync(path, other))
  expect(newBytes(second)).toBe(other.length)
  expect(readBack(second).equals(other)).toBe(true)
})

test('a backup that is given up in the middle of a large file leaves no descriptor open', async () => {
  const path = file(content)
  await expect(pack(onDisk(path), { ...options(), signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
  const open = readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`))
  expect(open).not.toContain(path)
})

/** The listing names its own descriptor too, which is gone by then. */
function linkOf(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

test('how a file is cut is told by the patterns alone', () => {
  const rule = chunkerRule(fixedBlockDefaults)
  const kind = (path: string): string => rule(pathFromText(path)).kind
  for (const path of ['vm/disk.qcow2', 'a.img', 'var/lib/mysql/ibdata1', 'var/lib/postgresql/17/main/base/16384/16397'])
    expect(kind(path), path).toBe('fixed')
  for (const path of ['var/log/syslog', 'a.img.txt', 'base/notes/2', 'dump.sql'])
    expect(kind(path), path).toBe('content')
  expect(chunkerRule({ patterns: [], blockBytes: 65_536 })(pathFromText('a.img')).kind).toBe('content')
  expect(rule(pathFromText('a.img'))).toEqual({ kind: 'fixed', blockBytes: 262_144 })
})

test('full verification accepts files cut on a grid, sparse ones too', async () => {
  const path = join(room.path, `grid-${made++}.img`)
  const fd = openSync(path, 'w')
  ftruncateSync(fd, 100 * mib)
  writeSync(fd, content, 0, 11 * mib, 5 * mib + 4096)
  writeSync(fd, content, 0, 4096, 60 * mib)
  closeSync(fd)
  const whole = `${path}.whole.img`
  writeFileSync(whole, content)
  const built = await build(treeSource(path, whole), { pool, directory: room.path, name: `verified-${made++}` })
  const during = { signal: new AbortController().signal, onProgress: () => {}, ...byItself }
  expect(await verifyArchive(files, pool, built.place, built.promised, noKeys, 'full', during)).toEqual([])
})
