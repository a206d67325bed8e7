import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Slot, slotLimit, slotSchema } from '../../model/archive.ts'
import { BackupError } from '../../model/errors.ts'
import { type Keyring, type KeyringMember, keyringSchema } from '../../model/keyring.ts'
import type { Random } from '../../model/ports.ts'
import { canonicalJson } from '../archive/sealed-box.ts'
import { dataKeyBytes } from './archive-keys.ts'
import { fingerprint, subkey } from './derive.ts'
import { kdfOf } from './kdf.ts'
import { ivBytes, sealBytes, unsealBytes } from './seal.ts'
import type { Secret } from './secrets.ts'
import { cannotOpen, type SlotKey, type SlotTemplate, unwrapCandidates, wrapKey } from './slots.ts'

/** The keyring as data: who reads and writes keys/keyring.json, and under which lock, is decided elsewhere. */

export interface UnlockedKeyring {
  /** Never used itself: see `subkey`. */
  readonly ringKey: Uint8Array
  /** Keys of all active members: what every new archive is wrapped for. */
  readonly slotKeys: readonly SlotKey[]
  /** Members whose kind of slot this version does not know: new archives are not wrapped for them. */
  readonly unusable: readonly KeyringMember[]
}

const repair = 'put back an older copy of keys/keyring.json'

/** Throws E_KEYRING for what is no keyring, E_NEWER_FORMAT for one of a later version. */
export function parseKeyring(value: unknown): Keyring {
  const parsed = keyringSchema.safeParse(value)
  if (parsed.success) return parsed.data
  if (typeof value === 'object' && value !== null && 'v' in value && typeof value.v === 'number' && value.v > 1) {
    throw new BackupError('E_NEWER_FORMAT', `the keyring has version ${value.v}`, 'update Holdfast, then try again')
  }
  const where = parsed.error.issues[0]?.path.join('.') || 'its root'
  throw new BackupError('E_KEYRING', `the keyring is malformed at ${where}`, repair)
}

/** A keyring with one member. `now` is milliseconds since 1970. */
export function createKeyring(
  slotKey: SlotKey,
  label: string,
  now: number,
  random: Random,
): { keyring: Keyring; unlocked: UnlockedKeyring } {
  const ringKey = random.bytes(dataKeyBytes)
  const ringId = Buffer.from(random.bytes(16)).toString('hex')
  const member = makeMember(ringId, ringKey, slotKey, label, now, random)
  return {
    keyring: authenticate({ v: 1, gen: 1, ringId, keys: [member] }, ringKey),
    unlocked: { ringKey, slotKeys: [slotKey], unusable: [] },
  }
}

/**
 * Throws E_KEY_WRONG where `secret` is no active member's, E_KEYRING where a member's slot opens but the ring does not
 * bear out: it was changed by somebody without a key, or damaged.
 */
export function unlockKeyring(keyring: Keyring, secret: Secret): UnlockedKeyring {
  const slots = activeSlots(keyring)
  const keys = { secrets: [secret], slotKeys: [] }
  const untried = new Set<string>()
  let unwrapped = false
  for (const { dataKey } of unwrapCandidates(slots, keys, identOfRing(keyring), untried)) {
    unwrapped = true
    if (hasMac(keyring, dataKey)) return unsealMembers(keyring, dataKey)
  }
  if (unwrapped) throw altered()
  throw cannotOpen(
    'the keyring',
    slots.map((slot) => slot.t),
    keys,
    untried,
  )
}

/** The kid of the member whose key `secret` is; null where it is nobody's. */
export function memberOpenedBy(keyring: Keyring, secret: Secret): string | null {
  for (const member of keyring.keys) {
    const slot = slotSchema.safeParse(member.slot)
    if (!slot.success) continue
    const keys = { secrets: [secret], slotKeys: [] }
    for (const _candidate of unwrapCandidates([slot.data], keys, identOfRing(keyring), new Set())) return member.kid
  }
  return null
}

/** The keyring with one member more, and what is unlocked by it. Throws E_USAGE for a key that is a member already. */
export function addMember(
  keyring: Keyring,
  unlocked: UnlockedKeyring,
  slotKey: SlotKey,
  label: string,
  now: number,
  random: Random,
): { keyring: Keyring; unlocked: UnlockedKeyring } {
  if (!hasMac(keyring, unlocked.ringKey)) throw altered()
  const { kid } = slotKey.template
  if (keyring.keys.some((member) => member.kid === kid)) {
    throw new BackupError('E_USAGE', `key ${kid} is in the keyring already`, 'give another key')
  }
  if (keyring.keys.length >= slotLimit) {
    throw new BackupError('E_USAGE', `the keyring holds ${slotLimit} keys already`, 'an archive has no room for more')
  }
  const member = makeMember(keyring.ringId, unlocked.ringKey, slotKey, label, now, random)
  const { mac: _, ...rest } = keyring
  return {
    keyring: authenticate({ ...rest, gen: keyring.gen + 1, keys: [...keyring.keys, member] }, unlocked.ringKey),
    unlocked: { ...unlocked, slotKeys: [...unlocked.slotKeys, slotKey] },
  }
}

function makeMember(
  ringId: string,
  ringKey: Uint8Array,
  slotKey: SlotKey,
  label: string,
  now: number,
  random: Random,
): KeyringMember {
  const { kid, t } = slotKey.template
  const sealed = sealBytes(subkey(ringKey, 'member'), random.bytes(ivBytes), slotKey.secret, memberData(ringId, kid))
  return {
    kid,
    type: t,
    label,
    created: new Date(now).toISOString(),
    state: 'active',
    slot: wrapKey(slotKey, Buffer.from(ringId, 'hex'), ringKey, random),
    sealedSecret: Buffer.from(sealed).toString('base64'),
  }
}

function unsealMembers(keyring: Keyring, ringKey: Uint8Array): UnlockedKeyring {
  const slotKeys: SlotKey[] = []
  const unusable: KeyringMember[] = []
  for (const member of keyring.keys) {
    if (member.state !== 'active') continue
    const slot = slotSchema.safeParse(member.slot)
    if (!slot.success) {
      unusable.push(member)
      continue
    }
    const sealed = Buffer.from(member.sealedSecret, 'base64')
    const secret = unsealBytes(subkey(ringKey, 'member'), sealed, memberData(keyring.ringId, member.kid))
    if (secret === null || fingerprint(secret) !== member.kid) throw altered()
    slotKeys.push({ template: templateOf(slot.data, member.kid), secret })
  }
  return { ringKey, slotKeys, unusable }
}

function templateOf(slot: Slot, kid: string): SlotTemplate {
  const kdf = kdfOf(slot)
  if (kdf !== null) return { ...kdf, kid }
  return slot.t === 'raw' ? { t: 'raw', kid } : { t: 'keyfile', kid }
}

function activeSlots(keyring: Keyring): Slot[] {
  return keyring.keys.flatMap((member) => {
    const slot = slotSchema.safeParse(member.slot)
    return member.state === 'active' && slot.success ? [slot.data] : []
  })
}

function identOfRing(keyring: Keyring): Uint8Array {
  return Buffer.from(keyring.ringId, 'hex')
}

function memberData(ringId: string, kid: string): Uint8Array {
  return Buffer.from(`BKA1/member\0${ringId}${kid}`)
}

function authenticate(body: Omit<Keyring, 'mac'>, ringKey: Uint8Array): Keyring {
  // The schema's index signature is lost in Omit; the parse gives it back and is the same check a reader makes.
  return parseKeyring({ ...body, mac: macOf(body, ringKey).toString('hex') })
}

function hasMac(keyring: Keyring, ringKey: Uint8Array): boolean {
  const { mac, ...body } = keyring
  return timingSafeEqual(macOf(body, ringKey), Buffer.from(mac, 'hex'))
}

function macOf(body: object, ringKey: Uint8Array): Buffer {
  return createHmac('sha256', subkey(ringKey, 'keyring-mac')).update(canonicalJson(body)).digest()
}

function altered(): BackupError {
  return new BackupError('E_KEYRING', 'the keyring was damaged, or changed by somebody without a key', repair)
}
