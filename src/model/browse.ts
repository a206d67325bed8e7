import type { Manifest, ManifestDetails } from './backup.ts'
import type { BytePath } from './path.ts'
import type { TocEntry } from './toc.ts'

/**
 * Looking around in one backup without reading all of it: a directory a page at a time, one entry, the beginning of a
 * file. Nothing here grows with the backup. Whoever opens a browser closes it.
 */
export interface Browser {
  readonly manifest: Manifest
  readonly details: ManifestDetails
  /** In the order of the manifest. Each is opened when something of it is first asked for. */
  readonly services: readonly BrowsedService[]
  /** Some of what lies directly in a directory, in the order of the table of contents. @throws as all of `Browser`. */
  children(query: ChildQuery): Promise<ChildPage>
  /** The entry of exactly this path; null where there is none, also where things lie below it. */
  entry(at: BrowsePlace): Promise<TocEntry | null>
  /** How many entries lie below a path, told by the index alone; null where a page at one of its ends cannot be read. */
  countBelow(at: BrowsePlace): Promise<number | null>
  /** Every entry whose path matches, as `nameMatcher` says, in the order of the table of contents. */
  find(query: FindQuery, watch: FindWatch): Promise<FindResult>
  /** The beginning of a file, checked as far as that can be done without reading all of it. */
  preview(at: BrowsePlace, mostBytes: number): Promise<Preview>
  /** A file for a person's pager, in a directory of its own that nobody else may enter. @throws E_USAGE past `copyLimitBytes`. */
  copyToRead(at: BrowsePlace, signal: AbortSignal): Promise<ReadableCopy>
  /** Also removes every copy that was not removed. What is asked for afterwards, or still under way, throws E_INTERRUPTED. */
  close(): void
}

export interface BrowseOptions {
  readonly backup: string
  /** None is all. */
  readonly services: readonly string[]
}

export interface BrowsedService {
  readonly name: string
  readonly type: string
  /** The paths it was made of, as the manifest tells them. */
  readonly paths: readonly string[]
  readonly entries: number
  readonly files: number
  readonly bytes: number
  readonly storedBytes: number
}

/** A path of one service; the empty one is what all of the service lies below. */
export interface BrowsePlace {
  readonly service: string
  readonly path: BytePath
}

/** What a list shows of an entry. */
export type ListedEntry = Pick<
  TocEntry,
  | 'path'
  | 'type'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'userName'
  | 'groupName'
  | 'sizeBytes'
  | 'mtimeNs'
  | 'deviceNumber'
  | 'linkTarget'
  | 'torn'
>

/** In an object of its own, so that the rest of the entry can go. */
export function listed(entry: TocEntry): ListedEntry {
  const { path, type, mode, uid, gid, userName, groupName, sizeBytes, mtimeNs, deviceNumber, linkTarget, torn } = entry
  return { path, type, mode, uid, gid, userName, groupName, sizeBytes, mtimeNs, deviceNumber, linkTarget, torn }
}

export interface Child {
  readonly path: BytePath
  /** Null for a directory of which only what lies in it was backed up, and where the entry cannot be read. */
  readonly entry: ListedEntry | null
  /** Its number among all entries of its service, from 0; of one without an entry, that of the first below it. */
  readonly number: number
}

export interface ChildQuery extends BrowsePlace {
  /** Where the page begins: at an end of the directory, or beside a child, which is not part of it. */
  readonly from: 'start' | 'end' | { readonly after: BytePath } | { readonly before: BytePath }
  /** At most so many. */
  readonly count: number
  /** Only these; null is all. */
  readonly passes: ((child: Child) => boolean) | null
  readonly signal: AbortSignal
}

export interface ChildPage {
  /** Always from the first to the last, also where the page was read backwards. */
  readonly children: readonly Child[]
  /** Whether there may be more in the direction the page was read. */
  readonly more: boolean
  /** Parts of the table of contents that were met and cannot be read: what they list is missing here. */
  readonly lost: readonly LostPart[]
}

export interface LostPart {
  /** Tells one from another. */
  readonly first: BytePath
  readonly entries: number
  readonly message: string
}

export interface FindQuery {
  /** None is all. */
  readonly services: readonly string[]
  /** Only what lies below it; the empty path is all. */
  readonly below: BytePath
  readonly text: string
  /** At most so many. */
  readonly count: number
}

export interface FindWatch {
  readonly signal: AbortSignal
  found(at: BrowsePlace, child: Child): void
  /** How many entries were looked at, of how many. */
  progress(done: number, total: number): void
}

export interface FindResult {
  /** More would have matched. */
  readonly cut: boolean
  readonly lost: readonly LostPart[]
}

export interface Preview {
  readonly bytes: Uint8Array
  /** Of the whole file. */
  readonly sizeBytes: number
  readonly proof: PreviewProof
}

/**
 * What stands behind the bytes of a preview. `file`: all of the file was read and has its hash. `pieces`: every piece
 * that was read has the hash the table of contents gives it. `sealed`: only the archive's encryption vouches for them.
 * `none`: nothing but the checksum of the compression, which proves no more than that no bit fell over.
 */
export type PreviewProof = 'file' | 'pieces' | 'sealed' | 'none'

/** A larger file is not copied for a pager. */
export const copyLimitBytes = 64 * 1024 * 1024

export interface ReadableCopy {
  readonly file: string
  /** `text`: byte for byte. `escaped`: text whose control characters were made visible. `hex`: its beginning as a dump. */
  readonly form: 'text' | 'escaped' | 'hex'
  /** How much of the file it shows. */
  readonly shownBytes: number
  remove(): void
}
