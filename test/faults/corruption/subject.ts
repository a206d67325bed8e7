import type { Engine } from '../../../src/model/engine.ts'

/** Where damaged files are read: a small repository, its truth, and an engine over it. */
export interface Bench {
  readonly root: string
  readonly target: string
  readonly plan: string
  /** Ids of its backups, oldest first: full, incremental, and one that is not encrypted. */
  readonly backups: readonly string[]
  readonly scheduleIds: readonly string[]
  engine(): Engine
  /** Restores `backup`, or the saved plan, and says what lies there that was never backed up so. */
  restoreAndCompare(source: string | { readonly plan: string }): Promise<string[]>
  /** Takes back a restore over existing files, and says what is neither as before it nor as after it. */
  undoAndCompare(): Promise<string[]>
}

/** A kind of file that is damaged. To add one: an entry in subjects.ts. */
export interface Subject {
  readonly name: string
  /** Of 100 cases. */
  readonly share: number
  readonly form: 'binary' | 'json' | 'lines'
  /** Files of which one is damaged at a time. */
  files(bench: Bench): readonly string[]
  /** Puts a checksum right after an edit, so that the edit is what is met. */
  seal?(value: unknown): unknown
  /** Does with the damaged file what people do. Gives what was wrong; BackupErrors are an answer too. */
  read(bench: Bench, damaged: string, turn: number): Promise<string[]>
}
