/** What the console is told of the machine and the terminal it runs on, and what it asks of them. */

/** What the terminal can draw, and how patient one must be with it. */
export interface Capability {
  /** Box drawing, blocks and marks; otherwise ASCII alone. */
  readonly unicode: boolean
  readonly colors: 'none' | '16'
  /** The terminal lies behind a network: fewer frames, and more patience with keys that arrive in pieces. */
  readonly slowLink: boolean
  /** How long an escape byte waits for the rest of its key. */
  readonly escapeMs: number
  readonly maxFps: number
}

export interface Facts {
  readonly host: string
  readonly user: string
  /** The repository, as the operator named it or the default; for people. */
  readonly root: string
  readonly version: string
  /** The operator's own directory, what `~` stands for; absent where there is none. */
  readonly home?: string
  /** Everything is shown, nothing can be changed. */
  readonly readOnly: boolean
  /** Options it was started with that the same deed on the command line would need too: `--root=/srv/backup`. */
  readonly options: readonly string[]
}

/** The terminal as the console asks it for favours; the console itself never touches the process. */
export interface TerminalPort {
  /** Drops what was typed ahead and not yet handled, and what still arrives in the next `holdMs`. */
  flushKeys(holdMs: number): void
  /** Stops the process as Ctrl-Z does elsewhere; resolves when it goes on. The screen is handed over meanwhile. */
  stop(): Promise<void>
  /** Shows a file in the operator's pager until it is left. @throws E_IO where there is none. */
  page(file: string): Promise<void>
  /** Hands a text to the clipboard of the operator's own machine, where the terminal can do that; nobody can tell. */
  copy(text: string): void
}

/** Questions of the engine to a person, while it works. */
export interface Questions {
  /** Who answers; null: nobody, and the question waits until somebody does. */
  answerWith(ask: ((question: Question) => void) | null): void
}

export interface Question {
  readonly kind: 'passphrase'
  answer(text: string): void
  /** The person will not say. */
  refuse(): void
}
