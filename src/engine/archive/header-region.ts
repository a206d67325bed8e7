import { createHash, createHmac } from 'node:crypto'
import { type Pub, pubSchema } from '../../model/archive.ts'
import { BackupError, damaged } from '../../model/errors.ts'
import { compressions, limits } from '../../model/format.ts'
import { parseSlots, type SlotList } from './slot-list.ts'

/** The header region of an encrypted archive: two copies of PUB and SLOTS. docs/format.md, "Header region". */

export const magic = Uint8Array.of(0x89, 0x42, 0x4b, 0x41, 0x31, 0x0d, 0x0a, 0x1a)
export const streamAlgorithm = 'tink-aes256-gcm-hkdf-sha256'
const supportedMajor = 1
const fixedBytes = 32
const digestBytes = 32
/** Bytes of a copy that are neither PUB nor SLOTS. */
const overheadBytes = fixedBytes + 2 * digestBytes
const smallestCopyBytes = 4096
const largestCopyBytes = limits.headerBytes / 2

/** An archive as a header reader sees it: a local file, or ranges of a remote object. */
export interface ArchiveBytes {
  /** For messages, printable. */
  readonly name: string
  readonly fileBytes: number
  /** Fewer bytes than asked only at the end. */
  read(position: number, length: number): Uint8Array
}

export interface Header {
  readonly pub: Pub
  /** PUB as it was written: what the stream is bound to. */
  readonly pubBytes: Uint8Array
  readonly slots: SlotList
  /** H: where the stream begins. */
  readonly headerBytes: number
  /** The first copy was damaged and the second one was read. */
  readonly healed: boolean
  /** What the MAC covers, and the MAC as it stands in the file: not yet checked. */
  readonly authenticated: Uint8Array
  readonly mac: Uint8Array
}

/** The region's bytes, 8 KiB or the power of two that the slots need. Throws E_UNSUPPORTED past 1 MiB. */
export function encodeHeader(pubBytes: Uint8Array, slots: readonly unknown[], macKey: Uint8Array): Uint8Array {
  const slotBytes = Buffer.from(JSON.stringify(slots), 'utf8')
  const needed = overheadBytes + pubBytes.length + slotBytes.length
  let copyBytes = smallestCopyBytes
  while (copyBytes < needed) copyBytes *= 2
  if (copyBytes > largestCopyBytes) {
    throw new BackupError('E_UNSUPPORTED', `a header of ${needed} bytes is too large`, 'use fewer keys')
  }
  const region = Buffer.alloc(2 * copyBytes)
  region.set(magic)
  region[8] = supportedMajor
  region.writeUInt32BE(2 * copyBytes, 12)
  region.writeUInt32BE(pubBytes.length, 16)
  region.writeUInt32BE(slotBytes.length, 20)
  region.writeUInt32BE(copyBytes, 24)
  region.set(pubBytes, fixedBytes)
  region.set(slotBytes, fixedBytes + pubBytes.length)
  const macAt = fixedBytes + pubBytes.length + slotBytes.length
  region.set(createHmac('sha256', macKey).update(region.subarray(0, macAt)).digest(), macAt)
  region.set(sha256(region.subarray(0, macAt + digestBytes)), macAt + digestBytes)
  region.copy(region, copyBytes, 0, copyBytes)
  return region
}

/**
 * The public part, without a key: checked against rot, not against tampering.
 * Throws E_DAMAGED, or E_NEWER_FORMAT for what a later version wrote.
 */
export function readHeader(archive: ArchiveBytes): Header {
  const start = archive.read(0, 2 * smallestCopyBytes)
  const first = intactCopy(archive, 0, start)
  if (first !== null) return parseCopy(archive.name, first, false)
  let known = hasMagic(start)
  for (let at = smallestCopyBytes; at <= largestCopyBytes && at < archive.fileBytes; at *= 2) {
    const beginning = archive.read(at, fixedBytes)
    if (!hasMagic(beginning)) continue
    known = true
    const copy = intactCopy(archive, at, beginning)
    if (copy !== null) return parseCopy(archive.name, copy, true)
  }
  if (!known) throw damaged(`${archive.name} is not a Holdfast archive`, 'name a file that ends in .enc')
  if (hasMagic(start) && start.length > 8 && start[8]! > supportedMajor) throw newer(archive.name, `format ${start[8]}`)
  throw damaged(`both copies of the header of ${archive.name} are damaged`, 'use another copy of the backup')
}

/** For a full verification: what is wrong with the region although one copy of it was readable. Empty where nothing is. */
export function compareHeaderCopies(archive: ArchiveBytes): string[] {
  const { headerBytes } = readHeader(archive)
  const copyBytes = headerBytes / 2
  const region = archive.read(0, headerBytes)
  const findings: string[] = []
  const copies = [region.subarray(0, copyBytes), region.subarray(copyBytes)]
  for (const [index, copy] of copies.entries()) {
    const which = index === 0 ? 'first' : 'second'
    const intact = intactCopy(archive, index * copyBytes, copy)
    if (intact === null) findings.push(`the ${which} copy of the header is damaged`)
    else if (copy.subarray(usedBytes(intact)).some((byte) => byte !== 0)) {
      findings.push(`the padding after the ${which} copy of the header is not zero`)
    }
  }
  if (findings.length === 0 && !Buffer.from(copies[0]!).equals(copies[1]!))
    findings.push('the copies of the header differ')
  return findings
}

/** The copy at `position` if its fields make sense there and its SHA-256 is right; `beginning` is what was read of it. */
function intactCopy(archive: ArchiveBytes, position: number, beginning: Uint8Array): Buffer | null {
  if (beginning.length < fixedBytes || !hasMagic(beginning)) return null
  const fields = view(beginning)
  const copyBytes = fields.readUInt32BE(24)
  if (copyBytes < smallestCopyBytes || copyBytes > largestCopyBytes || (copyBytes & (copyBytes - 1)) !== 0) return null
  if (fields.readUInt32BE(12) !== 2 * copyBytes || (position !== 0 && position !== copyBytes)) return null
  const used = usedBytes(fields)
  if (used > copyBytes) return null
  // A copy of its own: what `read` returned may be a buffer that the next read fills again.
  const copy = Buffer.from(beginning.length >= used ? beginning.subarray(0, used) : archive.read(position, used))
  if (copy.length !== used) return null
  return sha256(copy.subarray(0, used - digestBytes)).equals(copy.subarray(used - digestBytes)) ? copy : null
}

function usedBytes(fields: Buffer): number {
  return overheadBytes + fields.readUInt32BE(16) + fields.readUInt32BE(20)
}

function parseCopy(name: string, copy: Buffer, healed: boolean): Header {
  if (copy[8] !== supportedMajor) throw newer(name, `format ${copy[8]}`)
  if (copy.readUInt16BE(10) !== 0) throw newer(name, `header flags ${copy.readUInt16BE(10)}`)
  if (copy.readUInt32BE(28) !== 0) throw damaged(`the header of ${name} has bytes where none may be`)
  const slotsAt = fixedBytes + copy.readUInt32BE(16)
  const macAt = slotsAt + copy.readUInt32BE(20)
  const pubBytes = copy.subarray(fixedBytes, slotsAt)
  return {
    pub: parsePub(name, parseJson(name, pubBytes)),
    pubBytes,
    slots: parseSlots(parseJson(name, copy.subarray(slotsAt, macAt)), name),
    headerBytes: copy.readUInt32BE(12),
    healed,
    authenticated: copy.subarray(0, macAt),
    mac: copy.subarray(macAt, macAt + digestBytes),
  }
}

function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    throw damaged(`the header of ${name} is not JSON`)
  }
}

/** Says first what a later version may rightly have written, and only then what nobody may have. */
function parsePub(name: string, value: unknown): Pub {
  if (typeof value === 'object' && value !== null) {
    const algorithm =
      'enc' in value && typeof value.enc === 'object' && value.enc !== null && 'alg' in value.enc
        ? value.enc.alg
        : undefined
    if (typeof algorithm === 'string' && algorithm !== streamAlgorithm) throw newer(name, 'another cipher')
    const compression = 'comp' in value ? value.comp : undefined
    if (typeof compression === 'string' && !compressions.some((known) => known === compression)) {
      throw newer(name, 'another compression')
    }
  }
  const parsed = pubSchema.safeParse(value)
  if (!parsed.success) {
    throw damaged(`the header of ${name} is malformed at ${parsed.error.issues[0]?.path.join('.') || 'its root'}`)
  }
  return parsed.data
}

function hasMagic(bytes: Uint8Array): boolean {
  return bytes.length >= magic.length && magic.every((byte, at) => bytes[at] === byte)
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function newer(name: string, what: string): BackupError {
  return new BackupError(
    'E_NEWER_FORMAT',
    `${name} needs a newer Holdfast: it has ${what}`,
    'update Holdfast, then try again',
  )
}
