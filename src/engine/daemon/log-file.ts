import type { LoggingSettings } from '../../model/configuration.ts'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'

/**
 * A log file that is rotated: `file` becomes `file.1`, `file.1` becomes `file.2`, and so on, and the oldest goes. One
 * that was moved or removed from outside (logrotate) is made anew.
 */
export class LogFile {
  readonly #files: Files
  readonly #path: BytePath
  readonly #rotation: LoggingSettings['rotation']
  #fd: number | null
  /** The last line may have been written in part. */
  #torn = false

  private constructor(files: Files, path: BytePath, rotation: LoggingSettings['rotation'], fd: number) {
    this.#files = files
    this.#path = path
    this.#rotation = rotation
    this.#fd = fd
  }

  /** Made 0600 where absent; its directory must be there. @throws E_CONFIG */
  static open(files: Files, path: BytePath, rotation: LoggingSettings['rotation']): LogFile {
    try {
      return new LogFile(files, path, rotation, openToAppend(files, path))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const hint =
        'its directory must exist, and this user must be able to write there; or leave it out: stdout has the log too'
      throw new BackupError(
        'E_CONFIG',
        `monitoring.logging.file_path: the daemon cannot log there: ${why}`,
        hint,
        error,
      )
    }
  }

  /** @throws E_IO, E_NO_SPACE and the like; the next call tries again. */
  append(line: string): void {
    const fd = this.#current()
    const bytes = new TextEncoder().encode(this.#torn ? `\n${line}` : line)
    let rotationError: unknown = null
    let into = fd
    const { sizeBytes } = this.#files.statusOf(fd)
    if (sizeBytes > 0 && sizeBytes + bytes.length > this.#rotation.sizeBytes) {
      try {
        into = this.#rotate()
      } catch (error) {
        rotationError = error // it grows, then: a line that is kept is worth more
        into = this.#current()
      }
    }
    this.#torn = true
    try {
      this.#files.write(into, bytes, null)
    } catch (error) {
      throw explainIo(error, 'write', this.#path)
    }
    this.#torn = false
    if (rotationError !== null) throw explainIo(rotationError, 'rotate', this.#path)
  }

  /** @throws E_IO and the like; the next `append` tries again. */
  reopen(): void {
    this.close()
    this.#current()
  }

  close(): void {
    if (this.#fd === null) return
    const fd = this.#fd
    this.#fd = null
    letGo(this.#files, fd)
  }

  /** The descriptor of what is at the path now. */
  #current(): number {
    try {
      if (this.#fd !== null) {
        const ours = this.#files.statusOf(this.#fd)
        const there = this.#files.statusFollowing(this.#path)
        if (there !== undefined && there.inode === ours.inode && there.device === ours.device) return this.#fd
        this.close()
      }
      this.#fd = openToAppend(this.#files, this.#path)
      return this.#fd
    } catch (error) {
      throw explainIo(error, 'open', this.#path)
    }
  }

  #rotate(): number {
    const { backups } = this.#rotation
    if (backups === 0) this.#files.removeFile(this.#path)
    for (let number = backups; number > 0; number--) {
      const from = number === 1 ? this.#path : numbered(this.#path, number - 1)
      if (this.#files.status(from) !== undefined) this.#files.rename(from, numbered(this.#path, number))
    }
    return this.#current()
  }
}

function numbered(path: BytePath, number: number): BytePath {
  return `${path}.${number}` as BytePath // digits and a dot are bytes too
}

/** Looks first: opening a FIFO that nobody reads would wait for ever. */
function openToAppend(files: Files, path: BytePath): number {
  const there = files.statusFollowing(path)
  if (there !== undefined && there.type !== 'file')
    throw new BackupError('E_CONFIG', `${displayPath(path)} is not a file`, 'name a file')
  try {
    return files.open(path, 'append')
  } catch (error) {
    throw explainIo(error, 'open', path)
  }
}
