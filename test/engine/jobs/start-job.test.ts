import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startJob } from '../../../src/engine/jobs/start-job.ts'
import { rememberPassphrase } from '../../../src/engine/jobs/typed-passphrase.ts'
import { systemProcesses } from '../../../src/engine/platform/processes.ts'

let top = ''
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-start-job-'))
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

/** T is stopped; empty is gone. */
function stateOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? ''
  } catch {
    return ''
  }
}

/** SIGINT was sent, and is not heard. */
function interruptWaits(pid: string): boolean {
  const pending = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return (BigInt(`0x${pending}`) & 2n) !== 0n
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(5)
}

test('a process that was stopped before its run began does not hear that it is called off, and is killed', async () => {
  const [entry, told] = [join(top, 'job.mjs'), join(top, 'pid')]
  writeFileSync(
    entry,
    `import { renameSync, writeFileSync } from 'node:fs'
writeFileSync('${told}.new', String(process.pid))
renameSync('${told}.new', '${told}')
process.kill(process.pid, 'SIGSTOP')
setInterval(() => {}, 1000)`,
  )
  const lock = openSync(join(top, 'lock'), 'w')
  const [off, kill] = [new AbortController(), new AbortController()]
  const starter = {
    processes: systemProcesses(entry),
    args: [],
    workingDirectory: top,
    passphrase: rememberPassphrase(async () => ''),
  }
  const request = { kind: 'cleanup', order: { rules: { kind: 'configured' }, only: null } } as const
  let isOver = false
  const started = startJob(request, starter, off.signal, { run: 'run-1', lock, kill: kill.signal }).finally(() => {
    isOver = true
  })
  started.catch(() => {}) // it is looked at below
  await until(() => existsSync(told))
  const pid = readFileSync(told, 'utf8')
  await until(() => stateOf(pid) === 'T')
  off.abort()
  await until(() => interruptWaits(pid))
  expect([isOver, stateOf(pid)]).toEqual([false, 'T'])
  kill.abort()
  await expect(started).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  await until(() => stateOf(pid) === '')
  closeSync(lock)
})
