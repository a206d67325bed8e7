import type { SettingOrigin } from './configuration.ts'
import type { Proof } from './drill.ts'

/** How it stands with the repository, and with what it needs around it. */

/** Something that needs a person. */
export interface Alert {
  readonly kind:
    | 'no-backup'
    | 'overdue'
    | 'damaged'
    | 'incomplete'
    | 'disk-full'
    | 'disk-filling'
    | 'unverified'
    | 'drill-failed'
    | 'restore-unfinished'
    | 'drill-slow'
    | 'schedule-failing'
    | 'schedule-unusable'
    | 'clock'
    | 'catalog'
  /** The service, the schedule or the backup it is about; null where it is about all. */
  readonly subject: string | null
  readonly message: string
}

/** `default`: neither an RPO nor a schedule is configured for the service. */
export type AllowedBy = 'rpo' | 'schedule' | 'default'

export interface StatusReport {
  readonly ok: boolean
  readonly root: string
  readonly alerts: readonly Alert[]
  /** What the alerts say. */
  readonly problems: readonly string[]
  /** Who runs the schedules; null where nobody does. Its pid and time are null where it could not write them down. */
  readonly daemon: { readonly pid: number | null; readonly since: string | null } | null
  /** How many schedules are enabled. */
  readonly schedules: number
  readonly backups: number
  readonly services: readonly {
    readonly name: string
    /** The newest that is there, not damaged, and needs nothing that is not. */
    readonly lastGood: string | null
    readonly lastGoodId: string | null
    /** Of the backups that hold it, what the newest drill that passed said. */
    readonly lastProven: Proof | null
    readonly ageHours: number | null
    readonly rpoHours: number
    /** How old the last good one may become before a person is told, and what says so. */
    readonly allowedHours: number
    readonly because: AllowedBy
    readonly overdue: boolean
    readonly backups: number
  }[]
  readonly lastGood: string | null
  /** What the newest drill of all that passed said; null where none ever did. */
  readonly lastProven: Proof | null
  /** When the next schedule is due; null where none ever is, or no daemon runs them. */
  readonly nextRun: string | null
  readonly repositoryBytes: number
  readonly freeBytes: number
  /** Newest last. */
  readonly runs: readonly {
    readonly id: string
    readonly command: string
    readonly outcome: string
    readonly at: string
    readonly durationMs: number | null
  }[]
  /** Share of the last 30 runs that ended well, 0 to 1; null where there was none. */
  readonly successRate: number | null
  /** Stored bytes of the newest backups, oldest first: a trend to draw. */
  readonly trend: readonly { readonly id: string; readonly createdAt: string; readonly sizeBytes: number }[]
  readonly verified: { readonly id: string; readonly level: string; readonly at: string } | null
}

export interface DoctorReport {
  readonly ok: boolean
  readonly checks: readonly {
    readonly name: string
    readonly state: 'ok' | 'notice' | 'warning' | 'problem'
    readonly what: string
    readonly hint: string
  }[]
  readonly settings: readonly SettingOrigin[]
}
