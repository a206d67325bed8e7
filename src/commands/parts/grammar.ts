/** The words of the command line: operands, options, and what exit codes mean. */

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
  /** What to do where more follows than it takes. */
  readonly surplus?: string
}

/** What a command accepts. */
export interface CommandGrammar {
  /** As typed: `create`, `keys add`. */
  readonly words: string
  readonly operands: readonly OperandSpec[]
  readonly options: readonly OptionSpec[]
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
