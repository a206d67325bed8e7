import { expect, test } from 'vitest'
import { chunkEnds, chunking } from '../../../src/engine/archive/chunking.ts'
import { seededRandom } from '../keys/seeded-random.ts'

const bytes = Buffer.from(seededRandom('chunking').bytes(24 << 20))
const ends = chunkEnds(bytes)
const chunksOf = (of: Uint8Array): Set<string> => {
  const found = new Set<string>()
  let start = 0
  for (const end of chunkEnds(of)) {
    found.add(Buffer.from(of.subarray(start, end)).toString('latin1'))
    start = end
  }
  return found
}

test('chunks cover the input and keep to their bounds', () => {
  expect(ends.at(-1)).toBe(bytes.length)
  const lengths = ends.map((end, at) => end - (ends[at - 1] ?? 0))
  expect(Math.max(...lengths)).toBeLessThanOrEqual(chunking.maximumBytes)
  expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThanOrEqual(chunking.minimumBytes)
  const mean = bytes.length / lengths.length
  expect(mean).toBeGreaterThan(chunking.averageBytes / 2)
  expect(mean).toBeLessThan(chunking.averageBytes * 2)
})

test('the bounds are frozen: other ones would make every later version of a file new', () => {
  expect(ends.slice(0, 4)).toEqual([1695490, 2764983, 3417895, 4669284])
})

test('an insertion moves the chunks about it and leaves the others', () => {
  const at = 12 << 20
  const edited = Buffer.concat([bytes.subarray(0, at), Buffer.from('inserted'), bytes.subarray(at)])
  const before = chunksOf(bytes)
  const after = chunksOf(edited)
  expect([...after].filter((chunk) => !before.has(chunk)).length).toBeLessThanOrEqual(3)
})

test('nothing has no chunks, little has one, zeros are cut at the maximum', () => {
  expect(chunkEnds(new Uint8Array(0))).toEqual([])
  expect(chunkEnds(new Uint8Array(1))).toEqual([1])
  expect(chunkEnds(new Uint8Array(9 << 20))).toEqual([4 << 20, 8 << 20, 9 << 20])
})
