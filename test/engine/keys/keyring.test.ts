import fc from 'fast-check'
import { expect, test } from 'vitest'
import { subkey } from '../../../src/engine/keys/derive.ts'
import { addMember, createKeyring, parseKeyring, unlockKeyring } from '../../../src/engine/keys/keyring.ts'
import { type Secret, secretFromKeyfile } from '../../../src/engine/keys/secrets.ts'
import { type KdfChoice, slotKeyFor, unwrapCandidates, wrapKey } from '../../../src/engine/keys/slots.ts'
import { BackupError, type ErrorCode } from '../../../src/model/errors.ts'
import type { Keyring } from '../../../src/model/keyring.ts'
import { seededRandom } from './seeded-random.ts'

const random = seededRandom('keyring')
const quick: KdfChoice = { kdf: 'scrypt', params: { n: 4, r: 8, p: 1 } }
const raw: Secret = { kind: 'raw', key: random.bytes(32) }
const passphrase: Secret = { kind: 'passphrase', text: 'correct horse' }
const keyfile = secretFromKeyfile(random.bytes(100))
const stranger: Secret = { kind: 'raw', key: random.bytes(32) }
const now = Date.UTC(2026, 10, 20)

const first = createKeyring(slotKeyFor(raw, quick, random), 'server', now, random)
const second = addMember(first.keyring, first.unlocked, slotKeyFor(passphrase, quick, random), 'paper', now + 1, random)
const third = addMember(second.keyring, second.unlocked, slotKeyFor(keyfile, quick, random), 'safe', now + 2, random)
const ring = third.keyring

function codeOf(action: () => unknown): ErrorCode | null {
  try {
    action()
    return null
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    return error.code
  }
}

const clone = (keyring: Keyring): Keyring => structuredClone(keyring)

test('any one member opens the ring and has the keys of all', () => {
  const kids = ring.keys.map((member) => member.kid)
  expect(new Set(kids).size).toBe(3)
  const reread = parseKeyring(JSON.parse(JSON.stringify(ring)))
  for (const secret of [raw, { ...passphrase }, keyfile]) {
    const unlocked = unlockKeyring(reread, secret)
    expect(Buffer.from(unlocked.ringKey).equals(Buffer.from(first.unlocked.ringKey))).toBe(true)
    expect(unlocked.slotKeys.map((slotKey) => slotKey.template.kid)).toEqual(kids)
    expect(unlocked.unusable).toEqual([])
  }
})

test('what one member wraps for all, each opens with nothing but its own secret', () => {
  const { slotKeys } = unlockKeyring(ring, raw)
  const ident = random.bytes(16)
  const dataKey = random.bytes(32)
  for (const slotKey of slotKeys) {
    const slot = wrapKey(slotKey, ident, dataKey, random)
    const openers = [raw, { ...passphrase }, keyfile].filter((secret) => {
      const [candidate] = unwrapCandidates([slot], { secrets: [secret], slotKeys: [] }, ident)
      return candidate !== undefined && Buffer.from(candidate.dataKey).equals(dataKey)
    })
    expect(openers).toHaveLength(1)
  }
})

test('counts its changes and keeps labels and dates', () => {
  expect([first.keyring.gen, second.keyring.gen, ring.gen]).toEqual([1, 2, 3])
  expect(ring.keys.map(({ label, type, created }) => [label, type, created])).toEqual([
    ['server', 'raw', '2026-11-20T00:00:00.000Z'],
    ['paper', 'scrypt', '2026-11-20T00:00:00.001Z'],
    ['safe', 'keyfile', '2026-11-20T00:00:00.002Z'],
  ])
})

test('holds no secret in clear', () => {
  const text = JSON.stringify(ring)
  for (const bytes of [raw.key, first.unlocked.ringKey, ...third.unlocked.slotKeys.map((slotKey) => slotKey.secret)]) {
    expect(text).not.toContain(Buffer.from(bytes).toString('base64').slice(0, 40))
    expect(text).not.toContain(Buffer.from(bytes).toString('hex'))
  }
})

test('does not open for a stranger, nor for a member added to another ring', () => {
  expect(codeOf(() => unlockKeyring(ring, stranger))).toBe('E_KEY_WRONG')
  expect(codeOf(() => unlockKeyring(first.keyring, passphrase))).toBe('E_KEY_WRONG')
})

test('refuses the same key twice and more keys than an archive has room for', () => {
  expect(codeOf(() => addMember(ring, third.unlocked, slotKeyFor(raw, quick, random), 'again', now, random))).toBe(
    'E_USAGE',
  )
  let grown = first
  const newKey = () => slotKeyFor({ kind: 'raw', key: random.bytes(32) }, quick, random)
  while (grown.keyring.keys.length < 32) grown = addMember(grown.keyring, grown.unlocked, newKey(), 'n', now, random)
  expect(unlockKeyring(grown.keyring, raw).slotKeys).toHaveLength(32)
  expect(codeOf(() => addMember(grown.keyring, grown.unlocked, newKey(), 'n', now, random))).toBe('E_USAGE')
})

test('notices every change that was made without a key', () => {
  const changes: ((keyring: Keyring) => void)[] = [
    (keyring) => keyring.keys.pop(),
    (keyring) => keyring.keys.reverse(),
    (keyring) => Object.assign(keyring, { gen: 9 }),
    (keyring) => Object.assign(keyring, { extra: 1 }),
    (keyring) => Object.assign(keyring, { mac: '0'.repeat(64) }),
    (keyring) => Object.assign(keyring.keys[1]!, { label: 'other' }),
    (keyring) => Object.assign(keyring.keys[1]!, { state: 'retired' }),
    (keyring) => Object.assign(keyring.keys[1]!, { sealedSecret: keyring.keys[2]!.sealedSecret }),
    (keyring) => Object.assign(keyring.keys[1]!, { slot: keyring.keys[2]!.slot }),
    (keyring) => Object.assign(keyring.keys[1]!.slot, { n: 40 }),
  ]
  for (const change of changes) {
    const changed = clone(ring)
    change(changed)
    expect(codeOf(() => unlockKeyring(changed, raw))).toBe('E_KEYRING')
    expect(
      codeOf(() => addMember(changed, third.unlocked, slotKeyFor(stranger, quick, random), 'x', now, random)),
    ).toBe('E_KEYRING')
  }
})

test('does not seal a member into another place', () => {
  const other = createKeyring(slotKeyFor(raw, quick, random), 'other', now, random)
  const changed = clone(other.keyring)
  changed.keys.push(structuredClone(ring.keys[1]!))
  expect(codeOf(() => unlockKeyring(changed, raw))).toBe('E_KEYRING')
  expect(codeOf(() => unlockKeyring(changed, passphrase))).toBe('E_KEY_WRONG')
})

test('computes nothing for a member with hostile parameters', () => {
  for (const slot of [
    { t: 'scrypt', n: 40, r: 8, p: 1 },
    { t: 'argon2id', m: 1e9, i: 1, p: 1 },
  ]) {
    const changed = clone(first.keyring)
    changed.keys[0]!.slot = { ...slot, s: Buffer.alloc(16).toString('base64'), w: 'A'.repeat(80) }
    expect(codeOf(() => unlockKeyring(changed, passphrase))).toBe('E_KEY_WRONG')
  }
})

test('gives every purpose a key of its own', () => {
  const { ringKey } = first.unlocked
  const subkeys = ['plan', 'keyring-mac', 'member'].map((purpose) =>
    Buffer.from(subkey(ringKey, purpose)).toString('hex'),
  )
  expect(new Set([...subkeys, Buffer.from(ringKey).toString('hex')]).size).toBe(4)
})

test('answers anything that is no keyring with its own errors', () => {
  expect(codeOf(() => parseKeyring({ ...ring, v: 2 }))).toBe('E_NEWER_FORMAT')
  expect(codeOf(() => parseKeyring({ ...ring, keys: [] }))).toBe('E_KEYRING')
  expect(codeOf(() => parseKeyring({ ...ring, keys: Array(33).fill(ring.keys[0]) }))).toBe('E_KEYRING')
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(codeOf(() => parseKeyring(value))).toMatch(/^E_(KEYRING|NEWER_FORMAT)$/)
    }),
  )
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(ring.keys[0]!)), fc.jsonValue(), (name, value) => {
      const changed = { ...ring, keys: [{ ...ring.keys[0], [name]: value }, ...ring.keys.slice(1)] }
      expect(codeOf(() => unlockKeyring(parseKeyring(changed), raw))).toMatch(/^E_KEY(RING|_WRONG)$/)
    }),
  )
  const nested = JSON.parse(`{"deep":${'['.repeat(5000)}${']'.repeat(5000)}}`)
  expect(codeOf(() => unlockKeyring(parseKeyring({ ...ring, ...nested }), raw))).toBe('E_DAMAGED')
})
