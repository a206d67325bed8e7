import type { During } from '../../model/during.ts'
import type { Engine } from '../../model/engine.ts'
import type { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { Given } from './given.ts'
import type { CommandGrammar } from './grammar.ts'
import type { Output } from './output.ts'
import type { Terminal } from './terminal.ts'

/** What a command is: what it accepts, what its help says, and what it does. */

export interface CommandSpec extends CommandGrammar {
  /** One sentence. */
  readonly about: string
  readonly examples: readonly (readonly [line: string, means: string])[]
  readonly exits: readonly number[]
  /**
   * `clean-up`: Ctrl-C aborts the signal and the command ends by itself. `at-once`: it has nothing to clean up.
   * `itself`: it hears signals itself.
   */
  readonly onInterrupt: 'clean-up' | 'at-once' | 'itself'
  /** Works for the process that started it, whose lines on stdin it reads, and goes on without it: a hang-up means nothing. */
  readonly isJob?: true
  /** It will walk a source beside other work: what that needs is made ready while the rest is loaded. */
  walks?(given: Given): boolean
  run(given: Given, context: Context): Promise<number>
}

/** The file system, and what its errors mean to a person: `cannot <doing> <path>: <why>`. */
export interface Disk {
  readonly files: Files
  explain(error: unknown, doing: string, path: BytePath): BackupError
}

/** What a command works with. */
export interface Context {
  readonly out: Output
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly host: string
  /** The terminal can draw more than ASCII. */
  readonly unicode: boolean
  /** Milliseconds since 1970. */
  now(): number
  /** Opened at the first call: a usage error must not need a repository. */
  engine(): Promise<Engine>
  disk(): Promise<Disk>
  /** Until it is left; its exit code. @throws E_USAGE where it cannot be drawn. */
  openConsole(options: { readonly readOnly: boolean; readonly colorless: boolean }): Promise<number>
  /** Until it is told to stop; its exit code. @throws what keeps it from starting. */
  runDaemon(options: { readonly graceMs: number }): Promise<number>
  /** For one long deed: its events go to the terminal or, with --json, to stdout. */
  during(): During
}
