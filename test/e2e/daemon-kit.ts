import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { acquireLock, type Lock } from '../../src/engine/platform/lock.ts'
import type { ScheduledBy } from '../../src/model/backup.ts'
import { pathFromText } from '../../src/model/path.ts'
import type { ScheduleRun } from '../../src/model/schedule.ts'

/** A real daemon on a repository of its own. */

export const program = fileURLToPath(new URL('../../bin/holdfast', import.meta.url))
const files = createDiskFiles()
const rawKey = 'cd'.repeat(32)

/** A checkout builds itself when it is first called. */
export async function buildProgram(): Promise<void> {
  await once(spawn(program, ['--version'], { stdio: 'ignore' }), 'close')
}

export interface LogLine {
  readonly at: string
  readonly level: string
  readonly event: string
  readonly message: string
  readonly [field: string]: unknown
}

export interface MadeBackup {
  readonly id: string
  readonly type: string
  readonly schedule: ScheduledBy | null
}

export class DaemonHouse {
  readonly top = mkdtempSync(join(tmpdir(), 'holdfast-daemon-'))
  readonly root = join(this.top, 'backup')
  readonly source = join(this.top, 'source')
  readonly #children: ChildProcess[] = []

  constructor() {
    mkdirSync(this.source)
    writeFileSync(join(this.source, 'a'), 'content of a\n')
  }

  configure(more: Record<string, unknown>): void {
    const services = { files: { type: 'files', include_paths: [this.source] } }
    writeFileSync(join(this.top, 'backup_config.json'), JSON.stringify({ services, ...more }))
  }

  get environment(): NodeJS.ProcessEnv {
    const { PATH } = process.env
    return { PATH, HOME: this.top, BACKUP_DIR: this.root, BACKUP_ENCRYPTION_KEY: rawKey }
  }

  daemon(args: readonly string[] = [], environment: Record<string, string> = {}): RunningDaemon {
    const child = spawn(program, ['daemon', ...args], {
      cwd: this.top,
      env: { ...this.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.push(child)
    return new RunningDaemon(child)
  }

  /** While it is held, a backup of the service has begun and waits. */
  holdService(name: string): Promise<Lock> {
    return acquireLock(files, pathFromText(join(this.root, 'locks', `service-${name}`)), {
      waitMs: 60_000,
      signal: new AbortController().signal,
      clock: systemClock,
      holder: { pid: process.pid, run: 'test', command: 'test', since: '' },
    })
  }

  /** A command to its end. */
  async holdfast(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(program, args, { cwd: this.top, env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (text: Buffer) => {
      stdout += text
    })
    child.stderr.on('data', (text: Buffer) => {
      stderr += text
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout, stderr }
  }

  /** What archives/ holds, whatever any list says. */
  backups(): MadeBackup[] {
    return this.#names('archives').map((id) => {
      const manifest = JSON.parse(readFileSync(join(this.root, 'archives', id, 'manifest.json'), 'utf8'))
      return { id, type: manifest.type, schedule: manifest.schedule ?? null }
    })
  }

  /** Runs that schedules.json notes of a schedule, newest first. */
  noted(id: string): ScheduleRun[] {
    const { schedules, configured } = JSON.parse(readFileSync(join(this.root, 'schedules.json'), 'utf8'))
    const own = schedules.find((one: { id: string }) => one.id === id)
    return (own ?? configured[id]).lastRuns
  }

  /** Pids of jobs that work on this repository. */
  jobs(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
          return (
            line.includes('\0run-job\0') &&
            readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`\0BACKUP_DIR=${this.root}\0`)
          )
        } catch {
          return false // it has ended
        }
      })
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const pid of this.jobs()) process.kill(pid, 'SIGKILL')
    rmSync(this.top, { recursive: true, force: true })
  }

  #names(directory: string): string[] {
    return readdirSync(join(this.root, directory)).sort()
  }
}

export class RunningDaemon {
  readonly child: ChildProcess
  readonly lines: LogLine[] = []
  /** What it wrote that is no line of its log. */
  other = ''
  readonly #waiting = new Set<() => void>()
  #rest = ''

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.other += text
    })
    child.on('close', () => {
      for (const look of this.#waiting) look()
    })
  }

  /** Waits until `found` gives something of the log so far. */
  async until<Found>(found: (lines: readonly LogLine[]) => Found | undefined): Promise<Found> {
    for (;;) {
      const answer = found(this.lines)
      if (answer !== undefined) return answer
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(
          `the daemon ended:\n${this.other}\n${this.lines.map((line) => JSON.stringify(line)).join('\n')}`,
        )
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#waiting.delete(look)
          resolve()
        }
        this.#waiting.add(look)
      })
    }
  }

  /** The first line of an event after `from`. */
  event(name: string, from = 0): Promise<LogLine> {
    return this.until((lines) => lines.slice(from).find(({ event }) => event === name))
  }

  async ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const { child } = this
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    return { code: child.exitCode, signal: child.signalCode }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      try {
        this.lines.push(JSON.parse(line))
      } catch {
        this.other += `${line}\n`
      }
    }
    for (const look of this.#waiting) look()
  }
}
