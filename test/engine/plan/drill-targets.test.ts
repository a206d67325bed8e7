import { expect, test } from 'vitest'
import { drillTargets } from '../../../src/engine/plan/drill-targets.ts'
import type { CatalogEntry } from '../../../src/model/backup.ts'

const backup = (id: string, services: string[], more: Partial<CatalogEntry> = {}): CatalogEntry => ({
  ...{ id, type: 'full', createdAt: '2026-11-20T02:00:00.000Z', description: null, services, base: null, deps: [] },
  ...{ sizeBytes: 1, bytes: null, reusedBytes: null, files: null, warnings: 0, durationMs: null, encrypted: true },
  ...{ pinned: false, verified: null },
  ...more,
})
const idsOf = ({ targets, without }: ReturnType<typeof drillTargets>) => ({
  targets: targets.map(({ backup, services }) => [backup.id, ...services]),
  without,
})

test('of each service the newest good backup is drilled, and each backup once', () => {
  const backups = [backup('bad', ['a', 'b']), backup('ab', ['a', 'b']), backup('c', ['c']), backup('old', ['a', 'c'])]
  const isGood = ({ id }: CatalogEntry) => id !== 'bad'
  expect(idsOf(drillTargets(backups, ['a', 'c', 'b'], isGood))).toEqual({
    targets: [
      ['ab', 'a', 'b'],
      ['c', 'c'],
    ],
    without: [],
  })
})

test('what a restore keeps safe is no backup to prove, and a service without a good one is named', () => {
  const backups = [backup('safety', ['a'], { type: 'safety' }), backup('b', ['b'])]
  expect(idsOf(drillTargets(backups, ['a', 'b', 'b'], () => true))).toEqual({ targets: [['b', 'b']], without: ['a'] })
})
