import { PassThrough } from 'node:stream'
import {
  type ConsoleOptions,
  type DaemonOptions,
  dispatch,
  type Surroundings,
  type WireOptions,
} from '../../src/commands/parts/dispatch.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { explainIo } from '../../src/engine/platform/explain-io.ts'
import type { Engine } from '../../src/model/engine.ts'
import { type Call, pretendEngine } from './pretend-engine.ts'

export interface Said {
  readonly exitCode: number
  readonly stdout: string
  readonly bytes: Buffer
  readonly stderr: string
  readonly calls: Call[]
  readonly wired: WireOptions[]
  /** What the console was opened with. */
  readonly consoles: ConsoleOptions[]
  readonly daemons: DaemonOptions[]
  /** How often what was opened was closed. */
  readonly closed: number
}

export interface Setting {
  readonly engine?: Partial<Engine>
  readonly terminal?: boolean
  readonly columns?: number
  readonly environment?: Record<string, string>
  /** What is typed. */
  readonly input?: string
  /** Made anew per command line, where the answers need the list of calls. */
  engineWith?(calls: Call[]): Partial<Engine>
}

/** Runs one command line in this process, over a pretended engine. */
export async function commandLine(argv: readonly string[], setting: Setting = {}): Promise<Said> {
  const calls: Call[] = []
  const wired: WireOptions[] = []
  const consoles: ConsoleOptions[] = []
  const daemons: DaemonOptions[] = []
  let closed = 0
  const [stdout, stderr] = [collector(setting), collector(setting)]
  const stdin = Object.assign(new PassThrough(), setting.terminal ? { isTTY: true } : {})
  if (setting.input !== undefined) stdin.end(setting.input)
  let elapsed = 0
  const world: Surroundings = {
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    environment: { TERM: 'xterm', LANG: 'C.UTF-8', ...setting.environment },
    host: 'web1',
    now: () => Date.parse('2026-11-21T00:00:00.000Z'),
    elapsed: () => (elapsed += 1000),
    version: () => '0.1.0',
    async wire(options) {
      wired.push(options)
      const engine = pretendEngine(calls, { ...setting.engine, ...setting.engineWith?.(calls) })
      return {
        engine,
        async close() {
          closed++
        },
      }
    },
    disk: async () => ({ files: createDiskFiles(), explain: explainIo }),
    async runDaemon(options) {
      daemons.push(options)
      return 0
    },
    async openConsole(options) {
      consoles.push(options)
      return 0
    },
    onStrayError: () => {},
    onInterrupt: () => () => {},
    exit: () => {
      throw new Error('ended at once')
    },
  }
  const exitCode = await dispatch(argv, world)
  const bytes = stdout.bytes()
  return {
    exitCode,
    stdout: bytes.toString(),
    bytes,
    stderr: stderr.bytes().toString(),
    calls,
    wired,
    consoles,
    daemons,
    closed,
  }
}

function collector({ terminal, columns }: Setting): { stream: PassThrough; bytes(): Buffer } {
  const chunks: Buffer[] = []
  const stream = new PassThrough()
  stream.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)))
  if (terminal) Object.assign(stream, { isTTY: true, columns: columns ?? 80 })
  return { stream, bytes: () => Buffer.concat(chunks) }
}

/** The JSON objects of stdout, one a line. */
export function jsonLines({ stdout }: Said): Record<string, unknown>[] {
  const lines = stdout.split('\n')
  if (lines.pop() !== '') throw new Error('stdout does not end with a newline')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>) // throws where a line is no JSON
}
