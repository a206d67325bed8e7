import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A scratch place to run the built command line in: its own home, repository and environment, and nothing inherited. */

export const program = fileURLToPath(new URL('../../bin/holdfast', import.meta.url))
export const recoverPython = fileURLToPath(new URL('../../recovery/recover.py', import.meta.url))
export const recoverNode = fileURLToPath(new URL('../../recovery/recover.mjs', import.meta.url))
export const rawKey = 'ab'.repeat(32)
export const nobody = 65534

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  /** Added to the stage's; undefined takes one out. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly input?: string
  /** A bash line in which "$@" is the command. */
  readonly shell?: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves once stdout or stderr holds `text`; rejects where the process ends without it. */
  until(text: string): Promise<void>
}

export type JsonLine = { readonly kind: string } & Readonly<Record<string, unknown>>

export class Stage {
  readonly top: string
  readonly asNobody: boolean
  readonly environment: Record<string, string>

  /** `asNobody` runs holdfast as an unprivileged user; the test itself stays who it is. */
  constructor({ asNobody = false }: { asNobody?: boolean } = {}) {
    buildIfStale()
    this.asNobody = asNobody
    this.top = mkdtempSync(join(tmpdir(), 'holdfast-e2e-'))
    this.environment = {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      HOME: this.at('home'),
      TMPDIR: this.at('tmp'),
      BACKUP_DIR: this.at('repository'),
      BACKUP_ENCRYPTION_KEY: rawKey,
    }
    for (const name of ['home', 'tmp']) this.makeDirectory(name)
    this.give(this.top)
  }

  get root(): string {
    return this.at('repository')
  }

  at(...names: string[]): string {
    return join(this.top, ...names)
  }

  /** A directory below the stage that belongs to the user holdfast runs as. */
  makeDirectory(name: string): string {
    const path = this.at(name)
    mkdirSync(path, { recursive: true })
    return this.give(path)
  }

  give(path: string): string {
    if (this.asNobody) chownSync(path, nobody, nobody)
    return path
  }

  start(args: readonly string[], { cwd, env, input, shell }: RunOptions = {}): Running {
    const environment: Record<string, string> = { ...this.environment }
    for (const [name, value] of Object.entries(env ?? {})) {
      if (value === undefined) delete environment[name]
      else environment[name] = value
    }
    const { command, before } = commandFor(this.asNobody)
    const argv = [...before, ...args]
    const [file, list] = shell === undefined ? [command, argv] : ['bash', ['-c', shell, 'bash', command, ...argv]]
    const child = spawn(file, list, {
      cwd: cwd ?? this.top,
      env: environment,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    if (input !== undefined) child.stdin?.on('error', () => {}).end(input)
    return follow(child)
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.start(args, options).ended
  }

  /** Runs with --json. Throws where a line of stdout is no JSON object. */
  async json(
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<{ code: number | null; lines: JsonLine[]; last: JsonLine; stderr: string }> {
    const { code, stdout, stderr } = await this.run([...args, '--json'], options)
    const lines = jsonLines(stdout)
    const last = lines.at(-1)
    if (last === undefined) throw new Error(`nothing on stdout; stderr: ${stderr}`)
    return { code, lines, last, stderr }
  }

  /** Runs what must succeed; its stdout. */
  async succeed(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options)
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`)
    return stdout
  }

  /** Names below the repository that only a run which is still going on may have. */
  litter(): string[] {
    return litterOf(this.root)
  }

  remove(): void {
    rmSync(this.top, { recursive: true, force: true })
  }
}

export function jsonLines(stdout: string): JsonLine[] {
  const lines = stdout.split('\n')
  if (lines.pop() !== '') throw new Error(`stdout does not end with a line: ${stdout.slice(-200)}`)
  return lines.map((line) => JSON.parse(line) as JsonLine)
}

/** What is in temp/, and whatever else a writer may have left below a repository. */
export function litterOf(root: string): string[] {
  const found = readdirSync(join(root, 'temp')).map((name) => `temp/${name}`)
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }))
    if (/(^|\/)\.hf-|\.tmp$|\.damaged-/.test(name)) found.push(name)
  found.push(...orphanHeaders(root).map((id) => `keys/headers/${id} of no archive`))
  return found
}

/** Copies of headers in keys/headers/ that belong to no archive. */
export function orphanHeaders(root: string): string[] {
  const known = new Set(archiveIds(root))
  const headers = join(root, 'keys', 'headers')
  return existsSync(headers) ? readdirSync(headers).filter((id) => !known.has(id)) : []
}

export function backupIds(root: string): string[] {
  return readdirSync(join(root, 'archives')).sort()
}

/** Oldest first: ids of one second do not tell. */
export function backupsByAge(root: string): string[] {
  const made = (id: string): number => Date.parse(manifestOf(root, id).createdAt)
  return backupIds(root).sort((a, b) => made(a) - made(b))
}

export interface PlainManifest {
  readonly id: string
  readonly createdAt: string
  readonly archives: readonly { readonly file: string; readonly id: string; readonly size: number }[]
}

export function manifestOf(root: string, id: string): PlainManifest {
  return JSON.parse(readFileSync(join(root, 'archives', id, 'manifest.json'), 'utf8')) as PlainManifest
}

function archiveIds(root: string): string[] {
  return backupIds(root).flatMap((id) => {
    if (!existsSync(join(root, 'archives', id, 'manifest.json'))) return []
    return manifestOf(root, id).archives.map((archive) => archive.id)
  })
}

export function follow(child: ChildProcess): Running {
  let [stdout, stderr] = ['', '']
  let over = false
  const looks = new Set<() => void>()
  const look = (): void => {
    for (const one of [...looks]) one()
  }
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    look()
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    look()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      over = true
      look()
      resolve({ code, signal, stdout, stderr })
    })
  })
  return {
    child,
    ended,
    until: (text) =>
      new Promise((resolve, reject) => {
        const one = (): void => {
          const there = (stdout + stderr).includes(text)
          if (!there && !over) return
          looks.delete(one)
          if (there) resolve()
          else reject(new Error(`ended without '${text}': ${stdout}${stderr}`))
        }
        looks.add(one)
        one()
      }),
  }
}

let isBuilt = false

/** A checkout builds itself at its first use, and says so on stderr: not in the midst of a test. */
function buildIfStale(): void {
  if (!isBuilt) spawnSync(program, ['--version'], { stdio: 'ignore' })
  isBuilt = true
}

let readable: string | null = null

/** How to call holdfast. A checkout another user cannot read is copied to where he can. */
function commandFor(asNobody: boolean): { command: string; before: string[] } {
  if (!asNobody) return { command: program, before: [] }
  readable ??= programForNobody()
  const before = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--', readable]
  return { command: 'setpriv', before }
}

function programForNobody(): string {
  const home = fileURLToPath(new URL('../..', import.meta.url))
  const isOpen = (path: string): boolean => {
    try {
      return spawnAsNobody(['test', '-r', path])
    } catch {
      return false
    }
  }
  if (isOpen(join(home, 'dist', 'cli.js')) && isOpen(join(home, 'node_modules', 'koffi', 'package.json')))
    return program
  const copy = mkdtempSync(join(tmpdir(), 'holdfast-installed-'))
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
  chmodSync(copy, 0o755)
  for (const name of ['bin', 'dist', 'recovery', 'package.json', 'node_modules/koffi', 'node_modules/node'])
    if (existsSync(join(home, name))) cpSync(join(home, name), join(copy, name), { recursive: true, dereference: true })
  return join(copy, 'bin', 'holdfast')
}

function spawnAsNobody(argv: string[]): boolean {
  return spawnSync('setpriv', [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--', ...argv]).status === 0
}
