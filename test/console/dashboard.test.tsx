import { expect, test } from 'vitest'
import { BackupError } from '../../src/model/errors.ts'
import type { StatusReport } from '../../src/model/status.ts'
import { key, openConsole } from './harness.tsx'
import { now, runningRun, sampleBackups, sampleRun, sampleRuns, sampleStatus } from './sample.ts'

test('shows the services most at risk first, and why', async () => {
  const backups = sampleBackups(40).map((entry, at) => ({
    ...entry,
    warnings: 0,
    verified: at === 3 ? { level: 'full', at: entry.createdAt, ok: false } : null,
  }))
  const status: Partial<StatusReport> = {
    alerts: [
      { kind: 'overdue', subject: 'etc', message: 'etc is old' },
      { kind: 'damaged', subject: backups[3]!.id, message: 'it is damaged' },
    ],
  }
  const console = await openConsole({ backups, status })
  const frame = await console.until('Services 5')
  const rows = frame.split('\n').filter((line) => /^[ ▸] [✔!✖»] (web|mail|database|photos|etc) /.test(line))
  expect(rows[0]).toMatch(/✖ photos .*the newest is damaged/)
  expect(rows[1]).toMatch(/! etc .*older than 12h/)
  expect(rows.slice(2).every((row) => row.includes('✔'))).toBe(true)
})

test('says how many are safe, and what needs attention, in full with a', async () => {
  const problem = `etc: ${'a long way to say that the last backup is too old '.repeat(4)}indeed`
  const console = await openConsole({ status: { alerts: [{ kind: 'overdue', subject: 'etc', message: problem }] } })
  await console.until('Needs attention 1')
  await console.keys('a')
  await console.until('indeed')
})

test.each<[string, Partial<StatusReport>, string]>([
  [
    'when the next schedule runs',
    { schedules: 1, daemon: { pid: 4711, since: null }, nextRun: '2026-11-21T02:00:00.000Z' },
    'in 2h',
  ],
  ['that nobody runs the schedules', { schedules: 1 }, 'no daemon runs the schedules'],
  ['that there are none', {}, 'nothing is scheduled'],
])('says %s', async (_, status, text) => {
  const console = await openConsole({ status })
  expect(await console.until('Next')).toMatch(new RegExp(`Next +${text}`))
})

test('tells a service of which only incomplete backups are young enough', async () => {
  const alerts = [{ kind: 'incomplete', subject: 'web', message: 'web: only incomplete ones' }] as const
  const console = await openConsole({ status: { alerts } })
  expect(await console.until('Services 5')).toMatch(/! web .*only incomplete ones/)
})

test('tells the newest failure of each kind of run, and forgets it once one has succeeded', async () => {
  const died = sampleRun(0, { kind: 'create', state: 'died', error: null, meaning: 'no backup came of it' })
  const console = await openConsole({ runs: [died, ...sampleRuns(5).slice(1)] })
  await console.until(/Needs attention 1[\s\S]*backup died/)
  console.jobs.add(sampleRun(-1, { kind: 'create', state: 'done', error: null }))
  await console.keys('r')
  await console.untilGone('Needs attention 1')
})

test('shows what runs now, follows it, and asks before it is cancelled', async () => {
  const run = runningRun(-1)
  const console = await openConsole({ runs: [run, ...sampleRuns(3)] })
  await console.until(/40% .*381 MiB of 954 MiB/)
  await console.keys('x')
  await console.until('Stop this backup?')
  await console.keys(key.enter)
  await console.until('Stop this backup?')
  expect(console.jobs.cancelled).toEqual([])
  await console.keys('y')
  await console.untilGone('Running 1')
  expect(console.jobs.cancelled).toEqual([run.id])
})

test('of several running jobs one is chosen', async () => {
  const console = await openConsole({ runs: [runningRun(-1), runningRun(-2), ...sampleRuns(3)] })
  await console.until('Running 2')
  await console.keys('f')
  await console.until('Which job?')
  await console.keys(`${key.down}${key.enter}`)
  await console.until(`create ${runningRun(-2).id.slice(-4)}`)
})

test('plots the last thirty runs, a cross for one that failed', async () => {
  const console = await openConsole()
  expect(await console.until('Runs')).toMatch(/Runs +[▁-█]{11}×[▁-█]{18} 96%/)
})

test('leads a new repository through its first steps', async () => {
  let made = false
  const options: unknown[] = []
  const console = await openConsole({
    backups: [],
    runs: [],
    engine: {
      async status() {
        if (!made) throw new BackupError('E_NO_REPOSITORY', 'there is no repository at /srv/backup', 'holdfast init')
        return sampleStatus([], { verified: null, runs: [] })
      },
      async init(given) {
        options.push(given)
        made = true
        return {
          root: '/srv/backup',
          created: true,
          encrypted: true,
          keyFile: '/root/.config/holdfast/backup.key',
          configurationFile: '/srv/backup_config.json',
          notices: [],
        }
      },
    },
  })
  await console.until('There is no repository at /srv/backup yet')
  await console.keys('I')
  await console.until('What opens the backups?')
  await console.keys(key.enter)
  await console.until('holdfast init')
  await console.keys('y')
  await console.until('Copy it elsewhere now')
  expect(options).toEqual([{ passphrase: null }])
  await console.keys(key.enter)
  await console.until('There is no backup yet')
})

test('takes a new passphrase only when it was typed twice alike', async () => {
  const options: unknown[] = []
  const console = await openConsole({
    engine: {
      status: () => Promise.reject(new BackupError('E_NO_REPOSITORY', 'there is no repository', '')),
      async init(given) {
        options.push(given)
        throw new BackupError('E_IO', 'cannot make it', 'try elsewhere')
      },
    },
  })
  await console.keys(`I${key.down}${key.enter}`)
  await console.until('New passphrase')
  await console.keys('one\rtwo\r')
  await console.until('the two differ')
  await console.keys('one\rone\r')
  await console.until('cannot make it')
  await console.until('try elsewhere')
  expect(options).toEqual([{ passphrase: 'one' }])
})

test('a backup running for a service shows beside it', async () => {
  const backups = sampleBackups(10).map((entry) => ({
    ...entry,
    warnings: 0,
    createdAt: new Date(now - 60_000).toISOString(),
  }))
  const console = await openConsole({ backups, runs: [runningRun(-1, { about: 'web' })] })
  expect(await console.until('Running 1')).toMatch(/» web /)
})

test('has no button for what is not built', async () => {
  const console = await openConsole()
  await console.until('Services')
  await console.keys('?')
  const frame = await console.until('Keys')
  expect(frame).not.toContain('undo')
})
