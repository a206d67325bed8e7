import { createHash } from 'node:crypto'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { letGo } from '../platform/let-go.ts'
import { release } from '../platform/release.ts'
import type { SegmentSealer } from './stream-aead.ts'

const writebackBytes = 16 << 20

/**
 * Where the stream S ends up: encrypted where there is a sealer, hashed, appended to a new file. Nothing already
 * written is ever touched again.
 */
export class ArchiveSink {
  /** Bytes of S so far. */
  streamBytes = 0
  /** Bytes of the file so far. */
  fileBytes = 0
  readonly #files: Files
  readonly #fd: number
  readonly #sealer: SegmentSealer | null
  readonly #payload = createHash('sha256')
  #writtenBack = 0

  /** `header` is the header region, empty where the archive is not encrypted; it is left out of the payload's hash. */
  constructor(files: Files, path: BytePath, header: Uint8Array, sealer: SegmentSealer | null) {
    this.#files = files
    this.#sealer = sealer
    this.#fd = files.open(path, 'create')
    if (header.length > 0) {
      files.write(this.#fd, header, null)
      this.fileBytes += header.length
    }
    if (sealer !== null) this.#append(sealer.header())
  }

  get encrypted(): boolean {
    return this.#sealer !== null
  }

  write(bytes: Uint8Array): void {
    this.streamBytes += bytes.length
    if (this.#sealer === null) {
      this.#append(bytes)
      return
    }
    for (const piece of this.#sealer.push(bytes)) this.#appendSealed(piece)
  }

  /** Seals the end and waits until every byte is on disk. Returns the payload's SHA-256. */
  async finish(): Promise<string> {
    for (const piece of this.#sealer?.finish() ?? []) this.#appendSealed(piece)
    await this.#files.sync(this.#fd)
    return this.#payload.digest('hex')
  }

  close(): void {
    letGo(this.#files, this.#fd)
  }

  #appendSealed(piece: Uint8Array): void {
    this.#append(piece)
    release(piece)
  }

  #append(bytes: Uint8Array): void {
    this.#files.write(this.#fd, bytes, null)
    this.#payload.update(bytes)
    this.fileBytes += bytes.length
    // Begun early, the final fsync has little left to wait for.
    if (this.fileBytes - this.#writtenBack >= writebackBytes) {
      this.#files.startWriteback(this.#fd, this.#writtenBack, this.fileBytes - this.#writtenBack)
      this.#writtenBack = this.fileBytes
    }
  }
}
