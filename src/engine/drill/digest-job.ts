import { createHash } from 'node:crypto'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'

/** What a worker reads back for a drill: SHA-256 of files, by a way that shares nothing with the writing of them. */
export interface DigestJob {
  readonly kind: 'digest'
  readonly paths: readonly BytePath[]
}

/** Lower-case hex, in the order of the paths; for a file that cannot be read, why. */
export type Digests = readonly ({ readonly sha256: string } | { readonly unreadable: string })[]

const blockBytes = 1 << 20

export class Digester {
  readonly #files: Files
  #block: Buffer | null = null

  constructor(files: Files) {
    this.#files = files
  }

  digest({ paths }: DigestJob): Digests {
    return paths.map((path) => {
      try {
        return { sha256: this.#hash(path) }
      } catch (error) {
        return { unreadable: error instanceof Error && 'code' in error ? String(error.code) : String(error) }
      }
    })
  }

  #hash(path: BytePath): string {
    this.#block ??= Buffer.allocUnsafeSlow(blockBytes)
    const block = this.#block
    const hash = createHash('sha256')
    const fd = this.#files.open(path, 'read')
    try {
      for (;;) {
        const got = this.#files.read(fd, block, 0, block.length, null)
        if (got === 0) return hash.digest('hex')
        hash.update(block.subarray(0, got))
      }
    } finally {
      this.#files.close(fd)
    }
  }
}
