import type { During, Engine } from '../../model/engine.ts'
import type { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { Given } from './given.ts'
import type { Output } from './output.ts'
import type { Terminal } from './terminal.ts'

/** What a command is made of: its words, what it accepts, what its help says, and what it does. */

export interface OptionSpec {
  /** Without the leading dashes. */
  readonly name: string
  readonly about: string
  /** How help names the value; absent for a flag. */
  readonly value?: string
  readonly choices?: readonly string[]
  /** The value may be left out. The argument that follows is taken for it only if it is one of the choices. */
  readonly valueOptional?: true
  readonly repeats?: true
  /** An empty value means something. Elsewhere it is an unset variable of a script, and an error. */
  readonly mayBeEmpty?: true
  /** Why it is not there yet: using it is E_UNSUPPORTED. */
  readonly unsupported?: string
  readonly unsupportedValues?: Readonly<Record<string, string>>
}

export interface OperandSpec {
  readonly name: string
  readonly required: boolean
  readonly repeats?: true
}

export interface CommandSpec {
  /** As typed: `create`, `keys add`. */
  readonly words: string
  /** One sentence. */
  readonly about: string
  readonly operands: readonly OperandSpec[]
  readonly options: readonly OptionSpec[]
  readonly examples: readonly (readonly [line: string, means: string])[]
  readonly exits: readonly number[]
  /**
   * `clean-up`: Ctrl-C aborts the signal and the command ends by itself. `at-once`: it has nothing to clean up.
   * `itself`: it hears signals itself.
   */
  readonly onInterrupt: 'clean-up' | 'at-once' | 'itself'
  /** Works for the process that started it, whose lines on stdin it reads, and goes on without it: a hang-up means nothing. */
  readonly isJob?: true
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
  /** For one long deed: its events go to the terminal or, with --json, to stdout. */
  during(): During
}

export const exitMeanings: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'failed; nothing half-done is left visible',
  2: 'usage or configuration error; nothing was touched',
  3: 'done, with warnings: something was skipped, refused or unreadable',
  4: 'damage found',
  5: 'busy: another process holds the repository',
  130: 'interrupted; nothing half-done is left visible',
}

export const globalOptions: readonly OptionSpec[] = [
  { name: 'root', value: 'DIR', about: 'the repository (or BACKUP_DIR; default: data/backup beside this program)' },
  { name: 'config', value: 'FILE', about: 'the configuration (default: backup_config.json beside the repository)' },
  { name: 'json', about: 'every line of stdout is one JSON object; the last is the result or the error' },
  { name: 'quiet', about: 'no progress and no notices' },
  { name: 'no-color', about: 'no colours (also: NO_COLOR in the environment)' },
  { name: 'help', about: 'this text' },
  { name: 'version', about: 'the version' },
]

export const servicesOption: OptionSpec = {
  name: 'services',
  value: 'A,B',
  repeats: true,
  about: 'only these services',
}
