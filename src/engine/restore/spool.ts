import { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'

/** Lines in a file: the steps of a plan, which may be more than memory holds. */

const writeBytes = 256 * 1024
const readBytes = 1 << 20

export class SpoolWriter {
  readonly #files: Files
  readonly #path: BytePath
  readonly #fd: number
  #lines: string[] = []
  #pieces: Uint8Array[] = []
  /** Characters and bytes that wait to be written. */
  #waiting = 0

  /** The file must not exist. */
  constructor(files: Files, path: BytePath) {
    this.#files = files
    this.#path = path
    try {
      this.#fd = files.open(path, 'create')
    } catch (error) {
      throw explainIo(error, 'create', path)
    }
  }

  line(line: string): void {
    this.#lines.push(line, '\n')
    this.#wait(line.length + 1)
  }

  /** A line that is bytes already. */
  bytes(line: Uint8Array): void {
    this.#gather()
    this.#pieces.push(line, lineFeed)
    this.#wait(line.length + 1)
  }

  /** Lines as bytes, with their line feeds. */
  raw(bytes: Uint8Array): void {
    this.#gather()
    this.#pieces.push(bytes)
    this.#wait(bytes.length)
  }

  flush(): void {
    this.#gather()
    try {
      this.#files.write(this.#fd, Buffer.concat(this.#pieces), null)
    } catch (error) {
      throw explainIo(error, 'write', this.#path)
    }
    this.#pieces = []
    this.#waiting = 0
  }

  async sync(): Promise<void> {
    this.flush()
    await this.#files.sync(this.#fd)
  }

  close(): void {
    this.#files.close(this.#fd)
  }

  #wait(length: number): void {
    this.#waiting += length
    if (this.#waiting >= writeBytes) this.flush()
  }

  #gather(): void {
    if (this.#lines.length > 0) this.#pieces.push(Buffer.from(this.#lines.join(''), 'utf8'))
    this.#lines = []
  }
}

const lineFeed = Uint8Array.of(10)

/** The lines of a file from the byte `start` on, without their line feeds, as many at a time as one read gave. */
export function* spoolLines(
  files: Files,
  path: BytePath,
  mode: 'read' | 'read-following' = 'read',
  start = 0,
): Generator<Buffer[]> {
  let fd: number
  try {
    fd = files.open(path, mode)
  } catch (error) {
    throw explainIo(error, 'open', path)
  }
  try {
    let rest = Buffer.alloc(0)
    let position = start
    for (;;) {
      const room = Buffer.allocUnsafe(rest.length + readBytes)
      rest.copy(room)
      let got: number
      try {
        // A plan may come through a pipe, which has no positions.
        got = files.read(fd, room, rest.length, readBytes, start === 0 ? null : position)
        position += got
      } catch (error) {
        throw explainIo(error, 'read', path)
      }
      if (got === 0) break
      const bytes = room.subarray(0, rest.length + got)
      const lines: Buffer[] = []
      let begin = 0
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, begin)) {
        lines.push(bytes.subarray(begin, end))
        begin = end + 1
      }
      rest = bytes.subarray(begin)
      if (lines.length > 0) yield lines
    }
    if (rest.length > 0) throw new BackupError('E_IO', 'the spooled plan ends in the middle of a line')
  } finally {
    letGo(files, fd)
  }
}
