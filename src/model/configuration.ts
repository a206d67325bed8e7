import type { ServiceType } from './configuration-values.ts'
import type { FixedBlocks } from './fixed-blocks.ts'
import type { Compression } from './format.ts'
import type { BytePath } from './path.ts'

/** What Holdfast goes by, after every source has had its say. No secret stands in here, only where one is found. */

export type SettingSource = 'option' | 'environment' | '.env' | '.env.agent' | 'file' | 'default'

/** Where one effective value came from, for `doctor`. */
export interface SettingOrigin {
  /** The dotted key of backup_config.json, or the variable where no key has this meaning. */
  readonly key: string
  /** As text for a person; a secret is masked. */
  readonly value: string
  readonly from: SettingSource
  /** `backup_config.json:12:7` or the variable's name; absent for a default. */
  readonly where?: string
}

/** Where the key is read; a secret is a reference until it is used. */
export type KeyReference =
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'file'; readonly path: BytePath }

/** How a passphrase becomes a key. `saltBytes` is what a new slot gets. */
export type KeyDerivation =
  | { readonly algorithm: 'scrypt'; readonly saltBytes: number }
  | { readonly algorithm: 'argon2id'; readonly saltBytes: number }
  | { readonly algorithm: 'pbkdf2'; readonly iterations: number; readonly saltBytes: number }

export interface EncryptionSettings {
  readonly enabled: boolean
  readonly key: KeyReference
  /** Where `init` writes a new key; never inside the root unless the operator said so. */
  readonly keyFile: BytePath
  /** The variable that holds the key where one is set. */
  readonly keyVariable: string
  readonly derivation: KeyDerivation
}

export interface CompressionSettings {
  readonly algorithm: Compression
  /** The level of each algorithm, for `--compress` too; null is the algorithm's own default. */
  readonly levels: Readonly<Record<Exclude<Compression, 'none'>, number | null>>
}

/** Workers of each kind of run; null leaves it to the machine. */
export interface WorkerSettings {
  readonly backup: number | null
  readonly restore: number | null
  readonly verification: number | null
}

export interface ServiceSettings {
  readonly name: string
  readonly type: ServiceType
  /** The dotted key or the variable that asks for this service. */
  readonly definedBy: string
  /** Absolute, normalised, symlinks not resolved; empty for a type that has none. */
  readonly includePaths: readonly BytePath[]
  /** gitignore patterns as text, anchored at the file system's root. */
  readonly excludePatterns: readonly string[]
  /** Data volumes of the service, absolute: in every backup but one made without them. */
  readonly volumePaths: readonly BytePath[]
  readonly oneFileSystem: boolean
  readonly excludeCaches: boolean
  readonly fixedBlocks: FixedBlocks
  /** The variable that holds the service's address; its value is a secret. */
  readonly urlVariable: string | null
  readonly pathVariable: string | null
  readonly rpoHours: number
  /** Somebody asked for that RPO: it goes before what the schedules allow. */
  readonly hasRpo: boolean
  readonly rtoMinutes: number | null
  /** Why it cannot be backed up, for the warning of a create that would include it; null where it can. */
  readonly problem: string | null
}

export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

/** The daemon's log; it goes to stdout too. */
export interface LoggingSettings {
  /** What weighs less is not logged. */
  readonly level: LogLevel
  /** Absolute; null: stdout alone. */
  readonly file: BytePath | null
  readonly rotation: {
    /** A file that would grow beyond this is put aside. */
    readonly sizeBytes: number
    /** How many that were put aside are kept. */
    readonly backups: number
  }
}

export interface Settings {
  /** Absolute. */
  readonly root: BytePath
  /** The backup_config.json that was read; null where there is none. */
  readonly configurationFile: BytePath | null
  readonly about: {
    readonly version: string | null
    readonly lastUpdated: string | null
    readonly organization: string | null
    readonly company: string | null
  }
  readonly timeZone: string
  readonly encryption: EncryptionSettings
  readonly compression: CompressionSettings
  readonly workers: WorkerSettings
  /** Whether a backup is read back before it is committed. */
  readonly verification: boolean
  readonly logging: LoggingSettings
}

export interface LoadedSettings {
  readonly settings: Settings
  readonly services: readonly ServiceSettings[]
  /** In the order of the settings; nothing secret in it. */
  readonly origins: readonly SettingOrigin[]
  /** Worth knowing; changes no exit code. Each begins with the dotted key or the variable. */
  readonly notices: readonly string[]
  /** Less protection than asked for: every create ends with exit 3. Each begins with the dotted key or the variable. */
  readonly warnings: readonly string[]
}
