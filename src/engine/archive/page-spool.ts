import { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { letGo } from '../platform/let-go.ts'
import { readFully } from '../platform/read-fully.ts'

/** Compressed pages wait in a file until the entries are done: a table of contents may be larger than memory. */
export class PageSpool {
  bytes = 0
  readonly #files: Files
  readonly #path: BytePath
  readonly #lengths: [number, number][] = []
  #fd: number | null

  constructor(files: Files, path: BytePath) {
    this.#files = files
    this.#path = path
    this.#fd = files.open(path, 'create')
  }

  append(bytes: Uint8Array, rawBytes: number): void {
    this.#files.write(this.#fd as number, bytes, null) // open until close, and nothing is appended after that
    this.#lengths.push([bytes.length, rawBytes])
    this.bytes += bytes.length
  }

  drain(take: (bytes: Uint8Array, rawBytes: number) => void): void {
    const fd = this.#files.open(this.#path, 'read')
    try {
      let position = 0
      for (const [length, rawBytes] of this.#lengths) {
        const bytes = Buffer.allocUnsafe(length)
        if (readFully(this.#files, fd, bytes, position) < length)
          throw new BackupError('E_IO', 'the spooled table of contents is shorter than it was written')
        take(bytes, rawBytes)
        position += length
      }
    } finally {
      letGo(this.#files, fd)
    }
  }

  close(): void {
    if (this.#fd === null) return
    letGo(this.#files, this.#fd)
    this.#fd = null
    this.#files.removeFile(this.#path)
  }
}
