import { expect, test } from 'vitest'
import { terminals } from './fits-kit.ts'
import { key, misfits, openConsole, type Setting } from './harness.tsx'
import { hostileBackups } from './hostile.ts'
import { sampleBackups } from './sample.ts'
import { sampleRetention } from './schedule-sample.ts'

const backups = sampleBackups(40)

function withPolicy(of = backups): Setting {
  return { backups: of, engine: { retention: async () => sampleRetention(of) } }
}

test.each(terminals)('what would go fits %dx%d exactly, and so do its boxes', async (columns, rows) => {
  for (const of of [backups, hostileBackups(), []]) {
    const console = await openConsole({ ...withPolicy(of), columns, rows })
    await console.keys('4')
    await console.until('nothing is deleted here')
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
