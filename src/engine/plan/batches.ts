import type { SourceEntry } from '../../model/source.ts'

/**
 * Cuts the walk into units of work. A pure function of the entries' order and sizes, so that the archive is the same
 * whoever does the work, and however many.
 */

/** Files of this size and more are cut into parts and chunks of their own. */
export const largeFileBytes = 8 * 1024 * 1024
const batchEntries = 1024
/** What an entry costs in the tar beside its content: about three blocks. */
const entryBytes = 1536

export type Unit =
  | { readonly kind: 'batch'; readonly entries: readonly SourceEntry[] }
  | { readonly kind: 'large'; readonly entry: SourceEntry }

export class Batches {
  #entries: SourceEntry[] = []
  #bytes = 0
  readonly #batchBytes: number

  constructor(batchBytes: number) {
    this.#batchBytes = batchBytes
  }

  /** Units that this entry completed, in order. */
  add(entry: SourceEntry): Unit[] {
    const { sizeBytes } = entry.attributes
    if (entry.type === 'file' && sizeBytes >= largeFileBytes) {
      return [...this.finish(), { kind: 'large', entry }]
    }
    this.#entries.push(entry)
    this.#bytes += entryBytes + (entry.type === 'file' ? sizeBytes : 0)
    return this.#bytes >= this.#batchBytes || this.#entries.length >= batchEntries ? this.finish() : []
  }

  finish(): Unit[] {
    if (this.#entries.length === 0) return []
    const unit: Unit = { kind: 'batch', entries: this.#entries }
    this.#entries = []
    this.#bytes = 0
    return [unit]
  }
}
