import { execFileSync } from 'node:child_process'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compressFrame } from '../../../src/engine/archive/codec.ts'
import { decodeLocator, encodeLocator } from '../../../src/engine/archive/locator.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { compressions, locatorBytes } from '../../../src/model/format.ts'
import { requirement } from '../../requirements.ts'
import { levelOf } from './archive-kit.ts'

for (const compression of compressions) {
  const length = locatorBytes[compression]
  const location = { offset: 5000, compressedBytes: 321, inner: 1024, rootBytes: 777 }
  const streamBytes = 5000 + 321 + length
  const good = encodeLocator(location, streamBytes, compression)

  test(`${compression}: a locator comes back, and has the length the header promises`, () => {
    expect(good.length).toBe(length)
    expect(decodeLocator(good, streamBytes, compression)).toEqual(location)
  })

  test(`${compression}: every flipped bit is an error`, () => {
    for (let at = 0; at < good.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const attacked = Buffer.from(good)
        attacked[at] = (attacked[at] as number) ^ (1 << bit)
        expect(() => decodeLocator(attacked, streamBytes, compression)).toThrow(BackupError)
      }
    }
  })

  test(`${compression}: a locator of another stream or another length is an error`, () => {
    expect(() => decodeLocator(good, streamBytes + 1, compression)).toThrow(BackupError)
    expect(() => decodeLocator(good.subarray(1), streamBytes, compression)).toThrow(BackupError)
    expect(() => decodeLocator(Buffer.concat([good, good]), streamBytes, compression)).toThrow(BackupError)
  })

  test(`${compression}: any bytes give a location or a BackupError`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(), (bytes, size) => {
        expect(() => decodeLocator(bytes, size, compression)).toThrow(BackupError)
      }),
      { numRuns: 500, seed: 1 },
    )
  })
}

test('any location within the stream comes back', () => {
  const size = fc.maxSafeNat()
  fc.assert(
    fc.property(fc.nat(2 ** 45), fc.nat(2 ** 30), size, size, (offset, compressedBytes, inner, rootBytes) => {
      const location = { offset, compressedBytes, inner, rootBytes }
      const streamBytes = offset + compressedBytes + locatorBytes.zstd
      expect(decodeLocator(encodeLocator(location, streamBytes, 'zstd'), streamBytes, 'zstd')).toEqual(location)
    }),
  )
})

const location = { offset: 0, compressedBytes: 1, inner: 0, rootBytes: 1 }

test('gunzip passes over the locator', () => {
  const stream = Buffer.concat([
    compressFrame(Buffer.from('text'), levelOf('gzip')),
    encodeLocator(location, 1, 'gzip'),
  ])
  expect(gunzipSync(stream).toString()).toBe('text')
})

test.skipIf(!requirement('zstd'))('zstd -d passes over the locator', () => {
  const stream = Buffer.concat([
    compressFrame(Buffer.from('text'), levelOf('zstd')),
    encodeLocator(location, 1, 'zstd'),
  ])
  expect(execFileSync('zstd', ['-dcq'], { input: stream }).toString()).toBe('text')
})
