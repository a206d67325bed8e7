import { type ChildProcess, spawn } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { acquireLock, type Lock } from '../../src/engine/platform/lock.ts'
import type { RunEvent } from '../../src/model/event.ts'
import type { JobRequest, Jobs, RunSummary } from '../../src/model/jobs.ts'
import { pathFromText } from '../../src/model/path.ts'
import { type Wired, type WireOptions, wire } from '../../src/wire.ts'
import { plainly } from '../engine-kit.ts'
import { follow as watch } from './stage.ts'

const files = createDiskFiles()
const console = fileURLToPath(new URL('job-console.ts', import.meta.url))
const rawKey = 'cd'.repeat(32)
const never = new AbortController().signal
const top = mkdtempSync(join(tmpdir(), 'holdfast-jobs-'))
const source = join(top, 'source')
const running: ChildProcess[] = []
let root = ''
let count = 0

beforeAll(() => {
  mkdirSync(source)
  for (const name of ['a', 'b', 'c']) writeFileSync(join(source, name), `content of ${name}\n`)
})
beforeEach(() => {
  root = join(top, `repository-${count++}`)
  process.env['BACKUP_ENCRYPTION_KEY'] = rawKey
  process.env['HOME'] = top
  delete process.env['BACKUP_DIR']
})
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(top, { recursive: true, force: true })
})

function createSource(paths: readonly string[] = [source]): JobRequest {
  return { kind: 'create', options: plainly({ type: 'full', paths }) }
}

function open(more: Partial<WireOptions> = {}): Promise<Wired> {
  return wire({ root, ...more })
}

/** While it is held, a backup of paths has begun and waits. */
function holdPaths(): Promise<Lock> {
  return acquireLock(files, pathFromText(join(root, 'locks', 'service-paths')), {
    waitMs: 0,
    signal: never,
    clock: systemClock,
    holder: { pid: process.pid, run: 'test', command: 'test', since: '' },
  })
}

interface Followed {
  readonly end: RunSummary
  readonly events: RunEvent[]
}

async function followed(jobs: Jobs, run: string): Promise<Followed> {
  const events: RunEvent[] = []
  const end = await jobs.follow(run, (event) => events.push(event), never)
  if (end === null) throw new Error('the following was ended')
  return { end, events }
}

function logged(jobs: Jobs, run: string): unknown[] {
  const lines = readFileSync(jobs.logFile(run), 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

function backups(): string[] {
  return readdirSync(join(root, 'archives'))
}

function runLogs(): string[] {
  return readdirSync(join(root, 'runs')).sort()
}

/** Starts a job from a process of its own; resolves once that has told the run. */
async function consoleStarts(request: JobRequest): Promise<{ child: ChildProcess; run: string }> {
  const child = spawn(process.execPath, [console, root, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: top,
  })
  running.push(child)
  let said = ''
  child.stdout.on('data', (text: Buffer) => {
    said += text
  })
  await watch(child).until('\n')
  return { child, run: /run (\S+)/.exec(said)?.[1] ?? '' }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
}

async function pidOf(jobs: Jobs, run: string): Promise<number> {
  const [summary] = await jobs.runs({ limit: 1, before: null, kinds: null })
  if (summary?.id !== run || summary.pid === null) throw new Error(`the newest run is ${summary?.id}`)
  return summary.pid
}

/** Session and controlling terminal of a process. */
function sessionOf(pid: number): { session: number; terminal: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return { session: Number(fields[3]), terminal: Number(fields[4]) }
}

test('a job goes on when its console is killed, and another process follows it from its first event to its end', async () => {
  const { engine, jobs } = await open()
  await engine.init({ passphrase: null })
  const held = await holdPaths()
  const { child, run } = await consoleStarts(createSource())
  child.kill('SIGKILL')
  await ended(child)
  expect(await jobs.runs({ limit: 9, before: null, kinds: null })).toMatchObject([
    { id: run, kind: 'create', state: 'running', about: 'paths', endedAt: null },
  ])
  const following = followed(jobs, run)
  held.release()
  const { end, events } = await following
  expect(end).toMatchObject({
    id: run,
    state: 'done',
    exitCode: 0,
    error: null,
    meaning: null,
    committed: backups()[0],
  })
  expect(events[0]).toMatchObject({ kind: 'started', run })
  expect(events.at(-1)).toMatchObject({ kind: 'finished', outcome: 'done' })
  expect(events).toEqual(logged(jobs, run))
})

test('whoever follows from the first event, from the midst or afterwards hears each event once, and the same end', async () => {
  const { engine, jobs } = await open()
  await engine.init({ passphrase: null })
  const held = await holdPaths()
  const { run } = await jobs.start(createSource(), never)
  const { jobs: others } = await open()
  const early = followed(jobs, run)
  const joining = new Promise<Followed>((resolve, reject) => {
    const joinLate = ({ kind }: RunEvent): void => {
      if (kind === 'committed') resolve(followed(others, run))
    }
    jobs.follow(run, joinLate, never).catch(reject)
  })
  held.release()
  const all = [await early, await joining, await followed(others, run)]
  for (const { end, events } of all) {
    expect(end).toMatchObject({ state: 'done', exitCode: 0, committed: backups()[0] })
    expect(end).toEqual(all[0]?.end)
    expect(events).toEqual(logged(jobs, run))
    expect(events.filter(({ kind }) => kind === 'started' || kind === 'finished')).toHaveLength(2)
  }
})

test('a job has a session of its own and no terminal: closing the terminal and SIGHUP change nothing', async () => {
  const { engine, jobs } = await open()
  await engine.init({ passphrase: null })
  const held = await holdPaths()
  // script(1) holds the terminal; when it dies the terminal hangs up, as when a window is closed or SSH is lost.
  const line = [process.execPath, console, root, JSON.stringify(createSource())].map((word) => `'${word}'`).join(' ')
  const terminal = spawn('script', ['-q', '-f', '-c', `tty >&2; exec ${line}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: top,
  })
  running.push(terminal)
  const { until } = watch(terminal)
  await until('run 2')
  const [{ id: run } = { id: '' }] = await jobs.runs({ limit: 1, before: null, kinds: null })
  const pid = await pidOf(jobs, run)
  expect(sessionOf(pid)).toEqual({ session: pid, terminal: 0 })
  terminal.kill('SIGKILL')
  await ended(terminal)
  process.kill(pid, 'SIGHUP')
  const following = followed(jobs, run)
  held.release()
  expect((await following).end).toMatchObject({ state: 'done', exitCode: 0 })
  expect(backups()).toHaveLength(1)
})

test('a job that is killed is told as died to all who follow, with what that means, and nothing of it is visible', async () => {
  const { engine, jobs } = await open()
  await engine.init({ passphrase: null })
  const held = await holdPaths()
  const { run } = await jobs.start(createSource(), never)
  const { jobs: others } = await open()
  const following = [followed(jobs, run), followed(others, run)]
  process.kill(await pidOf(jobs, run), 'SIGKILL')
  const all = [...(await Promise.all(following)), await followed(others, run)]
  held.release()
  for (const { end, events } of all) {
    expect(end).toMatchObject({
      state: 'died',
      exitCode: null,
      meaning: expect.stringContaining('nothing half-done is visible'),
    })
    expect(events).toEqual(logged(jobs, run))
    expect(events.map(({ kind }) => kind)).not.toContain('finished')
  }
  expect(await jobs.runs({ limit: 1, before: null, kinds: ['create'] })).toEqual([all[0]?.end])
  expect(backups()).toEqual([])
  const next = await jobs.start(createSource(), never)
  expect((await followed(jobs, next.run)).end.state).toBe('done')
  expect(readdirSync(join(root, 'temp'))).toEqual([])
})

test('a job that is cancelled ends as interrupted and leaves nothing; cancelling it again is no error', async () => {
  const { engine, jobs } = await open()
  await engine.init({ passphrase: null })
  const held = await holdPaths()
  const { run } = await jobs.start(createSource(), never)
  await jobs.cancel(run)
  const { end } = await followed(jobs, run)
  held.release()
  expect(end).toMatchObject({ state: 'interrupted', exitCode: 130, error: { code: 'E_INTERRUPTED' } })
  expect(backups()).toEqual([])
  expect(readdirSync(join(root, 'temp'))).toEqual([])
  await jobs.cancel(run)
})

test('only the process that holds the lock of a run’s log is signalled, not one that has its number or its log open', async () => {
  const { engine, jobs } = await open()
  await engine.init({ passphrase: null })
  const run = '2026-11-20T02-00-00Z-create-7f3k'
  const log = join(root, 'runs', `${run}.ndjson`)
  const given = [openSync(log, 'a'), openSync(log, 'r')] as const
  const innocent = spawn('sleep', ['600'], { stdio: ['ignore', ...given] })
  running.push(innocent)
  for (const fd of given) closeSync(fd)
  const started: RunEvent = {
    run,
    at: '2026-11-20T02:00:00.000Z',
    kind: 'started',
    command: 'create',
    pid: innocent.pid as number,
    host: 'x',
    about: 'y',
  }
  appendFileSync(log, `${JSON.stringify(started)}\n`)
  await jobs.cancel(run) // its lock is free: it died
  const fd = files.open(pathFromText(log), 'append')
  expect(files.tryLock(fd)).toBe(true)
  await expect(jobs.cancel(run)).rejects.toMatchObject({ code: 'E_BUSY' })
  files.close(fd)
  expect([innocent.exitCode, innocent.signalCode]).toEqual([null, null])
  process.kill(innocent.pid as number, 0)
  await expect(jobs.cancel('../../etc/passwd')).rejects.toMatchObject({ code: 'E_UNKNOWN_ID' })
})

test('what goes wrong before a run exists comes back from start as the same error, and no run is logged', async () => {
  const { engine, jobs } = await open()
  await engine.init({ passphrase: null })
  const missing = createSource([join(top, 'absent')])
  await expect(jobs.start(missing, never)).rejects.toMatchObject({
    code: 'E_SOURCE_MISSING',
    message: expect.stringContaining('absent does not exist'),
    hint: 'nothing was backed up; give a path that exists',
  })
  const verify = (backup: string): JobRequest => ({
    kind: 'verify',
    options: { backups: [backup], level: 'quick', workers: null },
  })
  await expect(jobs.start(verify('7f3k'), never)).rejects.toMatchObject({ code: 'E_UNKNOWN_ID' })
  await expect(jobs.start({ kind: 'create' } as JobRequest, never)).rejects.toMatchObject({ code: 'E_USAGE' })
  await expect(jobs.start(createSource(), AbortSignal.abort())).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  delete process.env['BACKUP_ENCRYPTION_KEY']
  await expect(jobs.start(createSource(), never)).rejects.toMatchObject({ code: 'E_KEY_MISSING' })
  process.env['BACKUP_ENCRYPTION_KEY'] = 'ef'.repeat(32)
  await expect(jobs.start(createSource(), never)).rejects.toMatchObject({ code: 'E_KEY_WRONG' })
  expect(runLogs()).toEqual([])
})

test('what goes wrong once a run exists is told by the run, with its hint', async () => {
  const { engine, jobs } = await open()
  const during = { signal: never, listen: () => {} }
  const { backup } = await engine.create(plainly({ type: 'full', paths: [source] }), during)
  await engine.pin({ backup: backup.id, legalHold: null }, during)
  const { run } = await jobs.start({ kind: 'delete', backup: backup.id }, never)
  expect((await followed(jobs, run)).end).toMatchObject({
    kind: 'delete',
    state: 'failed',
    exitCode: 1,
    error: { code: 'E_PINNED', hint: `to let go of it: holdfast unpin ${backup.id}` },
  })
  expect(backups()).toEqual([backup.id])
})

test('a restore job does what its saved plan says, refuses one that is too old or has drifted, and takes the plan away', async () => {
  const { engine, jobs } = await open()
  await engine.create(plainly({ type: 'full', paths: [source] }), { signal: never, listen: () => {} })
  const target = join(top, `target-${count}`)
  const planned = await engine.planRestore(
    {
      source: { kind: 'backup', backup: 'latest', services: [], paths: [] },
      target: { kind: 'directory', path: target },
      conflict: null,
      workers: 1,
    },
    { signal: never, listen: () => {} },
  )
  const plan = jobs.planFile(planned.id)
  await planned.save(plan)
  const request = { kind: 'restore', plan, ttlMs: null, workers: null, removePlan: true } as const
  await expect(jobs.start({ ...request, ttlMs: 0 }, never)).rejects.toMatchObject({ code: 'E_PLAN_EXPIRED' })
  expect(existsSync(plan)).toBe(false)
  await planned.save(plan)
  mkdirSync(join(target, source), { recursive: true })
  writeFileSync(join(target, source, 'b'), 'something else')
  await expect(jobs.start(request, never)).rejects.toMatchObject({ code: 'E_PLAN_DRIFTED' })
  expect(existsSync(plan)).toBe(false)
  rmSync(target, { recursive: true })
  await planned.save(plan)
  await planned.drop()
  const { run } = await jobs.start(request, never)
  const { end } = await followed(jobs, run)
  expect(end).toMatchObject({ kind: 'restore', state: 'done', report: { target, failed: 0 } })
  expect(readFileSync(join(target, source, 'b'), 'utf8')).toBe('content of b\n')
  expect(readdirSync(tmpdir())).not.toContain(plan.slice(tmpdir().length + 1))
  await expect(jobs.start(request, never)).rejects.toMatchObject({ code: 'E_IO' })
})

test('a passphrase that was typed reaches the job, and neither its arguments, its environment nor any log', async () => {
  delete process.env['BACKUP_ENCRYPTION_KEY']
  const passphrase = 'a horse of several colours'
  const asked: string[] = []
  const typed = ['not this one', passphrase]
  const { engine } = await open()
  await engine.init({ passphrase })
  const { jobs } = await open({
    onPassphrase: async () => {
      asked.push('asked')
      return typed.shift() ?? ''
    },
  })
  await expect(jobs.start(createSource(), never)).rejects.toMatchObject({ code: 'E_KEY_WRONG' })
  const held = await holdPaths()
  const { run } = await jobs.start(createSource(), never)
  const pid = await pidOf(jobs, run)
  const seen = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1')).join('')
  expect(seen).toContain('run-job')
  expect(seen).not.toContain('horse')
  held.release()
  expect((await followed(jobs, run)).end.state).toBe('done')
  const second = await jobs.start(
    { kind: 'verify', options: { backups: ['latest'], level: 'full', workers: 1 } },
    never,
  )
  expect((await followed(jobs, second.run)).end).toMatchObject({ state: 'done', kind: 'verify' })
  expect(asked).toHaveLength(2) // once for the wrong one, once for all that follows
  for (const name of runLogs()) expect(readFileSync(join(root, 'runs', name), 'utf8')).not.toContain('horse')
}, 60_000)

test('a job whose run cannot be logged does not begin, where a command does all the same', async () => {
  const { engine, jobs } = await open()
  await engine.create(plainly({ type: 'full', paths: [source] }), { signal: never, listen: () => {} })
  const runs = join(root, 'runs')
  rmSync(runs, { recursive: true })
  writeFileSync(runs, '') // so that not even root can make a log in it
  const options = { backups: null, level: 'quick', workers: null } as const
  await expect(jobs.start({ kind: 'verify', options }, never)).rejects.toMatchObject({
    code: 'E_IO',
    message: expect.stringContaining('cannot write the log of the run'),
  })
  expect((await engine.verify(options, { signal: never, listen: () => {} })).exitCode).toBe(0)
})

test('a passphrase with a typing mistake is asked for again, by whoever needs it next', async () => {
  delete process.env['BACKUP_ENCRYPTION_KEY']
  const passphrase = 'a horse of several colours'
  const typed = [passphrase, 'a hrose', passphrase]
  const { engine } = await open({ onPassphrase: async () => typed.shift() ?? '' })
  await engine.init({ passphrase })
  await engine.create(plainly({ type: 'full', paths: [source] }), { signal: never, listen: () => {} })
  const again = await open({ onPassphrase: async () => typed.shift() ?? '' })
  await expect(again.engine.browse({ backup: 'latest', services: [] })).rejects.toMatchObject({ code: 'E_KEY_WRONG' })
  const browser = await again.engine.browse({ backup: 'latest', services: [] })
  await browser.close()
  expect(typed).toEqual([])
  // A verification begins before it knows: its end tells.
  const wrong = await open({ onPassphrase: async () => typed.shift() ?? '' })
  typed.push('a hrose', passphrase)
  const verify = { kind: 'verify', options: { backups: null, level: 'quick', workers: null } } as const
  const failed = await followed(wrong.jobs, (await wrong.jobs.start(verify, never)).run)
  expect(failed.end).toMatchObject({ state: 'failed', error: { code: 'E_KEY_WRONG' } })
  const done = await followed(wrong.jobs, (await wrong.jobs.start(verify, never)).run)
  expect(done.end).toMatchObject({ state: 'done' })
})

test('a job that is called off, or killed, before its run exists leaves none, and start says so', async () => {
  delete process.env['BACKUP_ENCRYPTION_KEY']
  await (await open()).engine.init({ passphrase: 'a horse of several colours' })
  const controller = new AbortController()
  const { jobs: unanswered } = await open({
    onPassphrase() {
      controller.abort()
      return new Promise(() => {}) // a person who has gone for coffee
    },
  })
  await expect(unanswered.start(createSource(), controller.signal)).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  const { jobs } = await open({
    onPassphrase: async () => {
      for (const pid of jobPids()) process.kill(pid, 'SIGKILL')
      return 'too late'
    },
  })
  await expect(jobs.start(createSource(), never)).rejects.toMatchObject({
    code: 'E_INTERNAL',
    message: "the job's process ended before its run began",
  })
  expect(runLogs()).toEqual([])
  expect(backups()).toEqual([])
})

/** Processes that run a job on the repository of this test. */
function jobPids(): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return line.includes('\0run-job\0') && line.includes(`--root=${root}\0`)
    } catch {
      return false // it has ended meanwhile
    }
  })
}
