import type { ReactNode } from 'react'
import type { KeyTable } from '../keys/key-table.ts'
import type { ScreenArguments, ScreenId } from './screen-arguments.ts'

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
