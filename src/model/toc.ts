import type { Chunk, Extent } from './format.ts'
import type { BytePath } from './path.ts'
import type { EntryType } from './source.ts'

/** Every entry of a table of contents, as docs/format.md names its keys. */
export interface TocEntry {
  readonly path: BytePath
  readonly type: EntryType | 'unknown'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly userName: string | null
  readonly groupName: string | null
  /** Logical size in bytes; 0 for what has no content. */
  readonly sizeBytes: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly inode: bigint
  readonly device: bigint
  readonly deviceNumber: { readonly major: number; readonly minor: number } | null
  /** Symlink target, or the stored path of the entry that carries a hard link's data. */
  readonly linkTarget: BytePath | null
  /** SHA-256 of the logical content, lower-case hex; null for what has no content. */
  readonly sha256: string | null
  readonly content: TocContent
  readonly xattrs: ReadonlyMap<string, Uint8Array>
  readonly acl: { readonly access?: string; readonly default?: string } | null
  /** Data regions of a sparse file as [offset, length], in order; null where the file is not sparse. */
  readonly sparse: readonly (readonly [number, number])[] | null
  /** The file changed while it was read: its content is a mixture. */
  readonly torn: boolean
}

/** Where the bytes lie. `holder` is an archive's ordinal; 0 is the archive that stores the page. */
export type TocContent =
  | { readonly kind: 'none' }
  | { readonly kind: 'extent'; readonly holder: number; readonly extent: Extent }
  | { readonly kind: 'chunks'; readonly chunks: readonly Chunk[] }
