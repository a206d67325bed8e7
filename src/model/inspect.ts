import type { Manifest, ManifestDetails } from './backup.ts'

/** One backup as it stands: looked into, and carried away. */

export interface InspectOptions {
  readonly backup: string
  readonly services: readonly string[]
  /** Only this path and what lies below it. */
  readonly path: string | null
}

export interface InspectResult {
  readonly manifest: Manifest
  /** Null where the backup is encrypted and there is no key: then no entries were given either. */
  readonly details: ManifestDetails | null
  readonly entries: number
}

export interface ExportResult {
  readonly id: string
  readonly bytes: number
}
