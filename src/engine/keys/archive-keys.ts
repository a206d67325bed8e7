import { createHash } from 'node:crypto'
import { derive } from './derive.ts'

/** What an archive's data key (DEK) becomes. docs/format.md, "Keys". */
export interface ArchiveKeys {
  /** Key value of the Tink stream. */
  readonly streamKey: Uint8Array
  /** Key of the header's HMAC. */
  readonly macKey: Uint8Array
  /** Stored in PUB: GCM alone does not commit to its key. */
  readonly commit: Uint8Array
}

export const dataKeyBytes = 32

export function deriveArchiveKeys(dataKey: Uint8Array, archiveId: string): ArchiveKeys {
  const ident = identOfArchive(archiveId)
  return {
    streamKey: derive(dataKey, ident, 'BKA1/stream'),
    macKey: derive(dataKey, ident, 'BKA1/header-mac'),
    commit: derive(dataKey, ident, 'BKA1/commit'),
  }
}

/** The 16 bytes that bind a slot to one archive. */
export function identOfArchive(archiveId: string): Uint8Array {
  return Buffer.from(archiveId, 'hex')
}

/** The stream's associated data: binds every segment to PUB, and leaves the slots replaceable. */
export function associatedDataOf(pubBytes: Uint8Array): Uint8Array {
  return createHash('sha256').update('BKA1/aad\0').update(pubBytes).digest()
}
