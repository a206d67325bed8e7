import { expect, test } from 'vitest'
import { planTurn, type TurnSchedule } from '../../../src/engine/plan/daemon-turn.ts'
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
      services: ['files'],
      lastRuns: lastRuns.get(id) ?? [],
    }))
  let waiting: ReadonlyMap<string, number> = new Map()
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
