import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bundleEngine, checkout } from '../bundle.ts'
import { scratchDirectory } from '../matrix.ts'
import type { Answer, Order } from './child.ts'

/** child.ts as a process, bundled, and watched: what does not answer in time is killed, and started anew. */
export class CorruptionProcess {
  readonly #directory: string
  #process: ChildProcess | null = null
  #answer: ((answer: Answer | null) => void) | null = null

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async open(): Promise<CorruptionProcess> {
    const directory = scratchDirectory()
    await bundleEngine(['test/faults/corruption/child.ts'], directory, { threads: false })
    return new CorruptionProcess(directory)
  }

  /** Null where the process died, or did not answer within `limitMs`. @throws where it could not even begin. */
  async perform(order: Order, limitMs: number): Promise<Answer | null> {
    const child = this.#process ?? (await this.#start())
    return new Promise((resolve) => {
      const watch = setTimeout(() => child.kill('SIGKILL'), limitMs)
      this.#answer = (answer) => {
        clearTimeout(watch)
        resolve(answer)
      }
      child.stdin?.write(`${JSON.stringify(order)}\n`)
    })
  }

  async close(): Promise<void> {
    const child = this.#process
    if (child !== null) {
      const ended = new Promise((resolve) => child.once('close', resolve))
      child.stdin?.end()
      await ended
    }
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #start(): Promise<ChildProcess> {
    const place = join(this.#directory, 'bench')
    rmSync(place, { recursive: true, force: true })
    // A size that is believed before it is checked must not be paid for by a large machine in silence.
    const child = spawn(
      process.execPath,
      ['--max-old-space-size=512', join(this.#directory, 'child.js'), place, checkout.slice(0, -1)],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { PATH: process.env['PATH'], BACKUP_ENCRYPTION_KEY: 'ab'.repeat(32) },
      },
    )
    const lines = createInterface({ input: child.stdout! })
    await new Promise<void>((resolve, reject) => {
      lines.once('line', () => resolve())
      child.once('close', (code) => reject(new Error(`the process that damages files ended with ${code} at once`)))
    })
    this.#process = child
    lines.on('line', (line) => this.#answer?.(JSON.parse(line) as Answer))
    child.on('close', () => {
      if (this.#process === child) this.#process = null
      this.#answer?.(null)
    })
    child.stdin?.on('error', () => {}) // its end is told by the answer
    return child
  }
}
