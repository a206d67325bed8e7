import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  encodeGlobalComment,
  encodeTarHeader,
  paddedBytes,
  type TarMember,
} from '../../../src/engine/archive/tar-header.ts'
import { type ReadMember, TarReader } from '../../../src/engine/archive/tar-reader.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { type BytePath, pathFromBytes } from '../../../src/model/path.ts'
import type { EntryType } from '../../../src/model/source.ts'

interface Given {
  readonly member: TarMember
  readonly content: Uint8Array
}

function member(
  overrides: Partial<Omit<TarMember, 'attributes'>> & { attributes?: Partial<TarMember['attributes']> } = {},
): TarMember {
  return {
    path: 'file' as BytePath,
    type: 'file',
    userName: 'root',
    groupName: null,
    linkTarget: null,
    xattrs: new Map(),
    acl: null,
    sparse: null,
    storedBytes: 0,
    ...overrides,
    attributes: {
      mode: 0o644,
      uid: 0,
      gid: 0,
      sizeBytes: overrides.storedBytes ?? 0,
      allocatedBytes: 0,
      mtimeNs: 1_700_000_000_123_456_789n,
      ctimeNs: 0n,
      inode: 1n,
      device: 1n,
      deviceNumber: null,
      links: 1,
      ...overrides.attributes,
    },
  }
}

function encode(given: readonly Given[], end = 1024): Buffer {
  const parts: Uint8Array[] = [encodeGlobalComment('BKA1 test')]
  for (const { member, content } of given)
    parts.push(encodeTarHeader(member), content, Buffer.alloc(paddedBytes(content.length) - content.length))
  return Buffer.concat([...parts, Buffer.alloc(end)])
}

interface Heard {
  comment: string
  members: { member: ReadMember; content: Buffer }[]
}

function read(bytes: Uint8Array, pieces: readonly number[] = []): Heard {
  const heard: Heard = { comment: '', members: [] }
  let current: { member: ReadMember; content: Buffer[] } | null = null
  const reader = new TarReader({
    comment: (text) => {
      heard.comment = text
    },
    member: (member) => {
      current = { member, content: [] }
    },
    content: (piece) => void current?.content.push(Buffer.from(piece)),
    end: () => {
      if (current !== null) heard.members.push({ member: current.member, content: Buffer.concat(current.content) })
      current = null
    },
  })
  let at = 0
  for (const piece of [...pieces, bytes.length]) {
    // A buffer of its own, wiped afterwards: nothing may be kept by reference.
    const own = Uint8Array.from(bytes.subarray(at, at + piece))
    at += own.length
    reader.push(own)
    own.fill(0xaa)
  }
  reader.finish()
  return heard
}

const path = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((bytes) => pathFromBytes(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))
const types: EntryType[] = ['file', 'hardlink', 'symlink', 'char-device', 'block-device', 'directory', 'fifo']
const xattrs = fc
  .dictionary(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((name) => !name.includes('\0')),
    fc.uint8Array(),
  )
  .map((record) => new Map(Object.entries(record).map(([name, value]) => [`user.${name}`, value])))
const given: fc.Arbitrary<Given> = fc
  .record({
    path,
    type: fc.constantFrom(...types),
    target: path,
    content: fc.uint8Array({ maxLength: 1500 }),
    mode: fc.nat(0o7777),
    uid: fc.nat(2 ** 32 - 1),
    gid: fc.nat(2 ** 32 - 1),
    mtimeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
    xattrs,
    major: fc.nat(4095),
    minor: fc.nat(2 ** 20 - 1),
    acl: fc.constantFrom(null, { access: 'user::rw-' }, { default: 'user::r--' }, { access: 'a', default: 'b' }),
    hole: fc.nat(100_000),
    isSparse: fc.boolean(),
  })
  .map(({ path, type, target, content, mode, uid, gid, mtimeNs, xattrs, major, minor, acl, hole, isSparse }) => {
    const stored = type === 'file' ? content : new Uint8Array(0)
    const isDevice = type.endsWith('device')
    const sparse =
      isSparse && type === 'file'
        ? ([
            [hole, stored.length],
            [hole * 2 + stored.length, 0],
          ] as const)
        : null
    return {
      content: stored,
      member: member({
        path,
        type,
        linkTarget: type === 'symlink' || type === 'hardlink' ? target : null,
        xattrs,
        acl,
        sparse,
        storedBytes: stored.length,
        attributes: {
          mode,
          uid,
          gid,
          mtimeNs,
          sizeBytes: sparse === null ? stored.length : hole * 2 + stored.length,
          deviceNumber: isDevice ? { major, minor } : null,
        },
      }),
    }
  })

test('whatever is written is read back, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 4 }), fc.array(fc.nat(1200)), (all, pieces) => {
      const heard = read(encode(all), pieces)
      expect(heard.comment).toBe('BKA1 test')
      expect(heard.members.length).toBe(all.length)
      all.forEach(({ member, content }, at) => {
        const { member: back, content: bytes } = heard.members[at] as Heard['members'][number]
        const { attributes } = member
        expect(back).toMatchObject({
          path: member.path,
          type: member.type,
          mode: attributes.mode,
          uid: attributes.uid,
          gid: attributes.gid,
          mtimeNs: attributes.mtimeNs,
          userName: 'root',
          groupName: '',
          linkTarget: member.linkTarget,
          deviceNumber: attributes.deviceNumber,
          sizeBytes: attributes.sizeBytes,
          storedBytes: content.length,
          sparse: member.sparse,
          acl: member.acl,
        })
        expect([...back.xattrs].map(([name, value]) => [name, [...value]])).toEqual(
          [...member.xattrs].map(([name, value]) => [name, [...value]]),
        )
        expect(Buffer.compare(bytes, content)).toBe(0)
      })
    }),
    { numRuns: 400, seed: 1 },
  )
})

const sample = encode([
  {
    member: member({ storedBytes: 5, xattrs: new Map([['user.a', Buffer.from('b')]]) }),
    content: Buffer.from('12345'),
  },
  {
    member: member({ path: 'd' as BytePath, type: 'directory', attributes: { mtimeNs: 0n } }),
    content: Buffer.alloc(0),
  },
  {
    member: member({
      path: 's' as BytePath,
      sparse: [
        [4096, 3],
        [9000, 0],
      ],
      storedBytes: 3,
      attributes: { sizeBytes: 9000 },
    }),
    content: Buffer.from('abc'),
  },
])

test('content start points at the content, past a sparse map', () => {
  for (const { member, content } of read(sample).members)
    expect(sample.subarray(member.contentStart, member.contentStart + member.storedBytes).equals(content)).toBe(true)
})

test('a tar that is cut is an error wherever it is cut', () => {
  for (let length = 0; length < sample.length; length += 7)
    expect(() => read(sample.subarray(0, length))).toThrow(BackupError)
})

test('anything after the end is an error', () => {
  expect(() => read(Buffer.concat([sample, Buffer.alloc(512)]))).toThrow(/follow the end/)
})

test('every bit of a header or of padding counts: flipped, it is an error or shows', () => {
  const truth = inspect(read(sample), { depth: 9 })
  const unseen: number[] = []
  for (let at = 0; at < sample.length; at++) {
    const attacked = Buffer.from(sample)
    attacked[at] = (attacked[at] as number) ^ (1 << (at % 8))
    let heard: Heard | null = null
    try {
      heard = read(attacked)
    } catch (error) {
      expect(error).toBeInstanceOf(BackupError)
    }
    if (heard !== null && inspect(heard, { depth: 9 }) === truth) unseen.push(at)
  }
  expect(unseen).toEqual([])
})
test('a PAX header of more than a mebibyte is refused before it is read', () => {
  const attacked = Buffer.from(encodeTarHeader(member({ path: 'p'.repeat(200) as BytePath })))
  attacked.write('00004000001\0', 124, 'latin1')
  fixChecksum(attacked)
  expect(() => read(attacked)).toThrow(/1048577 bytes/)
})

function fixChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156)
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

function withPax(records: string): Buffer {
  const source = encodeTarHeader(member({ path: 'p'.repeat(200) as BytePath }))
  const head = Buffer.from(source.subarray(0, 512))
  head.write(`${records.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  fixChecksum(head)
  const body = Buffer.alloc(paddedBytes(records.length))
  body.write(records, 'latin1')
  return Buffer.concat([head, body, source.subarray(-512), Buffer.alloc(1024)])
}

test.each([
  ['no length', 'path=x\n'],
  ['a length of nothing', '0 path=x\n'],
  ['a length past the end', '99 path=x\n'],
  ['a length that ends inside', '8 path=xx\n'],
  ['no key', '6 =ab\n'],
  ['no value', '7 path\n'],
  ['a key twice', '10 path=x\n10 path=y\n'],
  ['an attribute twice', '24 SCHILY.xattr.user.a=\n24 SCHILY.xattr.user.a=\n'],
  ['an empty path', '8 path=\n'],
  ['a path with a zero', '11 path=a\0\n'],
  ['a size that is none', '11 size=1e3\n'],
  ['a size out of range', '26 size=9999999999999999\n'],
  ['a time that is none', '14 mtime=1.2.3\n'],
  ['a time finer than nanoseconds', '22 mtime=1.0123456789\n'],
  ['half a sparse header', '22 GNU.sparse.major=1\n'],
])('a PAX header with %s is refused', (_, records) => {
  expect(() => read(withPax(records))).toThrow(expect.objectContaining({ code: 'E_DAMAGED' }))
})

test('a PAX key that nobody knows is let through', () => {
  expect(read(withPax('18 VENDOR.new=one\n')).members.length).toBe(1)
})

test('any bytes give members or a BackupError', () => {
  const block = fc.constantFrom(
    sample.subarray(0, 512),
    sample.subarray(1024, 1536),
    encodeTarHeader(member()),
    Buffer.alloc(512),
    Buffer.from('13 path=a/b/c\n'.padEnd(512, '\0')),
  )
  const noise = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.array(fc.oneof(block, noise), { maxLength: 8 }), fc.array(fc.nat(700)), (parts, pieces) => {
      try {
        read(Buffer.concat(parts), pieces)
      } catch (error) {
        expect(error).toBeInstanceOf(BackupError)
      }
    }),
    { numRuns: 3000, seed: 1 },
  )
})
