import { BackupError } from '../../model/errors.ts'

/** Something read from the repository: the last good value stays, with its age, when reading it anew fails. */
export interface Loaded<T> {
  /** Null until the first reading succeeded. */
  readonly value: T | null
  /** When `value` was read, in milliseconds since 1970. */
  readonly at: number | null
  /** Why the latest reading failed; null where it did not. */
  readonly trouble: Trouble | null
}

/** What went wrong, for a person: what failed, why, what to do. */
export interface Trouble {
  /** What was being done: `reading the backups`. */
  readonly doing: string
  readonly code: string
  readonly message: string
  /** Empty where there is nothing to advise. */
  readonly hint: string
}

export const notLoaded: Loaded<never> = { value: null, at: null, trouble: null }

export function troubleOf(error: unknown, doing: string): Trouble {
  if (error instanceof BackupError) return { doing, code: error.code, message: error.message, hint: error.hint }
  const message = error instanceof Error ? error.message : String(error)
  return { doing, code: 'E_INTERNAL', message, hint: '' }
}
