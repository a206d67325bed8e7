import { setImmediate as nextTurn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { type BytePath, joinPath, nameOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from './explain-io.ts'
import { directoryOf, readText, replaceFile, syncDirectory } from './json-file.ts'
import { acquireLock, type LockRequest } from './lock.ts'

/** What the store needs to keep one document in one file, shared with other processes. */
export interface DocumentFile {
  read(): Promise<string | null>
  write(text: string): Promise<void>
  /** Runs `act` while no other process updates the document. */
  lock<T>(act: () => Promise<T>): Promise<T>
  /** CRC-32 of the text's UTF-8 bytes; `before` is that of what comes before it. */
  crc32(text: string, before?: number): number
  /** Keeps the file as `<name>.damaged-<time>`, and gives that name. */
  setAside(): Promise<string>
  /** Another for each writing, which makes another file; null where there is none. */
  version(): string | null
  /** Lets others have the thread for a moment. */
  turn(): Promise<void>
}

/**
 * The document at `path`, guarded by the lock file at `lockPath`: a file of its own, since a rename replaces the
 * document's own file and any lock on it.
 */
export function openDocumentFile(
  files: Files,
  path: BytePath,
  lockPath: BytePath,
  request: () => LockRequest,
): DocumentFile {
  return {
    async read() {
      // What is no file is as good as a damaged one: it can be set aside like one.
      return isOther(files, path) ? '' : readText(files, path)
    },
    write: (text) => replaceFile(files, path, text),
    async lock(act) {
      const lock = await acquireLock(files, lockPath, request())
      try {
        return await act()
      } finally {
        lock.release()
      }
    },
    crc32,
    version() {
      const status = files.statusFollowing(path)
      return status === undefined
        ? null
        : [status.device, status.inode, status.sizeBytes, status.mtimeNs, status.ctimeNs].join(' ')
    },
    turn: () => nextTurn(),
    async setAside() {
      const stamp = new Date(request().clock.now()).toISOString().replaceAll(':', '-')
      const name = `${nameOf(path)}.damaged-${stamp}`
      const aside = joinPath(directoryOf(path), name as BytePath)
      try {
        // A second name rather than a rename: the document must not be missing if the process dies before its successor is written.
        files.makeHardlink(path, aside)
      } catch {
        files.rename(path, aside) // a file system without hard links
      }
      await syncDirectory(files, directoryOf(path))
      return name
    },
  }
}

function isOther(files: Files, path: BytePath): boolean {
  try {
    const status = files.statusFollowing(path)
    return status !== undefined && status.type !== 'file'
  } catch (error) {
    throw explainIo(error, 'read', path)
  }
}
