import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { getSystemErrorMap, getSystemErrorMessage } from 'node:util'
import type * as Koffi from 'koffi'
import { type BytePath, displayPath } from '../../model/path.ts'

/**
 * The C library's calls that Node lacks. Paths are the kernel's: shorter than PATH_MAX, bytes.
 * Each throws an error that looks like Node's own (code, errno, syscall).
 */
export interface Libc {
  /** Names of extended attributes, as bytes each ended by a NUL, in a buffer the next call overwrites. */
  listXattrs(path: BytePath): Uint8Array
  /** Null where the attribute has gone. */
  getXattr(path: BytePath, name: Uint8Array): Uint8Array | null
  setXattr(path: BytePath, name: Uint8Array, value: Uint8Array): void
  removeXattr(path: BytePath, name: Uint8Array): void
  setTime(path: BytePath, mtimeNs: bigint): void
  setTimeOf(fd: number, mtimeNs: bigint): void
  makeNode(path: BytePath, typeAndMode: number, device: bigint): void
  /** Offset of the next data or hole, or null past the last data. */
  seek(fd: number, offset: number, whence: 'data' | 'hole'): number | null
  /** Reads (null) or sets the descriptor's own position. */
  position(fd: number, set: number | null): number
  tryLock(fd: number, how: 'exclusive' | 'shared'): boolean
  startWriteback(fd: number, position: number, length: number): void
  dropCache(fd: number): void
  syncFileSystem(fd: number): Promise<void>
  /**
   * Sends one datagram to a Unix socket, without waiting: EAGAIN where its reader is behind. `address` is the socket's
   * path, or the name of an abstract one with its leading NUL; unix(7).
   */
  sendDatagram(address: Uint8Array, bytes: Uint8Array): void
}

const pathLimitBytes = 4096
/** XATTR_LIST_MAX and XATTR_SIZE_MAX of linux/limits.h: the kernel gives no more at once. */
const xattrLimitBytes = 65_536

const atCurrentDirectory = -100
const atSymlinkNoFollow = 0x100
/** UTIME_OMIT of linux/stat.h: leave this time alone. */
const utimeOmit = (1n << 30n) - 2n
const seekSet = 0
const seekCurrent = 1
const seekWhence = { data: 3, hole: 4 } as const
const lockOrFail = { shared: 1 | 4, exclusive: 2 | 4 } as const
const syncFileRangeWrite = 2
const adviseDontNeed = 4
const unixFamily = 1
/** SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC: no process that is started meanwhile inherits it. */
const datagramSocket = 2 | 0o4000 | 0o2000000
/** MSG_NOSIGNAL */
const withoutSignal = 0x4000
/** sun_path of sockaddr_un; a path there ends with a NUL. */
const socketNameLimitBytes = 108

/** Sonames by Node's name of the processor. Only 64-bit machines: the argument types below are theirs. */
const muslNames: Record<string, string> = {
  x64: 'libc.musl-x86_64.so.1',
  arm64: 'libc.musl-aarch64.so.1',
  ppc64: 'libc.musl-powerpc64le.so.1',
  riscv64: 'libc.musl-riscv64.so.1',
  s390x: 'libc.musl-s390x.so.1',
  loong64: 'libc.musl-loongarch64.so.1',
}

let loaded: Libc | null | undefined

/** The C library, loaded on first need, or null where it is out of reach. */
export function loadLibc(): Libc | null {
  if (loaded === undefined) {
    try {
      loaded = process.platform === 'linux' && process.arch in muslNames ? bind() : null
    } catch {
      // No prebuilt koffi for this machine, or it may not map executable memory: the caller says what is then missing.
      loaded = null
    }
  }
  return loaded
}

function bind(): Libc {
  // require, for it must load lazily inside synchronous calls; the package's types are the shape of what it gives.
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi
  const library = openLibrary(koffi)
  const define = (name: string, result: string, parameters: string[]) => library.func(name, result, parameters)

  const llistxattr = define('llistxattr', 'int64_t', ['const void *', 'void *', 'size_t'])
  const lgetxattr = define('lgetxattr', 'int64_t', ['const void *', 'const void *', 'void *', 'size_t'])
  const lsetxattr = define('lsetxattr', 'int', ['const void *', 'const void *', 'const void *', 'size_t', 'int'])
  const lremovexattr = define('lremovexattr', 'int', ['const void *', 'const void *'])
  const utimensat = define('utimensat', 'int', ['int', 'const void *', 'const void *', 'int'])
  const futimens = define('futimens', 'int', ['int', 'const void *'])
  const lseek = define('lseek', 'int64_t', ['int', 'int64_t', 'int'])
  const flock = define('flock', 'int', ['int', 'int'])
  const syncFileRange = define('sync_file_range', 'int', ['int', 'int64_t', 'int64_t', 'uint32_t'])
  const fadvise = define('posix_fadvise', 'int', ['int', 'int64_t', 'int64_t', 'int'])
  const syncfs = define('syncfs', 'int', ['int'])
  const socket = define('socket', 'int', ['int', 'int', 'int'])
  const sendto = define('sendto', 'int64_t', ['int', 'const void *', 'size_t', 'int', 'const void *', 'uint32_t'])
  const close = define('close', 'int', ['int'])
  const mknod = bindMknod(define)

  const { EAGAIN, EINTR, ENODATA, ENXIO } = koffi.os.errno
  const pathBytes = Buffer.alloc(pathLimitBytes)
  const listBytes = Buffer.alloc(xattrLimitBytes)
  const valueBytes = Buffer.alloc(xattrLimitBytes)
  const times = new BigInt64Array(4)

  function failure(syscall: string, path: BytePath | null): Error {
    return systemError(koffi.errno(), syscall, path)
  }

  /** The path as the C library wants it, in a buffer the next call overwrites. */
  function terminated(path: BytePath, syscall: string): Buffer {
    if (path.includes('\0')) throw systemError(koffi.os.errno['EINVAL'] ?? 22, syscall, path)
    if (path.length >= pathLimitBytes) throw systemError(koffi.os.errno['ENAMETOOLONG'] ?? 36, syscall, path)
    pathBytes.write(path, 0, 'latin1')
    pathBytes[path.length] = 0
    return pathBytes
  }

  /** Its own buffer, for it may hold a NUL. */
  function socketAddress(name: Uint8Array): Uint8Array {
    const isAbstract = name[0] === 0
    const length = name.length + (isAbstract ? 0 : 1)
    if (length > socketNameLimitBytes) throw systemError(koffi.os.errno['ENAMETOOLONG'] ?? 36, 'sendto', null)
    const address = new Uint8Array(2 + length)
    new Uint16Array(address.buffer, 0, 1)[0] = unixFamily // in the machine's byte order
    address.set(name, 2)
    return address
  }

  function timesOf(mtimeNs: bigint): BigInt64Array {
    const second = 1_000_000_000n
    const nanoseconds = ((mtimeNs % second) + second) % second
    times[0] = 0n
    times[1] = utimeOmit
    times[2] = (mtimeNs - nanoseconds) / second
    times[3] = nanoseconds
    return times
  }

  return {
    listXattrs(path) {
      const length = llistxattr(terminated(path, 'llistxattr'), listBytes, xattrLimitBytes)
      if (length < 0) throw failure('llistxattr', path)
      return listBytes.subarray(0, length)
    },
    getXattr(path, name) {
      const length = lgetxattr(terminated(path, 'lgetxattr'), cString(name), valueBytes, xattrLimitBytes)
      if (length >= 0) return Uint8Array.from(valueBytes.subarray(0, length))
      if (koffi.errno() === ENODATA) return null
      throw failure('lgetxattr', path)
    },
    setXattr(path, name, value) {
      const result = lsetxattr(terminated(path, 'lsetxattr'), cString(name), value, value.length, 0)
      if (result < 0) throw failure('lsetxattr', path)
    },
    removeXattr(path, name) {
      if (lremovexattr(terminated(path, 'lremovexattr'), cString(name)) < 0) throw failure('lremovexattr', path)
    },
    setTime(path, mtimeNs) {
      const bytes = terminated(path, 'utimensat')
      if (utimensat(atCurrentDirectory, bytes, timesOf(mtimeNs), atSymlinkNoFollow) < 0) {
        throw failure('utimensat', path)
      }
    },
    setTimeOf(fd, mtimeNs) {
      if (futimens(fd, timesOf(mtimeNs)) < 0) throw failure('futimens', null)
    },
    makeNode(path, typeAndMode, device) {
      if (mknod(terminated(path, 'mknod'), typeAndMode, device) < 0) throw failure('mknod', path)
    },
    seek(fd, offset, whence) {
      const found = Number(lseek(fd, offset, seekWhence[whence]))
      if (found >= 0) return found
      if (koffi.errno() === ENXIO) return null
      throw failure('lseek', null)
    },
    position(fd, set) {
      const at = Number(lseek(fd, set ?? 0, set === null ? seekCurrent : seekSet))
      if (at < 0) throw failure('lseek', null)
      return at
    },
    tryLock(fd, how) {
      for (;;) {
        if (flock(fd, lockOrFail[how]) === 0) return true
        const errno = koffi.errno()
        if (errno === EAGAIN) return false
        if (errno !== EINTR) throw failure('flock', null)
      }
    },
    // Both are advice: where the file system does not take it, nothing is lost but speed.
    startWriteback(fd, position, length) {
      syncFileRange(fd, position, length, syncFileRangeWrite)
    },
    dropCache(fd) {
      fadvise(fd, 0, 0, adviseDontNeed)
    },
    syncFileSystem(fd) {
      return new Promise((resolve, reject) => {
        syncfs.async(fd, (error: unknown, result: number) => {
          // koffi carries the errno of its own thread over to this callback.
          if (error !== null) reject(error)
          else if (result < 0) reject(failure('syncfs', null))
          else resolve()
        })
      })
    },
    sendDatagram(name, bytes) {
      const address = socketAddress(name)
      const fd = socket(unixFamily, datagramSocket, 0)
      if (fd < 0) throw failure('socket', null)
      try {
        if (sendto(fd, bytes, bytes.length, withoutSignal, address, address.length) < 0) throw failure('sendto', null)
      } finally {
        close(fd)
      }
    },
  }
}

function openLibrary(koffi: typeof Koffi): Koffi.LibraryHandle {
  for (const name of ['libc.so.6', muslNames[process.arch] ?? '']) {
    try {
      return koffi.load(name)
    } catch {
      // The other C library, then: glibc's name does not exist on musl, nor the other way round.
    }
  }
  return koffi.load(null)
}

/** glibc before 2.33 has no mknod symbol, only the versioned one its headers call. */
function bindMknod(
  define: (name: string, result: string, parameters: string[]) => (...values: unknown[]) => number,
): (path: Buffer, typeAndMode: number, device: bigint) => number {
  try {
    return define('mknod', 'int', ['const void *', 'uint32_t', 'uint64_t'])
  } catch {
    const versioned = define('__xmknod', 'int', ['int', 'const void *', 'uint32_t', 'const void *'])
    return (path, typeAndMode, device) => versioned(0, path, typeAndMode, BigUint64Array.of(device))
  }
}

/** Attribute names and paths end at a NUL; a value may hold any byte. */
function cString(bytes: Uint8Array): Uint8Array {
  const ended = new Uint8Array(bytes.length + 1)
  ended.set(bytes)
  return ended
}

/** An error as node:fs throws it, the path in it safe for a terminal. */
export function systemError(errno: number, syscall: string, path: BytePath | null): NodeJS.ErrnoException {
  const code = errorName(errno)
  const about = path === null ? '' : ` '${displayPath(path)}'`
  const error: NodeJS.ErrnoException = new Error(`${code}: ${messageOf(errno)}, ${syscall}${about}`)
  error.code = code
  error.errno = -errno
  error.syscall = syscall
  return error
}

/** The name of an error number. Node's own errors say `Unknown system error -122` for some, a full quota among them. */
export function errorName(errno: number): string {
  const known = getSystemErrorMap().get(-errno)
  if (known !== undefined) return known[0]
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`
}

function messageOf(errno: number): string {
  return getSystemErrorMap().has(-errno) ? (getSystemErrorMessage(-errno) ?? '') : 'system error'
}
