import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Pub, pubSchema } from '../../model/archive.ts'
import { BackupError, damaged } from '../../model/errors.ts'
import type { Random } from '../../model/ports.ts'
import { associatedDataOf, dataKeyBytes, deriveArchiveKeys, identOfArchive } from '../keys/archive-keys.ts'
import { cannotOpen, type Keys, noKeys, type SlotKey, unwrapCandidates, wrapKey } from '../keys/slots.ts'
import { type ArchiveBytes, encodeHeader, type Header, readHeader, streamAlgorithm } from './header-region.ts'
import type { SlotList } from './slot-list.ts'

/** The header of an encrypted archive with the keys that open it: made, opened, wrapped for more of them. */

export interface OpenedHeader {
  readonly pub: Pub
  readonly pubBytes: Uint8Array
  readonly slots: SlotList
  readonly streamKey: Uint8Array
  readonly associatedData: Uint8Array
  readonly headerBytes: number
  readonly healed: boolean
}

export interface NewHeader {
  readonly bytes: Uint8Array
  readonly pub: Pub
  readonly streamKey: Uint8Array
  readonly associatedData: Uint8Array
}

/** What the writer decides about PUB; spelled out because a type with an index signature checks nothing. */
export interface PubFields {
  readonly id: string
  readonly created: string
  readonly kind: Pub['kind']
  readonly tenant: string
  readonly profile: Pub['profile']
  readonly set: string
  readonly deps: readonly string[]
  readonly comp: Pub['comp']
  readonly loc: number
  readonly segmentBytes: number
}

/** A header with a fresh data key, wrapped for every one of `slotKeys`. Throws E_KEY_MISSING where there is none. */
export function createHeader(fields: PubFields, slotKeys: readonly SlotKey[], random: Random): NewHeader {
  if (slotKeys.length === 0) throw cannotOpen('the archive to be made', [], noKeys, new Set())
  const dataKey = random.bytes(dataKeyBytes)
  const keys = deriveArchiveKeys(dataKey, fields.id)
  const { segmentBytes, ...named } = fields
  const enc = { alg: streamAlgorithm, seg: segmentBytes }
  const commit = Buffer.from(keys.commit).toString('hex')
  const parsed = pubSchema.safeParse({ fmt: 'BKA1', ...named, enc, commit })
  if (!parsed.success) throw new BackupError('E_INTERNAL', 'a header that no reader would accept', '', parsed.error)
  const pub = parsed.data
  const pubBytes = Buffer.from(JSON.stringify(pub), 'utf8')
  const slots = slotKeys.map((slotKey) => wrapKey(slotKey, identOfArchive(fields.id), dataKey, random))
  return {
    bytes: encodeHeader(pubBytes, slots, keys.macKey),
    pub,
    streamKey: keys.streamKey,
    associatedData: associatedDataOf(pubBytes),
  }
}

/**
 * Checksum, slot, commitment, MAC, in this order. Throws E_KEY_MISSING without any key, E_KEY_WRONG where none opens a
 * slot, E_DAMAGED and E_NEWER_FORMAT.
 */
export function openHeader(archive: ArchiveBytes, keys: Keys): OpenedHeader {
  const { header, derived } = unlockHeader(archive, keys)
  const { pub, pubBytes, slots, headerBytes, healed } = header
  return {
    pub,
    pubBytes,
    slots,
    streamKey: derived.streamKey,
    associatedData: associatedDataOf(pubBytes),
    headerBytes,
    healed,
  }
}

/**
 * The header region with a slot more for every one of `slotKeys` it lacks, as long as it was: the stream behind it
 * stays where it is. Null where no slot is missing. Throws as openHeader, and E_UNSUPPORTED where there is no room.
 */
export function headerWithSlots(
  archive: ArchiveBytes,
  keys: Keys,
  slotKeys: readonly SlotKey[],
  random: Random,
): Uint8Array | null {
  const { header, derived, dataKey } = unlockHeader(archive, keys)
  const { pub, pubBytes, slots, headerBytes, healed } = header
  const present = new Set(slots.slots.map((slot) => slot.kid))
  const missing = slotKeys.filter(({ template }) => !present.has(template.kid))
  if (missing.length === 0 && !healed) return null
  const added = missing.map((slotKey) => wrapKey(slotKey, identOfArchive(pub.id), dataKey, random))
  const region = encodeHeader(pubBytes, [...slots.written, ...added], derived.macKey)
  if (region.length === headerBytes) return region
  throw new BackupError(
    'E_UNSUPPORTED',
    `the header of ${archive.name} has no room for another key`,
    'keep the keys it has',
  )
}

interface UnlockedHeader {
  readonly header: Header
  readonly derived: ReturnType<typeof deriveArchiveKeys>
  readonly dataKey: Uint8Array
}

function unlockHeader(archive: ArchiveBytes, keys: Keys): UnlockedHeader {
  const header = readHeader(archive)
  const { pub, slots } = header
  const untried = new Set<string>()
  let unwrapped = false
  for (const { dataKey } of unwrapCandidates(slots.slots, keys, identOfArchive(pub.id), untried)) {
    unwrapped = true
    const derived = deriveArchiveKeys(dataKey, pub.id)
    if (!timingSafeEqual(derived.commit, Buffer.from(pub.commit, 'hex'))) continue
    const mac = createHmac('sha256', derived.macKey).update(header.authenticated).digest()
    if (!timingSafeEqual(mac, header.mac)) throw tampered(archive.name)
    return { header, derived, dataKey }
  }
  if (unwrapped) throw tampered(archive.name)
  throw cannotOpen(archive.name, slots.types, keys, untried)
}

function tampered(name: string): BackupError {
  return damaged(`the header of ${name} was tampered with`, 'use another copy of the backup')
}
