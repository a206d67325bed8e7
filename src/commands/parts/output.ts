import { BackupError, type ErrorCode, errorTable } from '../../model/errors.ts'
import type { RunEvent } from '../../model/event.ts'
import { printable } from '../../model/path.ts'
import { PointedError } from './pointed-error.ts'

/** A stream to write to, as the process or a test has it. */
export type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

export interface OutputOptions {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly json: boolean
  readonly quiet: boolean
  readonly color: boolean
  /** Shows stack traces of unexpected errors (HOLDFAST_DEBUG). */
  readonly debug: boolean
  /** COLUMNS of the environment; null where it is unset or no number. */
  readonly columns: number | null
  /** TERM is a terminal that can erase a line. */
  readonly canErase: boolean
}

/** Whoever read our stdout has gone, as `| head` does. Not an error of ours. */
export class ReaderGone extends Error {}

function stdoutLost(cause: NodeJS.ErrnoException): BackupError {
  const isFull = cause.code === 'ENOSPC' || cause.code === 'EDQUOT'
  const why = isFull ? 'no space left where it goes' : (cause.code ?? cause.message)
  return new BackupError(
    isFull ? 'E_NO_SPACE' : 'E_IO',
    `cannot write to stdout: ${why}`,
    'what was written there is not whole',
    cause,
  )
}

const bufferBytes = 64 * 1024

/**
 * The two voices of a command. stdout has the outcome: facts for people, or JSON lines and nothing else.
 * stderr has what happens on the way, for people only; its last line may be a progress line that comes and goes.
 */
export class Output {
  readonly json: boolean
  readonly quiet: boolean
  readonly #options: OutputOptions
  #buffer = ''
  #progressShown = false
  #gone = false
  #lost: BackupError | null = null
  #wake: (() => void) | null = null

  constructor(options: OutputOptions) {
    this.json = options.json
    this.quiet = options.quiet
    this.#options = options
    options.stdout.on('error', (error: NodeJS.ErrnoException) => {
      this.#gone = true
      if (error.code !== 'EPIPE') this.#lost ??= stdoutLost(error)
      this.#wake?.()
    })
    options.stderr.on('error', () => {}) // nobody listens; the outcome is told elsewhere
  }

  /** Columns a table may take: the terminal's, 80 where there is none. */
  get width(): number {
    return Math.max(40, this.#options.stdout.columns ?? this.#options.columns ?? 80)
  }

  /** Why stdout did not take all of it, other than that its reader left; null where it did. */
  get lost(): BackupError | null {
    return this.#lost
  }

  get stdoutIsTerminal(): boolean {
    return this.#options.stdout.isTTY === true
  }

  /** True where a progress line can be drawn and erased. */
  get drawsProgress(): boolean {
    return !this.json && !this.quiet && this.#options.canErase && this.#options.stderr.isTTY === true
  }

  /** One line of the outcome, for people. */
  fact(line: string): void {
    if (!this.json) this.#put(`${line}\n`)
  }

  /** An outcome of several facts, of which --quiet shows only the one that a script wants. */
  outcome(brief: string, facts: readonly string[]): void {
    for (const line of this.quiet ? [brief] : facts) this.fact(line)
  }

  /** One JSON line; seen at once, as scripts act on it. */
  event(event: RunEvent | object): void {
    if (!this.json) return
    this.#put(`${JSON.stringify(event)}\n`)
    this.flush()
  }

  result(command: string, fields: object): void {
    this.event({ kind: 'result', command, ...fields })
  }

  /** Much text or any bytes on stdout, at the reader's pace; bytes may be reused once it resolves. Throws ReaderGone. */
  async bulk(data: string | Uint8Array): Promise<void> {
    if (this.#gone) throw this.#lost ?? new ReaderGone()
    if (typeof data === 'string') {
      this.#buffer += data
      if (this.#buffer.length < bufferBytes) return
      await this.#written(this.#take())
    } else {
      this.flush()
      await this.#written(data)
    }
    if (this.#gone) throw this.#lost ?? new ReaderGone()
  }

  notice(message: string): void {
    if (!this.quiet) this.aside(`notice: ${safeText(message)}`)
  }

  warning(message: string): void {
    this.aside(`${this.#paint('33', 'warning:')} ${safeText(message)}`)
  }

  /** One line on stderr, for people. */
  aside(line: string): void {
    if (!this.json) this.#aside(line)
  }

  #aside(line: string): void {
    this.flush()
    this.clearProgress()
    this.#options.stderr.write(`${line}\n`)
  }

  /** The last line of a command that failed; its exit code. */
  fail(cause: unknown): number {
    const error = asBackupError(cause)
    const message = safeText(error.message)
    if (this.json && this.#lost === null) {
      const { code, message, hint } = error
      const part = error instanceof PointedError ? { field: error.field, start: error.start, end: error.end } : {}
      this.event({ kind: 'error', code, message, hint, ...part })
    } else {
      this.#aside(`${this.#paint('31', 'error:')} ${message}`)
      if (error instanceof PointedError) for (const line of error.pointing()) this.#aside(`  ${line}`)
      if (error.hint !== '') this.#aside(`hint: ${safeText(error.hint)}`)
    }
    if (this.#options.debug) {
      const stack = cause instanceof Error ? cause.stack : String(cause)
      this.#options.stderr.write(`${stack}\n`)
    }
    return errorTable[error.code].exitCode
  }

  progress(line: string): void {
    if (!this.drawsProgress) return
    const width = Math.min(80, (this.#options.stderr.columns ?? 80) - 1)
    this.flush()
    this.#options.stderr.write(`\r${line.slice(0, Math.max(0, width))}\x1b[K`)
    this.#progressShown = true
  }

  clearProgress(): void {
    if (!this.#progressShown) return
    this.#progressShown = false
    this.#options.stderr.write('\r\x1b[K')
  }

  /** Hands over what is held back. */
  flush(): void {
    if (this.#gone) this.#buffer = ''
    else if (this.#buffer !== '') this.#options.stdout.write(this.#take())
  }

  /** Waits until stdout has taken everything. */
  async end(): Promise<void> {
    this.clearProgress()
    await this.#written(this.#take())
  }

  /** Resolves when the data has left this process, or nobody reads it any more. */
  #written(data: string | Uint8Array): Promise<void> {
    if (this.#gone) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#options.stdout.write(data, () => resolve())
    })
  }

  #take(): string {
    const text = this.#buffer
    this.#buffer = ''
    if (this.stdoutIsTerminal && text !== '') this.clearProgress()
    return text
  }

  #put(text: string): void {
    if (this.#gone) return
    this.#buffer += text
    if (this.#buffer.length >= bufferBytes) this.flush()
  }

  #paint(code: string, text: string): string {
    return this.#options.color ? `\x1b[${code}m${text}\x1b[0m` : text
  }
}

/** Text of the engine's, safe for a terminal. Names in it are escaped already, so their backslashes stay single. */
export function safeText(text: string): string {
  return text.split('\\').map(printable).join('\\')
}

export function interrupted(): BackupError {
  return new BackupError('E_INTERRUPTED', 'interrupted; nothing half-done was left')
}

function asBackupError(cause: unknown): { code: ErrorCode; message: string; hint: string } {
  if (cause instanceof BackupError) return cause
  if (cause instanceof Error && cause.name === 'AbortError') return interrupted()
  const what = cause instanceof Error ? cause.message : String(cause)
  return {
    code: 'E_INTERNAL',
    message: `an unexpected error: ${what}`,
    hint: 'please report it; HOLDFAST_DEBUG=1 shows where it happened',
  }
}
