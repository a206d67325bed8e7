import { expect, test } from 'vitest'
import { drillPatienceMs, planTurn, type TurnGround, type TurnSchedule } from '../../../src/engine/plan/daemon-turn.ts'
import type { ScheduleRun } from '../../../src/model/schedule.ts'

const secondMs = 1000
const start = Date.parse('2026-11-21T00:00:00Z')

const everySecond = { id: 'every-second', cron: '* * * * * *' }
const everyTenSeconds = Array.from({ length: 10 }, (_, at) => ({ id: `every-ten-${at}`, cron: '*/10 * * * * *' }))

test('where there is more to run than can be run, every schedule has its turn', () => {
  const lastRuns = new Map<string, ScheduleRun[]>()
  const schedules = (): TurnSchedule[] =>
    [everySecond, ...everyTenSeconds].map(({ id, cron }) => ({
      ...{ id, name: id, cron, tz: 'UTC', if_missed: 'run-once', jitter_seconds: 0, enabled: true },
      createdAt: new Date(start).toISOString(),
      type: 'full',
      services: ['files'],
      lastRuns: lastRuns.get(id) ?? [],
    }))
  let waiting: TurnGround['waiting'] = new Map()
  for (let now = start + secondMs; now <= start + 120 * secondMs; now += 1.3 * secondMs) {
    const turn = planTurn({ schedules: schedules(), running: new Map(), waiting }, now)
    waiting = turn.waiting
    expect(turn.starts.length).toBeLessThanOrEqual(1)
    for (const { schedule, at } of turn.starts) {
      const times = { at: new Date(at).toISOString(), startedAt: new Date(now).toISOString() }
      const run: ScheduleRun = { ...times, run: `${now}`, outcome: 'done', durationMs: 1200 }
      lastRuns.set(schedule, [run, ...(lastRuns.get(schedule) ?? [])])
    }
  }
  for (const { id } of schedules()) expect(lastRuns.get(id)?.length, id).toBeGreaterThanOrEqual(5)
})

const hour = 3_600_000
const daily = (id: string, type: TurnSchedule['type'], more: Partial<TurnSchedule> = {}): TurnSchedule => ({
  ...{ id, name: id, type, cron: '0 2 * * *', tz: 'UTC', if_missed: 'run-once', jitter_seconds: 0, enabled: true },
  createdAt: new Date(start).toISOString(),
  services: type === 'drill' ? [] : [id],
  lastRuns: [],
  ...more,
})
const atTwo = start + 2 * hour
const turnOf = (ground: Partial<TurnGround>, now: number) => {
  const { starts, waiting } = planTurn({ schedules: [], running: new Map(), waiting: new Map(), ...ground }, now)
  return { starts: starts.map(({ schedule }) => schedule), waiting }
}

test('a drill waits while a backup runs or begins, and takes nobody the place', () => {
  const schedules = [daily('rehearsal', 'drill'), daily('files', 'full'), daily('mail', 'full')]
  const first = turnOf({ schedules }, atTwo)
  expect(first).toEqual({
    starts: ['files', 'mail'],
    waiting: new Map([['rehearsal', { at: atTwo, since: atTwo }]]),
  })
  const busy = { schedules: [daily('rehearsal', 'drill')], running: new Map([['mail', ['mail']]]) }
  const later = turnOf({ ...busy, waiting: first.waiting }, atTwo + hour / 2)
  expect(later).toEqual({ starts: [], waiting: first.waiting })
  expect(turnOf({ ...busy, running: new Map(), waiting: later.waiting }, atTwo + hour / 2 + 1).starts).toEqual([
    'rehearsal',
  ])
})

test('where the repository is never at rest, a drill begins after an hour all the same', () => {
  const ground = { schedules: [daily('rehearsal', 'drill')], running: new Map([['files', ['files']]]) }
  const { waiting } = turnOf(ground, atTwo)
  expect(turnOf({ ...ground, waiting }, atTwo + drillPatienceMs - 1)).toEqual({ starts: [], waiting })
  expect(turnOf({ ...ground, waiting }, atTwo + drillPatienceMs).starts).toEqual(['rehearsal'])
})

test('one that was missed for days is made up for as soon as what is made up for before it has ended', () => {
  const schedules = [daily('rehearsal', 'drill'), daily('files', 'full')]
  const now = atTwo + 72 * hour
  const { starts, waiting } = turnOf({ schedules }, now)
  expect(starts).toEqual(['files'])
  expect(waiting.get('rehearsal')?.since).toBe(now)
})

test('backups do not wait for a drill, not those of its services either; another drill does', () => {
  const schedules = [
    ...[daily('rehearsal', 'drill'), daily('other', 'drill')],
    ...[daily('files', 'full'), daily('mail', 'full'), daily('web', 'full')],
  ]
  const { starts, waiting } = turnOf({ schedules, running: new Map([['rehearsal', []]]) }, atTwo)
  expect(starts).toEqual(['files', 'mail'])
  expect([...waiting.keys()].sort()).toEqual(['other', 'rehearsal', 'web'])
  const noBackups = schedules.filter(({ type }) => type === 'drill')
  expect(turnOf({ schedules: noBackups, running: new Map([['rehearsal', []]]) }, atTwo).starts).toEqual([])
  expect(turnOf({ schedules: noBackups }, atTwo).starts).toHaveLength(1)
})
