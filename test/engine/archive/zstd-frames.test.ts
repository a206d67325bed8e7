import { execFileSync } from 'node:child_process'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compressFrame, decompressFrames } from '../../../src/engine/archive/codec.ts'
import { readZstdFrame, splitZstdFrames } from '../../../src/engine/archive/zstd-frames.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { requirement } from '../../requirements.ts'

const level = { compression: 'zstd', level: 3 } as const
const text = (value: string): Uint8Array => compressFrame(Buffer.from(value), level)
const skippable = (content: Uint8Array, nibble = 0): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x184d2a50 + nibble)
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, content])
}
const decode = (...parts: Uint8Array[]): string =>
  Buffer.from(decompressFrames(Buffer.concat(parts), 'zstd')).toString('latin1')

test("Node's own decoder loses all but the first frame; ours does not", () => {
  const two = Buffer.concat([text('first'), text('second')])
  // The day this fails, Node has learnt it, and the splitter still has to agree with it.
  expect(zstdDecompressSync(two).toString()).toBe('first')
  expect(decode(two)).toBe('firstsecond')
})

test('skippable frames first, between and last are passed over', () => {
  const between = skippable(Buffer.from('ignored'), 15)
  expect(decode(skippable(Buffer.alloc(0)), text('a'), between, text('b'), between)).toBe('ab')
})

test('an empty frame is empty', () => {
  expect(decode(text(''))).toBe('')
  expect(decode(text('a'), text(''), text('b'))).toBe('ab')
  expect(decode()).toBe('')
})

test.each([1, 255, 256, 257, 65_791, 65_792, 1 << 20])(
  'a frame of %i bytes carries its size and comes back',
  (length) => {
    const raw = Buffer.alloc(length, 'some text')
    const frame = compressFrame(raw, level)
    expect(readZstdFrame(frame, 0)).toEqual({ start: 0, end: frame.length, contentBytes: length, skippable: false })
    expect(Buffer.compare(decompressFrames(frame, 'zstd'), raw)).toBe(0)
  },
)

test('a range cut anywhere is an error, never a shorter content', () => {
  const two = Buffer.concat([text('first of two'), text('second of two')])
  const boundary = text('first of two').length
  for (let length = 1; length < two.length; length++) {
    if (length === boundary) continue
    expect(() => decode(two.subarray(0, length))).toThrow(BackupError)
  }
})

test('every byte flipped gives an error or the same content', () => {
  const raw = Buffer.from('content that compresses, content that compresses. '.repeat(20))
  const frames = Buffer.concat([compressFrame(raw, level), text('tail')])
  const truth = `${raw}tail`
  for (let at = 0; at < frames.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const attacked = Buffer.from(frames)
      attacked[at] = (attacked[at] as number) ^ (1 << bit)
      try {
        expect([at, bit, decode(attacked)]).toEqual([at, bit, truth])
      } catch (error) {
        if (!(error instanceof BackupError)) throw error
      }
    }
  }
})

test('a frame without content size is refused', () => {
  const frame = zstdCompressSync(Buffer.from('no size'), { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } })
  expect(() => splitZstdFrames(frame)).toThrow(/content size/)
})

test.skipIf(!requirement('zstd'))(
  'a stream of the zstd command is refused where it has no size, read where it has',
  () => {
    const noSize = execFileSync('zstd', ['-c'], { input: 'streamed', stdio: ['pipe', 'pipe', 'ignore'] })
    expect(() => decode(noSize)).toThrow(BackupError)
    const sized = execFileSync('zstd', ['-c', '--stream-size=8'], {
      input: 'streamed',
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    expect(decode(sized)).toBe('streamed')
  },
)

/** magic ‖ descriptor ‖ rest */
function frame(descriptor: number, ...rest: number[]): Buffer {
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...rest])
}
const lastRawBlock = [0x01, 0, 0]

test.each([
  ['a dictionary', frame(0x21, 7, 0, ...lastRawBlock), /dictionary/],
  ['a reserved bit', frame(0x28, 0, ...lastRawBlock), /reserved bit/],
  ['a window of 16 MiB', frame(0x40, 14 << 3, 0, 0, ...lastRawBlock), /window/],
  ['a reserved block type', frame(0x20, 0, 0x07, 0, 0), /reserved type/],
  ['4 GiB of content', frame(0xa0, 0xff, 0xff, 0xff, 0xff, ...lastRawBlock), /more than a frame may hold/],
  ['16 EiB of content', frame(0xe0, 255, 255, 255, 255, 255, 255, 255, 255, ...lastRawBlock), /more than a frame may/],
  ['no magic number', Buffer.from('not a zstd frame'), /magic/],
])('a frame with %s is refused', (_, bytes, message) => {
  expect(() => splitZstdFrames(bytes)).toThrow(message)
})

test('a frame that holds more than it promises is an error, and is not decoded any further', () => {
  const bomb = Buffer.from(compressFrame(Buffer.alloc(8 << 20), level))
  bomb.writeUInt32LE(1000, 6) // 4-byte size field behind magic, descriptor and window
  expect(readZstdFrame(bomb, 0).contentBytes).toBe(1000)
  expect(() => decode(bomb)).toThrow(BackupError)
})

test('many frames that promise 16 MiB each are refused together', () => {
  const large = compressFrame(Buffer.alloc(16 << 20), level)
  expect(decompressFrames(large, 'zstd').length).toBe(16 << 20)
  expect(() => decode(...Array.from({ length: 5 }, () => large))).toThrow(/more than a reader accepts/)
})

test('any bytes give frames or a BackupError', () => {
  const magic = fc.constantFrom(Buffer.from('28b52ffd', 'hex'), Buffer.from('502a4d18', 'hex'), Buffer.alloc(0))
  fc.assert(
    fc.property(magic, fc.uint8Array({ maxLength: 200 }), (head, rest) => {
      try {
        const bytes = Buffer.concat([head, rest])
        const frames = splitZstdFrames(bytes)
        expect(frames.at(-1)?.end ?? 0).toBe(bytes.length)
        decompressFrames(bytes, 'zstd')
      } catch (error) {
        expect(error).toBeInstanceOf(BackupError)
      }
    }),
    { numRuns: 3000, seed: 1 },
  )
})
