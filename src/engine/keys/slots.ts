import { type Slot, slotSchema } from '../../model/archive.ts'
import { BackupError } from '../../model/errors.ts'
import type { Random } from '../../model/ports.ts'
import { dataKeyBytes } from './archive-keys.ts'
import { derive, fingerprint } from './derive.ts'
import { canDerive, estimatedSeconds, isDerived, type KdfParameters, kdfOf, sameKdf, stretch } from './kdf.ts'
import { ivBytes, sealBytes, unsealBytes } from './seal.ts'
import { blanksHint, hidesRawKey, type Secret } from './secrets.ts'

/**
 * Slots: each wraps a data key for one holder of a key. docs/format.md, "Keys".
 *
 * `ident` is the 16 bytes a wrap is bound to: the archive's id, the hash of a backup's id, or the keyring's id.
 */

/** A slot's JSON but for the wrapped key. */
export type SlotTemplate = { readonly kid: string } & (
  | { readonly t: 'raw' }
  | { readonly t: 'keyfile' }
  | KdfParameters
)

/** A secret that is ready to wrap and unwrap for any ident, without asking or stretching again. */
export interface SlotKey {
  readonly template: SlotTemplate
  readonly secret: Uint8Array
}

/** Everything at hand to open something with. */
export interface Keys {
  /** What the operator gave. */
  readonly secrets: readonly Secret[]
  /** What an unlocked keyring adds: the keys of all its members. */
  readonly slotKeys: readonly SlotKey[]
  /** Where no key was given: the key file that was looked for and is not there, for people. */
  readonly absentFile?: string
}

export const noKeys: Keys = { secrets: [], slotKeys: [] }

/** How to stretch a new passphrase. A salt of 16 random bytes is made where none is given. */
export type KdfChoice =
  | { readonly kdf: 'scrypt'; readonly params: { n: number; r: number; p: number }; readonly salt?: Uint8Array }
  | { readonly kdf: 'argon2id'; readonly params: { m: number; i: number; p: number }; readonly salt?: Uint8Array }
  | { readonly kdf: 'pbkdf2'; readonly params: { i: number }; readonly salt?: Uint8Array }

export const kdfDefaults = {
  scrypt: { kdf: 'scrypt', params: { n: 17, r: 8, p: 1 } },
  argon2id: { kdf: 'argon2id', params: { m: 65_536, i: 3, p: 1 } },
  pbkdf2: { kdf: 'pbkdf2', params: { i: 600_000 } },
} as const satisfies Record<KdfChoice['kdf'], KdfChoice>

/** OWASP's floor; no slot with less is ever written. */
export const pbkdf2Floor = 600_000

const anyWrap = 'A'.repeat(80)

/**
 * The key of a new slot. `choice` matters for passphrases only.
 * Throws E_CONFIG for parameters no reader would accept, E_PLATFORM where this Node cannot derive.
 */
export function slotKeyFor(secret: Secret, choice: KdfChoice, random: Random): SlotKey {
  switch (secret.kind) {
    case 'raw':
      return { template: { t: 'raw', kid: fingerprint(secret.key) }, secret: secret.key }
    case 'keyfile':
      return { template: { t: 'keyfile', kid: fingerprint(secret.bytes) }, secret: secret.bytes }
    case 'passphrase': {
      const kdf = kdfFrom(choice, random)
      if (!slotSchema.safeParse({ ...kdf, w: anyWrap }).success || (kdf.t === 'pbkdf2' && kdf.i < pbkdf2Floor)) {
        throw new BackupError(
          'E_CONFIG',
          `the ${kdf.t} parameters are out of bounds`,
          'leave them out for the defaults',
        )
      }
      if (!canDerive(kdf))
        throw new BackupError('E_PLATFORM', `this node has no ${kdf.t}`, 'use scrypt, or a newer node')
      const stretched = stretch(secret, kdf)
      if (stretched === null)
        throw new BackupError('E_CONFIG', `${kdf.t} failed with these parameters`, 'ask for less memory')
      return { template: { ...kdf, kid: fingerprint(stretched) }, secret: stretched }
    }
  }
}

function kdfFrom(choice: KdfChoice, random: Random): KdfParameters {
  const s = Buffer.from(choice.salt ?? random.bytes(16)).toString('base64')
  switch (choice.kdf) {
    case 'scrypt':
      return { t: 'scrypt', n: choice.params.n, r: choice.params.r, p: choice.params.p, s }
    case 'argon2id':
      return { t: 'argon2id', m: choice.params.m, i: choice.params.i, p: choice.params.p, s }
    case 'pbkdf2':
      return { t: 'pbkdf2', h: 'sha256', i: choice.params.i, s }
  }
}

/** A slot of `slotKey` that holds `dataKey` for `ident`. */
export function wrapKey(slotKey: SlotKey, ident: Uint8Array, dataKey: Uint8Array, random: Random): Slot {
  const sealed = sealBytes(
    wrappingKey(slotKey.secret, slotKey.template.t, ident),
    random.bytes(ivBytes),
    dataKey,
    wrapData(ident),
  )
  return { ...slotKey.template, w: Buffer.from(sealed).toString('base64') }
}

function wrappingKey(secret: Uint8Array, type: Slot['t'], ident: Uint8Array): Uint8Array {
  return derive(secret, ident, `BKA1/slot/${type}`)
}

function wrapData(ident: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('BKA1/slot\0'), ident])
}

/** The data key, or null where `secret` (of 32 bytes, or a whole key file) is not the slot's. */
export function unwrapKey(slot: Slot, secret: Uint8Array, ident: Uint8Array): Uint8Array | null {
  const wrapped = Buffer.from(slot.w, 'base64')
  if (wrapped.length !== 60) return null
  const dataKey = unsealBytes(wrappingKey(secret, slot.t, ident), wrapped, wrapData(ident))
  return dataKey?.length === dataKeyBytes ? dataKey : null
}

/**
 * What a reader spends at most on the passphrase slots of one header: one slot at the caps fits, and 32 with four times
 * the default cost, but not 32 at the caps, which would keep a restore busy for an hour before it knows the key.
 */
const stretchingLimitSeconds = 120

export interface Candidate {
  readonly slot: Slot
  readonly secret: Uint8Array
  readonly dataKey: Uint8Array
}

/**
 * Every data key that some slot yields to some key: keys first, then passphrases, the cheapest slot first.
 * Types of slots that could not be tried go into `untried`.
 */
export function* unwrapCandidates(
  slots: readonly Slot[],
  keys: Keys,
  ident: Uint8Array,
  untried: Set<string> = new Set(),
  limitSeconds = stretchingLimitSeconds,
): Generator<Candidate> {
  for (const slot of slots) {
    for (const secret of readySecrets(slot, keys)) {
      const dataKey = unwrapKey(slot, secret, ident)
      if (dataKey !== null) yield { slot, secret, dataKey }
    }
  }
  const stretching = slots.flatMap((slot) => {
    const kdf = kdfOf(slot)
    return kdf === null ? [] : [{ slot, kdf, seconds: estimatedSeconds(kdf) }]
  })
  stretching.sort((a, b) => a.seconds - b.seconds)
  let spentSeconds = 0
  for (const passphrase of keys.secrets) {
    if (passphrase.kind !== 'passphrase') continue
    for (const { slot, kdf, seconds } of stretching) {
      const cost = isDerived(passphrase, kdf) ? 0 : seconds
      if (!canDerive(kdf) || spentSeconds + cost > limitSeconds) {
        untried.add(slot.t)
        continue
      }
      spentSeconds += cost
      const secret = stretch(passphrase, kdf)
      if (secret === null) untried.add(slot.t)
      const dataKey = secret === null ? null : unwrapKey(slot, secret, ident)
      if (secret !== null && dataKey !== null) yield { slot, secret, dataKey }
    }
  }
}

/** Secrets that cost nothing to try. A raw key and a key file are one kind of thing: what counts is the bytes. */
function* readySecrets(slot: Slot, keys: Keys): Generator<Uint8Array> {
  const kdf = kdfOf(slot)
  for (const { template, secret } of keys.slotKeys) {
    const own = kdfOf({ ...template, w: '' })
    if (kdf === null ? own === null : own !== null && sameKdf(kdf, own)) yield secret
  }
  if (kdf !== null) return
  for (const secret of keys.secrets) {
    if (secret.kind === 'raw') yield secret.key
    if (secret.kind === 'keyfile') yield secret.bytes
  }
}

/** What to do without a key. `absentFile` is the key file that was looked for, for people. */
export function missingKeyHint(absentFile: string | null): string {
  const looked = absentFile === null ? '' : `; there is none at ${absentFile}`
  return `set BACKUP_ENCRYPTION_KEY, or name the key file${looked}`
}

/** Why nothing opened: no key at all is another matter than the wrong one. */
export function cannotOpen(
  what: string,
  slotTypes: readonly string[],
  keys: Keys,
  untried: ReadonlySet<string>,
): BackupError {
  if (keys.secrets.length === 0 && keys.slotKeys.length === 0) {
    return new BackupError('E_KEY_MISSING', `no key was given for ${what}`, missingKeyHint(keys.absentFile ?? null))
  }
  const wanted =
    slotTypes.length === 0
      ? 'it has no key slot this version can use'
      : `its slots: ${[...new Set(slotTypes)].join(', ')}`
  const skipped =
    untried.size === 0 ? '' : `; not tried, for want of the function, of memory or of time: ${[...untried].join(', ')}`
  return new BackupError(
    'E_KEY_WRONG',
    `the key does not open ${what} (${wanted}${skipped})`,
    keys.secrets.some(hidesRawKey)
      ? blanksHint
      : 'check BACKUP_ENCRYPTION_KEY and the key file: it must be the key that was in use when this was made',
  )
}
