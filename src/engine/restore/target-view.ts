import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, nameOf } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import { besidePath } from '../plan/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'
import { codeOf, type Looked, lookAt } from './look.ts'
import type { OpenDirectories } from './open-directories.ts'

const mostAttempts = 1000

/** What stands in the target where entries are to go. It looks, and changes nothing. */
export class TargetView {
  readonly #files: Files
  readonly #directories: OpenDirectories
  readonly #isRoot: boolean
  /** `20261120T030000Z`: part of the name of what is written beside. */
  readonly #time: string

  constructor(files: Files, directories: OpenDirectories, isRoot: boolean, time: string) {
    this.#files = files
    this.#directories = directories
    this.#isRoot = isRoot
    this.#time = time
  }

  /** Null where nothing stands. @throws E_IO. */
  entry(entry: TocEntry): Looked | null {
    try {
      return lookAt(this.#files, this.#directories.child(entry.path), entry, this.#isRoot)
    } catch (error) {
      throw explainIo(error, 'look at', entry.path)
    }
  }

  /** Undefined where nothing stands. @throws E_IO. */
  status(path: BytePath): FileStatus | undefined {
    try {
      return this.#files.status(this.#directories.child(path))
    } catch (error) {
      throw explainIo(error, 'look at', path)
    }
  }

  /** @throws E_IO. */
  directory(path: BytePath): 'absent' | 'directory' | 'symlink' | 'other' {
    try {
      const status = this.#files.status(this.#directories.child(path))
      if (status === undefined) return 'absent'
      return status.type === 'directory' || status.type === 'symlink' ? status.type : 'other'
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOTDIR' || code === 'ELOOP') return 'other' // swapped just now
      throw explainIo(error, 'look at', path)
    }
  }

  /** A name beside the entry's own that nothing has yet. @throws E_IO where a thousand are taken. */
  freeBeside({ path }: TocEntry): BytePath {
    for (let attempt = 0; attempt <= mostAttempts; attempt++) {
      const beside = besidePath(path, this.#time, attempt)
      if (this.#files.status(this.#directories.child(beside)) === undefined) return beside
    }
    throw new BackupError('E_IO', `no name is free beside ${displayPath(nameOf(path))}`)
  }
}
