import { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import { aclAttributes } from '../archive/acl.ts'
import { modeFor } from '../plan/restore-plan.ts'
import { codeOf, extendedOf, isRemovable, needsRoot } from './look.ts'
import type { RestorableEntry } from './step-line.ts'

/** The user this restore runs as. */
export interface User {
  readonly uid: number
  readonly gid: number
}

export const lossTexts = {
  owner: 'ownership was not restored: that needs root',
  'owner-failed': 'ownership could not be restored',
  'special-bits': 'setuid and setgid were left out: their owner could not be restored',
  xattrs: 'extended attributes could not be restored',
  'system-xattrs': 'extended attributes of the system (trusted, security) were not restored: that needs root',
  acl: 'access control lists could not be restored',
  mode: 'permissions could not be restored',
  time: 'modification times could not be restored',
  'hard-links': 'hard links could not be made: the data was written once more',
  sync: 'what was written may not be on disk yet: the file system could not be told to sync',
} as const
/** What could not be restored though the content was. */
export type Loss = keyof typeof lossTexts

const notPermitted = new Set(['EPERM', 'EINVAL', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])
const cannotHold = new Set([...notPermitted, 'ENOSPC', 'EDQUOT', 'E2BIG', 'ERANGE'])

/**
 * Gives a name the attributes of its entry, in the order that keeps them: the owner first, since changing it takes
 * setuid bits and capabilities away; then extended attributes, while the owner may still write; then the mode, which
 * an access control list would change; then the time.
 */
export class AttributeSetter {
  readonly #files: Files
  readonly #user: User
  readonly #lost: (loss: Loss, path: BytePath) => void

  constructor(files: Files, user: User, lost: (loss: Loss, path: BytePath) => void) {
    this.#files = files
    this.#user = user
    this.#lost = lost
  }

  /**
   * A file just made by this user, open as `fd`, 0600. `bornGid` is the group it was born with, null where unknown;
   * `inherits` says that its directory's default ACL gave it one.
   */
  onNewFile(fd: number, path: BytePath, entry: RestorableEntry, bornGid: number | null, inherits: boolean): void {
    const files = this.#files
    const owner = this.#own(entry, { uid: this.#user.uid, gid: bornGid ?? -1 }, (uid, gid) =>
      files.setOwnerOf(fd, uid, gid),
    )
    if (inherits) this.#try('acl', entry.path, () => files.removeXattr(path, aclAttributes.access), aclGone)
    this.#extend(path, entry)
    this.#try('mode', entry.path, () => files.setModeOf(fd, this.#mode(entry, owner)))
    this.#try('time', entry.path, () => files.setTimeOf(fd, entry.mtimeNs))
  }

  /** A name that stands already. `status` is what it is now. */
  onPath(path: BytePath, entry: RestorableEntry, status: FileStatus): void {
    const files = this.#files
    const owner = this.#own(entry, status, (uid, gid) => files.setOwner(path, uid, gid))
    this.#removeExtended(path, entry)
    this.#extend(path, entry)
    if (entry.type !== 'symlink') {
      const mode = this.#mode(entry, owner)
      const changed = owner !== status || mode !== status.mode || entry.acl !== null
      if (changed) this.#try('mode', entry.path, () => files.setMode(path, mode))
    }
    this.#try('time', entry.path, () => files.setTime(path, entry.mtimeNs))
  }

  /** A symlink just made: it has no mode, and its directory gave it no ACL. */
  onNewSymlink(path: BytePath, entry: RestorableEntry): void {
    this.#own(entry, { uid: this.#user.uid, gid: -1 }, (uid, gid) => this.#files.setOwner(path, uid, gid))
    this.#extend(path, entry)
    this.#try('time', entry.path, () => this.#files.setTime(path, entry.mtimeNs))
  }

  /** The owner the name has afterwards; `now` itself where nothing was changed. */
  #own(
    entry: RestorableEntry,
    now: { readonly uid: number; readonly gid: number },
    set: (uid: number, gid: number) => void,
  ): { readonly uid: number; readonly gid: number } {
    if (entry.uid === now.uid && entry.gid === now.gid) return now
    if (this.#user.uid !== 0) {
      const own = { uid: now.uid, gid: now.gid === -1 ? this.#user.gid : now.gid }
      if (entry.uid !== own.uid || entry.gid !== own.gid) this.#lost('owner', entry.path)
      return own
    }
    const done = this.#try('owner-failed', entry.path, () => set(entry.uid, entry.gid))
    return done ? { uid: entry.uid, gid: entry.gid } : now
  }

  #mode(entry: RestorableEntry, owner: { readonly uid: number; readonly gid: number }): number {
    const mode = modeFor(entry, owner)
    if (mode !== entry.mode) this.#lost('special-bits', entry.path)
    return mode
  }

  #extend(path: BytePath, entry: RestorableEntry): void {
    for (const [name, value] of extendedOf(entry)) {
      if (needsRoot(name) && this.#user.uid !== 0) {
        this.#lost('system-xattrs', entry.path)
        continue
      }
      const isAcl = name === aclAttributes.access || name === aclAttributes.default
      this.#try(isAcl ? 'acl' : 'xattrs', entry.path, () => this.#files.setXattr(path, name, value), cannotHold)
    }
  }

  #removeExtended(path: BytePath, entry: RestorableEntry): void {
    let present: Map<string, Uint8Array>
    try {
      present = this.#files.xattrs(path)
    } catch (error) {
      if (isPlatform(error) || notPermitted.has(codeOf(error) ?? '')) return
      throw error
    }
    const wanted = extendedOf(entry)
    for (const name of present.keys()) {
      if (!isRemovable(name) || wanted.has(name)) continue
      this.#try('xattrs', entry.path, () => this.#files.removeXattr(path, name))
    }
  }

  /** True where it was done; false where it was forgiven. */
  #try(loss: Loss, path: BytePath, act: () => void, forgiven: ReadonlySet<string> = notPermitted): boolean {
    try {
      act()
      return true
    } catch (error) {
      const code = codeOf(error) ?? ''
      if (forgiven === aclGone && code === 'ENODATA') return true
      if (!isPlatform(error) && !forgiven.has(code)) throw error
      this.#lost(loss, path)
      return false
    }
  }
}

const aclGone = new Set([...notPermitted, 'ENODATA'])

function isPlatform(error: unknown): boolean {
  return error instanceof BackupError && error.code === 'E_PLATFORM'
}
