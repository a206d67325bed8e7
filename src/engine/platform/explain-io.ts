import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath } from '../../model/path.ts'
import { errorName } from './libc.ts'

/** What the operating system's codes mean to an operator, and what to do next. */
const meanings: Record<string, readonly [what: string, hint: string]> = {
  EACCES: ['permission denied', 'run it as a user who may, or as root'],
  EPERM: ['not permitted', 'run it as root, and look for an immutable flag (lsattr)'],
  EROFS: ['the file system is read-only', 'mount it read-write, or choose another place'],
  EIO: ['the disk reports an error', 'look at the kernel log (dmesg) and the state of the disk'],
  EMFILE: ['too many open files', 'raise the limit on open files (ulimit -n)'],
  ENFILE: ['the machine has too many open files', 'raise fs.file-max'],
  ENOENT: ['no such file or directory', 'look at the path, and whether its file system is mounted'],
  EEXIST: ['it exists already', 'choose another name, or move away what is there'],
  ENOTDIR: ['a parent of it is not a directory', 'choose another path, or move away what is in the way'],
  EISDIR: ['it is a directory', 'name a file'],
  ENOTEMPTY: ['the directory is not empty', 'look at what is in it'],
  ELOOP: ['too many symbolic links, or one where none may be', 'name the place itself'],
  ENAMETOOLONG: ['the name is too long for the file system', 'choose a shorter path'],
  EXDEV: ['it lies on another file system', 'choose a place on the same one'],
  EFBIG: ['the file would be larger than the file system or the limit allows', 'look at ulimit -f'],
  ESTALE: ['the network file system has lost the file', 'mount it again'],
  ETIMEDOUT: ['the network file system does not answer', 'look at the mount and the network'],
  ENODEV: ['the device is gone', 'look at the mount'],
  ENXIO: ['the device is gone', 'look at the mount'],
  EBUSY: ['it is in use', 'find out by whom with fuser or lsof'],
  ENOTSUP: ['the file system does not support it', 'choose another file system'],
  EOPNOTSUPP: ['the file system does not support it', 'choose another file system'],
}

/** ENOSPC and its like: the disk is full, or the share of it this user may fill. */
const fullDisk: Record<string, string> = {
  ENOSPC: 'no space left on the file system',
  EDQUOT: 'the disk quota is used up',
}

/**
 * What a failed file-system call means to an operator: `cannot <doing> <path>: <why>`.
 * E_NO_SPACE where the disk is full, otherwise E_IO. A BackupError is given back as it is.
 */
export function explainIo(error: unknown, doing: string, path: BytePath): BackupError {
  if (error instanceof BackupError) return error
  const code = nameOf(error)
  const subject = `cannot ${doing} ${displayPath(path)}`
  const full = code === null ? undefined : fullDisk[code]
  if (full !== undefined) {
    const hint = 'free some space there (also inodes: df -i), or choose another place, and run it again'
    return new BackupError('E_NO_SPACE', `${subject}: ${full}`, hint, error)
  }
  const [what, hint] = (code === null ? undefined : meanings[code]) ?? [code ?? 'an unexpected error', '']
  return new BackupError('E_IO', `${subject}: ${what}`, hint, error)
}

/** The same for what may be a mistake of ours as well: an error that is not the operating system's is given back as it is. */
export function explainIfIo(error: unknown, doing: string, path: BytePath): unknown {
  return /^E(?!RR_)[A-Z0-9]+$/.test(nameOf(error) ?? '') ? explainIo(error, doing, path) : error
}

function nameOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ('errno' in error && typeof error.errno === 'number') return errorName(-error.errno)
  return 'code' in error && typeof error.code === 'string' ? error.code : null
}
