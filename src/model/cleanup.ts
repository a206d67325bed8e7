import type { CleanupPlan, RetentionCounts, RetentionDecision } from './retention.ts'

/** Letting backups go: what a cleanup would do, and what it did. */

/** By what rules. */
export type CleanupRules =
  /** Those that are configured, with their grace period. Where nobody configured any, nothing goes. */
  | { readonly kind: 'configured' }
  /**
   * A person's, in place of all that is configured but legal holds. Null counts are the configured policy, or the
   * suggested one where there is none. The grace is in hours; 0 lets go at once.
   */
  | { readonly kind: 'by-hand'; readonly counts: RetentionCounts | null; readonly graceHours: number }

export interface PlannedCleanup {
  /** Whose rules they are, in words: `--keep 5, --days 14`, `the configured policies`. */
  readonly policy: string
  /** One for each backup, newest first. */
  readonly decisions: readonly RetentionDecision[]
  readonly plan: CleanupPlan
  /** What goes now. */
  readonly freedBytes: number
  /** Worth knowing: promises that another one makes idle, a clock that seems wrong. */
  readonly notices: readonly string[]
}

/** What is to be done. */
export interface CleanupOrder {
  readonly rules: CleanupRules
  /** Of what the rules let go when it is done, only these: those a person has seen. Null is all, batch after batch. */
  readonly only: readonly string[] | null
}

export interface CleanupOutcome {
  readonly exitCode: number
  readonly run: string
  readonly deleted: readonly string[]
  /** What was to go and stayed, and why: in use, pinned meanwhile, needed by a backup made meanwhile. */
  readonly left: readonly { readonly id: string; readonly because: string }[]
  /** Marked to go later, and no longer. */
  readonly marked: number
  readonly unmarked: number
  readonly freedBytes: number
}
