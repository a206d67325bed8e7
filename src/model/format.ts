/** Names, places and limits of the archive format, as docs/format.md describes them. What is read is checked in archive.ts. */

export const compressions = ['zstd', 'gzip', 'bzip2', 'xz', 'none'] as const
export type Compression = (typeof compressions)[number]

export const archiveKinds = ['full', 'diff', 'incr'] as const
export type ArchiveKind = (typeof archiveKinds)[number]

export const compressionSuffix: Record<Compression, string> = {
  zstd: '.tar.zst',
  gzip: '.tar.gz',
  bzip2: '.tar.bz2',
  xz: '.tar.xz',
  none: '.tar',
}

/** Length of the wrapped locator that ends the stream, by compression. */
export const locatorBytes: Record<Compression, number> = { zstd: 72, gzip: 93, bzip2: 64, xz: 64, none: 512 }

/** Where root.json lies: S offset and length of its frame range, its offset and length inside what that decodes to. */
export interface RootLocation {
  readonly offset: number
  readonly compressedBytes: number
  readonly inner: number
  readonly rootBytes: number
}

/** Bytes of an archive: the frame range that holds them and where they begin inside its decompression. */
export interface Extent {
  readonly offset: number
  readonly compressedBytes: number
  readonly inner: number
}

/** One content-defined or fixed piece of a large file. `holder` is an ordinal; 0 is the archive that stores the page. */
export interface Chunk extends Extent {
  readonly holder: number
  readonly length: number
  readonly sha256: string | null
}

export const limits = {
  frameRawBytes: 16 * 1024 * 1024,
  tocLineBytes: 1024 * 1024,
  rootBytes: 256 * 1024 * 1024,
  headerBytes: 1024 * 1024,
  dependencies: 64,
  pathBytes: 65_535,
} as const
