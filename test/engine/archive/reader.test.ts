import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { alone } from '../../../src/engine/archive/lineage.ts'
import { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import type { WorkerPool } from '../../../src/engine/archive/worker-pool.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'
import type { SourceEntry } from '../../../src/model/source.ts'
import { type BuiltArchive, build, files, listSource, madeUp, noise, poolOf, scratch } from './archive-kit.ts'
import { countingFiles } from './counting-files.ts'

vi.setConfig({ testTimeout: 60_000 })

const room = scratch('reader')
let pool: WorkerPool
let archive: BuiltArchive
const smallContent = (at: number): Buffer => Buffer.from(`content of file ${at}\n`.repeat(1 + (at % 50)))
const nameOf = (at: number): BytePath => pathFromText(`d/file-${String(at).padStart(6, '0')}`)
const smallFiles = 20_000

/** 20,000 small files between two large ones, which put their frames and their table of contents far apart. */
function* entries(): Generator<SourceEntry> {
  yield madeUp('a-large' as BytePath, 'file', noise('1', 40 << 20))
  yield madeUp('d' as BytePath, 'directory')
  for (let at = 0; at < smallFiles; at++) yield madeUp(nameOf(at), 'file', smallContent(at))
  yield madeUp('z-large' as BytePath, 'file', noise('2', 40 << 20))
}

beforeAll(async () => {
  pool = poolOf(2)
  archive = await build(listSource(entries()), { encrypted: true, pool, directory: room.path })
}, 60_000)
afterAll(async () => {
  await pool.close()
  room.remove()
})

test('every entry is found by its path, and nothing else is', () => {
  const reader = new ArchiveReader(files, archive.place, archive.keys)
  try {
    expect(reader.root.toc.pages.length).toBeGreaterThan(10)
    const all = [...alone(reader).entries()]
    expect(all.length).toBe(smallFiles + 3)
    for (let at = 0; at < all.length; at += 97) expect(alone(reader).find(all[at]?.path as BytePath)).toEqual(all[at])
    for (const [first] of reader.root.toc.pages)
      expect(alone(reader).find(pathFromText(first as string))?.path).toBe(first)
    for (const absent of ['', 'a', 'd/', 'd/file-', 'd/file-000001x', 'zz'])
      expect(alone(reader).find(pathFromText(absent))).toBeUndefined()
  } finally {
    reader.close()
  }
})

test('one small file out of a large archive costs few requests and few bytes', () => {
  const counted = countingFiles(files)
  for (const at of [0, 777, smallFiles - 1]) {
    counted.reads.length = 0
    const reader = new ArchiveReader(counted.files, archive.place, archive.keys)
    try {
      const entry = alone(reader).find(nameOf(at))
      if (entry?.content.kind !== 'extent') throw new Error('the file is not there')
      const bytes = reader.stream.extent(entry.content.extent, entry.sizeBytes)
      expect(Buffer.compare(bytes, smallContent(at))).toBe(0)
    } finally {
      reader.close()
    }
    const requests = requestsOf(counted.reads)
    const bytes = counted.reads.reduce((sum, [, length]) => sum + length, 0)
    expect(requests).toBeLessThanOrEqual(6)
    expect(bytes).toBeLessThanOrEqual(8 << 20)
  }
})

/** Reads of neighbouring ranges are one request; the header, whose length is known, is one with what follows it. */
function requestsOf(reads: readonly (readonly [number, number])[]): number {
  let requests = 0
  let end = -1
  for (const [position, length] of reads) {
    if (position !== end) requests++
    end = position + length
  }
  return requests
}

test('a range outside of the stream, or an extent past its frames, is damage', () => {
  const reader = new ArchiveReader(files, archive.place, archive.keys)
  try {
    const { streamBytes } = reader.stream
    const outside = expect.objectContaining({ code: 'E_DAMAGED' })
    expect(() => reader.stream.read(-1, 1)).toThrow(outside)
    expect(() => reader.stream.read(streamBytes, 1)).toThrow(outside)
    expect(() => reader.stream.read(0, streamBytes + 1)).toThrow(outside)
    expect(() => reader.stream.decode(0, 100 << 20)).toThrow(outside)
    const { location } = reader
    expect(() => reader.stream.extent(location, 1 << 24)).toThrow(outside)
    expect(reader.stream.read(streamBytes, 0).length).toBe(0)
  } finally {
    reader.close()
  }
})

test('an archive that is not the one its manifest names is refused', () => {
  const other = { ...archive.place, id: 'f'.repeat(32) }
  expect(() => new ArchiveReader(files, other, archive.keys)).toThrow(/another archive/)
})
