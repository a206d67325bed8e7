import type { ServiceType } from './configuration-values.ts'
import type { Compression } from './format.ts'
import type { BytePath } from './path.ts'

/** What a create can be asked for: the services that are configured, looked at now, and what it goes by unasked. */
export interface SourceListing {
  readonly services: readonly ConfiguredService[]
  /** How a new backup is compressed where nobody says otherwise. */
  readonly compression: Compression
  /** Whether a new backup is encrypted. */
  readonly encrypted: boolean
}

export interface ConfiguredService {
  readonly name: string
  readonly type: ServiceType
  /** The dotted key or the variable that asks for it. */
  readonly definedBy: string
  /** Absolute; data volumes are not among them. */
  readonly paths: readonly SourcePath[]
  /** Data volumes: in every backup but one made without them. */
  readonly volumes: readonly SourcePath[]
  /** gitignore patterns. */
  readonly exclude: readonly string[]
  readonly oneFileSystem: boolean
  readonly excludeCaches: boolean
  /** How old its newest backup may become. */
  readonly rpoHours: number
  /** Why no version of it can be backed up; null where it can. */
  readonly problem: string | null
}

export interface SourcePath {
  readonly path: BytePath
  /** Why a create of it would be refused now: it is not there, or cannot be looked at. Null where nothing is wrong. */
  readonly problem: string | null
}
