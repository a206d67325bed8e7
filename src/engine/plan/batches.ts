import type { Piece, ReadPiece } from './pieces.ts'

/**
 * Cuts the walk into units of work. A pure function of the entries' order and sizes, so that the archive is the same
 * whoever does the work, and however many.
 */

/** Files of this size and more are cut into parts and chunks of their own. */
export const largeFileBytes = 8 * 1024 * 1024
const batchEntries = 1024
/** What an entry costs in the tar beside its content: about three blocks. */
const entryBytes = 1536
/** Lines and pages taken over that wait for their turn among the entries to be read. */
const batchKept = 8192

export type Unit =
  /** Everything in it keeps its order; `reads` are those of its pieces that are read. */
  | { readonly kind: 'batch'; readonly pieces: readonly Piece[]; readonly reads: readonly ReadPiece[] }
  | { readonly kind: 'large'; readonly piece: ReadPiece }

export class Batches {
  #pieces: Piece[] = []
  #reads: ReadPiece[] = []
  #bytes = 0
  #kept = 0
  readonly #batchBytes: number

  constructor(batchBytes: number) {
    this.#batchBytes = batchBytes
  }

  /** Units that this piece completed, in order. */
  add(piece: Piece): Unit[] {
    if (piece.kind === 'read') {
      const { entry } = piece
      const { sizeBytes } = entry.attributes
      if (entry.type === 'file' && sizeBytes >= largeFileBytes) return [...this.finish(), { kind: 'large', piece }]
      this.#reads.push(piece)
      this.#bytes += entryBytes + (entry.type === 'file' ? sizeBytes : 0)
    } else this.#kept += piece.kind === 'lines' ? piece.lines.length : 1
    this.#pieces.push(piece)
    const full = this.#bytes >= this.#batchBytes || this.#reads.length >= batchEntries || this.#kept >= batchKept
    return full ? this.finish() : []
  }

  finish(): Unit[] {
    if (this.#pieces.length === 0) return []
    const unit: Unit = { kind: 'batch', pieces: this.#pieces, reads: this.#reads }
    this.#pieces = []
    this.#reads = []
    this.#bytes = 0
    this.#kept = 0
    return [unit]
  }
}
