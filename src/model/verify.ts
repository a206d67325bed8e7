import type { VerifyLevel } from './verify-level.ts'

/** Whether backups are what they should be. */

export interface VerifyOptions {
  /** One or more: ids, also shortened ones, or `latest`; null for all. What is named twice is verified once. */
  readonly backups: readonly string[] | null
  readonly level: VerifyLevel
  readonly workers: number | null
}

export interface VerifyProblem {
  readonly archive: string
  readonly path: string | null
  readonly what: string
  readonly severity: 'damage' | 'warning'
}

export interface VerifyReport {
  readonly id: string
  readonly level: VerifyLevel
  readonly ok: boolean
  readonly problems: readonly VerifyProblem[]
  readonly bytes: number
  readonly durationMs: number
}

export interface VerifyOutcome {
  readonly exitCode: number
  readonly run: string
  readonly reports: readonly VerifyReport[]
  /** What this level cannot see, in words. */
  readonly blindSpot: string | null
}
