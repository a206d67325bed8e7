import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { CommandFailed, measure, type Surroundings } from './measure.ts'
import type { Check, Measurement, Results, Size } from './results.ts'
import { median } from './rows.ts'
import { type Command, type IncrementalTool, isIncremental, one, type Place, type Tool } from './tool.ts'
import { holdfastName, holdfastPassphraseName } from './tools/holdfast.ts'

export interface BenchOptions {
  readonly work: string
  readonly rounds: number
  /** Trees to take instead of the workload's own; none for its own. */
  readonly trees: readonly string[]
  /** Bytes of generated data; null for the workload's own choice. */
  readonly sizeBytes: number | null
  /** Generated files; null for the workload's own choice. */
  readonly files: number | null
  /** Steps to leave out, and with them what builds on them. */
  readonly skip: readonly string[]
  /** How long a source rests after it was changed, before it is backed up. */
  readonly settleMs: number
  readonly tools: readonly Tool[]
  readonly signal: AbortSignal
  tell(line: string): void
}

/** What was measured by other means than running a command to its end; what is not given is 0 and round 1. */
export interface Taken {
  readonly seconds?: number
  readonly cpuSeconds?: number
  readonly peakBytes?: number
  readonly writtenBytes?: number
  readonly round?: number
}

export interface Tree {
  readonly path: string
  readonly what: string
  readonly entries: number
  readonly bytes: number
}

/** One workload at work: runs tools, keeps what they took, and keeps them apart. */
export class Bench {
  readonly options: BenchOptions
  readonly measurements: Measurement[] = []
  readonly sizes: Size[] = []
  readonly checks: Check[] = []
  readonly failures: { step: string; tool: string; round: number; what: string }[] = []
  readonly notes: string[] = []
  readonly figures: { name: string; value: number }[] = []
  readonly #repositoryBytes = new Map<string, number>()
  #changedAt: number | null = null
  readonly #surroundings: Surroundings

  constructor(options: BenchOptions) {
    this.options = options
    const { work, signal } = options
    for (const name of ['home', 'tmp', 'places', 'out']) mkdirSync(join(work, name), { recursive: true })
    // Nothing of the user's is read or written: no configuration, no cache, no /tmp.
    const environment = {
      PATH: process.env['PATH'] ?? '',
      HOME: join(work, 'home'),
      TMPDIR: join(work, 'tmp'),
      LANG: 'C.UTF-8',
    }
    this.#surroundings = {
      environment,
      directory: work,
      stdout: '/dev/null',
      stderr: join(work, 'out', 'stderr'),
      signal,
    }
  }

  /** Holdfast and the peers. */
  get tools(): readonly Tool[] {
    return this.options.tools.filter((tool) => tool.name !== holdfastPassphraseName)
  }

  /** Those that can build on a backup they made before. */
  get incrementalTools(): readonly IncrementalTool[] {
    return this.tools.filter(isIncremental)
  }

  tool(name: typeof holdfastName | typeof holdfastPassphraseName): Tool | undefined {
    return this.options.tools.find((tool) => tool.name === name)
  }

  /** All that a program is given of the environment. */
  get environment(): Readonly<Record<string, string>> {
    return this.#surroundings.environment
  }

  /** The tools that took part. */
  used(): Tool[] {
    const names = new Set([...this.measurements, ...this.failures].map((one) => one.tool))
    return this.options.tools.filter((tool) => names.has(tool.name))
  }

  /** 0 is the warm-up; a workload without one begins at 1. */
  *rounds(times = this.options.rounds, first = 0): Generator<number> {
    for (let round = first; round <= times; round++) yield round
  }

  skips(step: string): boolean {
    return this.options.skip.includes(step)
  }

  /** The source was just changed. */
  changed(): void {
    this.#changedAt = performance.now()
  }

  /**
   * Waits until the source has rested for a while. What changed in the last two seconds before a backup proves nothing
   * by its times, and a careful tool reads it again next time; nobody's source is written right before every backup.
   */
  async settle(): Promise<void> {
    if (this.#changedAt === null) return
    const restMs = this.#changedAt + this.options.settleMs - performance.now()
    if (restMs > 0) await setTimeout(restMs, undefined, { signal: this.options.signal })
  }

  /** A B C, then B C A: always alternating, and nobody always follows the same neighbour. */
  turns<Item>(items: readonly Item[], round: number): Item[] {
    return items.map((_, at) => items[(at + round) % items.length]!)
  }

  path(...names: string[]): string {
    return join(this.options.work, ...names)
  }

  /** Where a tool's repository is; the same place for every round. `label` for a second one beside it. */
  place(tool: Tool, label = ''): Place {
    const directory = this.path('places', `${tool.name}${label && `-${label}`}`)
    return { directory, repository: join(directory, 'repository'), cache: join(directory, 'cache') }
  }

  /** An empty repository and an empty cache; not timed. False where the tool could not make it. */
  async prepare(tool: Tool, round: number, place = this.place(tool)): Promise<boolean> {
    this.freshDirectory(place.directory)
    return this.#guarded('prepare', tool.name, round, async () => {
      for (const command of tool.prepare(place)) await measure(command, this.#surroundings)
      this.#repositoryBytes.set(place.repository, sizeOf(place.repository).bytes)
    })
  }

  /** Runs and records. False where the tool failed, which is recorded as well, or the step is to be left out. */
  async measure(step: string, tool: { readonly name: string }, command: Command, round: number, warmUp = round === 0) {
    if (this.skips(step)) return false
    return this.#guarded(step, tool.name, round, async () => {
      // one tool's unwritten pages must not become another's burden
      execFileSync('sync', ['-f', this.options.work])
      const stdout = this.outputOf(tool)
      const sample = await measure(command, { ...this.#surroundings, stdout })
      this.measurements.push({ step, tool: tool.name, round, warmUp, ...sample })
      const peak = Math.round(sample.peakBytes / 1e6)
      this.options.tell(
        `${warmUp ? 'warm-up' : `round ${round}`}  ${step.padEnd(12)} ${tool.name.padEnd(20)} ${sample.wallSeconds.toFixed(3).padStart(9)} s ${String(peak).padStart(5)} MB`,
      )
    })
  }

  /** Keeps what a workload took itself. */
  record(step: string, taken: Taken, tool: string = holdfastName): void {
    const { seconds = 0, cpuSeconds = 0, peakBytes = 0, writtenBytes, round = 1 } = taken
    const what = {
      step,
      tool,
      round,
      warmUp: round === 0,
      wallSeconds: seconds,
      cpuSeconds,
      peakBytes,
      readBytes: null,
    }
    this.measurements.push(writtenBytes === undefined ? what : { ...what, writtenBytes })
  }

  /** What the tool's last measured command wrote to stdout. */
  outputOf(tool: { readonly name: string }): string {
    return this.path('out', tool.name)
  }

  /** Gives what the repository grew by since it was last looked at. */
  recordSize(tool: Tool, round: number, warmUp = round === 0, step = '', place = this.place(tool)): number {
    execFileSync('sync', ['-f', this.options.work])
    const size = sizeOf(place.repository)
    const grownBytes = size.bytes - (this.#repositoryBytes.get(place.repository) ?? 0)
    this.#repositoryBytes.set(place.repository, size.bytes)
    this.sizes.push({ tool: tool.name, round, warmUp, step, ...size, grownBytes })
    return grownBytes
  }

  /** Keeps bytes that a workload has counted itself. */
  recordBytes(step: string, tool: Tool, round: number, bytes: number): void {
    const what = { tool: tool.name, round, warmUp: round === 0, step }
    this.sizes.push({ ...what, bytes, allocatedBytes: bytes, grownBytes: null })
  }

  /** The name under which restore finds the backup that the tool's last measured command made. */
  backupName(tool: Tool, label: string): string {
    return tool.backupName(readFileSync(this.outputOf(tool), 'utf8'), label)
  }

  check(tool: Tool, what: string, ok: boolean, detail = ''): void {
    this.checks.push({ tool: tool.name, what, ok, detail })
    if (!ok) this.options.tell(`FAILED CHECK  ${tool.name}: ${what} ${detail}`)
  }

  /** Says so once: the same check in a later round only counts where it fails. */
  checkOnce(tool: Tool, what: string, ok: boolean): void {
    const before = this.checks.some((check) => check.tool === tool.name && check.what === what && check.ok)
    if (!ok || !before) this.check(tool, what, ok)
  }

  freshDirectory(path: string): string {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { recursive: true })
    return path
  }

  remove(path: string): void {
    rmSync(path, { recursive: true, force: true })
  }

  /** What nothing at all takes. */
  async floor(): Promise<Results['floor']> {
    const samples = []
    for (let times = 0; times < 5; times++) samples.push(await measure(one(['true']), this.#surroundings))
    return {
      wallSeconds: median(samples.map((sample) => sample.wallSeconds)) ?? 0,
      peakBytes: median(samples.map((sample) => sample.peakBytes)) ?? 0,
    }
  }

  async #guarded(step: string, tool: string, round: number, act: () => Promise<void>): Promise<boolean> {
    this.options.signal.throwIfAborted()
    try {
      await act()
      return true
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error
      this.failures.push({ step, tool, round, what: error.message })
      this.options.tell(`FAILED  ${step}  ${tool}: ${error.message}`)
      return false
    }
  }
}

/** The files below it, or itself. */
export function sizeOf(path: string): { bytes: number; allocatedBytes: number } {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status === undefined) return { bytes: 0, allocatedBytes: 0 } // tar's archive before there is one
  const paths = status.isDirectory()
    ? readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [path]
  let bytes = 0
  let allocatedBytes = 0
  for (const file of paths) {
    const { size, blocks } = statSync(file)
    bytes += size
    allocatedBytes += blocks * 512
  }
  return { bytes, allocatedBytes }
}

/** SHA-256 of a file, in hex. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(part)
  return hash.digest('hex')
}
