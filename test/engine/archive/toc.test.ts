import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTocLine } from '../../../src/engine/archive/parse-toc-line.ts'
import { encodeTocLine } from '../../../src/engine/archive/toc-line.ts'
import { rootSchema } from '../../../src/model/archive.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { type BytePath, comparePaths, pathFromBytes, pathFromText, pathToBytes } from '../../../src/model/path.ts'
import type { TocEntry } from '../../../src/model/toc.ts'

const bytesPath = fc
  .uint8Array({ minLength: 1, maxLength: 60 })
  .map((bytes) => pathFromBytes(bytes.map((byte) => (byte === 0 ? 1 : byte))))
const textPath = fc.string({ unit: 'grapheme', minLength: 1 }).map(pathFromText)
const path = fc.oneof(bytesPath, textPath)
const sha256 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const size = fc.maxSafeNat()
const extent = fc.record({ offset: size, compressedBytes: size, inner: size })
const content: fc.Arbitrary<TocEntry['content']> = fc.oneof(
  fc.constant({ kind: 'none' } as const),
  fc.record({ kind: fc.constant('extent' as const), holder: fc.nat(64), extent }),
  fc.record({
    kind: fc.constant('chunks' as const),
    chunks: fc.array(
      fc.record({
        holder: fc.nat(64),
        offset: size,
        compressedBytes: size,
        inner: size,
        length: size,
        sha256: fc.option(sha256),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
)
const entry: fc.Arbitrary<TocEntry> = fc
  .record({
    path,
    type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'char-device', 'block-device', 'fifo'),
    mode: fc.nat(4095),
    uid: fc.nat(2 ** 32 - 1),
    gid: fc.nat(2 ** 32 - 1),
    userName: fc.option(fc.string()),
    groupName: fc.option(fc.string()),
    sizeBytes: size,
    mtimeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
    ctimeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
    inode: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    device: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    deviceNumber: fc.option(fc.record({ major: fc.nat(), minor: fc.nat() })),
    linkTarget: fc.option(path),
    sha256,
    content,
    xattrs: fc
      .dictionary(fc.string({ minLength: 1 }), fc.uint8Array())
      .map((record) => new Map(Object.entries(record))),
    acl: fc.constantFrom(null, { access: 'user::rw-' }, { default: 'x' }, { access: 'a', default: 'b' }),
    sparse: fc.option(fc.array(fc.tuple(size, size))),
    torn: fc.boolean(),
  })
  .map((made) => {
    const carriesData = made.type === 'file' || made.type === 'hardlink'
    return {
      ...made,
      sha256: carriesData ? made.sha256 : null,
      sizeBytes: carriesData ? made.sizeBytes : 0,
    } as TocEntry
  })

function comparable(of: TocEntry): unknown {
  return { ...of, xattrs: [...of.xattrs].map(([name, value]) => [name, [...value]]).sort() }
}

test('any entry comes back from its line, and its line from it', () => {
  fc.assert(
    fc.property(entry, (made) => {
      const line = encodeTocLine(made)
      expect(line).not.toMatch(/[\n\r]/)
      const back = parseTocLine(line)
      expect(back.outside).toBeNull()
      expect(comparable(back.entry)).toEqual(comparable(made))
      expect(encodeTocLine(back.entry)).toBe(line)
    }),
    { numRuns: 1000, seed: 1 },
  )
})

const good = `{"p":"a","t":"f","m":420,"u":0,"g":0,"s":1,"mt":"0","ct":"0","i":1,"dv":1,"h":"${'0'.repeat(64)}"}`

test('an unknown key is let through, an unknown type is kept as unknown', () => {
  expect(parseTocLine(good.replace('"p"', '"new":1,"p"')).entry.type).toBe('file')
  expect(parseTocLine(good.replace('"t":"f"', '"t":"q"')).entry.type).toBe('unknown')
})

test.each([
  ['no JSON', good.slice(1)],
  ['no path', good.replace('"p":"a",', '')],
  ['a file without hash', good.replace(/,"h":"0+"/, '')],
  ['a file without size', good.replace('"s":1,', '')],
  ['a negative size', good.replace('"s":1', '"s":-1')],
  ['a size with a fraction', good.replace('"s":1', '"s":1.5')],
  ['a mode out of range', good.replace('420', '4096')],
  ['a time that is a number', good.replace('"mt":"0"', '"mt":0')],
  ['a time with a point', good.replace('"mt":"0"', '"mt":"0.5"')],
  ['a hash in upper case', good.replace('0000"', '000A"')],
  ['a path that is no base64', good.replace('"p":"a"', '"pb":"?"')],
  ['a negative extent', good.replace('"t"', '"x":[-1,0,0],"t"')],
  ['a holder of 0', good.replace('"t"', '"r":0,"t"')],
  ['null', 'null'],
  ['nothing', ''],
  ['a line of more than a mebibyte', good.replace('"a"', `"${'a'.repeat(1 << 20)}"`)],
])('a line with %s is refused', (_, line) => {
  expect(() => parseTocLine(line)).toThrow(expect.objectContaining({ code: 'E_DAMAGED' }))
})

const mutated = fc
  .tuple(
    entry,
    fc.array(fc.tuple(fc.nat(400), fc.constantFrom('', '"', '{', '[', '0', '-', ',', '\\', 'é')), { maxLength: 3 }),
  )
  .map(([made, edits]) => {
    let line = encodeTocLine(made)
    for (const [at, text] of edits) line = line.slice(0, at % line.length) + text + line.slice((at % line.length) + 1)
    return line
  })

test('any line gives an entry or a BackupError', () => {
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string(), fc.json()), (line) => {
      try {
        parseTocLine(line)
      } catch (error) {
        expect(error).toBeInstanceOf(BackupError)
      }
    }),
    { numRuns: 3000, seed: 1 },
  )
})

test('any JSON is a root or refused', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => !rootSchema.safeParse(value).success),
    { numRuns: 1000, seed: 1 },
  )
})

test('the order of paths is the order of a walk that sorts names by their bytes', () => {
  const walked = ['a', 'a/x', 'a/x/y', 'a/x!', 'a-b', 'a.b', 'a0', 'é', '日', '\uff5e', '😀'].map(pathFromText)
  expect([...walked].reverse().sort(comparePaths)).toEqual(walked)
})

test('comparing paths is comparing their parts, byte by byte', () => {
  const byParts = (a: BytePath, b: BytePath): number => {
    const left = a.split('/')
    const right = b.split('/')
    for (let at = 0; at < Math.min(left.length, right.length); at++) {
      const order = Buffer.compare(pathToBytes(left[at] as BytePath), pathToBytes(right[at] as BytePath))
      if (order !== 0) return order
    }
    return left.length - right.length
  }
  const part = fc.stringMatching(/^[ab!-.0\x01\xff]{1,3}$/)
  const parts = fc.array(part, { minLength: 1, maxLength: 3 }).map((list) => list.join('/') as BytePath)
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(byParts(a, b)))
    }),
    { numRuns: 2000, seed: 1 },
  )
})
