import type { Files } from '../../model/ports.ts'
import { cutPoints } from './chunking.ts'
import { readRegions } from './read-regions.ts'

/**
 * What a worker does first with a part of a large file: find the places where chunks may end. Nothing of what it
 * reads is kept; a file that changes before it is read again only gets its chunks cut at other places.
 */
export interface ScanJob {
  readonly kind: 'scan'
  readonly fd: number
  /** The part, and the few bytes before it that its cut points depend on. */
  readonly regions: readonly (readonly [number, number])[]
  readonly bytes: number
  readonly lookbackBytes: number
}

/** Keeps its memory from job to job. */
export class Scanner {
  readonly #files: Files
  #into: Buffer = Buffer.alloc(0)

  constructor(files: Files) {
    this.#files = files
  }

  scan({ fd, regions, bytes, lookbackBytes }: ScanJob): Uint32Array<ArrayBuffer> {
    if (this.#into.length < bytes) this.#into = Buffer.allocUnsafeSlow(bytes)
    const into = this.#into.subarray(0, bytes)
    readRegions(this.#files, fd, regions, into) // what is wrong is told when the part is packed
    return cutPoints(into, lookbackBytes)
  }
}
