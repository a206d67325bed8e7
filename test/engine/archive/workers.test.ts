import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Decoded, decodeInOrder } from '../../../src/engine/archive/decode-job.ts'
import { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import type { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import type { BytePath } from '../../../src/model/path.ts'
import { type BuiltArchive, build, files, listSource, madeUp, noise, poolOf, scratch } from './archive-kit.ts'

vi.setConfig({ testTimeout: 60_000 })

const room = scratch('workers')
let pool: WorkerPool
let archive: BuiltArchive

beforeAll(async () => {
  pool = poolOf(2)
  const large = madeUp('large' as BytePath, 'file', noise('workers', 30 << 20))
  archive = await build(listSource([large]), { encrypted: true, pool, directory: room.path })
}, 30_000)
afterAll(async () => {
  await pool.close()
  room.remove()
})

async function decodeAll(change: (frames: { offsets: number[]; rawOffsets: number[] }) => void): Promise<Decoded[]> {
  const reader = new ArchiveReader(files, archive.place, archive.keys)
  try {
    const frames = reader.frames()
    change(frames)
    const all: Decoded[] = []
    for await (const { first, frames: decoded } of decodeInOrder(pool, reader.access, frames)) {
      expect(first).toBe(all.length)
      all.push(...decoded)
    }
    return all
  } finally {
    reader.close()
  }
}

test('frames come back in order, whole, with the lengths of the list of frames', async () => {
  let rawOffsets: readonly number[] = []
  const all = await decodeAll((frames) => {
    rawOffsets = frames.rawOffsets
  })
  expect(all.length).toBe(rawOffsets.length - 1)
  let at = 0
  for (const frame of all) {
    expect(frame).toBeInstanceOf(Uint8Array)
    at += (frame as Uint8Array).length
  }
  expect(at).toBe(rawOffsets.at(-1))
})

test('a frame of another length than the list says is damage of that frame only', async () => {
  const all = await decodeAll(({ rawOffsets }) => {
    for (let at = 6; at < rawOffsets.length; at++) rawOffsets[at] = (rawOffsets[at] as number) + 1
  })
  const bad = all.flatMap((frame, at) => (frame instanceof Uint8Array ? [] : [at]))
  expect(bad).toEqual([5])
  expect(all[5]).toMatchObject({ damage: expect.stringMatching(/the list of frames says/) })
})

test('giving up half way leaves no job behind', async () => {
  const reader = new ArchiveReader(files, archive.place, archive.keys)
  for await (const { first } of decodeInOrder(pool, reader.access, reader.frames())) {
    expect(first).toBe(0)
    break
  }
  reader.close()
  expect((await decodeAll(() => {})).every((frame) => frame instanceof Uint8Array)).toBe(true)
})

test('a missing archive is its own error, in a worker too', async () => {
  const reader = new ArchiveReader(files, archive.place, archive.keys)
  const access = { ...reader.access, path: `${room.path}/gone` as BytePath }
  const frames = reader.frames()
  reader.close()
  const reading = decodeInOrder(pool, access, frames).next()
  await expect(reading).rejects.toMatchObject({ code: 'E_ARCHIVE_MISSING' })
})

test('writing and verifying 200,000 entries needs no memory for each of them', () => {
  const program = fileURLToPath(new URL('./many-entries.ts', import.meta.url))
  // A few hundred bytes kept for each entry would not fit into the heap that is left here.
  const limits = ['--max-old-space-size=32', '--max-semi-space-size=4']
  const peakKib = execFileSync(process.execPath, [...limits, program, '200000', room.path], { encoding: 'utf8' })
  expect(Number(peakKib)).toBeLessThan(300 << 10)
}, 90_000)
