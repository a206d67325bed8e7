import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ChunkCutter, chunkEnds, chunking, cutPoints, lookbackBytes } from '../../../src/engine/archive/chunking.ts'
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

/** The ends as parallel work finds them: cut points part by part, then the choice among them. */
function endsInParts(of: Uint8Array, partBytes: number): number[] {
  const cutter = new ChunkCutter(of.length, (offset, length) => of.subarray(offset, offset + length))
  const found: number[] = []
  let end = 0
  for (let start = 0; start < of.length; start += partBytes) {
    const before = Math.min(start, lookbackBytes)
    const part = of.subarray(start - before, Math.min(of.length, start + partBytes))
    for (const length of cutter.add(cutPoints(part, before), part.length - before)) {
      end += length
      found.push(end)
    }
  }
  return found
}

/** A short period of which every repetition has a cut point. */
function denselyCut(): Uint8Array {
  const random = seededRandom('densely cut')
  for (;;) {
    const period = random.bytes(8)
    const few = Buffer.alloc(64, period)
    if (cutPoints(few, 32).length > 0) return period
  }
}

const repeated = (period: Uint8Array, count: number): Uint8Array => Buffer.alloc(count, period)

/** Bytes with a cut point at a chosen place: what a hash finds there it finds everywhere. */
const cutting = bytes.subarray((ends[0] as number) - 32, ends[0] as number)

test.each<[string, Uint8Array]>([
  ['random bytes', bytes],
  ['edited bytes', Buffer.concat([bytes.subarray(0, 5_000_001), bytes.subarray(4_000_000, 20_000_003)])],
  ['zeros only', new Uint8Array((17 << 20) + 5)],
  [
    'zeros about noise',
    Buffer.concat([new Uint8Array(9 << 20), bytes.subarray(0, 6_000_001), new Uint8Array(7 << 20)]),
  ],
  ['a period shorter than the memory of the hash', repeated(Buffer.from('seven b'), 14 << 20)],
  ['a period longer than that, with a cut point', repeated(Buffer.concat([cutting, Buffer.alloc(1000)]), 13 << 20)],
  ['a period of one chunk and a bit', repeated(bytes.subarray(0, 1_100_000), 15 << 20)],
  ['a cut point every eight bytes', repeated(denselyCut(), 9 << 20)],
  ['less than the smallest chunk', bytes.subarray(0, 1000)],
  ['one byte', bytes.subarray(0, 1)],
  ['nothing', bytes.subarray(0, 0)],
])('cut in parts, %s have exactly the chunks of one pass', (_, of) => {
  const expected = chunkEnds(of)
  for (const partBytes of [4 << 20, 8 << 20, (1 << 20) + 7, 300_000])
    expect(endsInParts(of, partBytes)).toEqual(expected)
})

test('cut in parts, a hash that has just begun anew ends a chunk where it does in one pass', () => {
  for (const count of [5, 17, 31]) {
    const of = Buffer.alloc(6 << 20, 1)
    of.set(matchingAnew(count), chunking.minimumBytes)
    expect(chunkEnds(of)[0]).toBe(chunking.minimumBytes + count)
    expect(endsInParts(of, 1 << 20)).toEqual(chunkEnds(of))
  }
})

test('cut in parts, bytes before the smallest chunk do not end it: the hash of one pass has not seen them', () => {
  const point = cutPoints(bytes, 0).find((value) => (value & 1) === 1) as number
  const cuttingStrictly = bytes.subarray((point >>> 1) - 32, point >>> 1)
  for (const behind of [1, 15, 25]) {
    const of = Buffer.alloc(6 << 20, 1)
    of.set(cuttingStrictly, chunking.minimumBytes + behind - 32)
    expect(chunkEnds(of)[0]).toBe(chunking.maximumBytes)
    expect(endsInParts(of, 1 << 20)).toEqual(chunkEnds(of))
    of.set(cuttingStrictly, chunking.minimumBytes)
    expect(endsInParts(of, 1 << 20)).toEqual([chunking.minimumBytes + 32, ...chunkEnds(of).slice(1)])
  }
})

/** So many bytes of which a hash that begins with the first agrees with the strict mask. */
function matchingAnew(count: number): Uint8Array {
  const gear = Int32Array.from({ length: 256 }, (_, value) =>
    createHash('sha256').update(`BKA1/gear/${value}`).digest().readInt32BE(0),
  )
  const term = (at: number): number => gear[bytes[at] as number] as number
  let hash = 0
  for (let at = 0; at < bytes.length; at++) {
    hash = ((hash << 1) + term(at)) | 0
    if (at >= count) hash = (hash - (term(at - count) << count)) | 0
    if (at >= count && hash >>> 10 === 0) return bytes.subarray(at + 1 - count, at + 1)
  }
  throw new Error('the made-up bytes have no such place')
}

test('cut in parts, random edits, parts and repetitions have exactly the chunks of one pass', () => {
  const random = seededRandom('cut in parts')
  const number = (below: number): number => random.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0) % below
  for (let round = 0; round < 12; round++) {
    const pieces: Uint8Array[] = []
    for (let piece = 0; piece < 6; piece++) {
      const from = number(20 << 20)
      const length = number(3 << 20)
      const choice = number(3)
      if (choice === 0) pieces.push(bytes.subarray(from, from + length))
      else if (choice === 1) pieces.push(new Uint8Array(length))
      else pieces.push(repeated(bytes.subarray(from, from + 1 + number(100)), length))
    }
    const of = Buffer.concat(pieces)
    expect(endsInParts(of, 100_000 + number(9 << 20)), `round ${round}`).toEqual(chunkEnds(of))
  }
})
