import { expect, test, vi } from 'vitest'
import { compressFrame, decompressFrames } from '../../../src/engine/archive/codec.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { type Compression, compressions } from '../../../src/model/format.ts'
import { requirement } from '../../requirements.ts'
import { levelOf } from './archive-kit.ts'

vi.setConfig({ testTimeout: 60_000 })

const commands: Partial<Record<Compression, string>> = { xz: 'xz', bzip2: 'bzip2' }
const raw = Buffer.from('a frame of some text; '.repeat(500))

for (const compression of compressions) {
  const missing = commands[compression] !== undefined && !requirement(commands[compression])
  const frame = (bytes: Uint8Array): Uint8Array => compressFrame(bytes, levelOf(compression))

  test.skipIf(missing)(`${compression}: frames one after another decode to all of their content`, () => {
    expect(Buffer.compare(decompressFrames(frame(raw), compression), raw)).toBe(0)
    const several = Buffer.concat([frame(raw), frame(Buffer.from('b')), frame(raw)])
    expect(Buffer.compare(decompressFrames(several, compression), Buffer.concat([raw, Buffer.from('b'), raw]))).toBe(0)
  })

  test.skipIf(missing)(`${compression}: equal content gives equal bytes, in memory of their own`, () => {
    const one = frame(raw)
    expect(Buffer.compare(one, frame(Uint8Array.from(raw)))).toBe(0)
    expect(one.byteLength).toBe(one.buffer.byteLength)
  })

  if (compression === 'none') continue

  test.skipIf(missing)(`${compression}: a second frame that is damaged or cut is an error, never silence`, () => {
    const first = frame(raw)
    const second = frame(Buffer.from('second'))
    // Four zero bytes, or any multiple, are padding to xz; there only the lengths and hashes of the contents tell.
    const zeros = compression === 'xz' ? second.length + (1 - (second.length % 2)) : second.length
    for (const bad of [
      Buffer.concat([first, Buffer.alloc(zeros)]),
      Buffer.concat([first, Buffer.from('trailing garbage')]),
      Buffer.concat([first, Buffer.alloc(1)]),
      Buffer.concat([first, second.subarray(0, 1)]),
      Buffer.concat([first, second.subarray(0, -1)]),
      Buffer.concat([first, second.fill(0, 0, 1)]),
      first.subarray(0, -1),
    ])
      expect(() => decompressFrames(bad, compression)).toThrow(BackupError)
  })

  test.skipIf(missing)(`${compression}: a bomb is stopped at the reader's limit`, () => {
    const piece = frame(Buffer.alloc(16 << 20))
    const bomb = Buffer.concat(Array.from({ length: 5 }, () => piece))
    expect(() => decompressFrames(bomb, compression)).toThrow(expect.objectContaining({ code: 'E_DAMAGED' }))
  })
}

test('gzip members carry no time, no name and no system', () => {
  expect(Buffer.from(compressFrame(raw, levelOf('gzip')).subarray(0, 10)).toString('hex')).toMatch(
    /^1f8b080000000000..ff$/,
  )
})
