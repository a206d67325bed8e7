import type { TocEntry } from '../../model/toc.ts'
import type { ReadMember } from '../archive/tar-reader.ts'

/** In what a member of the tar differs from its line in the table of contents; empty where in nothing. */
export function differences(member: ReadMember, entry: TocEntry): string[] {
  const found: string[] = []
  const compare = (what: string, inTar: unknown, inToc: unknown): void => {
    if (inTar !== inToc) found.push(`${what} (${inTar} in the tar, ${inToc} in the table of contents)`)
  }
  if (member.type !== entry.type) return [`type (${member.type} in the tar, ${entry.type} in the table of contents)`]
  compare('mode', member.mode, entry.mode)
  compare('owner', member.uid, entry.uid)
  compare('group', member.gid, entry.gid)
  if (!isCut(entry.userName)) compare('name of the owner', member.userName, entry.userName ?? '')
  if (!isCut(entry.groupName)) compare('name of the group', member.groupName, entry.groupName ?? '')
  compare('time', member.mtimeNs, entry.mtimeNs)
  if (entry.type === 'file') compare('size', member.sizeBytes, entry.sizeBytes)
  if (member.linkTarget !== entry.linkTarget) found.push('link target')
  compare('device', deviceText(member.deviceNumber), deviceText(entry.deviceNumber))
  if (!sameXattrs(member.xattrs, entry.xattrs)) found.push('extended attributes')
  compare('access control list', member.acl?.access, entry.acl?.access)
  compare('default access control list', member.acl?.default, entry.acl?.default)
  if (entry.type === 'file' && !sameRegions(member.sparse, entry.sparse)) found.push('holes')
  return found
}

/** ustar has 31 bytes of ASCII for a name; a longer one is cut in the tar. */
function isCut(name: string | null): boolean {
  return name !== null && (name.length > 31 || /[^\x20-\x7e]/.test(name))
}

function deviceText(device: TocEntry['deviceNumber']): string | null {
  return device === null ? null : `${device.major}:${device.minor}`
}

function sameXattrs(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  if (a.size !== b.size) return false
  for (const [name, value] of a) {
    const other = b.get(name)
    if (other === undefined || Buffer.compare(value, other) !== 0) return false
  }
  return true
}

function sameRegions(a: ReadMember['sparse'], b: TocEntry['sparse']): boolean {
  if (a === null || b === null) return a === b
  return a.length === b.length && a.every(([offset, length], at) => offset === b[at]?.[0] && length === b[at]?.[1])
}
