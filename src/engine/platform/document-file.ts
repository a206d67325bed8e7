import { type BytePath, joinPath, nameOf, parentOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { readText, replaceFile, syncDirectory } from './json-file.ts'
import { acquireLock, type LockRequest } from './lock.ts'

/** What the store needs to keep one document in one file, shared with other processes. */
export interface DocumentFile {
  read(): Promise<string | null>
  write(text: string): Promise<void>
  /** Runs `act` while no other process updates the document. */
  lock<T>(act: () => Promise<T>): Promise<T>
  /** Renames the file to `<name>.damaged-<time>`, and gives the new name. */
  setAside(): Promise<string>
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
    read: async () => readText(files, path),
    write: (text) => replaceFile(files, path, text),
    async lock(act) {
      const lock = await acquireLock(files, lockPath, request())
      try {
        return await act()
      } finally {
        lock.release()
      }
    },
    async setAside() {
      const stamp = new Date(request().clock.now()).toISOString().replaceAll(':', '-')
      const name = `${nameOf(path)}.damaged-${stamp}`
      files.rename(path, joinPath(parentOf(path), name as BytePath))
      await syncDirectory(files, parentOf(path))
      return name
    },
  }
}
