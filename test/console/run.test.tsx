import { expect, test } from 'vitest'
import { key, type OpenedConsole, openConsole, type Setting } from './harness.tsx'
import { runningRun, sampleRun } from './sample.ts'

const run = runningRun(-1, { progress: null, phase: null })

async function opened(setting: Setting = {}): Promise<OpenedConsole> {
  const console = await openConsole({ runs: [run], ...setting })
  console.jobs.tell(run.id, { kind: 'started', command: 'create', pid: 4711, host: 'web1', about: 'web' })
  await console.keys('6\r')
  await console.until('following')
  return console
}

function tellMany(console: OpenedConsole, count: number): void {
  for (let at = 0; at < count; at++) console.jobs.tell(run.id, { kind: 'notice', message: `notice ${at}` })
}

test('follows a run: phases, bytes, log, and how it ended', async () => {
  const console = await opened()
  console.jobs.tell(run.id, { kind: 'phase', phase: 'reading', service: 'web' })
  console.jobs.tell(run.id, { kind: 'progress', doneBytes: 50, totalBytes: 200, doneEntries: 1, totalEntries: 4 })
  await console.until('» reading web')
  await console.until(/25% {2}50 B of 200 B/)
  console.jobs.tell(run.id, { kind: 'warning', message: '/srv/a changed while it was read' })
  await console.until('W /srv/a changed while it was read')
  console.jobs.end(run.id, 'warnings', 3, { backup: 'the-id', warnings: 1 })
  await console.until('done, with warnings')
  await console.until('backup: the-id')
  expect(console.frame()).not.toContain('following')
})

test('a total that is not known has no bar', async () => {
  const console = await opened()
  console.jobs.tell(run.id, { kind: 'progress', doneBytes: 2048, totalBytes: null, doneEntries: 7, totalEntries: null })
  const frame = await console.until('2.00 KiB')
  expect(frame).toContain('7 entries')
  expect(frame).not.toMatch(/[█░]/)
})

test('going up pauses the log, new lines are counted, G follows again', async () => {
  const console = await opened()
  tellMany(console, 100)
  await console.until('notice 99')
  await console.keys('k')
  await console.until('paused, G follows')
  tellMany(console, 3)
  await console.until('paused, 3 new, G follows')
  expect(console.frame()).not.toMatch(/notice 2 *$/m)
  await console.keys('G')
  await console.until(/notice 2 *$/m)
  await console.until('following')
})

test('searches, and leaves nothing out', async () => {
  const console = await opened()
  tellMany(console, 100)
  await console.until('notice 99')
  await console.keys('/notice 5')
  await console.until('11 found')
  await console.keys(key.enter)
  const seen: string[] = []
  for (let found = 0; found < 3; found++) {
    seen.push(/^▸.*(notice \d+)/m.exec(console.frame())?.[1] ?? '')
    await console.keys('n')
  }
  expect(new Set(seen).size).toBe(3)
  expect(seen.every((text) => text.startsWith('notice 5'))).toBe(true)
  await console.keys(key.escape)
  await console.untilGone('/notice 5')
  await console.keys(key.escape)
  await console.until('HOLDFAST › Activity ')
})

test('breaks long lines where that is wanted', async () => {
  const console = await opened({ columns: 80, rows: 24 })
  console.jobs.tell(run.id, { kind: 'warning', message: `${'long '.repeat(40)}end` })
  await console.until('long long')
  expect(console.frame()).not.toContain(' end')
  await console.keys('w')
  await console.until(' end')
})

test('keeps the newest five thousand lines of a very long log', async () => {
  const console = await opened()
  tellMany(console, 6000)
  await console.until('notice 5999')
  await console.keys('g')
  await console.until('notice 1000')
})

test('asks before it cancels, and d leaves without stopping it', async () => {
  const console = await opened()
  await console.keys('x')
  await console.until('Stop this backup?')
  await console.keys(key.escape)
  await console.keys('d')
  await console.until('HOLDFAST › Activity ')
  expect(console.jobs.cancelled).toEqual([])
  await console.keys('\rxy')
  // The y came before the question was on the screen.
  await console.until('Stop this backup?')
  expect(console.jobs.cancelled).toEqual([])
  await console.keys('y')
  await console.until('interrupted')
  expect(console.jobs.cancelled).toEqual([run.id])
})

test('tells what it means that a run died', async () => {
  const died = sampleRun(0, {
    state: 'died',
    error: null,
    meaning: 'no backup came of it; what it left is removed by the next one',
  })
  const console = await openConsole({ runs: [died] })
  await console.keys('6\r')
  await console.until('no backup came of it')
})

test('tells the error, and what to do', async () => {
  const failed = sampleRun(7)
  const console = await openConsole({ runs: [failed] })
  await console.keys('6\r')
  await console.until('E_NO_SPACE: no space left on the disk')
  await console.until('what to do: free some')
})

test('a report of many lines is shown whole by t', async () => {
  const problems = Array.from({ length: 50 }, (_, at) => ({
    archive: 'a.enc',
    path: `p${at}`,
    what: 'torn',
    severity: 'damage',
  }))
  const done = sampleRun(0, { report: { verified: [{ id: 'x', level: 'full', ok: false, problems }] } })
  const console = await openConsole({ runs: [done] })
  await console.keys('6\r')
  await console.until('NOT OK')
  await console.keys('tG')
  await console.until('DAMAGE a.enc p49: torn')
})
