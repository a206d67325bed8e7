import { randomBytes } from 'node:crypto'
import { type BytePath, joinPath, parentOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from './explain-io.ts'
import { letGo } from './let-go.ts'

/** Small documents: read whole, replaced whole. */

const temporaryName = /^\.hf-replace-[0-9a-f]{12}$/
const triesForAName = 8
const chunkBytes = 65_536
/** Also where a file says that it is larger. */
const largestChunkBytes = 64 * 1024 * 1024

/** The bytes of a small file, at most `limitBytes` of them, or null where it is absent. */
export function readBytes(files: Files, path: BytePath, limitBytes = Number.MAX_SAFE_INTEGER): Uint8Array | null {
  const status = files.statusFollowing(path)
  if (status === undefined) return null
  let fd: number
  try {
    fd = files.open(path, 'read-following')
  } catch (error) {
    if (isAbsence(error)) return null
    throw error
  }
  try {
    const parts: Uint8Array[] = []
    for (let length = 0; length < limitBytes; ) {
      // All of it at once, as far as can be told: a long catalog is not to be there in pieces as well.
      const wanted = length === 0 ? Math.max(chunkBytes, Math.min(status.sizeBytes, largestChunkBytes)) : chunkBytes
      const part = new Uint8Array(Math.min(wanted, limitBytes - length))
      const count = files.read(fd, part, 0, part.length, null)
      if (count === 0) break
      parts.push(part.subarray(0, count))
      length += count
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  } finally {
    letGo(files, fd)
  }
}

/**
 * The text of a small file, or null where it is absent. Bytes that are not UTF-8 become U+FFFD, for the document's
 * own checks to find.
 */
export function readText(files: Files, path: BytePath): string | null {
  try {
    const bytes = readBytes(files, path)
    return bytes === null ? null : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw explainIo(error, 'read', path)
  }
}

/**
 * Puts `text` in the place of the file at `path`, 0600: written beside, on disk, renamed, directory on disk. A reader,
 * also after a crash, finds the old text or the new. Files left beside by dead writers are removed on the way.
 *
 * @throws E_NO_SPACE, E_IO; the old text then still stands, unless only the last step failed.
 */
export async function replaceFile(files: Files, path: BytePath, text: string): Promise<void> {
  const directory = directoryOf(path)
  try {
    sweepDeadWriters(files, directory)
    const temporary = createTemporary(files, directory)
    try {
      files.write(temporary.fd, new TextEncoder().encode(text), null)
      await files.sync(temporary.fd)
      files.rename(temporary.path, path)
    } catch (error) {
      removeIfThere(files, temporary.path)
      throw error
    } finally {
      letGo(files, temporary.fd)
    }
    await syncDirectory(files, directory)
  } catch (error) {
    throw explainIo(error, 'write', path)
  }
}

/** The directory that holds the name, as a path that can be opened. */
export function directoryOf(path: BytePath): BytePath {
  const parent = parentOf(path)
  if (parent !== '') return parent
  return (path.startsWith('/') ? '/' : '.') as BytePath
}

/** Waits until the names in a directory are on disk. */
export async function syncDirectory(files: Files, directory: BytePath): Promise<void> {
  const fd = files.open(directory, 'directory-following')
  try {
    await files.sync(fd)
  } finally {
    letGo(files, fd)
  }
}

/** A new file of this writer's alone. It is locked while it lives, which is how a sweep tells a dead writer's. */
function createTemporary(files: Files, directory: BytePath): { fd: number; path: BytePath } {
  for (let tries = 0; tries < triesForAName; tries++) {
    const path = joinPath(directory, `.hf-replace-${randomBytes(6).toString('hex')}` as BytePath)
    const fd = files.open(path, 'create')
    try {
      // A sweep may have come between the two calls: it then has the lock, or the file has no name any more.
      if (files.tryLock(fd) && files.statusOf(fd).links > 0) return { fd, path }
    } catch (error) {
      letGo(files, fd)
      removeIfThere(files, path)
      throw error
    }
    letGo(files, fd)
  }
  throw new Error('a sweep took every temporary file')
}

/** Removes what writers of documents left in a directory that died. What cannot be removed stays. @throws where it cannot be listed. */
export function sweepDeadWriters(files: Files, directory: BytePath): void {
  for (const name of files.names(directory)) {
    if (!temporaryName.test(name)) continue
    const path = joinPath(directory, name)
    try {
      const fd = files.open(path, 'read')
      try {
        if (files.tryLock(fd)) files.removeFile(path)
      } finally {
        letGo(files, fd)
      }
    } catch {
      // Another sweep was first, its writer has just renamed it, or the disk refuses: what stays harms nobody.
    }
  }
}

function removeIfThere(files: Files, path: BytePath): void {
  try {
    files.removeFile(path)
  } catch {
    // Already renamed or swept; or the disk refuses, and the next sweep tries again.
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Makes a file that must not exist yet, on disk when this returns; its name is only once the directory is synced. */
export async function writeNew(files: Files, path: BytePath, bytes: Uint8Array): Promise<void> {
  const fd = files.open(path, 'create')
  try {
    files.write(fd, bytes, null)
    await files.sync(fd)
  } finally {
    letGo(files, fd)
  }
}
