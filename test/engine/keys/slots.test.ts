import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { derive } from '../../../src/engine/keys/derive.ts'
import { type Passphrase, stretch } from '../../../src/engine/keys/kdf.ts'
import { type Secret, secretFromKeyfile, secretFromText } from '../../../src/engine/keys/secrets.ts'
import {
  cannotOpen,
  type KdfChoice,
  kdfDefaults,
  noKeys,
  slotKeyFor,
  unwrapCandidates,
  unwrapKey,
  wrapKey,
} from '../../../src/engine/keys/slots.ts'
import { type Slot, slotSchema } from '../../../src/model/archive.ts'
import { seededRandom } from './seeded-random.ts'

const random = seededRandom('slots')
const ident = random.bytes(16)
const dataKey = random.bytes(32)
const quick: KdfChoice = { kdf: 'scrypt', params: { n: 4, r: 8, p: 1 } }
const raw: Secret = { kind: 'raw', key: random.bytes(32) }
const passphrase: Passphrase = { kind: 'passphrase', text: 'correct horse' }

function open(slots: Slot[], secrets: Secret[], untried = new Set<string>()): Uint8Array | null {
  const [first] = unwrapCandidates(slots, { secrets, slotKeys: [] }, ident, untried)
  return first?.dataKey ?? null
}

const salted = (text: string) => Buffer.from(text).toString('base64')
const hexOf = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('hex'))

test('wraps as the known answer does', () => {
  const { slot, vectors } = JSON.parse(readFileSync('test/fixtures/archive-known-answers.json', 'utf8'))
  const id = Buffer.from(vectors[0].archive_id, 'hex')
  const secret = Buffer.from(slot.secret, 'hex')
  expect(hexOf(derive(secret, id, 'BKA1/slot/raw'))).toBe(slot.kek)
  const slotKey = slotKeyFor({ kind: 'raw', key: secret }, quick, random)
  const wrapped = wrapKey(slotKey, id, Buffer.from(vectors[0].dek, 'hex'), { bytes: () => Buffer.from(slot.iv, 'hex') })
  expect(wrapped.w).toBe(slot.w)
  expect(hexOf(unwrapKey(wrapped, secret, id))).toBe(vectors[0].dek)
})

// RFC 7914 sections 11 and 12; argon2id: test.c of the reference implementation.
test.each([
  {
    kdf: { t: 'scrypt', n: 14, r: 8, p: 1, s: salted('SodiumChloride') },
    text: 'pleaseletmein',
    secret: '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2',
  },
  {
    kdf: { t: 'pbkdf2', h: 'sha256', i: 1, s: salted('salt') },
    text: 'passwd',
    secret: '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc',
  },
  {
    kdf: { t: 'argon2id', m: 65_536, i: 2, p: 1, s: salted('somesalt') },
    text: 'password',
    secret: '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7',
  },
] as const)('stretches with $kdf.t as published', ({ kdf, text, secret }) => {
  expect(hexOf(stretch({ kind: 'passphrase', text }, kdf))).toBe(secret)
})

const choices: KdfChoice[] = [quick, { kdf: 'argon2id', params: { m: 64, i: 1, p: 1 } }, kdfDefaults.pbkdf2]

test.each(choices)('opens a $kdf slot with its passphrase and with no other', (choice) => {
  const slot = wrapKey(slotKeyFor(passphrase, choice, random), ident, dataKey, random)
  expect(slotSchema.parse(slot)).toEqual(slot)
  expect(slot.t).toBe(choice.kdf)
  expect(slot.kid).toMatch(/^[0-9a-f]{16}$/)
  expect(hexOf(open([slot], [{ ...passphrase }]))).toBe(hexOf(dataKey))
  expect(open([slot], [{ kind: 'passphrase', text: 'correct horse ' }])).toBe(null)
  expect(open([slot], [raw])).toBe(null)
})

test('opens a raw slot with a key file of the same 32 bytes, and the other way round', () => {
  const digits = Buffer.from(raw.key).toString('hex')
  const asFile = secretFromKeyfile(Buffer.from(`${digits}\n`))
  const rawSlot = wrapKey(slotKeyFor(raw, quick, random), ident, dataKey, random)
  const fileSlot = wrapKey(slotKeyFor(asFile, quick, random), ident, dataKey, random)
  expect(rawSlot.t).toBe('raw')
  expect(fileSlot.t).toBe('keyfile')
  expect(fileSlot.kid).toBe(rawSlot.kid)
  for (const slot of [rawSlot, fileSlot]) {
    for (const secret of [raw, asFile, secretFromText(digits)]) expect(open([slot], [secret])).not.toBe(null)
  }
})

test('opens with a long key file used verbatim', () => {
  const long = secretFromKeyfile(random.bytes(5000))
  const slot = wrapKey(slotKeyFor(long, quick, random), ident, dataKey, random)
  expect(hexOf(open([slot], [long]))).toBe(hexOf(dataKey))
  expect(open([slot], [secretFromKeyfile(random.bytes(5000))])).toBe(null)
})

test('binds a wrap to its ident, its type and every one of its bytes', () => {
  const slot = wrapKey(slotKeyFor(raw, quick, random), ident, dataKey, random)
  expect(unwrapKey(slot, raw.key, random.bytes(16))).toBe(null)
  expect(unwrapKey({ ...slot, t: 'keyfile', kid: slot.kid ?? '' }, raw.key, ident)).toBe(null)
  const wrapped = Buffer.from(slot.w, 'base64')
  for (let at = 0; at < 60; at++) {
    const changed = Buffer.from(wrapped)
    changed[at]! ^= 1
    expect(unwrapKey({ ...slot, w: changed.toString('base64') }, raw.key, ident)).toBe(null)
  }
  for (const length of [0, 12, 28, 48, 59, 61]) {
    const cut = Buffer.alloc(length)
    wrapped.copy(cut)
    expect(unwrapKey({ ...slot, w: cut.toString('base64') }, raw.key, ident)).toBe(null)
  }
})

test('never wraps twice under the same IV', () => {
  const slotKey = slotKeyFor(raw, quick, random)
  expect(wrapKey(slotKey, ident, dataKey, random).w).not.toBe(wrapKey(slotKey, ident, dataKey, random).w)
})

test('stretches once for all archives that share a salt', () => {
  const kdf = { t: 'scrypt', n: 4, r: 8, p: 1, s: salted('0123456789abcdef') } as const
  expect(stretch(passphrase, kdf)).toBe(stretch(passphrase, { ...kdf }))
  expect(stretch(passphrase, { ...kdf, n: 5 })).not.toBe(stretch(passphrase, kdf))
  expect(stretch(passphrase, { ...kdf, s: salted('0123456789abcdeg') })).not.toBe(stretch(passphrase, kdf))
})

test('uses a given salt again, and a new one for every key otherwise', () => {
  const salt = random.bytes(16)
  const templates = [1, 2].map(() => slotKeyFor(passphrase, { ...quick, salt }, random).template)
  expect(templates[0]).toEqual(templates[1])
  expect(slotKeyFor(passphrase, quick, random).template).not.toEqual(slotKeyFor(passphrase, quick, random).template)
})

test.each([
  { kdf: 'pbkdf2', params: { i: 599_999 } },
  { kdf: 'scrypt', params: { n: 40, r: 8, p: 1 } },
  { kdf: 'scrypt', params: { n: 17, r: 8, p: 1e9 } },
  { kdf: 'argon2id', params: { m: 1e9, i: 3, p: 1 } },
  { kdf: 'scrypt', params: { n: 17, r: 8, p: 1 }, salt: new Uint8Array(8) },
] as KdfChoice[])('refuses to make a slot with $kdf $params that readers would refuse', (choice) => {
  expect(() => slotKeyFor(passphrase, choice, random)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }))
})

test('tries the cheapest slot first, so that expensive ones in front of it cost nothing', () => {
  const hostile = (s: number): Slot => ({
    t: 'argon2id',
    m: 2_097_152,
    i: 64,
    p: 16,
    s: Buffer.alloc(16, s).toString('base64'),
    w: 'A'.repeat(80),
  })
  const mine = wrapKey(slotKeyFor(passphrase, quick, random), ident, dataKey, random)
  const slots = [...Array.from({ length: 31 }, (_, index) => hostile(index)), mine]
  expect(hexOf(open(slots, [passphrase]))).toBe(hexOf(dataKey))
})

test('spends a limited time on the slots of one header', () => {
  const slots = Array.from({ length: 32 }, () => wrapKey(slotKeyFor(passphrase, quick, random), ident, dataKey, random))
  const opened = (secret: Secret, limitSeconds: number) => {
    const untried = new Set<string>()
    const keys = { secrets: [secret], slotKeys: [] }
    return { count: [...unwrapCandidates(slots, keys, ident, untried, limitSeconds)].length, untried: [...untried] }
  }
  const each = 128 / 4_200_000
  expect(opened({ ...passphrase }, each * 5.5)).toEqual({ count: 5, untried: ['scrypt'] })
  expect(opened({ ...passphrase }, 120)).toEqual({ count: 32, untried: [] })
  // What has been stretched before costs nothing.
  expect(opened(passphrase, 0)).toEqual({ count: 32, untried: [] })
})

test('skips parameters that the library refuses, and says so', () => {
  const slot: Slot = { t: 'scrypt', n: 16, r: 1, p: 1, s: salted('0123456789abcdef'), w: 'A'.repeat(80) }
  const untried = new Set<string>()
  expect(open([slot], [passphrase], untried)).toBe(null)
  expect([...untried]).toEqual(['scrypt'])
  const keys = { secrets: [passphrase], slotKeys: [] }
  const error = cannotOpen('x', ['scrypt'], keys, untried)
  expect(error.code).toBe('E_KEY_WRONG')
  expect(error.message).toContain('not tried')
  expect(error.message).not.toContain(passphrase.text)
})

test('names the key file that was looked for and is not there', () => {
  expect(cannotOpen('x', [], { ...noKeys, absentFile: '/etc/the.key' }, new Set()).hint).toContain(
    'none at /etc/the.key',
  )
})

test.each<[string, Secret]>([
  ['a passphrase', { kind: 'passphrase', text: ` ${'0f'.repeat(32)}` }],
  ['a key file', { kind: 'keyfile', bytes: Buffer.from(`\ufeff${'0F'.repeat(32)}\n\n`) }],
])('says of %s that opens nothing when it is a raw key but for what stands around it', (_, secret) => {
  const hint = (secrets: Secret[]) => cannotOpen('x', ['raw'], { secrets, slotKeys: [] }, new Set()).hint
  expect(hint([secret])).toContain('blanks')
  expect(hint([secret])).not.toContain('0f'.repeat(32))
  expect(hint([passphrase])).not.toContain('blanks')
})

test('opens with a stretched key alone, without the passphrase', () => {
  const slotKey = slotKeyFor(passphrase, quick, random)
  const slot = wrapKey(slotKey, ident, dataKey, random)
  const [candidate] = unwrapCandidates([slot], { secrets: [], slotKeys: [slotKey] }, ident)
  expect(hexOf(candidate?.dataKey ?? null)).toBe(hexOf(dataKey))
  expect(cannotOpen('x', [], noKeys, new Set()).code).toBe('E_KEY_MISSING')
})
