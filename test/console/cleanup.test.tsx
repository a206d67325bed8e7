import { expect, test } from 'vitest'
import type { PlannedCleanup } from '../../src/model/cleanup.ts'
import { terminals } from './fits-kit.ts'
import { key, misfits, openConsole, type Setting } from './harness.tsx'
import { hostileBackups } from './hostile.ts'
import { now, sampleBackups } from './sample.ts'
import { sampleRetention } from './schedule-sample.ts'

const backups = sampleBackups(40)

function withPolicy(of = backups): Setting {
  return { backups: of, engine: { retention: async () => sampleRetention(of) } }
}

test.each(terminals)('what would go fits %dx%d exactly, and so do its boxes', async (columns, rows) => {
  for (const of of [backups, hostileBackups(), []]) {
    const console = await openConsole({ ...withPolicy(of), columns, rows })
    await console.keys('4')
    await console.until('what goes first')
    expect(misfits(console.frame(), columns, rows)).toEqual([])
    for (const keys of ['=', key.escape, 'p', key.escape, 'h', '/x']) {
      await console.keys(keys)
      expect(misfits(console.frame(), columns, rows)).toEqual([])
      expect(console.frame()).not.toMatch(/[^\P{Cc}\n]/u)
    }
  }
})

test('what goes stands first, the oldest of it first, and every line says why', async () => {
  const console = await openConsole({ ...withPolicy(), columns: 200, rows: 60 })
  await console.keys('4')
  const frame = await console.until('10 would go')
  expect(frame).toContain('30 stay')
  const rows = frame.split('\n').filter((line) => /^[ ▸] {1}[-=] [a-z0-9]{4} /.test(line))
  expect(rows.slice(0, 10).every((row) => row.includes(' - '))).toBe(true)
  expect(rows.slice(10).every((row) => row.includes(' = '))).toBe(true)
  expect(rows[0]).toMatch(/aabh .*newest #7 > keep 5/)
  expect(frame).toMatch(/= aaae .*pinned/)
})

test('another policy can be tried; it changes nothing but what is shown', async () => {
  const console = await openConsole(withPolicy())
  await console.keys('4')
  await console.until('10 would go')
  await console.keys('=')
  await console.until('What if the policy were')
  await console.keys('\x15keep=1')
  await console.keys(key.enter)
  const frame = await console.until('WHAT IF')
  expect(frame).toContain('keep=1')
  expect(frame).not.toContain('10 would go')
  await console.keys(key.escape)
  await console.until('10 would go')
  expect(new Set(console.calls.map(({ method }) => method)).has('delete')).toBe(false)
})

test('a policy that says nothing is told, and not tried', async () => {
  const console = await openConsole(withPolicy())
  await console.keys('4=')
  await console.until('What if the policy were')
  await console.keys('\x15forever=1')
  await console.until('says nothing here')
  await console.keys(key.enter)
  expect(console.frame()).toContain('What if the policy were')
})

test('what stays can be hidden, and reasons can be searched', async () => {
  const console = await openConsole(withPolicy())
  await console.keys('4h')
  await console.until('What goes 10')
  await console.keys('h/why:pinned\r')
  await console.until('1 of 40')
})

test('without a policy everything stays, and it says so', async () => {
  const ground = { ...sampleRetention(backups), policy: { zone: 'UTC', sets: [], graceMs: 0, batchSize: 100 } }
  const console = await openConsole({ backups, engine: { retention: async () => ground } })
  await console.keys('4')
  const frame = await console.until('everything is kept')
  expect(frame).toContain('0 would go')
})

const two = sampleBackups(2)
const [newest, oldest] = two.map(({ id }) => id)
const planned: PlannedCleanup = {
  policy: '--keep 1',
  decisions: [
    { backup: newest!, keep: true, held: false, reasons: ['newest #1 of 1'], expiresAt: null },
    { backup: oldest!, keep: false, held: false, reasons: ['newest #2 > keep 1'], expiresAt: 0 },
  ],
  plan: { delete: [oldest!], mark: [], unmark: [], next: null },
  freedBytes: 5 * 1024 * 1024,
  notices: [],
}

test('D shows what goes now and why, and deletes exactly that as a job once the host was typed', async () => {
  const console = await openConsole({
    ...withPolicy(),
    engine: { ...withPolicy().engine, planCleanup: async () => planned },
  })
  await console.keys('4=')
  await console.until('What if the policy were')
  await console.keys(`\x15keep=1${key.enter}`)
  await console.until('WHAT IF')
  await console.keys('D')
  const frame = await console.until('Delete 1 backup?')
  expect(frame).toContain(`${oldest}  newest #2 > keep 1`)
  expect(frame).toContain('5.00 MiB are free')
  expect(frame).toContain('holdfast cleanup --keep 1')
  expect(misfits(frame, 100, 30)).toEqual([])
  await console.type('web2')
  await console.keys(key.enter)
  await console.until('that is not the host')
  expect(console.jobs.started).toEqual([])
  await console.type(`${key.backspace}1`)
  await console.keys(key.enter)
  await console.until('following')
  expect(console.jobs.started).toEqual([
    {
      kind: 'cleanup',
      order: { rules: { kind: 'by-hand', counts: { keep: 1 }, graceHours: 0 }, only: [oldest] },
    },
  ])
})

test('what is configured is cleaned up with its grace; where it only marks, y is enough', async () => {
  const plan = { ...planned.plan, delete: [], mark: [oldest!] }
  const [stays, goes] = planned.decisions
  const decisions = [stays!, { ...goes!, expiresAt: now + 86_400_000 }]
  const setting = withPolicy()
  const console = await openConsole({
    ...setting,
    engine: { ...setting.engine, planCleanup: async () => ({ ...planned, plan, decisions, freedBytes: 0 }) },
  })
  await console.keys('4')
  await console.until('10 would go')
  await console.keys('D')
  const frame = await console.until('Mark what goes later?')
  expect(frame).toContain('1 backup will be marked, to go after 2026-11-22 00:00Z')
  expect(frame).toContain('holdfast cleanup --grace 24')
  await console.keys('y')
  await console.until('following')
  expect(console.jobs.started).toEqual([{ kind: 'cleanup', order: { rules: { kind: 'configured' }, only: [] } }])
})

test('where nothing goes, D says so; read-only there is no D', async () => {
  const plan = { ...planned.plan, delete: [] }
  const setting = withPolicy()
  const engine = { ...setting.engine, planCleanup: async () => ({ ...planned, plan, policy: 'nothing is configured' }) }
  const console = await openConsole({ ...setting, engine })
  await console.keys('4')
  await console.until('10 would go')
  await console.keys('D')
  await console.until('nothing is configured')
  const watching = await openConsole({ ...setting, engine, readOnly: true })
  await watching.keys('4')
  await watching.until('10 would go')
  await watching.keys('D')
  expect(watching.frame()).not.toContain('Nothing goes')
  expect(watching.frame()).not.toContain('D delete')
})

test('what is marked says from when on it goes', async () => {
  const marked = backups.map((one) => ({ ...one, expiringSince: new Date(now - 3_600_000).toISOString() }))
  const console = await openConsole({ ...withPolicy(marked), columns: 200 })
  await console.keys('4')
  const frame = await console.until('10 would go')
  expect(frame).toMatch(/aabh .*from 11-21 23:00: newest #7 > keep 5/)
  expect(frame).toContain('expiring, goes after 2026-11-21 23:00Z')
})
