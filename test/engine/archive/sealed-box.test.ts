import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { canonicalJson, openBox, sealBox } from '../../../src/engine/archive/sealed-box.ts'
import type { Secret } from '../../../src/engine/keys/secrets.ts'
import { type Keys, kdfDefaults, noKeys, slotKeyFor } from '../../../src/engine/keys/slots.ts'
import { sealedSchema } from '../../../src/model/backup.ts'
import { seededRandom } from '../keys/seeded-random.ts'

const random = seededRandom('box')
const secrets: Secret[] = [1, 2, 3].map(() => ({ kind: 'raw', key: random.bytes(32) }))
const slotKeys = secrets.slice(0, 2).map((secret) => slotKeyFor(secret, kdfDefaults.scrypt, random))
const holder = (index: number): Keys => ({ secrets: [secrets[index]!], slotKeys: [] })
const backup = '2026-11-20T02-00-00Z-full-7f3k'
const plaintext = Buffer.from('{"description":"before the upgrade"}')
const bound = createHash('sha256')
  .update(canonicalJson({ v: 1, id: backup }))
  .digest()
const sealed = sealBox(backup, plaintext, bound, slotKeys, random)
const code = (name: string) => expect.objectContaining({ code: name })

test('opens for every holder of a key, and keeps to the shape of the manifest', () => {
  expect(sealedSchema.safeParse(sealed).success).toBe(true)
  for (const index of [0, 1])
    expect(Buffer.from(openBox(backup, sealed, bound, holder(index))).equals(plaintext)).toBe(true)
  const empty = sealBox(backup, new Uint8Array(0), bound, slotKeys, random)
  expect(openBox(backup, empty, bound, holder(0))).toHaveLength(0)
})

test('tells a missing key, a wrong key and damage apart', () => {
  expect(() => openBox(backup, sealed, bound, noKeys)).toThrow(code('E_KEY_MISSING'))
  expect(() => openBox(backup, sealed, bound, holder(2))).toThrow(code('E_KEY_WRONG'))
  const bytes = Buffer.from(sealed.box, 'base64')
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    expect(() => openBox(backup, { ...sealed, box: changed.toString('base64') }, bound, holder(0))).toThrow(
      code('E_DAMAGED'),
    )
    const cut = bytes.subarray(0, at).toString('base64')
    expect(() => openBox(backup, { ...sealed, box: cut }, bound, holder(0))).toThrow(code('E_DAMAGED'))
  }
})

test('does not open beside a changed manifest, nor in the manifest of another backup', () => {
  const changed = createHash('sha256')
    .update(canonicalJson({ v: 1, id: backup, deps: [] }))
    .digest()
  expect(() => openBox(backup, sealed, changed, holder(0))).toThrow(code('E_DAMAGED'))
  expect(() => openBox('2026-11-20T02-00-00Z-full-7f3l', sealed, bound, holder(0))).toThrow(code('E_KEY_WRONG'))
})

test('does not take the box of another backup under its own slots', () => {
  const other = sealBox(backup, plaintext, bound, slotKeys, random)
  expect(() => openBox(backup, { ...sealed, box: other.box }, bound, holder(0))).toThrow(code('E_DAMAGED'))
})

test('is never sealed for nobody', () => {
  expect(() => sealBox(backup, plaintext, bound, [], random)).toThrow(code('E_KEY_MISSING'))
})

test('spells JSON in one way', () => {
  expect(canonicalJson({ b: [1, { d: null, c: 'é"\n' }], a: true, u: undefined })).toBe(
    '{"a":true,"b":[1,{"c":"é\\"\\n","d":null}]}',
  )
  const text = '{"z":1,"__proto__":{"y":2,"x":3},"a":[]}'
  expect(canonicalJson(JSON.parse(text))).toBe('{"__proto__":{"x":3,"y":2},"a":[],"z":1}')
  expect(() => canonicalJson({ a: Number.NaN })).toThrow(code('E_DAMAGED'))
  expect(() => canonicalJson(JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`))).toThrow(code('E_DAMAGED'))
})
