import type { BytePath } from '../../model/path.ts'

/**
 * What each screen is opened with; null for those that need nothing. A name here does not mean that the screen is
 * built: registry.ts says which are, and what leads to another is not shown.
 */
export interface ScreenArguments {
  dashboard: null
  backups: null
  schedules: null
  cleanup: null
  verify: null
  activity: null
  settings: null
  /** Browses one backup. */
  inspect: { readonly backup: string; readonly service?: string; readonly path?: BytePath }
  /** `paths` begins with these; null is what is configured. */
  create: { readonly services?: readonly string[]; readonly paths?: readonly string[] }
  restore: {
    readonly backup: string
    readonly services?: readonly string[]
    /** Stored paths, as `inspect` gives them; absent is everything. */
    readonly paths?: readonly BytePath[]
  }
  /** What changed from one backup to another, or to the disk as it is. */
  diff: { readonly from: string; readonly to: string | 'live' }
  /** One schedule to be changed; null makes one. */
  schedule: { readonly id: string | null }
  /** One run: its progress, its log, its report. */
  run: { readonly run: string }
}

export type ScreenId = keyof ScreenArguments
