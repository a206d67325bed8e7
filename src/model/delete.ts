import type { CatalogEntry } from './backup.ts'

export interface DeletePlan {
  readonly backup: CatalogEntry
  readonly freedBytes: number
}

export interface DeleteOutcome {
  readonly exitCode: number
  readonly run: string
  readonly id: string
  readonly freedBytes: number
}
