import { type BytePath, joinPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { letGo } from './let-go.ts'
import { acquireLock, type Lock, type LockRequest } from './lock.ts'

/**
 * A directory that belongs to a living process: it holds the kernel's lock on the file `lock` in it. Without that, its
 * process has died, and whoever comes by takes the lock and removes the directory. Nobody waits for a sweep of other
 * directories, and no moment has to be kept free of one: a claim that was swept away before it held is made again.
 */
const lockName = 'lock' as BytePath

/** A sweep has to come between two calls to take a claim away, each time. */
const mostTries = 100

export function claimPath(directory: BytePath): BytePath {
  return joinPath(directory, lockName)
}

/**
 * The directory at `path`, made 0700 where it is not there, and locked.
 *
 * @throws E_BUSY where another process holds it after `waitMs`; E_INTERRUPTED; E_IO, E_NO_SPACE, or errors of Node's.
 */
export async function claimDirectory(files: Files, path: BytePath, request: LockRequest): Promise<Lock> {
  const lockPath = claimPath(path)
  for (let tries = 1; ; tries++) {
    makeIfAbsent(files, path)
    let lock: Lock | null = null
    try {
      lock = await acquireLock(files, lockPath, request)
      if (isNamed(files, lockPath, lock.descriptor)) return lock
      lock.release()
    } catch (error) {
      lock?.release()
      if (tries >= mostTries || files.status(path) !== undefined) throw error
    }
  }
}

/**
 * Removes the directory of a process that has died; `first` is done with the lock held, and false keeps the directory.
 * One that is claimed stays, and so does what the disk will not let go of: the next sweep comes by again. Never throws.
 */
export async function sweepClaimed(
  files: Files,
  path: BytePath,
  first: () => boolean | Promise<boolean>,
): Promise<void> {
  const lockPath = claimPath(path)
  try {
    const fd = files.open(lockPath, 'lock')
    try {
      // What is held may be the lock of a directory that another sweep has just removed.
      if (files.tryLock(fd) && isNamed(files, lockPath, fd) && (await first())) files.removeTree(path)
    } finally {
      letGo(files, fd)
    }
  } catch {}
}

function isNamed(files: Files, path: BytePath, fd: number): boolean {
  return files.status(path)?.inode === files.statusOf(fd).inode
}

/** Two may make it at once, and both go on. */
export function makeIfAbsent(files: Files, path: BytePath): void {
  if (files.status(path) !== undefined) return
  try {
    files.makeDirectory(path, 0o700)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
