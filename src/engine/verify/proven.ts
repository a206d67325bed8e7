import { hash } from 'node:crypto'
import type { TocEntry } from '../../model/toc.ts'
import { ContentTable, lookUpContent } from '../archive/content-table.ts'

/**
 * Content that one run has read and found to have its hash, so that of many backups that refer to it only the first
 * reads it. By archive, place and hash; what does not fit any more is
 * read again. Taken for another one once in 2^64.
 */
export class Proven {
  readonly #table: ContentTable

  /** `count` is how many contents may be asked for again; 0 where nothing refers to anything. */
  constructor(count: number) {
    this.#table = new ContentTable(count)
  }

  /** `archiveOf` gives the id of the archive with an ordinal. */
  add(entry: TocEntry, archiveOf: (ordinal: number) => string): void {
    this.#table.add(keyOf(entry, archiveOf), 1)
  }

  has(entry: TocEntry, archiveOf: (ordinal: number) => string): boolean {
    return lookUpContent(this.#table.shared, keyOf(entry, archiveOf)) !== 0
  }
}

function keyOf({ content, sparse, sizeBytes, sha256 }: TocEntry, archiveOf: (ordinal: number) => string): string {
  const places =
    content.kind === 'none'
      ? []
      : content.kind === 'extent'
        ? [[archiveOf(content.holder), content.extent.offset, content.extent.compressedBytes, content.extent.inner]]
        : content.chunks.map(({ holder, offset, compressedBytes, inner, length, sha256: part }) => [
            ...[archiveOf(holder), offset, compressedBytes, inner, length, part],
          ])
  return hash('sha256', JSON.stringify([places, sparse, sizeBytes, sha256]))
}
