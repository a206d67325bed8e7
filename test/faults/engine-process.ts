import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { rawKey } from '../e2e/stage.ts'
import { bundleEngine, checkout } from './bundle.ts'
import type { Deed } from './child.ts'
import type { Answer, Outcome } from './operation.ts'

/**
 * The engine in a process of its own (child.ts). One that was killed is
 * replaced by a new one.
 */
export class EngineProcess {
  readonly #bundle: string
  #child: ChildProcess | null = null
  #answers: ((answer: Answer) => void)[] = []

  private constructor(bundle: string) {
    this.#bundle = bundle
  }

  /** With `threads` the engine has those it has in production: see bundle.ts. */
  static async open({ threads }: { readonly threads: boolean }): Promise<EngineProcess> {
    const bundle = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
    await bundleEngine(['test/faults/child.ts', 'test/faults/faulty-files.ts'], bundle, { threads })
    return new EngineProcess(bundle)
  }

  perform(deed: Deed): Promise<Answer> {
    const child = this.#child ?? this.#start()
    return new Promise((resolve) => {
      this.#answers.push(resolve)
      child.stdin?.write(`${JSON.stringify(deed)}\n`)
    })
  }

  async close(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child !== null) {
      const ended = new Promise((resolve) => child.once('close', resolve))
      child.stdin?.end()
      await ended
    }
    rmSync(this.#bundle, { recursive: true, force: true })
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [join(this.#bundle, 'child.js')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        HOLDFAST_FAULT_TRACE: process.env['HOLDFAST_FAULT_TRACE'],
        BACKUP_ENCRYPTION_KEY: rawKey,
        NODE_COMPILE_CACHE: join(this.#bundle, 'cache'),
        HOLDFAST_FAULTS_CHECKOUT: checkout,
        HOLDFAST_FAULTS_MODULE: pathToFileURL(join(this.#bundle, 'faulty-files.js')).href,
      },
    })
    this.#child = child
    const answers: ((answer: Answer) => void)[] = []
    this.#answers = answers
    createInterface({ input: child.stdout! }).on('line', (line) => answers.shift()?.(JSON.parse(line) as Outcome))
    child.on('close', () => {
      if (this.#child === child) this.#child = null
      for (const answer of answers.splice(0)) answer(null)
    })
    child.stdin?.on('error', () => {}) // its end is told by the answer
    return child
  }
}
