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

/** Header blocks of a member: PAX header where needed, ustar header, sparse map. Content and padding follow. */
export function encodeTarHeader(member: TarMember): Uint8Array {
  const { attributes } = member
  const records: Uint8Array[] = []
  const map = member.sparse === null ? null : encodeSparseMap(member.sparse)
  const contentBytes = member.storedBytes + (map?.length ?? 0)

  let name: string = member.path
  if (member.type === 'directory') name += '/'
  if (map !== null) {
    records.push(
      record('GNU.sparse.major', '1'),
      record('GNU.sparse.minor', '0'),
      record('GNU.sparse.name', name),
      record('GNU.sparse.realsize', String(attributes.sizeBytes)),
    )
    name = 'GNUSparseFile.0/s'
  } else if (needsRecord(name)) {
    records.push(record('path', name))
  }
  const link: string = member.linkTarget ?? ''
  if (needsRecord(link)) records.push(record('linkpath', link))
  if (records.length > 0 && (pathToText(member.path) === null || pathToText(link as BytePath) === null))
    records.unshift(record('hdrcharset', 'BINARY'))
  if (contentBytes > maxOctal12) records.push(record('size', String(contentBytes)))
  if (attributes.uid > maxOctal8) records.push(record('uid', String(attributes.uid)))
  if (attributes.gid > maxOctal8) records.push(record('gid', String(attributes.gid)))
  const seconds = attributes.mtimeNs / 1_000_000_000n
  const mtimeFits = attributes.mtimeNs >= 0n && seconds <= BigInt(maxOctal12)
  if (!mtimeFits || attributes.mtimeNs % 1_000_000_000n !== 0n)
    records.push(record('mtime', paxTime(attributes.mtimeNs)))
  for (const [key, value] of member.xattrs) {
    if (key === 'security.selinux') records.push(record('RHT.security.selinux', value))
    records.push(record(`SCHILY.xattr.${xattrKeyword(key)}`, value))
  }
  if (member.acl?.access !== undefined) records.push(record('SCHILY.acl.access', member.acl.access))
  if (member.acl?.default !== undefined) records.push(record('SCHILY.acl.default', member.acl.default))

  const pax = records.length === 0 ? null : Buffer.concat(records)
  const paxBytes = pax === null ? 0 : tarBlockBytes + paddedBytes(pax.length)
  const out = Buffer.alloc(paxBytes + tarBlockBytes + (map?.length ?? 0))
  if (pax !== null) {
    writeHeader(out, 0, {
      name: 'PaxHeaders/0',
      link: '',
      mode: 0o600,
      uid: 0,
      gid: 0,
      size: pax.length,
      mtime: 0,
      flag: 0x78,
      user: '',
      group: '',
      major: 0,
      minor: 0,
    })
    pax.copy(out, tarBlockBytes)
  }
  writeHeader(out, paxBytes, {
    name,
    link,
    mode: attributes.mode,
    uid: attributes.uid,
    gid: attributes.gid,
    size: contentBytes,
    mtime: mtimeFits ? Number(seconds) : 0,
    flag: typeFlag[member.type],
    user: member.userName ?? '',
    group: member.groupName ?? '',
    major: attributes.deviceNumber?.major ?? 0,
    minor: attributes.deviceNumber?.minor ?? 0,
  })
  if (map !== null) out.set(map, paxBytes + tarBlockBytes)
  return out
}

/** The first record of every archive: a global header whose only content is a comment, which every tar ignores. */
export function encodeGlobalComment(comment: string): Uint8Array {
  const body = record('comment', comment)
  const out = Buffer.alloc(tarBlockBytes + paddedBytes(body.length))
  writeHeader(out, 0, {
    name: 'GlobalHead/0',
    link: '',
    mode: 0o600,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: 0,
    flag: 0x67,
    user: '',
    group: '',
    major: 0,
    minor: 0,
  })
  body.copy(out, tarBlockBytes)
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

/** `len key=value\n`, where len counts itself. */
function record(key: string, value: string | Uint8Array): Buffer {
  const keyBytes = xattrNameToBytes(key)
  const valueBytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value
  const rest = keyBytes.length + valueBytes.length + 3
  let length = rest + String(rest).length
  if (String(length).length > String(rest).length) length = rest + String(length).length
  return Buffer.concat([Buffer.from(`${length} `), keyBytes, Buffer.from('='), valueBytes, Buffer.from('\n')])
}

/** GNU tar writes '%' and '=' of an attribute's name as %25 and %3D, since '=' ends a keyword. */
function xattrKeyword(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('=', '%3D')
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

function writeHeader(out: Buffer, at: number, fields: UstarFields): void {
  out.write(fieldText(fields.name, 100), at, 'latin1')
  writeOctal(out, at + 100, 8, fields.mode)
  writeOctal(out, at + 108, 8, fields.uid > maxOctal8 ? 0 : fields.uid)
  writeOctal(out, at + 116, 8, fields.gid > maxOctal8 ? 0 : fields.gid)
  writeOctal(out, at + 124, 12, fields.size > maxOctal12 ? 0 : fields.size)
  writeOctal(out, at + 136, 12, fields.mtime)
  out.fill(0x20, at + 148, at + 156)
  out[at + 156] = fields.flag
  out.write(fieldText(fields.link, 100), at + 157, 'latin1')
  out.write('ustar\x0000', at + 257, 'latin1')
  out.write(fieldText(fields.user, 31), at + 265, 'latin1')
  out.write(fieldText(fields.group, 31), at + 297, 'latin1')
  if (fields.flag === 0x33 || fields.flag === 0x34) {
    writeOctal(out, at + 329, 8, Math.min(fields.major, maxOctal8))
    writeOctal(out, at + 337, 8, Math.min(fields.minor, maxOctal8))
  }
  let sum = 0
  for (let i = at; i < at + tarBlockBytes; i++) sum += out[i] as number
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1')
}

/** What fits an ustar field when a PAX record carries the real value: plain ASCII, cut. */
function fieldText(value: string, bytes: number): string {
  const plain = /[^\x20-\x7e]/.test(value) ? value.replace(/[^\x20-\x7e]/g, '_') : value
  return plain.length > bytes ? plain.slice(0, bytes) : plain
}

function writeOctal(out: Buffer, at: number, width: number, value: number): void {
  out.write(value.toString(8).padStart(width - 1, '0'), at, 'latin1')
}
