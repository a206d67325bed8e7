import { BackupError } from '../../model/errors.ts'

/** What an operator holds: the only thing that opens an archive on a bare machine. */
export type Secret =
  | { readonly kind: 'raw'; readonly key: Uint8Array }
  | { readonly kind: 'keyfile'; readonly bytes: Uint8Array }
  | { readonly kind: 'passphrase'; readonly text: string }

const rawKey = /^[0-9a-f]{64}$/i
export const keyfileLimitBytes = 1024 * 1024

/**
 * 64 hex digits are a raw key, everything else a passphrase, spaces and all.
 * Throws E_KEY_UNUSABLE for an empty or blank text and for one that has no UTF-8.
 */
export function secretFromText(text: string): Secret {
  if (text.trim() === '') {
    const what = text === '' ? 'empty' : 'blank'
    throw unusable(`the encryption key is ${what}`, 'set BACKUP_ENCRYPTION_KEY or name a key file')
  }
  if (rawKey.test(text)) return { kind: 'raw', key: Buffer.from(text, 'hex') }
  // A lone surrogate would become U+FFFD: many passphrases, one key.
  if (!text.isWellFormed()) throw unusable('the passphrase is not valid Unicode text', 'use another passphrase')
  return { kind: 'passphrase', text }
}

/**
 * The content of a key file: 32 raw bytes, or 64 hex digits with or without a line end, which are those 32 bytes;
 * anything else of 32 bytes or more is used as it is. Throws E_KEY_UNUSABLE for less.
 */
export function secretFromKeyfile(content: Uint8Array): Secret {
  if (content.length >= 64 && content.length <= 66) {
    const digits = Buffer.from(content)
      .toString('latin1')
      .replace(/\r?\n$/, '')
    if (rawKey.test(digits)) return { kind: 'keyfile', bytes: Buffer.from(digits, 'hex') }
  }
  if (content.length < 32) {
    throw unusable(
      `the key file holds ${content.length} bytes, fewer than 32`,
      'make one with: head -c 32 /dev/urandom > key',
    )
  }
  if (content.length > keyfileLimitBytes) {
    throw unusable(`the key file holds ${content.length} bytes, more than ${keyfileLimitBytes}`, 'use a smaller file')
  }
  if (Buffer.from(content).toString('latin1').trim() === '')
    throw unusable('the key file holds nothing but white space', 'make one with: head -c 32 /dev/urandom > key')
  return { kind: 'keyfile', bytes: Uint8Array.from(content) }
}

/** Whether a secret is 64 hex digits but for what stands around them: a blank, a second line end, a byte order mark. */
export function hidesRawKey(secret: Secret): boolean {
  if (secret.kind === 'raw') return false
  const text = secret.kind === 'passphrase' ? secret.text : Buffer.from(secret.bytes).toString('utf8')
  return rawKey.test(text.trim()) // trim takes the byte order mark too
}

export const blanksHint =
  'the key is 64 hex digits with blanks or empty lines around them, which count: take them out, and try again'

/** A passphrase's bytes: NFC, UTF-8, nothing trimmed, so that every keyboard types the same key. */
export function passphraseBytes(text: string): Uint8Array {
  return Buffer.from(text.normalize('NFC'), 'utf8')
}

function unusable(message: string, hint: string): BackupError {
  return new BackupError('E_KEY_UNUSABLE', message, hint)
}
