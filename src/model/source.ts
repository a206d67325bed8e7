import type { BytePath } from './path.ts'

export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char-device' | 'block-device' | 'fifo'

/** What the file system says of one name. Times are whole nanoseconds since 1970, negative before. */
export interface Attributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  /** Bytes set aside on disk; less than sizeBytes where the file has holes. */
  readonly allocatedBytes: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly inode: bigint
  readonly device: bigint
  readonly deviceNumber: { readonly major: number; readonly minor: number } | null
  /** Names the inode has; more than one makes it a hard link. */
  readonly links: number
}

/**
 * Where an entry's bytes and extended attributes come from. A name on disk is read inside workers, which take its
 * attributes anew; a stream has a size known beforehand and is read once, in order; `none` is an entry made up by
 * its source, without bytes.
 */
export type Content =
  | { readonly kind: 'none' }
  | { readonly kind: 'disk'; readonly path: BytePath }
  | { readonly kind: 'stream'; open(signal: AbortSignal): AsyncIterable<Uint8Array> }

export interface SourceEntry {
  readonly path: BytePath
  readonly type: EntryType
  readonly attributes: Attributes
  /** Target of a symlink; for a hardlink, the stored path that carries the data. */
  readonly linkTarget: BytePath | null
  readonly content: Content
}

/** Something asked for that could not be had: it changes the outcome to exit code 3. */
export interface SourceWarning {
  readonly path: BytePath | null
  readonly what: string
}

export interface SourceContext {
  readonly signal: AbortSignal
  warn(warning: SourceWarning): void
  /** Something left out on purpose (a socket, an exclude, a cache); counted, never a warning. */
  skip(path: BytePath, because: 'socket' | 'excluded' | 'cache' | 'other-file-system' | 'repository'): void
}

/** Anything that can be walked: sorted by comparePaths, parents first. */
export interface Source {
  scan(context: SourceContext): AsyncIterable<readonly SourceEntry[]>
}
