import type { BytePath } from './path.ts'

/** The world the engine stands on, handed in by the composition root so that a test can hand in another. */

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
  /** Milliseconds of a clock that never jumps. */
  elapsed(): number
}

export interface Random {
  bytes(count: number): Uint8Array
}

export type FileType = 'file' | 'directory' | 'symlink' | 'fifo' | 'char-device' | 'block-device' | 'socket'

export interface FileStatus {
  readonly type: FileType
  /** Permission bits, 0–4095. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  /** Bytes the file system has set aside; less than sizeBytes where the file has holes. */
  readonly allocatedBytes: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly inode: bigint
  readonly device: bigint
  readonly deviceNumber: { readonly major: number; readonly minor: number }
  readonly links: number
}

export interface FileSystemStatus {
  readonly freeBytes: number
  readonly totalBytes: number
}

/** How a file is opened; every one of them closes on exec. */
export type OpenMode =
  | 'read' // refuses to follow a symlink in the last component; no access time where allowed; never blocks on a FIFO
  | 'read-following'
  | 'create' // write, must not exist, 0600
  | 'append' // write at the end, made 0600 where absent
  | 'read-write' // must exist
  | 'lock' // read and write, made 0600 where absent
  | 'directory' // for reading names and as the parent of other calls; refuses a symlink
  | 'directory-following'

/**
 * All file-system calls of the engine, in workers too. Paths are bytes; calls are synchronous (several times
 * faster per file than promises) but for the ones that wait for a disk. Errors are Node's, with `code` and `syscall`.
 *
 * `childOf(fd, name)` names an entry of an open directory, so that no parent of it can be swapped for a symlink
 * in between; the path it returns is good for any other call while the descriptor is open.
 */
export interface Files {
  childOf(directory: number, name: BytePath): BytePath
  open(path: BytePath, mode: OpenMode): number
  close(fd: number): void
  /** Bytes read, 0 at the end. `position` null reads on from the descriptor's own. */
  read(fd: number, into: Uint8Array, offset: number, length: number, position: number | null): number
  /** Writes all of it; throws where the disk takes less. */
  write(fd: number, bytes: Uint8Array, position: number | null): void
  truncate(fd: number, sizeBytes: number): void
  /** Waits until the descriptor's bytes are on disk. */
  sync(fd: number): Promise<void>
  /** Waits until everything on the descriptor's file system is on disk. */
  syncFileSystem(fd: number): Promise<void>
  /** Asks the kernel to begin writing a range out, without waiting. */
  startWriteback(fd: number, position: number, length: number): void
  /** Drops clean cached pages of the descriptor's file: a backup must not evict the machine's working set. */
  dropCache(fd: number): void
  /** Takes the kernel's exclusive lock if it is free; it dies with its holder. */
  tryLock(fd: number): boolean
  /** Takes it shared: any number may hold it so at once, and none of them beside an exclusive one. */
  tryShareLock(fd: number): boolean

  status(path: BytePath): FileStatus | undefined
  statusFollowing(path: BytePath): FileStatus | undefined
  statusOf(fd: number): FileStatus
  fileSystem(path: BytePath): FileSystemStatus
  realPath(path: BytePath): BytePath
  /** Names in a directory, in no order, without . and .. */
  names(path: BytePath): BytePath[]
  linkTarget(path: BytePath): BytePath

  makeDirectory(path: BytePath, mode: number): void
  makeSymlink(target: BytePath, path: BytePath): void
  makeHardlink(existing: BytePath, path: BytePath): void
  makeSpecial(
    path: BytePath,
    type: 'fifo' | 'char-device' | 'block-device' | 'socket',
    mode: number,
    device: { major: number; minor: number },
  ): void
  rename(from: BytePath, to: BytePath): void
  removeFile(path: BytePath): void
  removeDirectory(path: BytePath): void
  /** A directory and everything in it; symlinks are removed, not followed. Absent is fine. */
  removeTree(path: BytePath): void

  setMode(path: BytePath, mode: number): void
  setModeOf(fd: number, mode: number): void
  setOwner(path: BytePath, uid: number, gid: number): void
  setOwnerOf(fd: number, uid: number, gid: number): void
  /** Modification time, on the name itself where it is a symlink; the access time is left alone. */
  setTime(path: BytePath, mtimeNs: bigint): void
  setTimeOf(fd: number, mtimeNs: bigint): void

  /** Extended attributes of the name itself (symlinks not followed), ACLs among them; throws E_PLATFORM where libc is out of reach. */
  xattrs(path: BytePath): Map<string, Uint8Array>
  setXattr(path: BytePath, name: string, value: Uint8Array): void
  removeXattr(path: BytePath, name: string): void

  /** Data regions of an open file as [offset, length]; the whole file where holes cannot be told. */
  dataRegions(fd: number, sizeBytes: number): [number, number][]
}
