import * as z from 'zod'
import type { BackupType, CatalogEntry } from './backup.ts'

/** Which backups stay. A backup is kept if any rule keeps it; what no rule is for is kept too. */

const count = z.int().min(0).max(100_000).optional()

/**
 * Rules as a person gives them; 0 and absent switch one off. Strict: to pass over a rule of a later version would let
 * go what it keeps.
 */
export const retentionCountsSchema = z.strictObject({
  /** The newest so many. */
  keep: count,
  /** Those of the last so many days. */
  days: count,
  daily: count,
  weekly: count,
  monthly: count,
  quarterly: count,
  yearly: count,
  /** So many stay whatever their age; by itself it lets nothing go. */
  minimum: count,
})
export type RetentionCounts = z.infer<typeof retentionCountsSchema>

export const periods = ['day', 'week', 'month', 'quarter', 'year'] as const
export type Period = (typeof periods)[number]

export type RetentionRule =
  | { readonly kind: 'last' | 'minimum'; readonly count: number }
  | { readonly kind: 'within'; readonly days: number }
  /** The newest of each of the newest `count` periods that have one. Weeks are those of ISO 8601. */
  | { readonly kind: 'each'; readonly period: Period; readonly count: number }
  /** The newest of each period, for so many days. */
  | { readonly kind: 'each-within'; readonly period: Period; readonly days: number }

/** Rules for some backups: those of these types and schedules, among those of the same services. */
export interface RetentionRules {
  /** The key or the option they come from, as reasons name it; empty where there is only one source. */
  readonly name: string
  /** Null is every type but safety. */
  readonly types: readonly BackupType[] | null
  /** Ids of the schedules that made them; null is all, also those made by hand. */
  readonly schedules: readonly string[] | null
  /** Those that hold one of these; null is all. */
  readonly services: readonly string[] | null
  readonly rules: readonly RetentionRule[]
  /** What `rules` keep is held: not even a person deletes it. Without rules, all of it is. */
  readonly legalHold: boolean
}

export interface RetentionPolicy {
  /** The IANA zone whose days, weeks and months are meant. */
  readonly zone: string
  readonly sets: readonly RetentionRules[]
  /** How long something is marked before it is deleted. */
  readonly graceMs: number
  /** As many are deleted at once. */
  readonly batchSize: number
}

/** What decides about a backup. */
export interface RetentionBackup {
  readonly id: string
  readonly type: BackupType
  readonly createdAt: number
  /**
   * What it holds. Two backups of the same names are of the same lineage, and one may stand for the other: where a
   * name says too little (`paths` of the command line), the caller adds what tells them apart.
   */
  readonly services: readonly string[]
  /** Id of the schedule that made it; null by hand. */
  readonly schedule: string | null
  /** Ids of the backups it needs. */
  readonly needs: readonly string[]
  /** `incomplete`: something asked for is missing or torn. `damaged`: its last verification failed. `gone`: listed, but not there. */
  readonly state: 'good' | 'incomplete' | 'damaged' | 'gone'
  /** Its last verification passed. */
  readonly verified: boolean
  readonly pinned: boolean
  /** Why it must not be deleted; null where nothing forbids it. */
  readonly legalHold: string | null
  /** Since when it is marked to be deleted; null where it is not. */
  readonly expiringSince: number | null
}

export interface RetentionDecision {
  /** The backup's id. */
  readonly backup: string
  readonly keep: boolean
  /** A legal hold keeps it: not even a person deletes it. */
  readonly held: boolean
  /** Why, in words; never empty. */
  readonly reasons: readonly string[]
  /** For one that goes: the instant from which it may be deleted. Null for one that stays. */
  readonly expiresAt: number | null
}

/** All that decides which backups stay; `decideRetention` and `planCleanup` in engine/plan make the decisions of it. */
export interface RetentionGround {
  /** As configured. One that lets nothing go where nobody has asked for anything. */
  readonly policy: RetentionPolicy
  /** Newest first. */
  readonly backups: readonly RetentionBackup[]
  /** By id: what the catalog says of it. */
  readonly entries: ReadonlyMap<string, CatalogEntry>
  /** Promises of the policy that another one makes idle, a sentence each. */
  readonly idle: readonly string[]
}

/** What a cleanup does now. */
export interface CleanupPlan {
  /** To be deleted, in this order: no prefix of it takes away what a backup that remains needs. */
  readonly delete: readonly string[]
  /** To be marked with now: they go, but not yet. Among them those whose mark is from the future. */
  readonly mark: readonly string[]
  /** Marked, and no longer to go. */
  readonly unmark: readonly string[]
  /** When there is more to delete; null where nothing is on its way out. */
  readonly next: number | null
}
