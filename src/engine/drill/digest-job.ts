import { createHash, hash } from 'node:crypto'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { letGo } from '../platform/let-go.ts'

/** What a worker reads back for a drill: SHA-256 of files, by a way that shares nothing with the writing of them. */
export interface DigestJob {
  readonly kind: 'digest'
  readonly files: readonly WrittenFile[]
}

export interface WrittenFile {
  readonly path: BytePath
  /** As the disk says. */
  readonly sizeBytes: number
}

/** Lower-case hex, in the order of the files; for a file that cannot be read, why. */
export type Digests = readonly ({ readonly sha256: string } | { readonly unreadable: string })[]

const blockBytes = 1 << 20

export class Digester {
  readonly #files: Files
  #block: Buffer | null = null

  constructor(files: Files) {
    this.#files = files
  }

  digest({ files }: DigestJob): Digests {
    return files.map((file) => {
      try {
        return { sha256: this.#hash(file) }
      } catch (error) {
        return { unreadable: error instanceof Error && 'code' in error ? String(error.code) : String(error) }
      }
    })
  }

  #hash({ path, sizeBytes }: WrittenFile): string {
    this.#block ??= Buffer.allocUnsafeSlow(blockBytes)
    const block = this.#block
    const fd = this.#files.open(path, 'read')
    try {
      const first = this.#files.read(fd, block, 0, block.length, null)
      // All there is of it: hashed in one call, which for small files takes a fraction of the time.
      if (first === sizeBytes && first < block.length) return hash('sha256', block.subarray(0, first))
      const digest = createHash('sha256')
      for (let got = first; got > 0; got = this.#files.read(fd, block, 0, block.length, null))
        digest.update(block.subarray(0, got))
      return digest.digest('hex')
    } finally {
      letGo(this.#files, fd)
    }
  }
}
