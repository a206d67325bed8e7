import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { rawKey } from '../e2e/stage.ts'
import type { Deed } from './child.ts'
import type { Answer, Outcome } from './operation.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))

/**
 * The engine in a process of its own (child.ts), bundled as dist/ is, so that it starts as fast. One that was killed is
 * replaced by a new one.
 */
export class EngineProcess {
  readonly #bundle: string
  #child: ChildProcess | null = null
  #answers: ((answer: Answer) => void)[] = []

  private constructor(bundle: string) {
    this.#bundle = bundle
  }

  static async open(): Promise<EngineProcess> {
    const bundle = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
    symlinkSync(join(checkout, 'node_modules'), join(bundle, 'node_modules'))
    await build({
      absWorkingDir: checkout,
      entryPoints: [
        'test/faults/child.ts',
        'test/faults/faulty-files.ts',
        'src/engine/archive/worker.ts',
        'src/engine/walk/walk-worker.ts',
      ],
      entryNames: '[name]',
      outdir: bundle,
      outExtension: { '.js': '.js' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      mainFields: ['module', 'main'],
      target: 'node24',
      external: ['koffi'],
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
      legalComments: 'none',
      logLevel: 'warning',
    })
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
