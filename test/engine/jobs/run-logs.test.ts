import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { createJobs } from '../../../src/engine/jobs/jobs.ts'
import { rememberPassphrase } from '../../../src/engine/jobs/typed-passphrase.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { systemProcesses } from '../../../src/engine/platform/processes.ts'
import type { RunEvent, RunEventBody } from '../../../src/model/event.ts'
import type { Jobs } from '../../../src/model/jobs.ts'
import { pathFromText } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'

const top = mkdtempSync(join(tmpdir(), 'holdfast-run-logs-'))
const disk = createDiskFiles()
const never = new AbortController().signal
let root = ''
let count = 0

beforeEach(() => {
  root = join(top, String(count++))
  for (const name of ['archives', 'runs']) mkdirSync(join(root, name), { recursive: true })
})
afterAll(() => rmSync(top, { recursive: true, force: true }))

function jobsOver(files: Files): Jobs {
  return createJobs({
    files,
    root: pathFromText(root),
    temporary: pathFromText(top),
    processes: systemProcesses(''),
    args: [],
    workingDirectory: top,
    passphrase: rememberPassphrase(null),
  })
}

function idOf(at: number, word = 'create'): string {
  return `${new Date(Date.UTC(2026, 0, 1) + at * 60_000).toISOString().slice(0, 19).replaceAll(':', '-')}Z-${word}-abcd`
}

function logOf(run: string): string {
  return join(root, 'runs', `${run}.ndjson`)
}

function line(run: string, body: RunEventBody): string {
  return `${JSON.stringify({ run, at: '2026-01-01T00:00:00.000Z', ...body } satisfies RunEvent)}\n`
}

const started: RunEventBody = { kind: 'started', command: 'create', pid: 1, host: 'web1', about: 'files' }
const finished: RunEventBody = {
  kind: 'finished',
  outcome: 'done',
  exitCode: 0,
  durationMs: 1500,
  report: { backup: 'x' },
}

function countOpens(): { files: Files; opens(): number } {
  let opens = 0
  const files: Files = Object.create(disk, {
    open: {
      value: (...given: Parameters<Files['open']>) => {
        opens++
        return disk.open(...given)
      },
    },
  })
  return { files, opens: () => opens }
}

test('of ten thousand runs only the logs that are asked for are opened, and those that have ended only once', async () => {
  for (let at = 0; at < 10_000; at++) {
    const run = idOf(at, at % 10 === 0 ? 'verify' : 'create')
    writeFileSync(logOf(run), line(run, started) + line(run, finished))
  }
  const { files, opens } = countOpens()
  const jobs = jobsOver(files)
  const first = await jobs.runs({ limit: 30, before: null, kinds: null })
  expect(first.map(({ id }) => id)).toEqual(
    Array.from({ length: 30 }, (_, back) => idOf(9999 - back, (9999 - back) % 10 === 0 ? 'verify' : 'create')),
  )
  expect(first[0]).toMatchObject({
    state: 'done',
    about: 'files',
    host: 'web1',
    durationMs: 1500,
    report: { backup: 'x' },
  })
  expect(opens()).toBe(30)
  await jobs.runs({ limit: 30, before: null, kinds: null })
  expect(opens()).toBe(30)
  const second = await jobs.runs({ limit: 30, before: first.at(-1)?.id ?? null, kinds: null })
  expect(second[0]?.id).toBe(idOf(9969))
  expect(opens()).toBe(60)
  const verified = await jobs.runs({ limit: 2, before: null, kinds: ['verify'] })
  expect(verified.map(({ id, kind }) => [id, kind])).toEqual([
    [idOf(9990, 'verify'), 'verify'],
    [idOf(9980, 'verify'), 'verify'],
  ])
})

test('a run that lives is told with how far it came, and one that died with its last sign of life', async () => {
  const run = idOf(1)
  const progress = { kind: 'progress', doneBytes: 5, totalBytes: 10, doneEntries: 1, totalEntries: null } as const
  const phase = { kind: 'phase', phase: 'packing', service: 'files' } as const
  writeFileSync(logOf(run), `${line(run, started) + line(run, phase) + line(run, progress)}{"run":"half`)
  const fd = disk.open(pathFromText(logOf(run)), 'append')
  disk.tryLock(fd)
  const jobs = jobsOver(disk)
  const [living] = await jobs.runs({ limit: 1, before: null, kinds: null })
  const { kind: _, ...amount } = progress
  expect(living).toMatchObject({
    state: 'running',
    endedAt: null,
    phase: 'packing files',
    progress: amount,
    meaning: null,
  })
  disk.close(fd)
  const [dead] = await jobs.runs({ limit: 1, before: null, kinds: null })
  expect(dead).toMatchObject({
    state: 'died',
    endedAt: '2026-01-01T00:00:00.000Z',
    durationMs: null,
    progress: amount,
    meaning: expect.stringContaining('nothing half-done is visible'),
  })
})

test('a report longer than what is read of a log is found all the same', async () => {
  const run = idOf(1)
  const report = { problems: Array.from({ length: 9000 }, (_, at) => `a problem with number ${at}`) }
  writeFileSync(logOf(run), line(run, started) + line(run, { ...finished, report }))
  expect((await jobsOver(disk).runs({ limit: 1, before: null, kinds: null }))[0]).toMatchObject({
    state: 'done',
    report,
  })
})

test('following waits for the rest of a line, hears what comes, and ends with the run', async () => {
  const run = idOf(1)
  const fd = disk.open(pathFromText(logOf(run)), 'append')
  disk.tryLock(fd)
  const whole = line(run, { kind: 'notice', message: 'grüße' })
  const cut = Buffer.from(whole).indexOf(0xc3) + 1 // in the midst of a letter
  appendFileSync(logOf(run), line(run, started))
  appendFileSync(logOf(run), Buffer.from(whole).subarray(0, cut))
  const heard: string[] = []
  let next: () => void = () => {}
  const event = (): Promise<void> => new Promise((resolve) => (next = resolve))
  const first = event()
  const end = jobsOver(disk).follow(
    run,
    (one) => {
      heard.push(one.kind === 'notice' ? one.message : one.kind)
      next()
    },
    never,
  )
  await first
  expect(heard).toEqual(['started'])
  const second = event()
  appendFileSync(logOf(run), Buffer.from(whole).subarray(cut))
  await second
  expect(heard).toEqual(['started', 'grüße'])
  appendFileSync(logOf(run), line(run, finished))
  disk.close(fd)
  expect(await end).toMatchObject({ state: 'done', durationMs: 1500 })
  expect(heard).toEqual(['started', 'grüße', 'finished'])
})

test('to stop following is not to stop the run', async () => {
  const run = idOf(1)
  const fd = disk.open(pathFromText(logOf(run)), 'append')
  disk.tryLock(fd)
  appendFileSync(logOf(run), line(run, started))
  const controller = new AbortController()
  expect(await jobsOver(disk).follow(run, () => controller.abort(), controller.signal)).toBeNull()
  expect((await jobsOver(disk).read(run, () => {})).state).toBe('running')
  disk.close(fd)
})

test.each(['2026-01-01T00-00-00Z-create-none', '../metadata', '', 'metadata.json'])(
  'there is no run %j',
  async (run) => {
    const jobs = jobsOver(disk)
    await expect(jobs.follow(run, () => {}, never)).rejects.toMatchObject({ code: 'E_UNKNOWN_ID' })
    await expect(jobs.read(run, () => {})).rejects.toMatchObject({ code: 'E_UNKNOWN_ID' })
    await expect(jobs.cancel(run)).rejects.toMatchObject({ code: 'E_UNKNOWN_ID' })
    expect(() => jobs.logFile(run)).toThrow('there is no log of a run')
  },
)
