import { expect, test } from 'vitest'
import { drillAlerts, lastProven } from '../../../src/engine/plan/drill-alerts.ts'
import { type DrillGround, limitsOf, widestGap } from '../../../src/engine/plan/drill-score.ts'
import type { CatalogEntry } from '../../../src/model/backup.ts'
import type { DrillRecord } from '../../../src/model/drill.ts'

const hour = 3_600_000
const now = Date.parse('2026-11-20T12:00:00Z')

const backup = (hoursAgo: number, services = ['a'], type: CatalogEntry['type'] = 'full'): CatalogEntry => ({
  id: `2026-11-20T02-00-00Z-full-${String(hoursAgo).padStart(6, '0')}`,
  type,
  createdAt: new Date(now - hoursAgo * hour).toISOString(),
  description: null,
  services,
  base: null,
  deps: [],
  sizeBytes: 1,
  bytes: 1,
  reusedBytes: 0,
  files: 1,
  warnings: 0,
  durationMs: 1,
  encrypted: true,
  pinned: false,
  verified: null,
})

function ground(backups: readonly CatalogEntry[], more: Partial<DrillGround> = {}): DrillGround {
  const configured = [{ name: 'a', rtoMinutes: 10, rpoHours: 24 }]
  return { backup: backups[0] ?? backup(0), services: ['a'], backups, isGood: () => true, configured, now, ...more }
}

test('the widest gap is between neighbours of the same service, of its last thirty backups', () => {
  expect(widestGap(ground([backup(1)]))).toBeNull()
  expect(widestGap(ground([backup(1), backup(2, ['b']), backup(4), backup(6, ['a'], 'safety'), backup(9)]))).toBe(
    5 * hour,
  )
  const many = [...Array.from({ length: 30 }, (_, at) => backup(at)), backup(1000)]
  expect(widestGap(ground(many))).toBe(hour)
  expect(widestGap(ground([backup(1), backup(2), backup(5)], { isGood: ({ id }) => !id.endsWith('2') }))).toBe(4 * hour)
})

test('a limit is met up to its last millisecond', () => {
  const met = (rtoMs: number) => limitsOf(ground([backup(24)]), rtoMs).map(({ kind, met }) => [kind, met])
  expect(met(600_000)).toEqual([
    ['rto', true],
    ['rpo-age', true],
  ])
  expect(met(600_001)).toEqual([
    ['rto', false],
    ['rpo-age', true],
  ])
})

test('the age of an older backup is not held against the RPO, the gaps are', () => {
  const backups = [backup(1), backup(30)]
  const kinds = (one: CatalogEntry) => limitsOf(ground(backups, { backup: one }), 1).map(({ kind, met }) => [kind, met])
  expect(kinds(backup(1))).toEqual([
    ['rto', true],
    ['rpo-age', true],
    ['rpo-gap', false],
  ])
  expect(kinds(backup(30))).toEqual([
    ['rto', true],
    ['rpo-gap', false],
  ])
})

test('services without limits, and those that were not drilled, have none to miss', () => {
  const configured = [
    { name: 'a', rtoMinutes: null, rpoHours: null },
    { name: 'b', rtoMinutes: 1, rpoHours: 1 },
  ]
  expect(limitsOf(ground([backup(1), backup(2)], { configured }), 1)).toEqual([])
})

const record = (id: string, ok: boolean, services: string[], more: Partial<DrillRecord> = {}): DrillRecord => ({
  ...{ v: 1, id, run: 'run', at: '2026-11-20T03:00:00.000Z', services, ok, level: 'compared', rtoMs: 1, restoreMs: 1 },
  ...{ compared: null, check: null, limitsMissed: [], error: null },
  ...more,
})

test('the newest drill of a service decides on its alert, the newest that passed on what is proven', () => {
  const failed = { compared: { entries: 5, bytes: 9, different: 2 } }
  const drills = [record('one', true, ['a', 'b']), record('two', false, ['a'], failed)]
  expect(drillAlerts(drills, ['a', 'b', 'never'])).toEqual([
    {
      kind: 'drill-failed',
      subject: 'a',
      message: 'a: the last drill, of two, failed: 2 of what was restored differs',
    },
  ])
  expect(lastProven(drills, 'a')?.id).toBe('one')
  expect(lastProven(drills, 'never')).toBeNull()
  expect(drillAlerts([...drills, record('three', true, ['a'])], ['a'])).toEqual([])
})
