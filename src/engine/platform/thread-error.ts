import { BackupError, type ErrorCode, errorTable } from '../../model/errors.ts'

/** An error on its way between threads, where it would lose its class. */
export interface PlainError {
  /** Null for what is no BackupError. */
  readonly code: string | null
  readonly message: string
  readonly hint: string
  readonly errno: string | null
}

export function plainError(error: Error): PlainError {
  const errno = (error as NodeJS.ErrnoException).code ?? null
  if (error instanceof BackupError) return { code: error.code, message: error.message, hint: error.hint, errno: null }
  return { code: null, message: error.message, hint: '', errno }
}

export function revive(error: PlainError): Error {
  if (error.code !== null && error.code in errorTable)
    return new BackupError(error.code as ErrorCode, error.message, error.hint)
  return Object.assign(new Error(error.message), error.errno === null ? {} : { code: error.errno })
}
