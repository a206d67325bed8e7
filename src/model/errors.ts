/**
 * Every way Holdfast says no.
 *
 * One row per code: the exit code a script sees and whether trying again can help. The same codes are
 * headings in docs/errors.md; a test holds the two together.
 */
export const errorTable = {
  E_USAGE: { exitCode: 2, retryable: false },
  E_CONFIG: { exitCode: 2, retryable: false },
  E_NO_REPOSITORY: { exitCode: 2, retryable: false },
  E_UNKNOWN_ID: { exitCode: 2, retryable: false },
  E_UNKNOWN_SERVICE: { exitCode: 2, retryable: false },
  E_UNKNOWN_PATH: { exitCode: 2, retryable: false },
  E_SOURCE_MISSING: { exitCode: 2, retryable: false },
  E_SOURCE_EMPTY: { exitCode: 2, retryable: false },
  E_TARGET: { exitCode: 2, retryable: false },
  E_CONFIRM: { exitCode: 2, retryable: false },
  E_KEY_MISSING: { exitCode: 2, retryable: false },
  E_KEY_WRONG: { exitCode: 1, retryable: false },
  E_KEY_UNUSABLE: { exitCode: 2, retryable: false },
  E_KEYRING: { exitCode: 4, retryable: false },
  E_DAMAGED: { exitCode: 4, retryable: false },
  E_ARCHIVE_MISSING: { exitCode: 4, retryable: false },
  E_NEEDED: { exitCode: 1, retryable: false },
  E_PINNED: { exitCode: 1, retryable: false },
  E_UNSUPPORTED: { exitCode: 2, retryable: false },
  E_NEWER_FORMAT: { exitCode: 1, retryable: false },
  E_CATALOG: { exitCode: 4, retryable: false },
  E_BUSY: { exitCode: 5, retryable: true },
  E_INTERRUPTED: { exitCode: 130, retryable: true },
  E_PLAN_ALTERED: { exitCode: 1, retryable: false },
  E_PLAN_DRIFTED: { exitCode: 1, retryable: false },
  E_PLAN_EXPIRED: { exitCode: 1, retryable: false },
  E_PLAN_FOREIGN: { exitCode: 1, retryable: false },
  E_NO_SPACE: { exitCode: 1, retryable: true },
  E_IO: { exitCode: 1, retryable: true },
  E_PLATFORM: { exitCode: 1, retryable: false },
  E_INTERNAL: { exitCode: 1, retryable: false },
} as const satisfies Record<string, { exitCode: number; retryable: boolean }>

export type ErrorCode = keyof typeof errorTable

/** An outcome that a person or a script must act on: what happened to which thing, and what to do next. */
export class BackupError extends Error {
  readonly code: ErrorCode
  /** What to do next, one sentence. Empty where there is nothing to advise. */
  readonly hint: string

  constructor(code: ErrorCode, message: string, hint = '', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'BackupError'
    this.code = code
    this.hint = hint
  }

  get exitCode(): number {
    return errorTable[this.code].exitCode
  }
}

/** Damage: bytes that failed authentication, a checksum, or the rules of their structure. */
export function damaged(what: string, hint = ''): BackupError {
  return new BackupError('E_DAMAGED', what, hint)
}
