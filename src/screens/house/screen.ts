import type { ReactNode } from 'react'
import type { BytePath } from '../../model/path.ts'
import type { KeyTable } from '../keys/key-table.ts'

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

/** One screen: all of it stands in one file, and its line in registry.ts. */
export interface ScreenSpec<Id extends ScreenId = ScreenId> {
  readonly id: Id
  readonly title: string
  /** The key that leads to it from everywhere; null for one that is opened about something. */
  readonly digit: number | null
  /** What it can do, for `?`, `:` and docs/console.md. The component binds them with `useKeys`. */
  readonly keys: KeyTable
  /** Its breadcrumb, where its title does not say what it is about. */
  crumb?(argument: ScreenArguments[Id]): string
  /** Other words the palette finds it by. */
  readonly aliases?: readonly string[]
  /** Work in it would be lost: the digit of the screen it was opened from does not leave it, Esc does. */
  readonly keeps?: boolean
  Screen(props: { readonly argument: ScreenArguments[Id] }): ReactNode
}

/** Any screen, its argument checked where it is opened. */
export type AnyScreen = { [Id in ScreenId]: ScreenSpec<Id> }[ScreenId]
