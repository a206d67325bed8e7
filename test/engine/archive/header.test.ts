import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHeader, openHeader, type PubFields } from '../../../src/engine/archive/header.ts'
import {
  type ArchiveBytes,
  compareHeaderCopies,
  encodeHeader,
  magic,
  readHeader,
} from '../../../src/engine/archive/header-region.ts'
import { SegmentOpener, SegmentSealer, segmentKeyOf } from '../../../src/engine/archive/stream-aead.ts'
import { identOfArchive } from '../../../src/engine/keys/archive-keys.ts'
import type { Secret } from '../../../src/engine/keys/secrets.ts'
import { type Keys, kdfDefaults, noKeys, slotKeyFor, wrapKey } from '../../../src/engine/keys/slots.ts'
import { BackupError, type ErrorCode } from '../../../src/model/errors.ts'
import { seededRandom } from '../keys/seeded-random.ts'

const random = seededRandom('header')
const secret: Secret = { kind: 'raw', key: random.bytes(32) }
const slotKey = slotKeyFor(secret, kdfDefaults.scrypt, random)
const keys: Keys = { secrets: [secret], slotKeys: [] }
const otherKeys: Keys = { secrets: [{ kind: 'raw', key: random.bytes(32) }], slotKeys: [] }
const stream = Buffer.alloc(100, 0x28)

function fields(overrides: Partial<PubFields> = {}): PubFields {
  return {
    id: 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf',
    created: '2026-11-20T02:00:00.000Z',
    kind: 'full',
    tenant: '-',
    profile: 'self',
    set: '2026-11-20T02-00-00Z-full-7f3k',
    deps: [],
    comp: 'zstd',
    loc: 72,
    segmentBytes: 64,
    ...overrides,
  }
}

function archive(bytes: Uint8Array): ArchiveBytes {
  return { name: 'files.tar.zst.enc', fileBytes: bytes.length, read: (at, length) => bytes.subarray(at, at + length) }
}

/** Reads into one buffer again and again, as a frugal caller may. */
function reusing(bytes: Uint8Array): ArchiveBytes {
  const shared = Buffer.alloc(2 ** 20)
  return {
    ...archive(bytes),
    read(at, length) {
      shared.fill(0x55)
      const part = bytes.subarray(at, at + length)
      shared.set(part)
      return shared.subarray(0, part.length)
    },
  }
}

const sealed = createHeader(fields(), [slotKey], random)
const good = Buffer.concat([sealed.bytes, stream])
const usedBytes = 96 + good.readUInt32BE(16) + good.readUInt32BE(20)

function codeOf(action: () => unknown): ErrorCode | null {
  try {
    action()
    return null
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    return error.code
  }
}

/** A region whose checksums are right and whose content is whatever `change` makes of it. */
function rehashed(change: (copy: Buffer) => void, base: Uint8Array = good): Buffer {
  const file = Buffer.from(base)
  const copyBytes = file.readUInt32BE(24)
  const copy = file.subarray(0, copyBytes)
  change(copy)
  const used = 96 + copy.readUInt32BE(16) + copy.readUInt32BE(20)
  createHash('sha256')
    .update(copy.subarray(0, used - 32))
    .digest()
    .copy(copy, used - 32)
  copy.copy(file, copyBytes)
  return file
}

test('opens with the key it was made for, and says what the stream needs', () => {
  for (const file of [archive(good), reusing(good)]) {
    const opened = openHeader(file, keys)
    expect(opened.pub).toEqual(sealed.pub)
    expect(opened.streamKey).toEqual(sealed.streamKey)
    expect(Buffer.from(opened.associatedData).equals(Buffer.from(sealed.associatedData))).toBe(true)
    expect(opened.headerBytes).toBe(8192)
    expect(opened.healed).toBe(false)
  }
})

test('lies on disk as the format says', () => {
  expect(good.subarray(0, 16).toString('hex')).toBe('89424b41310d0a1a0100000000002000')
  expect(good.readUInt32BE(24)).toBe(4096)
  expect(good.readUInt32BE(28)).toBe(0)
  const pubEnd = 32 + good.readUInt32BE(16)
  expect(JSON.parse(good.subarray(32, pubEnd).toString('utf8'))).toEqual(sealed.pub)
  expect(JSON.parse(good.subarray(pubEnd, usedBytes - 64).toString('utf8'))).toHaveLength(1)
  const digest = createHash('sha256')
    .update(good.subarray(0, usedBytes - 32))
    .digest()
  expect(good.subarray(usedBytes - 32, usedBytes).equals(digest)).toBe(true)
  expect(good.subarray(usedBytes, 4096).every((byte) => byte === 0)).toBe(true)
  expect(good.subarray(0, 4096).equals(good.subarray(4096, 8192))).toBe(true)
})

test('reads the public part without a key', () => {
  expect(readHeader(archive(good)).pub.set).toBe('2026-11-20T02-00-00Z-full-7f3k')
})

test('tells a missing key, a wrong key and damage apart', () => {
  expect(codeOf(() => openHeader(archive(good), noKeys))).toBe('E_KEY_MISSING')
  expect(codeOf(() => openHeader(archive(good), otherKeys))).toBe('E_KEY_WRONG')
  const rotten = Buffer.from(good)
  rotten[40]! ^= 1
  rotten[4096 + 40]! ^= 1
  expect(codeOf(() => openHeader(archive(rotten), keys))).toBe('E_DAMAGED')
})

test('names BACKUP_ENCRYPTION_KEY and the key file where no key was given', () => {
  expect(() => openHeader(archive(good), noKeys)).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/BACKUP_ENCRYPTION_KEY.*key file/) }),
  )
})

test('is never made for nobody', () => {
  expect(codeOf(() => createHeader(fields(), [], random))).toBe('E_KEY_MISSING')
})

test('heals from the second copy whichever byte of the first was damaged', () => {
  for (let at = 0; at < usedBytes; at++) {
    const file = Buffer.from(good)
    file[at]! ^= 1 << (at % 8)
    const opened = openHeader(archive(file), keys)
    expect(opened.healed).toBe(true)
    expect(opened.headerBytes).toBe(8192)
    expect(opened.streamKey).toEqual(sealed.streamKey)
    expect(compareHeaderCopies(archive(file))).toEqual(['the first copy of the header is damaged'])
  }
})

test('opens, and a full verification tells, whichever byte of the second copy or of the padding was damaged', () => {
  for (let at = usedBytes; at < 8192; at += at < 4000 || at > 4096 + usedBytes ? 17 : 1) {
    const file = Buffer.from(good)
    file[at]! ^= 0x10
    expect(openHeader(archive(file), keys).healed).toBe(false)
    expect(compareHeaderCopies(archive(file))).toHaveLength(1)
  }
  expect(compareHeaderCopies(archive(good))).toEqual([])
})

test('reports damage where both copies are damaged', () => {
  for (let at = 0; at < usedBytes; at += 3) {
    const file = Buffer.from(good)
    file[at]! ^= 0xff
    file[4096 + ((at * 7) % usedBytes)]! ^= 0x01
    expect(codeOf(() => openHeader(archive(file), keys))).toBe(at === 8 ? 'E_NEWER_FORMAT' : 'E_DAMAGED')
  }
})

test('never opens a header in which a byte was changed and the checksums were put right', () => {
  for (let at = 0; at < usedBytes - 32; at++) {
    const file = rehashed((copy) => {
      if (at < 12 || at >= 32) copy[at]! ^= 1
    })
    if (at >= 12 && at < 32) continue
    expect(codeOf(() => openHeader(archive(file), keys))).toMatch(/^E_(DAMAGED|KEY_WRONG|NEWER_FORMAT)$/)
  }
})

test('takes a good checksum with a bad MAC for tampering, and does not go on to the second copy', () => {
  const file = Buffer.from(good)
  const forged = rehashed((copy) => {
    copy[usedBytes - 64]! ^= 1
  })
  forged.copy(file, 0, 0, 4096)
  expect(() => openHeader(archive(file), keys)).toThrow(/tampered/)
})

test('refuses a public part that was exchanged under the same slots', () => {
  const file = rehashed((copy) => {
    const text = copy.subarray(32, usedBytes).toString('latin1').replace('"kind":"full"', '"kind":"incr"')
    copy.write(text, 32, 'latin1')
  })
  expect(() => openHeader(archive(file), keys)).toThrow(/tampered/)
})

test('says of any other file that it is not an archive', () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(10),
    Buffer.from('\x1f\x8b'),
    Buffer.alloc(20_000, 7),
    Buffer.from(magic).subarray(0, 7),
  ]) {
    expect(() => readHeader(archive(bytes))).toThrow(/is not a Holdfast archive/)
  }
})

test('never opens an archive cut off inside its header and first segment', () => {
  const sealer = new SegmentSealer({
    ...sealed,
    segmentBytes: 64,
    salt: random.bytes(32),
    noncePrefix: random.bytes(7),
  })
  const file = Buffer.concat([sealed.bytes, sealer.header(), ...sealer.push(Buffer.alloc(70, 1)), ...sealer.finish()])
  const openAll = (bytes: Uint8Array) => {
    const source = archive(bytes)
    const { headerBytes, pub, ...rest } = openHeader(source, keys)
    const prefix = source.read(headerBytes, 40)
    const options = { ...rest, segmentBytes: pub.enc.seg, prefix, headerBytes, fileBytes: bytes.length }
    const opener = new SegmentOpener(segmentKeyOf(options))
    const last = opener.segmentCount - 1
    const { position, length } = opener.ciphertextRange(last)
    return opener.open(last, source.read(position, length))
  }
  expect(openAll(file).length).toBeGreaterThan(0)
  for (let length = 0; length < file.length; length += length < 8100 && length > usedBytes + 10 ? 41 : 1) {
    expect(codeOf(() => openAll(file.subarray(0, length)))).toBe('E_DAMAGED')
  }
  const foreign = createHeader(fields({ id: 'b'.repeat(32) }), [slotKey], random)
  expect(codeOf(() => openAll(Buffer.concat([foreign.bytes, file.subarray(8192)])))).toBe('E_DAMAGED')
  const twin = createHeader(fields(), [slotKey], random)
  expect(codeOf(() => openAll(Buffer.concat([twin.bytes, file.subarray(8192)])))).toBe('E_DAMAGED')
  const mixed = Buffer.concat([twin.bytes.subarray(0, 4096), file.subarray(4096)])
  expect(codeOf(() => openAll(mixed))).toBe('E_DAMAGED')
  expect(compareHeaderCopies(archive(mixed))).toEqual(['the copies of the header differ'])
  const healed = Buffer.concat([file.subarray(0, 4096), twin.bytes.subarray(4096), file.subarray(8192)])
  expect(openAll(healed).length).toBeGreaterThan(0)
  expect(compareHeaderCopies(archive(healed))).toEqual(['the copies of the header differ'])
})

test('says that a newer Holdfast is needed for another major version, flag, cipher or compression', () => {
  const poked = (at: number, value: number) => rehashed((copy) => copy.fill(value, at, at + 1))
  const changed = (from: string, to: string) =>
    rehashed((copy) => {
      copy.write(copy.subarray(32, usedBytes).toString('latin1').replace(from, to), 32, 'latin1')
    })
  const files = [
    poked(8, 2),
    poked(11, 1),
    poked(10, 0x80),
    changed('tink-aes256', 'tink-aes512'),
    changed('"comp":"zstd"', '"comp":"brot"'),
  ]
  for (const file of files) expect(codeOf(() => readHeader(archive(file)))).toBe('E_NEWER_FORMAT')
  expect(codeOf(() => readHeader(archive(poked(9, 7))))).toBe(null)
})

/** A region with slots of any kind, correctly authenticated with the archive's own key. */
function withSlots(makeSlots: (own: unknown) => unknown[]): Buffer {
  const dataKey = random.bytes(32)
  const fixed = { bytes: (count: number) => (count === 32 ? dataKey : random.bytes(count)) }
  const header = createHeader(fields(), [slotKey], fixed)
  const own = wrapKey(slotKey, identOfArchive(fields().id), dataKey, random)
  const region = Buffer.from(header.bytes)
  const pubBytes = region.subarray(32, 32 + region.readUInt32BE(16))
  const macKey = macKeyOf(dataKey)
  return Buffer.concat([encodeHeader(pubBytes, makeSlots(own), macKey), stream])
}

function macKeyOf(dataKey: Uint8Array): Uint8Array {
  const extracted = createHmac('sha256', identOfArchive(fields().id)).update(dataKey).digest()
  return createHmac('sha256', extracted).update('BKA1/header-mac\x01').digest()
}

test('keeps slots of unknown types and goes on to the one it knows', () => {
  const unknown = { t: 'hpke-x25519-mlkem768', anything: [1, 2], w: 'x' }
  const opened = openHeader(archive(withSlots((own) => [unknown, own])), keys)
  expect(opened.slots.written).toHaveLength(2)
  expect(opened.slots.written[0]).toEqual(unknown)
  expect(opened.slots.slots).toHaveLength(1)
})

test('computes nothing for a slot with parameters over the caps or a wrap of the wrong length', () => {
  const w = 'A'.repeat(80)
  const s = Buffer.alloc(16).toString('base64')
  const hostile = [
    { t: 'scrypt', n: 40, r: 8, p: 1, s, w },
    { t: 'scrypt', n: 20, r: 1e9, p: 1, s, w },
    { t: 'scrypt', n: 17.5, r: 8, p: 1, s, w },
    { t: 'argon2id', m: 1e9, i: 3, p: 1, s, w },
    { t: 'argon2id', m: 65536, i: 1e9, p: 1, s, w },
    { t: 'pbkdf2', h: 'sha256', i: 1e12, s, w },
    { t: 'scrypt', n: 1, r: 1, p: 1, s, w: w.slice(4) },
    { t: 'raw', kid: '0'.repeat(16), w: Buffer.alloc(48).toString('base64') },
  ]
  const file = withSlots((own) => [...hostile, own])
  const passphrase: Keys = { secrets: [{ kind: 'passphrase', text: 'x' }], slotKeys: [] }
  expect(readHeader(archive(file)).slots.slots).toHaveLength(1)
  expect(codeOf(() => openHeader(archive(file), passphrase))).toBe('E_KEY_WRONG')
  expect(openHeader(archive(file), keys).pub.id).toBe(fields().id)
})

test('refuses more than 32 slots and slots that are no list', () => {
  expect(codeOf(() => openHeader(archive(withSlots((own) => Array(32).fill(own))), keys))).toBe(null)
  expect(codeOf(() => openHeader(archive(withSlots((own) => Array(33).fill(own))), keys))).toBe('E_DAMAGED')
})

test('grows in powers of two where the slots need it, and finds the second copy there', () => {
  for (const [padding, expected] of [
    [3000, 8192],
    [4000, 16_384],
    [30_000, 65_536],
    [500_000, 1_048_576],
  ] as const) {
    const file = withSlots((own) => [own, { t: 'bulky', padding: 'x'.repeat(padding) }])
    expect(file.length).toBe(expected + stream.length)
    expect(openHeader(reusing(file), keys).headerBytes).toBe(expected)
    file[33]! ^= 1
    const healed = openHeader(reusing(file), keys)
    expect(healed.healed).toBe(true)
    expect(healed.headerBytes).toBe(expected)
  }
  expect(codeOf(() => withSlots((own) => [own, { t: 'bulky', padding: 'x'.repeat(600_000) }]))).toBe('E_UNSUPPORTED')
})

function onlyBackupErrors(bytes: Uint8Array): void {
  codeOf(() => openHeader(archive(bytes), keys))
  codeOf(() => compareHeaderCopies(archive(bytes)))
}

test('answers random bytes with nothing but its own errors', () => {
  const withMagic = fc.uint8Array({ maxLength: 9000 }).map((tail) => Buffer.concat([magic, tail]))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 9000 }), onlyBackupErrors), { numRuns: 200 })
  fc.assert(fc.property(withMagic, onlyBackupErrors), { numRuns: 300 })
})

test('answers mutated headers, their checksums put right or not, with nothing but its own errors', () => {
  const edit = fc.tuple(fc.nat(usedBytes - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), fc.boolean(), (edits, repaired) => {
      const change = (copy: Buffer) => {
        for (const [at, value] of edits) if (!repaired || at < 12 || at >= 32) copy[at] = value
      }
      const file = repaired ? rehashed(change) : Buffer.from(good)
      if (!repaired) {
        change(file.subarray(0, 4096))
        change(file.subarray(4096, 8192))
      }
      onlyBackupErrors(file)
    }),
    { numRuns: 500 },
  )
})

test('answers any JSON in place of the public part and the slots with nothing but its own errors', () => {
  const anything = fc.oneof(
    fc.json(),
    fc.constant(`${'['.repeat(1000)}${']'.repeat(1000)}`),
    fc.constant('{"fmt":"BKA1","enc":null}'),
  )
  fc.assert(
    fc.property(anything, fc.jsonValue(), (pub, slots) => {
      const region = encodeHeader(Buffer.from(pub), Array.isArray(slots) ? slots : [slots], random.bytes(32))
      onlyBackupErrors(region)
    }),
    { numRuns: 300 },
  )
})
