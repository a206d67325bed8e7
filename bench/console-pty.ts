import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as wait } from 'node:timers/promises'
import { type IPty, spawn } from '@lydell/node-pty'

/** A program in a real pseudoterminal of 100x30, what it writes, when, and what of it is seen. */

// CommonJS, in a shape whose names Node cannot tell.
const { Terminal } = createRequire(import.meta.url)('@xterm/headless') as typeof import('@xterm/headless')

export const terminalSize = { columns: 100, rows: 30 }
const patienceMs = 30_000
/** USER_HZ, which no Linux of today has otherwise. */
const ticksPerSecond = 100

export interface Answer {
  /** From the key to the last byte that it brought about; 0 where it brought none. */
  readonly seconds: number
  readonly bytes: number
}

export interface Waiting {
  /** It has answered once nothing has come for so long. */
  readonly restMs: number
  /** It does not answer where nothing has come for so long. */
  readonly patienceMs: number
}

export class ConsolePty {
  readonly #pty: IPty
  readonly #terminal = new Terminal({
    cols: terminalSize.columns,
    rows: terminalSize.rows,
    allowProposedApi: true,
    scrollback: 0,
  })
  readonly #changes = new EventEmitter()
  readonly #began = performance.now()
  readonly #end = Promise.withResolvers<number>()
  #written = ''
  #bytes = 0
  #lastAt = 0
  #isOver = false

  constructor(argv: readonly string[], environment: Readonly<Record<string, string>>, directory: string) {
    this.#pty = spawn(argv[0]!, argv.slice(1), {
      cols: terminalSize.columns,
      rows: terminalSize.rows,
      cwd: directory,
      env: { ...environment, TERM: 'xterm-256color' },
      name: 'xterm-256color',
    })
    this.#pty.onData((data) => {
      this.#lastAt = performance.now()
      this.#bytes += Buffer.byteLength(data)
      this.#written += data
      this.#changes.emit('data')
      this.#terminal.write(data, () => this.#changes.emit('seen'))
    })
    this.#pty.onExit(({ exitCode }) => {
      this.#isOver = true
      this.#end.resolve(exitCode)
      this.#changes.emit('data')
      this.#changes.emit('seen')
    })
  }

  get written(): string {
    return this.#written
  }

  get bytes(): number {
    return this.#bytes
  }

  get screen(): string {
    const { active } = this.#terminal.buffer
    return Array.from({ length: terminalSize.rows }, (_, row) =>
      (active.getLine(active.viewportY + row)?.translateToString(true) ?? '').trimEnd(),
    ).join('\n')
  }

  /** Seconds from its start to its end. */
  async ended(): Promise<number> {
    await this.#end.promise
    return (performance.now() - this.#began) / 1000
  }

  /** Seconds from its start until it wrote `text`, as it arrived and not as it is drawn. */
  async wrote(text: string): Promise<number> {
    await this.#until('data', `'${text}' written`, () => this.#written.includes(text))
    return (performance.now() - this.#began) / 1000
  }

  /** Until the screen has the text. Seconds from its start until then. */
  async shows(wanted: string | RegExp): Promise<number> {
    const test = (): boolean => (typeof wanted === 'string' ? this.screen.includes(wanted) : wanted.test(this.screen))
    await this.#until('seen', String(wanted), test)
    return (performance.now() - this.#began) / 1000
  }

  type(keys: string): void {
    this.#pty.write(keys)
  }

  /** One key, and what it brings about. */
  async press(key: string, waiting: Waiting): Promise<Answer> {
    const [before, at] = [this.#bytes, performance.now()]
    this.#lastAt = at
    this.type(key)
    await this.rest(waiting)
    return { seconds: (this.#lastAt - at) / 1000, bytes: this.#bytes - before }
  }

  /** Until nothing has come for a while. */
  async rest({ restMs, patienceMs: longestMs }: Waiting): Promise<void> {
    const began = performance.now()
    const before = this.#bytes
    for (;;) {
      const now = performance.now()
      const dueMs = this.#bytes === before ? began + longestMs - now : this.#lastAt + restMs - now
      if (dueMs <= 0 || this.#isOver) return
      const over = new AbortController()
      const { signal } = over
      // A moment more, so that what came meanwhile is heard before it is looked at.
      const awaited = [wait(dueMs + 1, undefined, { signal })]
      if (this.#bytes === before) awaited.push(once(this.#changes, 'data', { signal }).then(() => undefined))
      await Promise.race(awaited)
      for (const one of awaited) one.catch(() => {}) // what was given up says so
      over.abort()
    }
  }

  /** The process that draws, somewhere below the launcher. */
  drawingProcess(): number {
    const below = [this.#pty.pid]
    for (const pid of below) {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/dist/cli.js')) return pid
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      below.push(...children.split(' ').filter(Boolean).map(Number))
    }
    throw new Error('no process below the launcher draws')
  }

  close(): void {
    try {
      process.kill(this.#pty.pid, 'SIGHUP')
    } catch {
      // It has just ended.
    }
    this.#terminal.dispose()
  }

  async #until(event: string, wanted: string, test: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(patienceMs)
    while (!test()) {
      if (this.#isOver) throw new Error(`the console ended without ${wanted}:\n${this.screen}`)
      try {
        await once(this.#changes, event, { signal })
      } catch {
        throw new Error(`no ${wanted} in ${patienceMs / 1000} s:\n${this.screen}`)
      }
    }
  }
}

/** User and system time of a process that lives, children aside. */
export function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // After the name, which may hold anything: state is the third field, utime the fourteenth.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Resident memory of a process that lives: now, and at its highest. */
export function memoryOf(pid: number): { readonly nowBytes: number; readonly peakBytes: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024
  return { nowBytes: field('VmRSS'), peakBytes: field('VmHWM') }
}
