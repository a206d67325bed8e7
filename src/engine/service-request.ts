import type { FixedBlocks } from '../model/fixed-blocks.ts'
import type { BytePath } from '../model/path.ts'
import type { Source } from '../model/source.ts'
import type { SourceType } from './sources/registry.ts'

/** One thing to back up; becomes an archive of its own. */
export interface ServiceRequest {
  readonly name: string
  readonly type: SourceType
  /** Absolute and normalised, symlinks not resolved. */
  readonly paths: readonly BytePath[]
  readonly exclude: readonly string[]
  /** Patterns of its data volumes; those left out are in `exclude` too. */
  readonly volumes: readonly string[]
  readonly excludeCaches: boolean
  readonly oneFileSystem: boolean
  readonly fixedBlocks: FixedBlocks
  /** Where its entries come from; absent: from walking the paths. */
  readonly source?: Source
}
