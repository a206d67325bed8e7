import * as crypto from 'node:crypto'
import type { Slot } from '../../model/archive.ts'
import { passphraseBytes, type Secret } from './secrets.ts'

/** From a passphrase to the 32 bytes that wrap. */

export type Passphrase = Extract<Secret, { kind: 'passphrase' }>

/** How a passphrase is stretched, as a slot stores it: `s` is the salt in base64, scrypt's `n` is log2, argon2id's `m` is KiB. */
export type KdfParameters =
  | { readonly t: 'scrypt'; readonly n: number; readonly r: number; readonly p: number; readonly s: string }
  | { readonly t: 'argon2id'; readonly m: number; readonly i: number; readonly p: number; readonly s: string }
  | { readonly t: 'pbkdf2'; readonly h: 'sha256'; readonly i: number; readonly s: string }

/** The stretching a slot asks for, or null where its secret is a key already. */
export function kdfOf(slot: Slot | KdfParameters): KdfParameters | null {
  switch (slot.t) {
    case 'scrypt':
      return { t: 'scrypt', n: slot.n, r: slot.r, p: slot.p, s: slot.s }
    case 'argon2id':
      return { t: 'argon2id', m: slot.m, i: slot.i, p: slot.p, s: slot.s }
    case 'pbkdf2':
      return { t: 'pbkdf2', h: slot.h, i: slot.i, s: slot.s }
    case 'raw':
    case 'keyfile':
      return null
  }
}

export function sameKdf(a: KdfParameters, b: KdfParameters): boolean {
  return JSON.stringify(kdfOf(a)) === JSON.stringify(kdfOf(b))
}

/**
 * About how many seconds a derivation takes, from measurements on one core (docs/format.md): what a reader may be made
 * to spend is decided before anything is computed.
 */
export function estimatedSeconds(kdf: KdfParameters): number {
  switch (kdf.t) {
    case 'scrypt':
      return (2 ** kdf.n * kdf.r * kdf.p) / 4_200_000
    case 'argon2id':
      return (kdf.m * kdf.i) / 1_500_000
    case 'pbkdf2':
      return kdf.i / 9_000_000
  }
}

/** True where this Node can compute it: argon2id came with 24.7. */
export function canDerive(kdf: KdfParameters): boolean {
  return kdf.t !== 'argon2id' || typeof crypto.argon2Sync === 'function'
}

/** Derived secrets by passphrase object, so that they are forgotten with it. */
const derived = new WeakMap<Passphrase, Map<string, Uint8Array>>()

export function isDerived(passphrase: Passphrase, kdf: KdfParameters): boolean {
  return derived.get(passphrase)?.has(JSON.stringify(kdfOf(kdf))) ?? false
}

/**
 * The 32-byte secret, the same object for the same passphrase object and parameters: archives that share a salt cost one
 * derivation. Null where the parameters make no sense to the library, or it has no memory for them.
 * The caller has kept to the caps of `slotSchema`.
 */
export function stretch(passphrase: Passphrase, kdf: KdfParameters): Uint8Array | null {
  const byParameters = derived.get(passphrase) ?? new Map<string, Uint8Array>()
  derived.set(passphrase, byParameters)
  const parameters = JSON.stringify(kdfOf(kdf))
  const known = byParameters.get(parameters)
  if (known !== undefined) return known
  try {
    const secret = compute(passphraseBytes(passphrase.text), kdf)
    byParameters.set(parameters, secret)
    return secret
  } catch {
    return null
  }
}

function compute(passphrase: Uint8Array, kdf: KdfParameters): Uint8Array {
  const salt = Buffer.from(kdf.s, 'base64')
  switch (kdf.t) {
    case 'scrypt': {
      const N = 2 ** kdf.n
      const maxmem = 128 * kdf.r * (N + kdf.p + 2) + 1024 * 1024
      return crypto.scryptSync(passphrase, salt, 32, { N, r: kdf.r, p: kdf.p, maxmem })
    }
    case 'argon2id':
      return crypto.argon2Sync('argon2id', {
        message: passphrase,
        nonce: salt,
        parallelism: kdf.p,
        tagLength: 32,
        memory: kdf.m,
        passes: kdf.i,
      })
    case 'pbkdf2':
      return crypto.pbkdf2Sync(passphrase, salt, kdf.i, 32, 'sha256')
  }
}
