import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { linkedZstd, zlibZstd } from '../../../src/engine/platform/zstd.ts'

const linked = linkedZstd()
const inputs = {
  empty: Buffer.alloc(0),
  'one byte': Buffer.from('x'),
  repetitive: Buffer.alloc(3_000_000, 'holdfast '),
  random: randomBytes(2_500_000),
  mixed: Buffer.concat([randomBytes(100_000), Buffer.alloc(4_000_000, 'abc'), randomBytes(50_000)]),
}

test('this Node lets its own zstd be called directly', () => {
  expect(linked?.direct).toBe(true)
})

describe.each(Object.entries(inputs))('%s', (_name, raw) => {
  test.each([1, 2, 3, 19])('gives the same bytes as node:zlib at level %i', (level) => {
    if (linked === null) throw new Error('no linked zstd')
    expect(Buffer.from(linked.compress(raw, level)).equals(Buffer.from(zlibZstd.compress(raw, level)))).toBe(true)
  })

  test('decodes what the other one encoded', () => {
    if (linked === null) throw new Error('no linked zstd')
    const frame = new Uint8Array(zlibZstd.compress(raw, 3))
    expect(Buffer.from(linked.decompress(frame, raw.length)).equals(raw)).toBe(true)
    const other = new Uint8Array(linked.compress(raw, 3))
    if (raw.length > 0) expect(Buffer.from(zlibZstd.decompress(other, raw.length)).equals(raw)).toBe(true)
  })
})

test.each([
  ['linked', linked],
  ['zlib', zlibZstd],
] as const)('%s refuses a frame that is flipped, cut, or longer than promised', (_name, zstd) => {
  if (zstd === null) throw new Error('no linked zstd')
  const raw = inputs.mixed
  const frame = new Uint8Array(zstd.compress(raw, 3))
  const flipped = frame.slice()
  flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] as number) ^ 1
  expect(() => zstd.decompress(flipped, raw.length)).toThrow()
  expect(() => zstd.decompress(frame.subarray(0, frame.length - 5), raw.length)).toThrow()
  expect(() => zstd.decompress(frame, raw.length - 1)).toThrow()
})
