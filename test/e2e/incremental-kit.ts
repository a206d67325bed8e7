import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { type JsonLine, type Running, type RunOptions, Stage } from './stage.ts'
import { differences, seeded } from './trees.ts'

/** Backups one after the other through the command line, each an hour later by the program's clock. */

export interface Backup {
  readonly id: string
  readonly type: string
  readonly services: readonly string[]
  readonly base: string | null
  readonly deps: readonly string[]
  readonly sizeBytes: number
  readonly bytes: number
  readonly reusedBytes: number
}

export interface Made {
  readonly code: number | null
  readonly backup: Backup
  readonly notices: readonly string[]
  readonly warnings: readonly string[]
  readonly last: JsonLine
}

const clockModule = fileURLToPath(new URL('./shifted-clock.ts', import.meta.url))
const hourMs = 3_600_000

export class Series {
  readonly stage = new Stage()
  readonly source: string
  /** Of the program's clock, ahead of the machine's. */
  aheadMs = 0
  #restores = 0

  constructor() {
    this.source = this.stage.at('source')
    mkdirSync(this.source)
  }

  remove(): void {
    this.stage.remove()
  }

  at(...names: string[]): string {
    return join(this.source, ...names)
  }

  /** An hour after the one before; of the source, where no paths or services are named. */
  create(type: string, ...args: string[]): Promise<Made> {
    this.aheadMs += hourMs
    return this.createNow(type, ...args)
  }

  async createNow(type: string, ...args: string[]): Promise<Made> {
    const { code, lines, last } = await this.stage.json(this.#command(type, args), this.options())
    const told = (kind: string) => lines.filter((line) => line.kind === kind).map((line) => String(line['message']))
    // Of a create that failed there is none; whoever expects one sees the code first.
    return { code, backup: last['backup'] as Backup, notices: told('notice'), warnings: told('warning'), last }
  }

  start(type: string, ...args: string[]): Running {
    this.aheadMs += hourMs
    return this.stage.start([...this.#command(type, args), '--json'], this.options())
  }

  /** The same, and no trouble. */
  async made(type: string, ...args: string[]): Promise<Backup> {
    const { code, warnings, backup, last } = await this.create(type, ...args)
    expect({ code, warnings, last: code === 0 ? null : last }).toEqual({ code: 0, warnings: [], last: null })
    return backup
  }

  options(): RunOptions {
    return { env: { NODE_OPTIONS: `--import=${clockModule}`, SHIFTED_CLOCK_MS: String(this.aheadMs) } }
  }

  /** What the restored differs in from the source as it is now. */
  async restored(id: string, source = this.source): Promise<string[]> {
    const target = this.stage.at(`restored-${this.#restores++}`)
    const ended = await this.stage.run(['restore', id, '--target', target])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return differences(source, join(target, source))
  }

  #command(type: string, args: readonly string[]): string[] {
    const isNamed = args.some((arg) => arg.startsWith('/') || arg === '--services')
    return ['create', '--type', type, ...args, ...(isNamed ? [] : [this.source])]
  }
}

/** Bytes that do not compress, the same for a seed. */
export function noise(seed: number, length: number): Buffer {
  const next = seeded(seed)
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) bytes[at] = Math.floor(next() * 256)
  return bytes
}
