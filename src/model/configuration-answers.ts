import type { Configuration } from './configuration-schema.ts'

/**
 * What every key and variable does, or why not yet.
 *
 * One row per key or section, the deepest row speaks for a key. `effect`: the key does what the text says.
 * Otherwise the key is answered: a *warning* where leaving it undone leaves the operator less protected than they
 * believe (every create then ends with exit 3), else a *notice*. A row may look at the value first, and is quiet
 * (null) where the value asks for nothing. docs/configuration.md prints these rows; tests hold schema, table and
 * document together.
 */

export type Level = 'notice' | 'warning'
type Answer<Value> = 'effect' | Level | ((value: Value, configuration: Configuration) => Level | null)

export interface KeyRow {
  /** `*` stands for a name the operator chooses and for a place in a list. */
  readonly key: string
  readonly answer: Answer<unknown>
  /** What the key does, or the sentence that answers it. */
  readonly text: string
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

/** Asked for unless `enabled` says false. */
export const ifEnabled = (level: Level) => (value: unknown) => (field(value, 'enabled') === false ? null : level)
export const ifTrue = (level: Level) => (value: unknown) => (value === true ? level : null)
export const ifFalse = (level: Level) => (value: unknown) => (value === false ? level : null)
export const ifAny = (level: Level) => (value: unknown) => (Array.isArray(value) && value.length === 0 ? null : level)
export const ifOther = (level: Level, expected: unknown) => (value: unknown) => (value === expected ? null : level)

/** A section for copies elsewhere: storage.type speaks for it where it is set. */
export const copySection = (_: unknown, { storage }: Configuration): Level =>
  storage?.type === undefined ? 'warning' : 'notice'

export const noCopies =
  'not supported yet, because the local root is the only destination that is built: nothing is copied'
export const byTheClock = 'not supported yet, because the daemon starts backups by the clock alone'
export const noMail =
  'not supported yet, because no notifier is built: a failure goes unnoticed unless the exit code is read'
export const noApi = 'not supported yet, because no API is served and nothing listens on a port'
export const owner = 'not supported yet, because Holdfast makes files as the user it runs as'
