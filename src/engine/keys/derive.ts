import { hkdfSync } from 'node:crypto'

/** HKDF-SHA256 (RFC 5869) with an ASCII info. */
export function derive(secret: Uint8Array, salt: Uint8Array, info: string, bytes = 32): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, bytes))
}

const noSalt = new Uint8Array(0)

/** A key of its own for one purpose, from the repository's ring key: nothing else may use the ring key itself. */
export function subkey(ringKey: Uint8Array, purpose: string): Uint8Array {
  return derive(ringKey, noSalt, `BKA1/ring/${purpose}`)
}

/** The name of a key: 16 hex digits that a person can compare and that tell nothing about the key. */
export function fingerprint(secret: Uint8Array): string {
  return Buffer.from(derive(secret, noSalt, 'BKA1/kid', 8)).toString('hex')
}
