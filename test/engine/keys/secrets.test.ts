import { expect, test } from 'vitest'
import { passphraseBytes, secretFromKeyfile, secretFromText } from '../../../src/engine/keys/secrets.ts'

const digits = '00112233445566778899aabbccddeeff0123456789abcdef0123456789ABCDEF'
const key = Buffer.from(digits, 'hex')
const unusable = expect.objectContaining({ code: 'E_KEY_UNUSABLE' })

test('takes 64 hex digits for a raw key and everything else for a passphrase', () => {
  expect(secretFromText(digits)).toEqual({ kind: 'raw', key })
  for (const text of [
    digits.slice(1),
    `${digits}0`,
    `${digits}\n`,
    ` ${digits}`,
    'correct horse',
    ' x ',
    '\u{1f600}',
  ]) {
    expect(secretFromText(text)).toEqual({ kind: 'passphrase', text })
  }
})

test('refuses an empty passphrase and one that has no UTF-8', () => {
  expect(() => secretFromText('')).toThrow(unusable)
  expect(() => secretFromText('a\ud800b')).toThrow(unusable)
})

test('takes the 32 bytes of a key file as they are or as 64 hex digits with one newline at most', () => {
  expect(secretFromKeyfile(key)).toEqual({ kind: 'keyfile', bytes: Uint8Array.from(key) })
  for (const text of [digits, `${digits}\n`, `${digits}\r\n`]) {
    const secret = secretFromKeyfile(Buffer.from(text))
    expect(secret.kind === 'keyfile' && Buffer.from(secret.bytes).equals(key)).toBe(true)
  }
})

test('uses any other key file of 32 bytes or more as it is, and refuses a shorter one', () => {
  for (const content of [
    Buffer.alloc(33, 1),
    Buffer.from(`${digits}\n\n`),
    Buffer.from(`${digits} `),
    Buffer.alloc(64, 0xff),
  ]) {
    expect(secretFromKeyfile(content)).toEqual({ kind: 'keyfile', bytes: Uint8Array.from(content) })
  }
  for (const length of [0, 1, 31]) expect(() => secretFromKeyfile(Buffer.alloc(length))).toThrow(unusable)
  expect(() => secretFromKeyfile(Buffer.alloc(1024 * 1024 + 1))).toThrow(unusable)
})

test('makes the same bytes of a passphrase however its accents were typed, and trims nothing', () => {
  expect(passphraseBytes('caf\u00e9')).toEqual(passphraseBytes('cafe\u0301'))
  expect(passphraseBytes(' a ')).toEqual(Buffer.from(' a '))
})

test('never puts the key into the message', () => {
  expect(() => secretFromKeyfile(Buffer.from('hunter2'))).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  )
})

test.each([' ', '\t\n', '\u00a0 '])('a blank text is no passphrase: %j', (text) => {
  expect(() => secretFromText(text)).toThrow(unusable)
})

test('a key file of nothing but white space is no key', () => {
  expect(() => secretFromKeyfile(Buffer.from(' \n'.repeat(40)))).toThrow(unusable)
})
