import type { LoggingSettings, LogLevel } from '../../model/configuration.ts'
import type { Clock, Files } from '../../model/ports.ts'
import { LogFile } from './log-file.ts'

/** What the daemon does, one JSON object a line: `{at, level, event, message, …}`. */

/** What belongs to an event. Never a secret: all of it is written. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>

type Say = (event: string, message: string, fields?: LogFields) => void

export interface DaemonLog {
  readonly debug: Say
  readonly info: Say
  readonly warning: Say
  readonly error: Say
  /** Opens the log file anew: whoever rotates it from outside asks for that with SIGHUP. */
  reopen(): void
  close(): void
}

export interface DaemonLogParts {
  readonly files: Files
  readonly clock: Clock
  readonly settings: LoggingSettings
  /** The descriptor of stdout. */
  readonly stdout: number
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 }

/**
 * Writes to stdout and, where the settings name one, to the log file. After this has returned nothing that befalls
 * either is thrown: a daemon goes on without its log. A file that cannot be written is told on stdout, once.
 *
 * @throws E_CONFIG where the log file cannot be opened.
 */
export function openDaemonLog({ files, clock, settings, stdout }: DaemonLogParts): DaemonLog {
  const print = printerOf(files, stdout)
  const file = settings.file === null ? null : LogFile.open(files, settings.file, settings.rotation)
  const lineOf = (level: LogLevel, event: string, message: string, fields: LogFields = {}): string => {
    const own = { at: new Date(clock.now()).toISOString(), level, event, message }
    return `${JSON.stringify({ ...own, ...fields, ...own })}\n` // a field cannot take the place of one of these
  }
  let failing = false
  const toFile = (act: (open: LogFile) => void): void => {
    if (file === null) return
    try {
      act(file)
      failing = false
    } catch (error) {
      if (failing) return
      failing = true
      print(
        lineOf('error', 'log-file', `the log file cannot be written: ${error instanceof Error ? error.message : ''}`),
      )
    }
  }
  const sayAt =
    (level: LogLevel): Say =>
    (event, message, fields) => {
      if (ranks[level] < ranks[settings.level]) return
      const line = lineOf(level, event, message, fields)
      print(line)
      toFile((open) => open.append(line))
    }
  return {
    debug: sayAt('debug'),
    info: sayAt('info'),
    warning: sayAt('warning'),
    error: sayAt('error'),
    reopen: () => toFile((open) => open.reopen()),
    close: () => file?.close(),
  }
}

/** Nobody may read stdout, or read it too slowly (EAGAIN): then a line is lost, and the next one begins on its own. */
function printerOf(files: Files, stdout: number): (line: string) => void {
  let torn = false
  let gone = false
  return (line) => {
    if (gone) return
    try {
      files.write(stdout, new TextEncoder().encode(torn ? `\n${line}` : line), null)
      torn = false
    } catch (error) {
      torn = true
      const code = error instanceof Error && 'code' in error ? error.code : null
      gone = code === 'EPIPE' || code === 'EBADF' // nobody will ever read it again
    }
  }
}
