import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { acquireLock, type LockRequest, lockHolder } from '../../../src/engine/platform/lock.ts'
import { type BytePath, pathFromText } from '../../../src/model/path.ts'

const files = createDiskFiles()
const holderProgram = fileURLToPath(new URL('./lock-holder.ts', import.meta.url))
let top: string
let lockPath: BytePath
const children: ChildProcess[] = []

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'lock-'))
  lockPath = pathFromText(join(top, 'lock'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(top, { recursive: true })
})

function request(waitMs: number, more: Partial<LockRequest> = {}): LockRequest {
  return {
    waitMs,
    signal: new AbortController().signal,
    holder: { pid: 4711, run: 'run-2', command: 'restore', since: '2026-11-20T03:00:00.000Z' },
    clock: systemClock,
    ...more,
  }
}

async function startHolder(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [holderProgram, lockPath], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [said] = await once(child.stdout, 'data')
  expect(String(said)).toBe('held\n')
  return child
}

test('gives the lock to one process, and names it to the next', async () => {
  const child = await startHolder()
  await expect(acquireLock(files, lockPath, request(0))).rejects.toMatchObject({
    code: 'E_BUSY',
    exitCode: 5,
    message: `${lockPath} is held by process ${child.pid} (create) since 2026-11-20T02:00:00.000Z`,
  })
})

test('is free at once when its holder is killed with -9', async () => {
  const child = await startHolder()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = await acquireLock(files, lockPath, request(0))
  lock.release()
})

test('goes to a waiting process when its holder is killed', async () => {
  const child = await startHolder()
  const waiting = acquireLock(files, lockPath, request(10_000))
  child.kill('SIGKILL')
  const lock = await waiting
  expect(JSON.parse(readFileSync(lockPath, 'utf8'))).toMatchObject({ pid: 4711, command: 'restore' })
  lock.release()
})

test('stays with a holder that is stopped', async () => {
  const child = await startHolder()
  child.kill('SIGSTOP')
  await expect(acquireLock(files, lockPath, request(250))).rejects.toMatchObject({ code: 'E_BUSY' })
})

test('keeps two holders within one process apart, and can be released twice', async () => {
  const first = await acquireLock(files, lockPath, request(0))
  await expect(acquireLock(files, lockPath, request(0))).rejects.toMatchObject({ code: 'E_BUSY' })
  first.release()
  const second = await acquireLock(files, lockPath, request(0))
  first.release()
  await expect(acquireLock(files, lockPath, request(0))).rejects.toMatchObject({ code: 'E_BUSY' })
  second.release()
})

test('keeps its file, for its owner alone, so that no third process locks another', async () => {
  const lock = await acquireLock(files, lockPath, request(0))
  const { ino } = statSync(lockPath)
  lock.release()
  expect(statSync(lockPath)).toMatchObject({ ino, mode: 0o100600 })
})

test('waits no longer than it was told, by the clock it was given', async () => {
  const held = await acquireLock(files, lockPath, request(0))
  let elapsed = 0
  let looks = 0
  const clock = {
    now: () => 0,
    elapsed: () => {
      looks++
      elapsed += 40_000
      return elapsed
    },
  }
  await expect(acquireLock(files, lockPath, request(60_000, { clock }))).rejects.toMatchObject({ code: 'E_BUSY' })
  expect(looks).toBe(3)
  held.release()
})

test('stops waiting when it is interrupted', async () => {
  const held = await acquireLock(files, lockPath, request(0))
  const interruption = new AbortController()
  const waiting = acquireLock(files, lockPath, request(60_000, { signal: interruption.signal }))
  interruption.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  held.release()
  const free = await acquireLock(files, lockPath, request(0))
  free.release()
})

test.each(['', 'garbage', '[1]', 'null', '{"pid":"7","command":1}', '{"pid":7', '\xff'.repeat(100_000)])(
  'says that someone holds it where the file says nothing sensible (%#)',
  async (garbage) => {
    const held = await acquireLock(files, lockPath, request(0))
    writeFileSync(lockPath, garbage, 'latin1')
    await expect(acquireLock(files, lockPath, request(0))).rejects.toMatchObject({
      message: `${lockPath} is held by another process`,
    })
    held.release()
  },
)

test('does not let what a lock file says reach the terminal raw', async () => {
  const held = await acquireLock(files, lockPath, request(0))
  writeFileSync(lockPath, JSON.stringify({ pid: 7, command: '\x1b[2Jcreate', since: 'then' }))
  await expect(acquireLock(files, lockPath, request(0))).rejects.toMatchObject({
    message: `${lockPath} is held by process 7 (\\e[2Jcreate) since then`,
  })
  held.release()
})

test('leaves nothing of a longer holder behind when a shorter one signs', async () => {
  const long = request(0, { holder: { ...request(0).holder, command: 'x'.repeat(500) } })
  const first = await acquireLock(files, lockPath, long)
  first.release()
  const second = await acquireLock(files, lockPath, request(0))
  expect(JSON.parse(readFileSync(lockPath, 'utf8'))).toEqual(request(0).holder)
  second.release()
})

test('says which lock file could not be opened', async () => {
  await expect(acquireLock(files, pathFromText(join(top, 'absent/lock')), request(0))).rejects.toMatchObject({
    code: 'E_IO',
    message: `cannot open the lock file ${top}/absent/lock: no such file or directory`,
  })
})

test('tells who holds a lock without disturbing it, and nobody where it is free, absent or its holder dead', async () => {
  expect(lockHolder(files, lockPath)).toBeNull()
  expect(existsSync(lockPath)).toBe(false)
  const child = await startHolder()
  const written = readFileSync(lockPath)
  expect(lockHolder(files, lockPath)).toEqual({
    holder: { pid: child.pid, command: 'create', since: '2026-11-20T02:00:00.000Z' },
  })
  expect(readFileSync(lockPath)).toEqual(written)
  await expect(acquireLock(files, lockPath, request(0))).rejects.toMatchObject({ code: 'E_BUSY' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(lockHolder(files, lockPath)).toBeNull()
  expect(readFileSync(lockPath)).toEqual(written)
})

test('tells that a lock is held whose file says nothing', async () => {
  const lock = await acquireLock(files, lockPath, request(0))
  truncateSync(lockPath)
  expect(lockHolder(files, lockPath)).toEqual({ holder: null })
  lock.release()
  expect(lockHolder(files, lockPath)).toBeNull()
})
