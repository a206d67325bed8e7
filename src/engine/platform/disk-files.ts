import * as fs from 'node:fs'
import { constants } from 'node:os'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath } from '../../model/path.ts'
import type { FileStatus, Files, FileType, OpenMode } from '../../model/ports.ts'
import { childOfDescriptor, descriptorPath, nodePath, onShortPath, openPathOnly } from './disk-paths.ts'
import { realPathOnDisk } from './disk-real-path.ts'
import { removeTreeFromDisk } from './disk-tree.ts'
import { type Libc, loadLibc, systemError } from './libc.ts'
import { xattrNameFromBytes, xattrNameToBytes } from './xattr-name.ts'

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = fs.constants

/** Absent on other systems than Linux, where an access time is then updated. */
const withoutAccessTime = fs.constants.O_NOATIME ?? 0

/** libuv adds O_CLOEXEC to every one. */
const openFlags: Record<OpenMode, number> = {
  read: O_RDONLY | O_NOFOLLOW | O_NONBLOCK | withoutAccessTime,
  'read-following': O_RDONLY | O_NONBLOCK | withoutAccessTime,
  create: O_WRONLY | O_CREAT | O_EXCL,
  append: O_WRONLY | O_APPEND | O_CREAT,
  'read-write': O_RDWR,
  lock: O_RDWR | O_CREAT,
  directory: O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
  'directory-following': O_RDONLY | O_DIRECTORY,
}

const fileTypes: ReadonlyMap<number, FileType> = new Map([
  [0o010000, 'fifo'],
  [0o020000, 'char-device'],
  [0o040000, 'directory'],
  [0o060000, 'block-device'],
  [0o100000, 'file'],
  [0o120000, 'symlink'],
  [0o140000, 'socket'],
])
const specialTypes = { fifo: 0o010000, 'char-device': 0o020000, 'block-device': 0o060000, socket: 0o140000 } as const

/** What a file system without extended attributes answers when asked for them. */
const withoutXattrs = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * The disk, by synchronous node:fs and, for what Node lacks, the C library.
 * Where the C library is out of reach (`reachLibc` gives null), locks, extended attributes, special files and
 * syncFileSystem throw E_PLATFORM; the rest does what Node can.
 */
export function createDiskFiles(reachLibc: () => Libc | null = loadLibc): Files {
  function libcFor(what: string): Libc {
    const libc = reachLibc()
    if (libc !== null) return libc
    throw new BackupError(
      'E_PLATFORM',
      `${what} need the C library, which cannot be reached on ${process.platform}-${process.arch}`,
      'install Holdfast with its koffi package for this machine (64-bit Linux)',
    )
  }

  return {
    childOf: childOfDescriptor,

    open(path, mode) {
      const flags = openFlags[mode]
      return onShortPath(path, (short) => {
        try {
          return fs.openSync(nodePath(short), flags, 0o600)
        } catch (error) {
          // Only its owner and root may spare a file its access time.
          if ((flags & withoutAccessTime) === 0 || codeOf(error) !== 'EPERM') throw error
          return fs.openSync(nodePath(short), flags & ~withoutAccessTime)
        }
      })
    },
    close: (fd) => fs.closeSync(fd),
    read(fd, into, offset, length, position) {
      for (;;) {
        try {
          return fs.readSync(fd, into, offset, length, position)
        } catch (error) {
          // libuv repeats every interrupted call but this one; network file systems do interrupt it.
          if (codeOf(error) !== 'EINTR') throw error
        }
      }
    },
    write(fd, bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        const at = position === null ? null : position + done
        const taken = fs.writeSync(fd, bytes, done, bytes.length - done, at)
        if (taken === 0) throw systemError(constants.errno.ENOSPC, 'write', null)
        done += taken
      }
    },
    truncate: (fd, sizeBytes) => fs.ftruncateSync(fd, sizeBytes),
    sync: (fd) =>
      new Promise((resolve, reject) => fs.fsync(fd, (error) => (error === null ? resolve() : reject(error)))),
    syncFileSystem: async (fd) => libcFor('whole-file-system syncs').syncFileSystem(fd),
    startWriteback: (fd, position, length) => reachLibc()?.startWriteback(fd, position, length),
    dropCache: (fd) => reachLibc()?.dropCache(fd),
    tryLock: (fd) => libcFor('locks').tryLock(fd, 'exclusive'),
    tryShareLock: (fd) => libcFor('locks').tryLock(fd, 'shared'),

    status: (path) => onShortPathOrAbsent(path, (short) => fs.lstatSync(nodePath(short), bigintOrAbsent)),
    statusFollowing: (path) => onShortPathOrAbsent(path, (short) => fs.statSync(nodePath(short), bigintOrAbsent)),
    statusOf: (fd) => statusFrom(fs.fstatSync(fd, { bigint: true })),
    fileSystem(path) {
      const status = onShortPath(path, (short) => fs.statfsSync(nodePath(short)))
      return { freeBytes: status.bavail * status.bsize, totalBytes: status.blocks * status.bsize }
    },
    realPath: realPathOnDisk,
    names: (path) => onShortPath(path, (short) => fs.readdirSync(nodePath(short), latin1) as BytePath[]),
    linkTarget: (path) => onShortPath(path, (short) => fs.readlinkSync(nodePath(short), latin1) as BytePath),

    makeDirectory: (path, mode) => onShortPath(path, (short) => void fs.mkdirSync(nodePath(short), mode)),
    makeSymlink: (target, path) => onShortPath(path, (short) => fs.symlinkSync(nodePath(target), nodePath(short))),
    makeHardlink: (existing, path) =>
      onShortPath(existing, (from) => onShortPath(path, (to) => fs.linkSync(nodePath(from), nodePath(to)))),
    makeSpecial(path, type, mode, device) {
      const libc = libcFor('special files')
      onShortPath(path, (short) => libc.makeNode(short, specialTypes[type] | (mode & 0o7777), deviceOf(device)))
    },
    rename: (from, to) =>
      onShortPath(from, (source) => onShortPath(to, (target) => fs.renameSync(nodePath(source), nodePath(target)))),
    removeFile: (path) => onShortPath(path, (short) => fs.unlinkSync(nodePath(short))),
    removeDirectory: (path) => onShortPath(path, (short) => fs.rmdirSync(nodePath(short))),
    removeTree: (path) => absentIsFine(() => onShortPath(path, removeTreeFromDisk)),

    setMode: (path, mode) =>
      onShortPath(path, (short) => {
        // chmod follows a symlink; by way of a descriptor that only names the file it cannot.
        const fd = fs.openSync(nodePath(short), openPathOnly | O_NOFOLLOW)
        try {
          fs.chmodSync(descriptorPath(fd), mode)
        } finally {
          fs.closeSync(fd)
        }
      }),
    setModeOf: (fd, mode) => fs.fchmodSync(fd, mode),
    setOwner: (path, uid, gid) => onShortPath(path, (short) => fs.lchownSync(nodePath(short), uid, gid)),
    setOwnerOf: (fd, uid, gid) => fs.fchownSync(fd, uid, gid),
    setTime: (path, mtimeNs) =>
      onShortPath(path, (short) => {
        const libc = reachLibc()
        if (libc !== null) return libc.setTime(short, mtimeNs)
        fs.lutimesSync(nodePath(short), fs.lstatSync(nodePath(short)).atime, dateOf(mtimeNs))
      }),
    setTimeOf(fd, mtimeNs) {
      const libc = reachLibc()
      if (libc !== null) return libc.setTimeOf(fd, mtimeNs)
      fs.futimesSync(fd, fs.fstatSync(fd).atime, dateOf(mtimeNs))
    },

    xattrs(path) {
      const libc = libcFor('extended attributes')
      return onShortPath(path, (short) => readXattrs(libc, short))
    },
    setXattr(path, name, value) {
      const libc = libcFor('extended attributes')
      onShortPath(path, (short) => libc.setXattr(short, xattrNameToBytes(name), value))
    },
    removeXattr(path, name) {
      const libc = libcFor('extended attributes')
      onShortPath(path, (short) => libc.removeXattr(short, xattrNameToBytes(name)))
    },

    dataRegions(fd, sizeBytes) {
      const libc = reachLibc()
      if (sizeBytes === 0) return []
      if (libc === null) return [[0, sizeBytes]]
      const before = libc.position(fd, null)
      try {
        return seekRegions(libc, fd, sizeBytes)
      } finally {
        libc.position(fd, before)
      }
    },
  }
}

/** The file system a worker or a test names by the URL of a module with `createFiles()`; the disk where it names none. */
export async function loadFiles(moduleUrl: string | null): Promise<Files> {
  if (moduleUrl === null) return createDiskFiles()
  const module: unknown = await import(moduleUrl)
  if (typeof module === 'object' && module !== null && 'createFiles' in module) {
    const create = module.createFiles
    // The module's own type check saw to what it gives: it is code of this project, not input.
    if (typeof create === 'function') return create() as Files
  }
  throw new BackupError('E_INTERNAL', `${displayPath(moduleUrl as BytePath)} has no createFiles()`)
}

const latin1 = { encoding: 'latin1' } as const
const bigintOrAbsent = { bigint: true, throwIfNoEntry: false } as const

function onShortPathOrAbsent(
  path: BytePath,
  look: (short: BytePath) => fs.BigIntStats | undefined,
): FileStatus | undefined {
  const status = absentIsFine(() => onShortPath(path, look))
  return status === undefined ? undefined : statusFrom(status)
}

/** A directory on the way may be what is missing. */
function absentIsFine<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function statusFrom(status: fs.BigIntStats): FileStatus {
  const mode = Number(status.mode)
  const type = fileTypes.get(mode & 0o170000)
  if (type === undefined) throw new BackupError('E_INTERNAL', `file type ${mode.toString(8)} is unknown`)
  const device = status.rdev
  return {
    type,
    mode: mode & 0o7777,
    uid: Number(status.uid),
    gid: Number(status.gid),
    sizeBytes: Number(status.size),
    allocatedBytes: Number(status.blocks) * 512,
    mtimeNs: status.mtimeNs,
    ctimeNs: status.ctimeNs,
    inode: status.ino,
    device: status.dev,
    deviceNumber: device === 0n ? noDevice : { major: majorOf(device), minor: minorOf(device) },
    links: Number(status.nlink),
  }
}

const noDevice = { major: 0, minor: 0 } as const

/** Linux packs a device's two numbers as in gnu_dev_makedev of sys/sysmacros.h. */
function majorOf(device: bigint): number {
  return Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n))
}

function minorOf(device: bigint): number {
  return Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n))
}

function deviceOf({ major, minor }: { major: number; minor: number }): bigint {
  const high = BigInt(major)
  const low = BigInt(minor)
  return ((high & 0xfffn) << 8n) | ((high & 0xfffff000n) << 32n) | (low & 0xffn) | ((low & 0xffffff00n) << 12n)
}

function readXattrs(libc: Libc, path: BytePath): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>()
  let list: Uint8Array
  try {
    list = libc.listXattrs(path)
  } catch (error) {
    if (withoutXattrs.has(codeOf(error) ?? '')) return xattrs
    throw error
  }
  for (let at = 0; at < list.length; ) {
    const end = list.indexOf(0, at)
    const name = list.subarray(at, end)
    const value = libc.getXattr(path, name)
    if (value !== null) xattrs.set(xattrNameFromBytes(name), value)
    at = end + 1
  }
  return xattrs
}

function seekRegions(libc: Libc, fd: number, sizeBytes: number): [number, number][] {
  const regions: [number, number][] = []
  try {
    for (let at = 0; at < sizeBytes; ) {
      const from = libc.seek(fd, at, 'data')
      if (from === null || from >= sizeBytes) break
      const to = Math.min(libc.seek(fd, from, 'hole') ?? sizeBytes, sizeBytes)
      if (to <= from) break // shrunk in between
      regions.push([from, to - from])
      at = to
    }
    return regions
  } catch (error) {
    if (codeOf(error) === 'EINVAL') return [[0, sizeBytes]] // a file system that cannot tell
    throw error
  }
}

/** Node takes a negative number of seconds for "now", but not a negative Date. */
function dateOf(mtimeNs: bigint): Date {
  return new Date(Number(mtimeNs / 1_000_000n))
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
