import { once } from 'node:events'
import { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { render } from 'ink'
import stringWidth from 'string-width'
import { onTestFinished } from 'vitest'
import { App, type Leaving } from '../../src/app.tsx'
import type { CatalogEntry } from '../../src/model/backup.ts'
import type { Capability, Facts, TerminalPort } from '../../src/model/console.ts'
import type { Engine } from '../../src/model/engine.ts'
import type { RunSummary } from '../../src/model/jobs.ts'
import type { StatusReport } from '../../src/model/status.ts'
import { splitKeys } from '../../src/terminal/key-split.ts'
import { KeyStream } from '../../src/terminal/key-stream.ts'
import { type OpenQuestions, openQuestions } from '../../src/terminal/questions.ts'
import { type Call, pretendEngine } from '../commands/pretend-engine.ts'
import { PretendJobs } from './pretend-jobs.ts'
import { now, sampleBackups, sampleRuns, sampleStatus } from './sample.ts'

/** The whole console in this process, over an engine and jobs of plain data, on a terminal that is not there. */

export interface Setting {
  /** 100 where absent. */
  readonly columns?: number
  /** 30 where absent. */
  readonly rows?: number
  readonly readOnly?: boolean
  readonly capability?: Partial<Capability>
  readonly facts?: Partial<Facts>
  /** Newest first; forty where absent. */
  readonly backups?: readonly CatalogEntry[]
  readonly status?: Partial<StatusReport>
  /** Newest first; forty where absent. */
  readonly runs?: readonly RunSummary[]
  /** What else the engine answers; `calls` of the console has what it was asked. */
  readonly engine?: Partial<Engine>
  readonly terminal?: Partial<TerminalPort>
  /** Milliseconds since 1970; the sample's where absent. */
  readonly now?: () => number
}

export interface OpenedConsole {
  /** The screen as text: exactly its rows, without trailing blanks. */
  frame(): string
  lines(): readonly string[]
  /** Resolves with the first frame, from now on, that has the text; fails with the last one after five seconds. */
  until(text: string | RegExp): Promise<string>
  /** Resolves with the first frame that does not have the text any more. */
  untilGone(text: string | RegExp): Promise<string>
  /** One packet of the network; resolves once every key in it was heard and drawn. */
  keys(packet: string): Promise<void>
  /** The same keys, each in a packet of its own, as a hand types them. */
  type(keys: string): Promise<void>
  resize(columns: number, rows: number): Promise<void>
  /** What the engine was asked. */
  readonly calls: readonly Call[]
  readonly jobs: PretendJobs
  readonly questions: OpenQuestions
  /** What the console asked of the terminal: `page /x`, `copy abc`, `stop`, `flush 300`. */
  readonly favours: readonly string[]
  /** What the console was left with. */
  readonly left: Promise<Leaving | undefined>
}

/** Keys by name, to be joined into packets. */
export const key = {
  enter: '\r',
  escape: '\x1b',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  pageUp: '\x1b[5~',
  pageDown: '\x1b[6~',
  home: '\x1b[H',
  end: '\x1b[F',
  tab: '\t',
  shiftTab: '\x1b[Z',
  backspace: '\x7f',
  ctrlC: '\x03',
  ctrlL: '\x0c',
  ctrlZ: '\x1a',
} as const

/** As a terminal sends it. */
export function pasted(text: string): string {
  return `\x1b[200~${text}\x1b[201~`
}

const patienceMs = 5000
const escapeMs = 20

/** Opens the console and waits for the first frame with data in it. It is closed when the test ends. */
export async function openConsole(setting: Setting = {}): Promise<OpenedConsole> {
  const { backups = sampleBackups(40), runs = sampleRuns(40) } = setting
  const screen = new Screen(setting.columns ?? 100, setting.rows ?? 30)
  const source = new Keyboard()
  const keys = new KeyStream(source, escapeMs)
  const calls: Call[] = []
  const favours: string[] = []
  const jobs = new PretendJobs(runs)
  const questions = openQuestions()
  const status = sampleStatus(backups, setting.status)
  const engine = pretendEngine(calls, {
    list: async () => ({ backups, problems: [] }),
    status: async () => status,
    ...setting.engine,
  })
  const terminal: TerminalPort = {
    flushKeys(holdMs) {
      favours.push(`flush ${holdMs}`)
      // Nothing is held off afterwards, so that a test can answer at once.
      keys.flush(0)
    },
    stop: async () => void favours.push('stop'),
    page: async (file) => void favours.push(`page ${file}`),
    copy: (text) => void favours.push(`copy ${text}`),
    ...setting.terminal,
  }
  const facts: Facts = {
    host: 'web1',
    user: 'root',
    root: '/srv/backup',
    version: '0.1.0',
    readOnly: setting.readOnly ?? false,
    options: [],
    ...setting.facts,
  }
  const capability: Capability = {
    unicode: true,
    colors: '16',
    slowLink: false,
    escapeMs,
    maxFps: 15,
    ...setting.capability,
  }
  const instance = render(
    <App
      engine={engine}
      jobs={jobs}
      facts={facts}
      capability={capability}
      terminal={terminal}
      questions={questions}
      now={setting.now ?? (() => now)}
    />,
    {
      // As much of a terminal as Ink uses of one.
      stdin: keys as unknown as NodeJS.ReadableStream,
      stdout: screen,
      debug: true,
      interactive: true,
      exitOnCtrlC: false,
      patchConsole: false,
    },
  )
  onTestFinished(() => instance.unmount())
  while (keys.listenerCount('readable') === 0) await nextTurn()

  const settle = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns + 4; turn++) await nextTurn()
  }
  await settle(4)
  const send = async (packet: string): Promise<void> => {
    const { typed, rest } = splitKeys(packet)
    const late = rest === '' ? null : once(keys, 'readable')
    source.type(packet)
    await settle(typed.length)
    if (late !== null) {
      await late
      await settle(1)
    }
  }
  return {
    frame: () => screen.frame,
    lines: () => screen.frame.split('\n'),
    until: (text) => screen.until((frame) => has(frame, text), `a frame with ${text}`),
    untilGone: (text) => screen.until((frame) => !has(frame, text), `a frame without ${text}`),
    keys: send,
    async type(text) {
      for (const typed of splitKeys(text).typed) if (typed.kind === 'key') await send(typed.sequence)
    },
    async resize(columns, rows) {
      screen.columns = columns
      screen.rows = rows
      screen.emit('resize')
      await settle(2)
    },
    calls,
    jobs,
    questions,
    favours,
    // What app.tsx leaves with; nothing where the test ended first.
    left: instance.waitUntilExit() as Promise<Leaving | undefined>,
  }
}

/** Nothing of a frame is wider or higher than the terminal, and it fills all of its rows. */
export function misfits(frame: string, columns: number, rows: number): string[] {
  const lines = frame.split('\n')
  const found = lines.filter((line) => stringWidth(line) > columns)
  return lines.length === rows ? found : [...found, `${lines.length} rows, not ${rows}`]
}

function has(frame: string, text: string | RegExp): boolean {
  return typeof text === 'string' ? frame.includes(text) : text.test(frame)
}

type Listener = (...args: never[]) => void

class Keyboard {
  readonly #listeners = new Map<string, Set<Listener>>()

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener))
  }

  removeListener(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener)
  }

  type(packet: string): void {
    // Whoever listens for data takes bytes.
    for (const listener of this.#listeners.get('data') ?? [])
      (listener as (bytes: Uint8Array) => void)(Buffer.from(packet))
  }

  pause(): void {}
  resume(): void {}
  setRawMode(): void {}
}

class Screen extends Writable {
  readonly isTTY = true
  columns: number
  rows: number
  frame = ''

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false })
    this.columns = columns
    this.rows = rows
  }

  override _write(data: string | Buffer, _encoding: string, done: () => void): void {
    const text = String(data)
    // What is no picture: the other screen, the cursor, how pastes are told.
    if (text !== '' && !/^(\x1b\[\?[0-9;]*[a-z])+$/.test(text)) {
      this.frame = text.replace(/\x1b\[[0-9;]*m/g, '')
      this.emit('frame')
    }
    done()
  }

  async until(test: (frame: string) => boolean, wanted: string): Promise<string> {
    const signal = AbortSignal.timeout(patienceMs)
    while (!test(this.frame)) {
      try {
        await once(this, 'frame', { signal })
      } catch {
        throw new Error(`no ${wanted} in ${patienceMs} ms; the last one:\n${this.frame}`)
      }
    }
    return this.frame
  }
}
