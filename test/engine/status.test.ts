import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { acquireLock } from '../../src/engine/platform/lock.ts'
import { pathFromText } from '../../src/model/path.ts'
import type { StatusReport } from '../../src/model/status.ts'
import { engineAt, plainly } from '../engine-kit.ts'

const during = { signal: new AbortController().signal, listen: () => {} }
const hour = 3_600_000
const day = 24 * hour
const start = Date.parse('2026-11-16T12:00:00Z') // a Monday
let top = ''
let root = ''
let now = start

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-status-'))
  root = join(top, 'repository')
  now = start
  mkdirSync(join(top, 'etc'))
  writeFileSync(join(top, 'etc', 'hosts'), 'localhost\n')
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

function configure(more: object): void {
  const services = { etc: { type: 'files', include_paths: [join(top, 'etc')] } }
  writeFileSync(join(top, 'backup_config.json'), JSON.stringify({ services, ...more }))
}

/** Anew each time, as the command line does. */
function engine() {
  return engineAt({ root, home: top, key: '1'.repeat(64), clock: { ...systemClock, now: () => now } })
}

async function backUp(): Promise<string> {
  const { backup } = await engine().create(plainly({ type: 'full', paths: [] }), during)
  return backup.id
}

const status = (): Promise<StatusReport> => engine().status()
const kinds = async () => (await status()).alerts.map(({ kind, subject }) => [kind, subject])

test('a weekly service of 3 days is fine, and late after its day', async () => {
  configure({ schedules: { weekly: { cron_expression: '0 3 * * 0' } } })
  await backUp()
  now = start + 3 * day
  expect(await status()).toMatchObject({
    ok: true,
    alerts: [],
    problems: [],
    schedules: 1,
    daemon: null,
    nextRun: null,
    services: [{ name: 'etc', because: 'schedule', allowedHours: 136, rpoHours: 25, overdue: false }],
  })
  now = start + 136 * hour + 1
  expect((await status()).alerts).toEqual([
    {
      kind: 'overdue',
      subject: 'etc',
      message: 'etc: the last backup is 5 days old, and weekly has made none since Sun 2026-11-22 03:00 +00:00',
    },
  ])
})

test('an hourly service of 3 hours is late', async () => {
  configure({ schedules: { hourly: { cron_expression: '0 * * * *' } } })
  await backUp()
  now = start + hour
  expect((await status()).ok).toBe(true)
  now = start + 3 * hour
  expect(await kinds()).toEqual([['overdue', 'etc']])
})

test('an RPO goes before the schedule; without either it is 25 hours', async () => {
  configure({})
  await backUp()
  now = start + 25 * hour
  expect(await kinds()).toEqual([])
  now += 1
  expect((await status()).problems).toEqual([
    'etc: the last backup is 25 hours old, and nothing says that it may be older than 25 hours',
  ])
  const services = { etc: { type: 'files', include_paths: [join(top, 'etc')], rpo_hours: 100 } }
  configure({ services, schedules: { hourly: { cron_expression: '0 * * * *' } } })
  now = start + 4 * day
  expect(await kinds()).toEqual([])
  now = start + 101 * hour
  expect((await status()).problems).toEqual(['etc: the last backup is 101 hours old, its RPO is 100'])
})

test('tells a backup that is gone, and what that takes along', async () => {
  configure({})
  const full = await backUp()
  now += hour
  writeFileSync(join(top, 'etc', 'fstab'), 'none\n')
  const { backup } = await engine().create(plainly({ type: 'incremental', paths: [] }), during)
  expect(backup.deps).toEqual([full])
  renameSync(join(root, 'archives', full), join(top, 'moved'))
  const { alerts, services, lastGood } = await status()
  expect(alerts.map(({ kind, subject }) => [kind, subject])).toEqual([
    ['catalog', null],
    ['no-backup', 'etc'],
    ['damaged', full],
  ])
  expect(lastGood).toBeNull()
  expect(services).toMatchObject([{ lastGood: null, backups: 1 }])
})

test('an unverified repository is told after a week, unless verification is switched off', async () => {
  configure({ schedules: { yearly: { cron_expression: '0 3 1 1 *' } } })
  const id = await backUp()
  now = start + 7 * day
  expect(await kinds()).toEqual([])
  now += hour
  expect(await kinds()).toEqual([['unverified', null]])
  await engine().verify({ backups: [id], level: 'quick', workers: null }, during)
  now += 35 * day
  expect(await kinds()).toEqual([])
  now += hour
  expect(await kinds()).toEqual([['unverified', null]])
  configure({ schedules: { yearly: { cron_expression: '0 3 1 1 *' } }, recovery: { verification_enabled: false } })
  expect(await kinds()).toEqual([])
})

test('damaged schedules are told, and status says all the rest', async () => {
  configure({ schedules: { hourly: { cron_expression: '0 * * * *' } } })
  await backUp()
  writeFileSync(join(root, 'schedules.json'), '{"v":1,"schedules":[')
  now = start + 3 * hour
  expect(await kinds()).toEqual([
    ['overdue', 'etc'],
    ['schedule-unusable', null],
  ])
  expect(await status()).toMatchObject({ ok: false, backups: 1, schedules: 1 })
})

test('names the daemon and the next run while one runs, and doctor warns where none does', async () => {
  configure({ schedules: { nightly: { cron_expression: '0 2 * * *' } } })
  await backUp()
  const daemonCheck = async () => (await engine().doctor()).checks.find(({ name }) => name === 'daemon')
  expect(await daemonCheck()).toMatchObject({ state: 'warning', what: expect.stringContaining('no daemon runs') })
  const lock = await acquireLock(createDiskFiles(), pathFromText(join(root, 'locks', 'daemon')), {
    waitMs: 0,
    signal: during.signal,
    clock: systemClock,
    holder: { pid: 4711, run: 'daemon', command: 'daemon', since: '2026-11-16T00:00:00.000Z' },
  })
  expect(await status()).toMatchObject({
    daemon: { pid: 4711, since: '2026-11-16T00:00:00.000Z' },
    nextRun: '2026-11-17T02:00:00.000Z',
    ok: true,
  })
  expect(await daemonCheck()).toMatchObject({ state: 'ok' })
  lock.release()
  expect(await status()).toMatchObject({ daemon: null, nextRun: null })
})

test('reads only: nothing in the repository is changed', async () => {
  configure({ schedules: { nightly: { cron_expression: '0 2 * * *' } } })
  await backUp()
  const listing = () => readdirSync(root, { recursive: true }).sort()
  const before = listing()
  now += 10 * day
  await status()
  expect(listing()).toEqual(before)
})
