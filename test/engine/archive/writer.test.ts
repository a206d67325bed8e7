import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { type Compression, compressions } from '../../../src/model/format.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import { requirement } from '../../requirements.ts'
import { build, listSource, madeUp, noise, poolOf, scratch, treeSource } from './archive-kit.ts'

vi.setConfig({ testTimeout: 60_000 })

const room = scratch('writer')
const tree = `${room.path}/tree`
let one: WorkerPool
let four: WorkerPool
const commands: Partial<Record<Compression, string>> = { xz: 'xz', bzip2: 'bzip2' }

beforeAll(() => {
  one = poolOf(1)
  four = poolOf(4)
  mkdirSync(tree)
  for (let at = 0; at < 40; at++) {
    mkdirSync(`${tree}/d${at}`)
    for (let file = 0; file < 40; file++)
      writeFileSync(`${tree}/d${at}/f${file}`, Buffer.alloc(at * file * 11, `${at} ${file} text `))
  }
  writeFileSync(`${tree}/large`, noise('1', 9 << 20))
  // Two parts and many chunks, for the quick ones only.
  writeFileSync(`${room.path}/larger`, noise('2', 20 << 20))
})
afterAll(async () => {
  await one.close()
  await four.close()
  room.remove()
})

const isLong = process.env['HOLDFAST_LONG'] === '1'

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

for (const compression of compressions) {
  const missing = commands[compression] !== undefined && !requirement(commands[compression])
  // These two take three times as long as all others together.
  const slow = compression === 'xz' || compression === 'bzip2'

  test.skipIf(missing || (slow && !isLong))(
    `${compression}: the same tree gives the same bytes with one worker and with four`,
    async () => {
      const options = { compression, directory: room.path }
      const source = slow ? treeSource(tree) : treeSource(`${room.path}/larger`, tree)
      const first = await build(source, { ...options, pool: one, name: 'one' })
      const second = await build(source, { ...options, pool: four, name: 'four' })
      expect(hashOf(second.place.path)).toBe(hashOf(first.place.path))
      expect(second.promised).toEqual(first.promised)
      expect(first.written.bytes).toBeGreaterThan((slow ? 12 : 32) << 20)
    },
    60_000,
  )
}

test('a stream gives the same bytes however it and the walk are cut', async () => {
  const large = noise('3', 20 << 20)
  const small = noise('4', 3_000_000)
  const entries = (pieceBytes: number) =>
    (
      [
        ['large', large],
        ['medium', small],
        ['none', Buffer.alloc(0)],
        ['small', small.subarray(0, 77)],
      ] as const
    ).map(([name, bytes]) => ({
      ...madeUp(name as BytePath, 'file', bytes),
      content: {
        kind: 'stream' as const,
        async *open() {
          // Copies: whoever takes a piece may move its memory to another thread.
          for (let at = 0; at < bytes.length; at += pieceBytes)
            yield Uint8Array.from(bytes.subarray(at, at + pieceBytes))
        },
      },
    }))
  const hashes: string[] = []
  for (const [pool, pieceBytes, slice] of [
    [one, 64 << 20, 512],
    [four, 65_536, 1],
    [four, 999_983, 2],
  ] as const) {
    const name = `stream-${pieceBytes}`
    const { place } = await build(listSource(entries(pieceBytes), slice), { pool, directory: room.path, name })
    hashes.push(hashOf(place.path))
  }
  expect(new Set(hashes).size).toBe(1)
})

test('a stream that ends early or late fails the archive', async () => {
  for (const [at, promisedBytes] of [99, 101, 9 << 20].entries()) {
    const entry = madeUp('short' as BytePath, 'file', Buffer.alloc(100), { sizeBytes: promisedBytes })
    const building = build(listSource([entry]), { pool: one, directory: room.path, name: `short-${at}` })
    await expect(building).rejects.toMatchObject({ code: 'E_IO' })
  }
})

test('the spool of the table of contents is gone afterwards', async () => {
  const { place } = await build(treeSource(tree), { pool: four, directory: room.path, name: 'spool' })
  expect(existsSync(`${place.path}.spool`)).toBe(false)
})

test('an empty source makes an archive that tar lists', async () => {
  const { place, written } = await build(listSource([]), {
    pool: one,
    directory: room.path,
    name: 'empty',
    compression: 'none',
  })
  expect(written.entries).toBe(0)
  const listed = execFileSync('tar', ['-tf', place.path], { encoding: 'utf8' }).trim().split('\n')
  expect(listed.map((line) => line.replace(/^\.bka\/[0-9a-f]{32}\//, ''))).toEqual([
    'README.txt',
    'toc.jsonl',
    'frames.bin',
    'root.json',
  ])
})

test('archives begin with their id, for whoever meets one without the rest', async () => {
  const { place } = await build(listSource([]), { pool: one, directory: room.path, name: 'begin', compression: 'none' })
  expect(readFileSync(place.path).toString('latin1', 512, 600)).toContain(`comment=BKA1 ${place.id}\n`)
  expect(pathFromText(place.path)).toBe(place.path)
})
