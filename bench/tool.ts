/** What the bench asks of a backup tool. One file per tool in tools/. */

/** One pipeline: each stage is an argv, each reads what the one before it writes. */
export interface Command {
  readonly stages: readonly (readonly string[])[]
  readonly directory?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Where one repository of a tool lives. Everything the tool writes lies below `directory`. */
export interface Place {
  readonly directory: string
  /** Does not exist until `prepare` has run. */
  readonly repository: string
  readonly cache: string
}

export interface Tool {
  readonly name: string
  readonly version: string
  readonly encrypted: boolean
  /** Flags and settings that differ from a bare call, for the results. */
  readonly how: string
  /** The program started for nothing: what every other figure holds as well. */
  start(): Command
  /** Makes an empty repository; not timed. */
  prepare(place: Place): readonly Command[]
  /** Backs up the absolute path `source`; `label` is for the tools that want a name for each backup. */
  backup(place: Place, source: string, label?: string): Command
  /** The same again, building on the newest backup; null where the tool knows no such thing. */
  readonly backupAgain: ((place: Place, source: string, label: string) => Command) | null
  /** What restore calls the backup that was made under `label` and wrote `output`. */
  backupName(output: string, label: string): string
  /** Whether a backup that wrote `output` says it stored no content of any file; null where it does not tell. */
  storedNothing(output: string): boolean | null
  /** Restores all of it below `target`, an empty directory; `source` then lies at `target`/`source`. */
  restore(place: Place, source: string, target: string, backup?: string): Command
  /** Restores the file that was backed up from the absolute path `path` to `target`/`path`. */
  restoreFile(place: Place, path: string, target: string, backup: string): Command
  /** The file backed up from the absolute path `path`, to stdout. */
  readFile(place: Place, path: string): Command
  /** The backups there are; null where the tool knows no such thing. */
  listBackups(place: Place): Command | null
  listFiles(place: Place): Command
  /** Reads, decrypts and checks every byte. */
  verify(place: Place): Command
}

export type IncrementalTool = Tool & { readonly backupAgain: NonNullable<Tool['backupAgain']> }

export function isIncremental(tool: Tool): tool is IncrementalTool {
  return tool.backupAgain !== null
}

export interface MissingTool {
  readonly name: string
  /** What to install, and from where. */
  readonly install: string
}

/** The same command line with other words in the place of one. */
export function reworded(command: Command, word: string, words: readonly string[]): Command {
  const stages = command.stages.map((argv) => argv.flatMap((one) => (one === word ? words : [one])))
  return { ...command, stages }
}

/** The same command line with more words at the end of its last stage. */
export function extended(command: Command, ...words: readonly string[]): Command {
  const last = command.stages.length - 1
  return { ...command, stages: command.stages.map((argv, at) => (at === last ? [...argv, ...words] : argv)) }
}

/** argv of one process, with a tool's environment. */
export function one(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Command {
  return { stages: [argv], environment }
}
