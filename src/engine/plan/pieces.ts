import type { BytePath } from '../../model/path.ts'
import type { SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'

/** What becomes of the names of a walk, in its order: read, described anew, or taken over from an older archive. */
export type Piece = ReadPiece | DescribedPiece | KeptLines | KeptPage

/** An entry to be read. Where its content is that of `old`, the content is not stored again. */
export interface ReadPiece {
  readonly kind: 'read'
  readonly entry: SourceEntry
  readonly old: TocEntry | null
  /** For a hard link: the entry that carries its data, where that one was taken over. */
  readonly carrier: TocEntry | null
}

/** An entry whose content is known without reading it. */
export interface DescribedPiece {
  readonly kind: 'described'
  readonly entry: TocEntry
  readonly carries: boolean
}

/** Lines of an older table of contents, to be written again. */
export interface KeptLines {
  readonly kind: 'lines'
  /** What a line without a holder means. */
  readonly ordinal: number
  readonly lines: readonly KeptLine[]
}

export interface KeptLine {
  readonly path: BytePath
  readonly line: string
  /** Null for what is no file. */
  readonly contentBytes: number | null
}

/** A whole page of an older table of contents. */
export interface KeptPage {
  readonly kind: 'page'
  /** Its place among the pages of the older table of contents. */
  readonly page: number
  /** Ordinal of the archive that stores it. */
  readonly ordinal: number
  /** Ordinals of all archives that its lines need. */
  readonly holders: readonly number[]
  readonly files: number
  readonly bytes: number
}
