import { expect, test } from 'vitest'
import { lineupsAt, settlePaths } from '../../../src/engine/plan/point-in-time.ts'
import type { CatalogEntry } from '../../../src/model/backup.ts'
import { entry } from '../../commands/pretend-engine.ts'

const hour = (at: number) => `2026-11-20T${String(at).padStart(2, '0')}:00:00.000Z`
const backup = (at: number, services: readonly string[], more: Partial<CatalogEntry> = {}): CatalogEntry => ({
  ...entry,
  id: `2026-11-20T${String(at).padStart(2, '0')}-00-00Z-full-aaaa`,
  createdAt: hour(at),
  services: [...services],
  ...more,
})

function at(
  hours: number,
  backups: readonly CatalogEntry[],
  sets: Record<number, string[]> = {},
  services = ['a', 'b'],
) {
  const { lineups, lacking } = lineupsAt({
    backups: backups.toSorted((x, y) => (x.createdAt < y.createdAt ? 1 : -1)),
    instant: Date.parse(hour(hours)),
    services,
    isGood: ({ verified }) => verified?.ok !== false,
    pathsOf: ({ createdAt }) => sets[Number(createdAt.slice(11, 13))] ?? null,
  })
  const found = lineups.map(({ service, paths, candidates }) => [
    paths === null ? service : paths.join(),
    ...candidates.map(({ createdAt }) => Number(createdAt.slice(11, 13))),
  ])
  return { found, lacking, lineups }
}

const damagedOne = { verified: { level: 'quick', at: hour(23), ok: false } }

test.each([
  [
    'the newest before',
    at(5, [backup(2, ['a', 'b']), backup(4, ['a'])]).found,
    [
      ['a', 4, 2],
      ['b', 2],
    ],
  ],
  [
    'one of just that moment counts',
    at(4, [backup(2, ['a']), backup(4, ['a', 'b'])]).found,
    [
      ['a', 4, 2],
      ['b', 4],
    ],
  ],
  [
    'no safety backup',
    at(5, [backup(2, ['a', 'b']), backup(4, ['a', 'b'], { type: 'safety' })]).found,
    [
      ['a', 2],
      ['b', 2],
    ],
  ],
  [
    'none that is missing',
    at(5, [backup(2, ['a', 'b']), backup(4, ['a'], { missing: true })]).found,
    [
      ['a', 2],
      ['b', 2],
    ],
  ],
  [
    'none that is being deleted',
    at(5, [backup(2, ['a', 'b']), backup(4, ['a'], { deleting: true })]).found,
    [
      ['a', 2],
      ['b', 2],
    ],
  ],
  [
    'none that is damaged',
    at(5, [backup(2, ['a', 'b']), backup(4, ['a'], damagedOne)]).found,
    [
      ['a', 2],
      ['b', 2],
    ],
  ],
  [
    'an incomplete one',
    at(5, [backup(2, ['a', 'b']), backup(4, ['a'], { warnings: 2 })]).found,
    [
      ['a', 4, 2],
      ['b', 2],
    ],
  ],
])('of every service %s', (_, found, expected) => {
  expect(found).toEqual(expected)
})

test('services without a sound backup that old are named, with the time of their first', () => {
  expect(at(3, [backup(2, ['a']), backup(4, ['b'], damagedOne), backup(5, ['b']), backup(6, ['b'])]).lacking).toEqual([
    { service: 'b', firstAt: hour(5) },
  ])
  expect(at(3, [backup(2, ['a'])]).lacking).toEqual([{ service: 'b', firstAt: null }])
})

test('every set of paths is a lineup of its own; one that nobody can tell is no candidate', () => {
  const backups = [1, 2, 3, 4, 5].map((hours) => backup(hours, ['paths']))
  const sets = { 1: ['etc'], 2: ['srv'], 3: ['etc'], 4: ['srv', 'usr'] }
  expect(at(6, backups, sets, ['paths']).found).toEqual([
    ['srv,usr', 4],
    ['etc', 3, 1],
    ['srv', 2],
  ])
  expect(at(6, backups, {}, ['paths'])).toMatchObject({ found: [], lacking: [{ service: 'paths', firstAt: null }] })
})

test.each([
  [['srv'], ['etc'], ['srv', 'etc'], [], false],
  [['srv', 'etc'], ['etc'], ['srv,etc'], ['etc'], false],
  [['srv'], ['srv/app'], ['srv'], ['srv/app'], false],
  [[''], ['srv/app', 'etc'], [''], ['srv/app,etc'], false],
  [['srv/app'], ['srv/apple'], ['srv/app', 'srv/apple'], [], false],
  [['etc'], ['srv', 'etc'], ['etc'], [], true],
  [['srv/app'], ['srv'], ['srv/app'], [], true],
])('newer paths %j before older paths %j', (newer, older, kept, covered, overlaps) => {
  const lineups = [newer, older].map((paths) => ({ service: 'paths', paths, candidates: [] }))
  const settled = settlePaths(lineups)
  expect(settled.kept.map(({ paths }) => paths?.join())).toEqual(kept)
  expect(settled.covered.map(({ paths }) => paths?.join())).toEqual(covered)
  expect(settled.overlap !== null).toBe(overlaps)
})
