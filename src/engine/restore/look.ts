import { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import { aclAttributes, aclFromText } from '../archive/acl.ts'
import type { Seen } from '../plan/restore-plan.ts'

/**
 * Compares what stands on disk with an entry. The bytes of files are not read here: `content` is 'unknown' where only
 * reading could tell.
 */
export interface Looked {
  readonly seen: Omit<Seen, 'sameContent'>
  /** Bytes the file system has set aside for it. */
  readonly allocatedBytes: number
  readonly content: 'same' | 'different' | 'unknown'
}

export function lookAt(files: Files, path: BytePath, entry: TocEntry, isRoot: boolean): Looked | null {
  const status = files.status(path)
  if (status === undefined) return null
  const { type, sizeBytes, mtimeNs, ctimeNs, inode, links, device, mode, uid, gid } = status
  const content = compareContent(files, path, entry, status)
  const sameExtended = content === 'different' || hasExtended(files, path, entry, isRoot)
  const { allocatedBytes } = status
  return {
    content,
    allocatedBytes,
    seen: { type, sizeBytes, mtimeNs, ctimeNs, inode, links, device, mode, uid, gid, sameExtended },
  }
}

function compareContent(files: Files, path: BytePath, entry: TocEntry, status: FileStatus): Looked['content'] {
  switch (entry.type) {
    case 'directory':
    case 'fifo':
      return status.type === entry.type ? 'same' : 'different'
    case 'symlink':
      return status.type === 'symlink' && files.linkTarget(path) === entry.linkTarget ? 'same' : 'different'
    case 'char-device':
    case 'block-device': {
      const { major, minor } = status.deviceNumber
      const same =
        status.type === entry.type && major === entry.deviceNumber?.major && minor === entry.deviceNumber.minor
      return same ? 'same' : 'different'
    }
    case 'file':
    case 'hardlink':
      if (status.type !== 'file' || status.sizeBytes !== entry.sizeBytes) return 'different'
      if (entry.sizeBytes === 0 || isUntouched(entry, status)) return 'same'
      return 'unknown'
    case 'unknown':
      return 'different'
  }
}

/** The very file that was backed up, with the change time it had then: nobody has written to it since. */
function isUntouched(entry: TocEntry, status: FileStatus): boolean {
  return (
    !entry.torn &&
    entry.device === status.device &&
    entry.inode === status.inode &&
    entry.ctimeNs === status.ctimeNs &&
    entry.mtimeNs === status.mtimeNs
  )
}

/** The attributes an entry brings, ACLs among them. @throws E_DAMAGED where an ACL is none. */
export function extendedOf(entry: Pick<TocEntry, 'xattrs' | 'acl'>): Map<string, Uint8Array> {
  if (entry.xattrs.size === 0 && entry.acl === null) return none
  const all = new Map(entry.xattrs)
  if (entry.acl?.access !== undefined) all.set(aclAttributes.access, aclFromText(entry.acl.access))
  if (entry.acl?.default !== undefined) all.set(aclAttributes.default, aclFromText(entry.acl.default))
  return all
}

const none = new Map<string, Uint8Array>()

/** Attributes a restore also takes away. Others are the system's: labels it gives by itself. */
export function isRemovable(name: string): boolean {
  return name.startsWith('user.') || name === aclAttributes.access || name === aclAttributes.default
}

/** Attributes only root may set. */
export function needsRoot(name: string): boolean {
  return name.startsWith('trusted.') || name.startsWith('security.')
}

function hasExtended(files: Files, path: BytePath, entry: TocEntry, isRoot: boolean): boolean {
  let present: Map<string, Uint8Array>
  try {
    present = files.xattrs(path)
  } catch (error) {
    // Unreadable to this user, or no C library: what cannot be compared is not told apart.
    if (error instanceof BackupError ? error.code === 'E_PLATFORM' : codeOf(error) === 'EACCES') return true
    throw error
  }
  let wanted: Map<string, Uint8Array>
  try {
    wanted = extendedOf(entry)
  } catch {
    return false // an ACL that is none shows when it is to be set
  }
  for (const [name, value] of wanted) {
    if (needsRoot(name) && !isRoot) continue
    const there = present.get(name)
    if (there === undefined || Buffer.compare(there, value) !== 0) return false
  }
  for (const name of present.keys()) if (isRemovable(name) && !wanted.has(name)) return false
  return true
}

export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
