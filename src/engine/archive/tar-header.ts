import { type BytePath, pathToText } from '../../model/path.ts'
import type { Attributes, EntryType } from '../../model/source.ts'
import { xattrNameToBytes } from '../platform/xattr-name.ts'

/**
 * The tar profile: POSIX ustar, with a PAX extended header only where ustar cannot say it (POSIX.1-2017 pax,
 * "pax Interchange Format"), GNU.sparse 1.0 for files with holes (GNU tar manual, "Sparse Formats").
 */

export const tarBlockBytes = 512

export interface TarMember {
  readonly path: BytePath
  readonly type: EntryType
  readonly attributes: Attributes
  readonly userName: string | null
  readonly groupName: string | null
  readonly linkTarget: BytePath | null
  readonly xattrs: ReadonlyMap<string, Uint8Array>
  readonly acl: { readonly access?: string; readonly default?: string } | null
  /** Data regions of a sparse file; the member's content is then the map followed by those regions. */
  readonly sparse: readonly (readonly [number, number])[] | null
  /** Bytes of content that follow, without the sparse map. */
  readonly storedBytes: number
}

const typeFlag: Record<EntryType, number> = {
  file: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  'char-device': 0x33,
  'block-device': 0x34,
  directory: 0x35,
  fifo: 0x36,
}

const maxOctal8 = 0o7777777
const maxOctal12 = 0o77777777777
const maxOctal12Big = BigInt(maxOctal12)
const billion = 1_000_000_000n

/** A member's header blocks before they are written: their length is known, so that room can be made. */
export interface TarHeader {
  readonly bytes: number
  readonly fields: UstarFields
  /** Records of the PAX header, one char a byte; empty where ustar says it all. */
  readonly pax: string
  readonly map: Uint8Array | null
}

/** Header blocks of a member: PAX header where needed, ustar header, sparse map. Content and padding follow. */
export function encodeTarHeader(member: TarMember): Uint8Array {
  const header = planTarHeader(member)
  const out = Buffer.allocUnsafe(header.bytes)
  writeTarHeader(header, out, 0)
  return out
}

export function planTarHeader(member: TarMember): TarHeader {
  const { attributes, sparse, type } = member
  const map = sparse === null ? null : encodeSparseMap(sparse)
  const size = member.storedBytes + (map?.length ?? 0)
  let pax = ''
  let name: string = type === 'directory' ? `${member.path}/` : member.path
  if (map !== null) {
    pax += record('GNU.sparse.major', '1') + record('GNU.sparse.minor', '0')
    pax += record('GNU.sparse.name', name) + record('GNU.sparse.realsize', String(attributes.sizeBytes))
    name = 'GNUSparseFile.0/s'
  } else if (needsRecord(name)) pax += record('path', name)
  const link: string = member.linkTarget ?? ''
  if (needsRecord(link)) pax += record('linkpath', link)
  if (pax !== '' && (pathToText(member.path) === null || pathToText(link as BytePath) === null)) {
    pax = record('hdrcharset', 'BINARY') + pax
  }
  if (size > maxOctal12) pax += record('size', String(size))
  if (attributes.uid > maxOctal8) pax += record('uid', String(attributes.uid))
  if (attributes.gid > maxOctal8) pax += record('gid', String(attributes.gid))
  const seconds = attributes.mtimeNs / billion
  const mtimeFits = attributes.mtimeNs >= 0n && seconds <= maxOctal12Big
  if (!mtimeFits || attributes.mtimeNs % billion !== 0n) pax += record('mtime', paxTime(attributes.mtimeNs))
  for (const [key, value] of member.xattrs) {
    const text = Buffer.from(value).toString('latin1')
    if (key === 'security.selinux') pax += record('RHT.security.selinux', text)
    pax += record(`SCHILY.xattr.${xattrKeyword(key)}`, text)
  }
  if (member.acl?.access !== undefined) pax += record('SCHILY.acl.access', bytesOf(member.acl.access))
  if (member.acl?.default !== undefined) pax += record('SCHILY.acl.default', bytesOf(member.acl.default))
  const fields = {
    name,
    link,
    mode: attributes.mode,
    uid: attributes.uid,
    gid: attributes.gid,
    size,
    mtime: mtimeFits ? Number(seconds) : 0,
    flag: typeFlag[type],
    user: member.userName ?? '',
    group: member.groupName ?? '',
    major: attributes.deviceNumber?.major ?? 0,
    minor: attributes.deviceNumber?.minor ?? 0,
  }
  const paxBytes = pax === '' ? 0 : tarBlockBytes + paddedBytes(pax.length)
  return { bytes: paxBytes + tarBlockBytes + (map?.length ?? 0), fields, pax, map }
}

/** Writes all `header.bytes` of it at `at`, whatever was there before. */
export function writeTarHeader({ bytes, fields, pax, map }: TarHeader, out: Buffer, at: number): void {
  out.fill(0, at, at + bytes)
  let next = at
  if (pax !== '') {
    writeHeader(out, at, { ...ownFields, name: 'PaxHeaders/0', size: pax.length, flag: 0x78 })
    out.write(pax, at + tarBlockBytes, 'latin1')
    next += tarBlockBytes + paddedBytes(pax.length)
  }
  writeHeader(out, next, fields)
  if (map !== null) out.set(map, next + tarBlockBytes)
}

/** The first record of every archive: a global header whose only content is a comment, which every tar ignores. */
export function encodeGlobalComment(comment: string): Uint8Array {
  const body = record('comment', comment)
  const out = Buffer.alloc(tarBlockBytes + paddedBytes(body.length))
  writeHeader(out, 0, { ...ownFields, name: 'GlobalHead/0', size: body.length, flag: 0x67 })
  out.write(body, tarBlockBytes, 'latin1')
  return out
}

/** Header of a file the writer itself makes, below .bka/. */
export function encodeOwnFileHeader(path: BytePath, sizeBytes: number): Uint8Array {
  return encodeTarHeader({
    path,
    type: 'file',
    attributes: {
      mode: 0o600,
      uid: 0,
      gid: 0,
      sizeBytes,
      allocatedBytes: sizeBytes,
      mtimeNs: 0n,
      ctimeNs: 0n,
      inode: 0n,
      device: 0n,
      deviceNumber: null,
      links: 1,
    },
    userName: null,
    groupName: null,
    linkTarget: null,
    xattrs: new Map(),
    acl: null,
    sparse: null,
    storedBytes: sizeBytes,
  })
}

export function paddedBytes(bytes: number): number {
  return Math.ceil(bytes / tarBlockBytes) * tarBlockBytes
}

/**
 * The map of GNU.sparse 1.0: decimal numbers, one a line, padded to a block. A file that ends in a hole gets
 * a closing pair (realsize, 0): without it GNU tar restores the file short.
 */
function encodeSparseMap(regions: readonly (readonly [number, number])[]): Uint8Array {
  let text = `${regions.length}\n`
  for (const [offset, length] of regions) text += `${offset}\n${length}\n`
  const out = Buffer.alloc(paddedBytes(text.length))
  out.write(text, 'latin1')
  return out
}

/** `len key=value\n`, where len counts itself. One char a byte. */
function record(key: string, value: string): string {
  const rest = key.length + value.length + 3
  let length = rest + String(rest).length
  if (String(length).length > String(rest).length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}

/** The UTF-8 bytes of a text, one char a byte. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** GNU tar writes '%' and '=' of an attribute's name as %25 and %3D, since '=' ends a keyword. */
function xattrKeyword(name: string): string {
  const bytes = Buffer.from(xattrNameToBytes(name)).toString('latin1')
  return bytes.replaceAll('%', '%25').replaceAll('=', '%3D')
}

function needsRecord(path: string): boolean {
  return path.length > 100 || /[^\x20-\x7e]/.test(path)
}

function paxTime(timeNs: bigint): string {
  const magnitude = timeNs < 0n ? -timeNs : timeNs
  const nanos = (magnitude % 1_000_000_000n).toString().padStart(9, '0')
  return `${timeNs < 0n ? '-' : ''}${magnitude / 1_000_000_000n}.${nanos}`
}

interface UstarFields {
  readonly name: string
  readonly link: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly flag: number
  readonly user: string
  readonly group: string
  readonly major: number
  readonly minor: number
}

const ownFields = { link: '', mode: 0o600, uid: 0, gid: 0, mtime: 0, user: '', group: '', major: 0, minor: 0 } as const

/** `out` is zero there. */
function writeHeader(out: Buffer, at: number, fields: UstarFields): void {
  writeText(out, at, 100, fields.name)
  writeOctal(out, at + 100, 8, fields.mode)
  writeOctal(out, at + 108, 8, fields.uid > maxOctal8 ? 0 : fields.uid)
  writeOctal(out, at + 116, 8, fields.gid > maxOctal8 ? 0 : fields.gid)
  writeOctal(out, at + 124, 12, fields.size > maxOctal12 ? 0 : fields.size)
  writeOctal(out, at + 136, 12, fields.mtime)
  out.fill(0x20, at + 148, at + 156)
  out[at + 156] = fields.flag
  writeText(out, at + 157, 100, fields.link)
  out.write('ustar\x0000', at + 257, 'latin1')
  writeText(out, at + 265, 31, fields.user)
  writeText(out, at + 297, 31, fields.group)
  if (fields.flag === 0x33 || fields.flag === 0x34) {
    writeOctal(out, at + 329, 8, Math.min(fields.major, maxOctal8))
    writeOctal(out, at + 337, 8, Math.min(fields.minor, maxOctal8))
  }
  let sum = 0
  for (let i = at; i < at + tarBlockBytes; i++) sum += out[i] as number
  writeOctal(out, at + 148, 7, sum)
  out[at + 154] = 0
  out[at + 155] = 0x20
}

/** What fits an ustar field when a PAX record carries the real value: plain ASCII, cut. */
function writeText(out: Buffer, at: number, bytes: number, value: string): void {
  if (value === '') return
  const plain = /[^\x20-\x7e]/.test(value) ? value.replace(/[^\x20-\x7e]/g, '_') : value
  out.write(plain.length > bytes ? plain.slice(0, bytes) : plain, at, 'latin1')
}

/** Digits with leading zeros, and the NUL that is there already. */
function writeOctal(out: Buffer, at: number, width: number, value: number): void {
  let rest = value
  for (let digit = at + width - 2; digit >= at; digit--) {
    out[digit] = 0x30 + (rest % 8)
    rest = Math.floor(rest / 8)
  }
}
