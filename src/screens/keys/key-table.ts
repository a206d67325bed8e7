import type { ScreenId } from '../house/screen-arguments.ts'

/**
 * What a key may do to the world.
 * 0 looks. 1 asks in a dialog. 2 shows a plan and wants a name typed. 3 wants a reason too.
 * Whatever is above 0 does not exist in a console that is read-only.
 */
export type Danger = 0 | 1 | 2 | 3

/**
 * One thing a person can do by a key. Footer, `?`, `:` and docs/console.md are made of these.
 * Lower case looks, upper case changes; a lower-case key may open a dialog, never act.
 */
export interface KeySpec {
  /** The first is the one that is shown. */
  readonly keys: readonly string[]
  /** One or two words, as a footer has room for: `inspect`. */
  readonly label: string
  /** A sentence for help and documents, without a full stop. */
  readonly about: string
  readonly danger?: Danger
  /** Other words the palette finds it by. */
  readonly aliases?: readonly string[]
  /** How much it belongs into the footer, 1 to 9; absent: never. */
  readonly hint?: number
  /** Only where this screen is built. */
  readonly needs?: ScreenId
}

/** By id; the id names it for whoever binds it anew. */
export type KeyTable = Readonly<Record<string, KeySpec>>

/** What to do now; false or null where it cannot be done now, and the key goes to what lies below. */
export type KeyAction = (() => void) | false | null

export type KeyActions<T extends KeyTable> = { readonly [Id in keyof T]: KeyAction }

export interface BoundKey extends KeySpec {
  readonly id: string
  readonly run: () => void
}
