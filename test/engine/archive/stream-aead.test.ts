import { createCipheriv, createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  deriveSegmentKey,
  SegmentOpener,
  SegmentSealer,
  segmentKeyOf,
  type Variant,
} from '../../../src/engine/archive/stream-aead.ts'
import { associatedDataOf, deriveArchiveKeys } from '../../../src/engine/keys/archive-keys.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { seededRandom } from '../keys/seeded-random.ts'

const random = seededRandom('stream')
const streamKey = random.bytes(32)
const associatedData = random.bytes(32)
const salt = random.bytes(32)
const noncePrefix = random.bytes(7)
const hex = (text: string) => Buffer.from(text, 'hex')

interface Sealing {
  readonly streamKey: Uint8Array
  readonly associatedData: Uint8Array
  readonly segmentBytes: number
  readonly salt: Uint8Array
  readonly noncePrefix: Uint8Array
}

function sealing(segmentBytes: number, overrides: Partial<Sealing> = {}): Sealing {
  return { streamKey, associatedData, segmentBytes, salt, noncePrefix, ...overrides }
}

function seal(plaintext: Uint8Array, options: Sealing, piece = plaintext.length || 1, variant?: Variant): Buffer {
  const sealer = new SegmentSealer(options, variant)
  const parts = [sealer.header()]
  for (let at = 0; at < plaintext.length; at += piece) parts.push(...sealer.push(plaintext.subarray(at, at + piece)))
  parts.push(...sealer.finish())
  return Buffer.concat(parts)
}

function openerOf(file: Uint8Array, options: Sealing, headerBytes = 0, variant?: Variant): SegmentOpener {
  const prefix = file.subarray(headerBytes, headerBytes + 1 + options.salt.length + 7)
  const { streamKey, associatedData, segmentBytes } = options
  return new SegmentOpener(
    segmentKeyOf({ streamKey, associatedData, segmentBytes, prefix, headerBytes, fileBytes: file.length }, variant),
  )
}

/** What a careful reader releases, and how it ended: the last segment first, then in order. */
function release(
  file: Uint8Array,
  options: Sealing,
  headerBytes = 0,
  variant?: Variant,
): { released: Buffer; error: unknown } {
  const released: Uint8Array[] = []
  try {
    const opener = openerOf(file, options, headerBytes, variant)
    const open = (segment: number) => {
      const { position, length } = opener.ciphertextRange(segment)
      return opener.open(segment, file.subarray(position, position + length))
    }
    open(opener.segmentCount - 1)
    for (let segment = 0; segment < opener.segmentCount; segment++) released.push(open(segment))
    return { released: Buffer.concat(released), error: null }
  } catch (error) {
    return { released: Buffer.concat(released), error }
  }
}

function open(file: Uint8Array, options: Sealing, headerBytes = 0, variant?: Variant): Buffer {
  const { released, error } = release(file, options, headerBytes, variant)
  if (error !== null) throw error
  return released
}

function expectDamage(error: unknown): void {
  expect(error).toBeInstanceOf(BackupError)
  expect(error).toHaveProperty('code', 'E_DAMAGED')
}

const plain = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + 3 + (i >> 8)) & 255)

interface TinkVector {
  keyValue: string
  hash: Variant['hash']
  keyBytes: Variant['keyBytes']
  segmentBytes: number
  plaintext: string
  associatedData: string
  ciphertext: string
}
const tink: { vectors: TinkVector[] } = JSON.parse(readFileSync('test/fixtures/tink-streaming-vectors.json', 'utf8'))

test.each(tink.vectors.map((vector, index) => ({ index, ...vector })))(
  "opens Tink's test vector $index and seals it again to the same bytes",
  ({ keyValue, hash, keyBytes, segmentBytes, plaintext, associatedData, ciphertext }) => {
    const file = hex(ciphertext)
    const variant = { hash, keyBytes }
    const options = {
      streamKey: hex(keyValue),
      associatedData: hex(associatedData),
      segmentBytes,
      salt: file.subarray(1, 1 + keyBytes),
      noncePrefix: file.subarray(1 + keyBytes, 8 + keyBytes),
    }
    expect(open(file, options, 0, variant).toString('hex')).toBe(plaintext)
    expect(seal(hex(plaintext), options, 5, variant).toString('hex')).toBe(ciphertext)
  },
)

test("derives the segment key of Tink's test vector 0", () => {
  const key = deriveSegmentKey(
    hex('6eb56cdc726dfbe5d57f2fcdc6e9345b'),
    hex('93b3af5e14ab378d065addfc8484da64'),
    Buffer.from('aad'),
    {
      hash: 'sha1',
      keyBytes: 16,
    },
  )
  expect(Buffer.from(key).toString('hex')).toBe('66dd511791296a6cfc94a24041fcab9f')
})

interface KnownAnswer {
  seg: number
  plaintext_len: number
  pub: string
  dek: string
  archive_id: string
  salt: string
  nonce_prefix: string
  stream_key: string
  aad: string
  derived_aes_key: string
  commit: string
  header_mac_key: string
  ciphertext_len: number
  ciphertext_sha256: string
  ciphertext?: string
}
const known: { vectors: KnownAnswer[] } = JSON.parse(readFileSync('test/fixtures/archive-known-answers.json', 'utf8'))

test.each(known.vectors)('agrees with the known answer for $plaintext_len bytes in segments of $seg', (vector) => {
  const keys = deriveArchiveKeys(hex(vector.dek), vector.archive_id)
  expect(Buffer.from(keys.streamKey).toString('hex')).toBe(vector.stream_key)
  expect(Buffer.from(keys.macKey).toString('hex')).toBe(vector.header_mac_key)
  expect(Buffer.from(keys.commit).toString('hex')).toBe(vector.commit)
  const bound = associatedDataOf(Buffer.from(vector.pub))
  expect(Buffer.from(bound).toString('hex')).toBe(vector.aad)
  expect(Buffer.from(deriveSegmentKey(keys.streamKey, hex(vector.salt), bound)).toString('hex')).toBe(
    vector.derived_aes_key,
  )

  const options = {
    streamKey: keys.streamKey,
    associatedData: bound,
    segmentBytes: vector.seg,
    salt: hex(vector.salt),
    noncePrefix: hex(vector.nonce_prefix),
  }
  const plaintext = plain(vector.plaintext_len)
  const sealed = seal(plaintext, options, 777_777)
  expect(sealed.length).toBe(vector.ciphertext_len)
  expect(createHash('sha256').update(sealed).digest('hex')).toBe(vector.ciphertext_sha256)
  if (vector.ciphertext !== undefined) expect(sealed.toString('hex')).toBe(vector.ciphertext)
  expect(open(sealed, options).equals(plaintext)).toBe(true)
})

const segmentSizes = [57, 58, 59, 63, 64, 72, 73, 100, 128, 129, 199, 255, 256, 300]

test.each(segmentSizes)(
  'gives back every length around the edges of segments of %i bytes, however it is pushed',
  (segmentBytes) => {
    const c0 = segmentBytes - 56
    const c = segmentBytes - 16
    const lengths = new Set([0, 1, 2])
    for (const k of [0, 1, 2, 5]) for (const d of [-1, 0, 1]) lengths.add(c0 + k * c + d).add(k * c + d)
    for (const length of lengths) {
      if (length < 0) continue
      const plaintext = plain(length)
      const sealed = seal(plaintext, sealing(segmentBytes))
      const segments = length <= c0 ? 1 : 1 + Math.ceil((length - c0) / c)
      expect(sealed.length).toBe(40 + length + 16 * segments)
      for (const piece of [1, 13, c0, c])
        expect(seal(plaintext, sealing(segmentBytes), piece).equals(sealed)).toBe(true)
      const file = Buffer.concat([Buffer.alloc(24, 0xaa), sealed])
      const opener = openerOf(file, sealing(segmentBytes), 24)
      expect(opener.segmentCount).toBe(segments)
      expect(opener.plaintextBytes).toBe(length)
      expect(open(file, sealing(segmentBytes), 24).equals(plaintext)).toBe(true)
    }
  },
)

test.each([57, 64, 131])(
  'maps every plaintext offset to the byte that a walk over segments of %i bytes finds',
  (segmentBytes) => {
    const opener = openerOf(seal(plain(500), sealing(segmentBytes)), sealing(segmentBytes))
    let offset = 0
    for (let segment = 0; segment < opener.segmentCount; segment++) {
      const { length } = opener.ciphertextRange(segment)
      expect(opener.plaintextRange(segment)).toEqual({ offset, length: length - 16 })
      for (let inner = 0; inner < length - 16; inner++) {
        expect(opener.locate(offset++)).toEqual({ segment, offset: inner })
      }
    }
    expect(offset).toBe(500)
  },
)

test('refuses offsets and segments that lie outside', () => {
  const opener = openerOf(seal(plain(500), sealing(64)), sealing(64))
  for (const offset of [-1, 500, 501, 0.5, Number.NaN, 2 ** 60]) {
    expect(() => opener.locate(offset)).toThrow(expect.objectContaining({ code: 'E_DAMAGED' }))
  }
  for (const segment of [-1, opener.segmentCount, 0.5, Number.NaN]) {
    expect(() => opener.ciphertextRange(segment)).toThrow(expect.objectContaining({ code: 'E_DAMAGED' }))
  }
})

test('opens from a key that has been through a structured clone', () => {
  const file = seal(plain(100), sealing(64))
  const key = segmentKeyOf({ ...sealing(64), prefix: file.subarray(0, 40), headerBytes: 0, fileBytes: file.length })
  const opener = new SegmentOpener(structuredClone(key))
  expect(Buffer.from(opener.open(0, file.subarray(40, 64))).equals(plain(8))).toBe(true)
})

const victim = plain(200)
const victimFile = seal(victim, sealing(64))
const segmentAt = (file: Buffer, segment: number) =>
  file.subarray(segment === 0 ? 40 : segment * 64, (segment + 1) * 64)
const segmentTotal = Math.ceil(victimFile.length / 64)

test('never releases a byte of a segment in which any bit of any byte was flipped', () => {
  for (let at = 0; at < victimFile.length; at++) {
    for (const bit of [0, 3, 7]) {
      const file = Buffer.from(victimFile)
      file[at]! ^= 1 << bit
      const { released, error } = release(file, sealing(64))
      expectDamage(error)
      expect(released.equals(victim.subarray(0, released.length))).toBe(true)
      const before = Math.max(0, Math.floor(at / 64) * 48 - 40)
      expect(released.length).toBeLessThanOrEqual(at < 40 ? 0 : before)
    }
  }
})

test('releases nothing of a stream cut off at any length', () => {
  for (let length = 0; length < victimFile.length; length++) {
    const { released, error } = release(victimFile.subarray(0, length), sealing(64))
    expectDamage(error)
    expect(released.length).toBe(0)
  }
})

test('releases nothing of a stream that 1 to 64 bytes were appended to', () => {
  for (let length = 1; length <= 64; length++) {
    for (const fill of [0, 0xff]) {
      const { released, error } = release(Buffer.concat([victimFile, Buffer.alloc(length, fill)]), sealing(64))
      expectDamage(error)
      expect(released.length).toBe(0)
    }
  }
})

test('refuses an empty last segment behind a full one, although it was sealed with the right key', () => {
  const full = Buffer.concat(new SegmentSealer(sealing(64)).push(plain(9)))
  const nonce = Buffer.concat([noncePrefix, Uint8Array.of(0, 0, 0, 1, 1)])
  const cipher = createCipheriv('aes-256-gcm', deriveSegmentKey(streamKey, salt, associatedData), nonce)
  cipher.final()
  const file = Buffer.concat([new SegmentSealer(sealing(64)).header(), full, cipher.getAuthTag()])
  expect(file.length).toBe(64 + 16)
  expectDamage(release(file, sealing(64)).error)
})

test('refuses segments that were swapped, repeated or left out', () => {
  const parts = Array.from({ length: segmentTotal }, (_, segment) => segmentAt(victimFile, segment))
  const prefix = victimFile.subarray(0, 40)
  const variants: Buffer[][] = []
  for (let a = 1; a < segmentTotal; a++) {
    variants.push(parts.filter((_, segment) => segment !== a))
    variants.push(parts.flatMap((part, segment) => (segment === a ? [part, part] : [part])))
    for (let b = 1; b < a; b++) {
      variants.push(parts.map((part, segment) => (segment === a ? parts[b]! : segment === b ? parts[a]! : part)))
    }
  }
  for (const variant of variants) {
    const { released, error } = release(Buffer.concat([prefix, ...variant]), sealing(64))
    expectDamage(error)
    expect(released.equals(victim.subarray(0, released.length))).toBe(true)
  }
})

test('refuses a segment of the same number from another stream of the same key', () => {
  const donors = [
    seal(
      victim.map((byte) => byte ^ 1),
      sealing(64, { salt: random.bytes(32) }),
    ),
    seal(victim, sealing(64, { associatedData: random.bytes(32) })),
    seal(victim, sealing(64, { noncePrefix: random.bytes(7) })),
  ]
  for (const donor of donors) {
    for (let segment = 0; segment < segmentTotal; segment++) {
      const file = Buffer.from(victimFile)
      segmentAt(donor, segment).copy(file, segment === 0 ? 40 : segment * 64)
      expectDamage(release(file, sealing(64)).error)
    }
    const transplanted = Buffer.concat([donor.subarray(0, 40), victimFile.subarray(40)])
    if (!donor.subarray(0, 40).equals(victimFile.subarray(0, 40))) {
      expect(release(transplanted, sealing(64)).released.length).toBe(0)
    }
  }
})

test('releases nothing with another key, other associated data or another segment length', () => {
  const others = [
    { streamKey: random.bytes(32) },
    { associatedData: random.bytes(32) },
    { segmentBytes: 65 },
    { segmentBytes: 128 },
  ]
  for (const other of others) {
    const { released, error } = release(victimFile, sealing(64, other))
    expectDamage(error)
    expect(released.length).toBe(0)
  }
})

test('refuses a tag of 4 bytes', () => {
  const file = seal(plain(5), sealing(64))
  expectDamage(release(file.subarray(0, file.length - 12), sealing(64)).error)
  const opener = openerOf(file, sealing(64))
  expect(() => opener.open(0, file.subarray(40, file.length - 12))).toThrow(
    expect.objectContaining({ code: 'E_DAMAGED' }),
  )
})

test('keeps nothing back but what may be the last segment', () => {
  const sealer = new SegmentSealer(sealing(64))
  const sealed = (pieces: Uint8Array[]) => Buffer.concat(pieces).length
  expect(sealed(sealer.push(plain(8)))).toBe(0)
  expect(sealed(sealer.push(plain(1)))).toBe(8 + 16)
  expect(sealed(sealer.push(plain(47)))).toBe(0)
  expect(sealed(sealer.push(plain(97)))).toBe(3 * 64)
  expect(sealed(sealer.finish())).toBe(17)
  expect(() => sealer.push(plain(1))).toThrow(BackupError)
  expect(() => sealer.finish()).toThrow(BackupError)
})
