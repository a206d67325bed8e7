import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { ChangeDetection } from '../incremental/change-detection.ts'
import type { OlderContents } from '../incremental/older-contents.ts'
import type { AccountNames } from '../platform/account-names.ts'
import type { Chunker } from './chunking.ts'
import type { CompressionLevel } from './codec.ts'
import type { Lineage } from './lineage.ts'
import type { WorkerPool } from './worker-pool.ts'

/** What packing a source goes by. */
export interface PackSourceOptions {
  readonly files: Files
  readonly pool: WorkerPool
  readonly names: AccountNames
  readonly compression: CompressionLevel
  readonly withXattrs: boolean
  /** What an older backup says of the same source; null where everything is read and stored. */
  readonly older: Older | null
  /** How a large file of this stored path is cut. */
  chunkerOf(path: BytePath): Chunker
  onProgress(): void
}

/** An older backup of the source, to take over from. */
export interface Older {
  readonly lineage: Lineage
  readonly changes: ChangeDetection
  readonly contents: OlderContents
}
