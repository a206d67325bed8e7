import { createHash } from 'node:crypto'
import { damaged } from '../../model/errors.ts'
import type { Random } from '../../model/ports.ts'
import { dataKeyBytes } from '../keys/archive-keys.ts'
import { derive } from '../keys/derive.ts'
import { ivBytes, sealBytes, unsealBytes } from '../keys/seal.ts'
import { cannotOpen, type Keys, noKeys, type SlotKey, unwrapCandidates, wrapKey } from '../keys/slots.ts'
import { parseSlots } from './slot-list.ts'

/** The part of a manifest that only a holder of a key may read. docs/format.md, "How a backup lies on disk". */
export interface SealedBox {
  readonly slots: unknown[]
  /** base64 of IV, ciphertext and tag. */
  readonly box: string
}

/**
 * `associatedData` binds the box to the rest of its document; the box opens with nothing else.
 * Throws E_KEY_MISSING where there is no key to seal for.
 */
export function sealBox(
  backupId: string,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
  slotKeys: readonly SlotKey[],
  random: Random,
): SealedBox {
  if (slotKeys.length === 0) throw cannotOpen('the manifest to be made', [], noKeys, new Set())
  const ident = identOfBackup(backupId)
  const dataKey = random.bytes(dataKeyBytes)
  const slots = slotKeys.map((slotKey) => wrapKey(slotKey, ident, dataKey, random))
  const sealed = sealBytes(boxKey(dataKey, ident), random.bytes(ivBytes), plaintext, associatedData)
  return { slots, box: Buffer.from(sealed).toString('base64') }
}

/**
 * The plaintext. Throws E_KEY_MISSING without any key, E_KEY_WRONG where none opens a slot, E_DAMAGED where a slot opens
 * and the box does not: it, or what it is bound to, was changed.
 */
export function openBox(
  backupId: string,
  sealed: { readonly slots: readonly unknown[]; readonly box: string },
  associatedData: Uint8Array,
  keys: Keys,
): Uint8Array {
  const what = `the manifest of ${backupId}`
  const ident = identOfBackup(backupId)
  const { slots, types } = parseSlots(sealed.slots, what)
  const untried = new Set<string>()
  let unwrapped = false
  for (const { dataKey } of unwrapCandidates(slots, keys, ident, untried)) {
    unwrapped = true
    const plaintext = unsealBytes(boxKey(dataKey, ident), Buffer.from(sealed.box, 'base64'), associatedData)
    if (plaintext !== null) return plaintext
  }
  if (!unwrapped) throw cannotOpen(what, types, keys, untried)
  throw damaged(`${what} was changed: its sealed part failed authentication`, 'use another copy of the backup')
}

function identOfBackup(backupId: string): Uint8Array {
  return createHash('sha256').update(backupId).digest().subarray(0, 16)
}

function boxKey(dataKey: Uint8Array, ident: Uint8Array): Uint8Array {
  return derive(dataKey, ident, 'BKA1/box')
}

const depthLimit = 64

/**
 * JSON with one spelling: keys sorted by UTF-16 code unit, no spaces, absent where undefined.
 * Throws E_DAMAGED for what nests deeper than 64 levels and for numbers that JSON cannot hold.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > depthLimit) throw damaged('the document nests too deep')
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null, depth + 1)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    members.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member, depth + 1)}`).join(',')}}`
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw damaged('the document holds a number out of range')
  return JSON.stringify(value)
}
