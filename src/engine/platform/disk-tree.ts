import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs'
import type { BytePath } from '../../model/path.ts'
import { childOfDescriptor, descriptorPath, nodePath, openPathOnly } from './disk-paths.ts'

/** Levels held open at once; what lies deeper is first moved up, so that no tree exhausts the descriptors or the stack. */
const deepest = 64

/**
 * Removes what stands at `path`, with everything in it. It goes down by open descriptors: a directory swapped for a
 * symlink in between is not followed. Directories without the owner's rights are given them first.
 */
export function removeTreeFromDisk(path: BytePath): void {
  const status = lstatSync(nodePath(path), { throwIfNoEntry: false })
  if (status === undefined) return
  if (!status.isDirectory()) {
    ignoring('ENOENT', () => unlinkSync(nodePath(path)))
    return
  }
  const top = openForRemoval(path)
  try {
    // Once more for as long as something was moved up meanwhile.
    while (readdirSync(nodePath(descriptorPath(top))).length > 0) empty(top, top, 0)
  } finally {
    closeSync(top)
  }
  ignoring('ENOENT', () => rmdirSync(nodePath(path)))
}

function openForRemoval(path: BytePath): number {
  const fd = openSync(nodePath(path), openPathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  const mode = fstatSync(fd).mode
  // Where it is not ours to change, the removal itself says so.
  if ((mode & 0o700) !== 0o700) ignoring('EPERM', () => chmodSync(descriptorPath(fd), (mode & 0o777) | 0o700))
  return fd
}

function empty(directory: number, top: number, depth: number): void {
  for (const name of readdirSync(nodePath(descriptorPath(directory)), { encoding: 'latin1' })) {
    removeChild(directory, name as BytePath, top, depth)
  }
}

function removeChild(directory: number, name: BytePath, top: number, depth: number): void {
  const child = childOfDescriptor(directory, name)
  if (removeUnlessDirectory(child)) return
  const inner = openForRemoval(child)
  try {
    if (depth >= deepest) {
      // The inode number makes the name unique in the top directory.
      const { ino } = fstatSync(inner, { bigint: true })
      renameSync(nodePath(child), nodePath(childOfDescriptor(top, `.hf-removing-${ino}` as BytePath)))
      return
    }
    empty(inner, top, depth + 1)
  } finally {
    closeSync(inner)
  }
  ignoring('ENOENT', () => rmdirSync(nodePath(child)))
}

/** Nearly all that is removed is no directory, and unlink(2) says of one that it is, on Linux by EISDIR. */
function removeUnlessDirectory(path: BytePath): boolean {
  try {
    unlinkSync(nodePath(path))
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT') return true
    // POSIX has EPERM for it; here that is a file that must not go, too.
    const isDirectory = code === 'EISDIR' || (code === 'EPERM' && lstatSync(nodePath(path)).isDirectory())
    if (isDirectory) return false
    throw error
  }
}

function ignoring(code: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === code)) throw error
  }
}
