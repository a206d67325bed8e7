import { EventEmitter, once } from 'node:events'
import { createRequire } from 'node:module'
import { type IPty, spawn } from '@lydell/node-pty'
import { onTestFinished } from 'vitest'
import { program } from '../e2e/stage.ts'

/** The built program in a real pseudoterminal, seen as a person would see it. */

// CommonJS, in a shape whose names Node cannot tell.
const { Terminal } = createRequire(import.meta.url)('@xterm/headless') as typeof import('@xterm/headless')

export interface PtyOptions {
  readonly columns?: number
  readonly rows?: number
  /** All of the environment; TERM is xterm-256color where it names none. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** What is started in the place of holdfast; its arguments are `argv`. */
  readonly command?: string
}

const patienceMs = 15_000

type Wanted = string | RegExp | ((screen: string) => boolean)

export interface PtyEnd {
  readonly code: number
  readonly signal: number
}

export class Pty {
  /** Its types leave out how to let go of the terminal. */
  readonly #pty: IPty & { destroy(): void }
  readonly #terminal: InstanceType<typeof Terminal>
  readonly #changes = new EventEmitter()
  /** All that was written to the terminal. */
  raw = ''
  readonly exited: Promise<PtyEnd>
  #end: PtyEnd | null = null

  constructor(argv: readonly string[], { columns = 100, rows = 30, env, cwd, command = program }: PtyOptions) {
    this.#terminal = new Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 })
    this.#pty = spawn(command, [...argv], {
      cols: columns,
      rows,
      cwd,
      env: Object.fromEntries(
        Object.entries({ TERM: 'xterm-256color', ...env }).filter(([, value]) => value !== undefined),
      ),
      name: env['TERM'] ?? 'xterm-256color',
    }) as IPty & { destroy(): void }
    this.#pty.onData((data) => {
      this.raw += data
      this.#terminal.write(data, () => this.#changes.emit('change'))
    })
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        // What it wrote last is on the screen before anybody is told.
        this.#terminal.write('', () => {
          this.#end = { code: exitCode, signal: signal ?? 0 }
          resolve(this.#end)
          this.#changes.emit('change')
        })
      })
    })
    onTestFinished(() => this.close())
  }

  get pid(): number {
    return this.#pty.pid
  }

  /** Bytes that were written to the terminal. */
  get bytes(): number {
    return Buffer.byteLength(this.raw)
  }

  get isAlternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate'
  }

  get cursor(): { readonly column: number; readonly row: number } {
    const { cursorX, cursorY } = this.#terminal.buffer.active
    return { column: cursorX, row: cursorY }
  }

  /** What is seen, a row a line, without trailing blanks. */
  get screen(): string {
    const { active } = this.#terminal.buffer
    return Array.from({ length: this.#terminal.rows }, (_, row) =>
      (active.getLine(active.viewportY + row)?.translateToString(true) ?? '').trimEnd(),
    ).join('\n')
  }

  /** The screen once it has the text, or does what is asked of it. */
  async until(wanted: Wanted): Promise<string> {
    const test =
      typeof wanted === 'function'
        ? wanted
        : (screen: string): boolean => (typeof wanted === 'string' ? screen.includes(wanted) : wanted.test(screen))
    const signal = AbortSignal.timeout(patienceMs)
    for (;;) {
      const { screen } = this
      if (test(screen)) return screen
      if (this.#end !== null)
        throw new Error(`it ended with ${JSON.stringify(this.#end)}, without ${wanted}:\n${screen}`)
      try {
        await once(this.#changes, 'change', { signal })
      } catch {
        throw new Error(`no ${wanted} in ${patienceMs} ms:\n${this.screen}`)
      }
    }
  }

  /** Keys, as one packet. */
  type(keys: string): void {
    this.#pty.write(keys)
  }

  /** Types, and gives the screen once what that brings is there. */
  press(keys: string, wanted: Wanted): Promise<string> {
    this.type(keys)
    return this.until(wanted)
  }

  /** What another program writes to the same terminal. */
  scribble(text: string): void {
    this.#terminal.write(text, () => this.#changes.emit('change'))
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows)
    this.#pty.resize(columns, rows)
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Takes the terminal away, as a line that breaks does. */
  hangUp(): void {
    this.#pty.destroy()
  }

  close(): void {
    if (this.#end === null) {
      try {
        process.kill(this.pid, 'SIGKILL')
      } catch {
        // It has just ended.
      }
    }
    this.#pty.destroy()
    this.#terminal.dispose()
  }
}
