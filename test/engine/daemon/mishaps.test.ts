import { expect, test } from 'vitest'
import { policyFromCounts } from '../../../src/engine/plan/retention-policy.ts'
import { cleanupScheduleId, type ListedSchedule, type Schedule } from '../../../src/model/schedule.ts'
import type { Alert } from '../../../src/model/status.ts'
import { day, hour, Machine, minute } from './machine.ts'

/** What goes wrong with one run must not take anything else with it. */

const alert: Alert = { kind: 'overdue', subject: 'web', message: 'web has no backup of today' }
const base = Date.parse('2026-03-02T00:30:00Z')

function schedule(id: string, cron: string, service: string): Schedule {
  return {
    id,
    name: id,
    cron,
    tz: 'UTC',
    type: 'incremental',
    services: [service],
    if_missed: 'run-once',
    jitter_seconds: 0,
    enabled: true,
    createdAt: new Date(base).toISOString(),
    lastRuns: [],
  }
}

interface Given {
  readonly cleanup?: boolean
  durationMs?(schedule: string): number
}

/** Two schedules of an hour each, of which the first comes first in everything. */
function machineWith({ cleanup = false, durationMs = () => minute }: Given = {}): Machine {
  const configured: ListedSchedule[] = cleanup
    ? [{ schedule: schedule(cleanupScheduleId, '0 5 * * *', 'web'), origin: 'configuration' }]
    : []
  return new Machine({
    base,
    schedules: [schedule('first', '0 * * * *', 'web'), schedule('second', '0 * * * *', 'db')],
    configured,
    services: ['web', 'db'],
    policy: policyFromCounts({ keep: 2 }, 'UTC'),
    deed: { random: () => 0, durationMs, failure: () => null },
  })
}

const madeBy = ({ made }: Machine, id: string): number => made.filter((one) => one.schedule === id).length
const outcomeOf = (machine: Machine, id: string, run: string | undefined): string | null | undefined =>
  (JSON.parse(machine.text) as { schedules: Schedule[] }).schedules
    .find((one) => one.id === id)
    ?.lastRuns.find((one) => one.run === run)?.outcome
const messages = ({ log }: Machine, wanted: string): string[] =>
  log.filter(({ event }) => event === wanted).map(({ message }) => message)

test('one run whose log cannot be read stops no other schedule, and its own goes on once it can', async () => {
  const machine = machineWith({ durationMs: (id) => (id === 'first' ? 10 * minute : minute) })
  await machine.boot()
  await machine.live(35 * minute)
  const lost = [...machine.jobs.values()].find((job) => job.schedule === 'first')
  expect(lost?.ended).toBeNull()
  machine.killDaemon() // nobody notes the end of what runs
  await machine.live(hour - minute)
  machine.unreadable.add(lost?.run ?? '')
  await machine.boot()
  await machine.live(10 * hour)
  expect(madeBy(machine, 'second')).toBe(10)
  expect(new Set(messages(machine, 'trouble'))).toEqual(new Set([`the log of ${lost?.run} cannot be read`]))
  expect(outcomeOf(machine, 'first', lost?.run)).toBeNull()
  machine.unreadable.clear()
  await machine.live(12 * hour)
  expect(outcomeOf(machine, 'first', lost?.run)).toBe('done')
  expect(madeBy(machine, 'first')).toBeGreaterThan(10)
  expect(machine.broken).toEqual([])
})

test('alerts are told beside a run that hangs, and that they are over', async () => {
  const machine = machineWith({ durationMs: (id) => (id === 'first' ? Number.POSITIVE_INFINITY : minute) })
  await machine.boot()
  await machine.live(2 * hour)
  machine.alerts = [alert]
  await machine.live(4 * hour)
  expect(messages(machine, 'alert')).toEqual([alert.message])
  await machine.live(2 * hour + 3 * day)
  expect(messages(machine, 'alert').length).toBeGreaterThanOrEqual(3)
  machine.alerts = []
  await machine.live(4 * hour + 3 * day)
  expect(messages(machine, 'alert-over')).toEqual([`over: ${alert.message}`])
  expect(madeBy(machine, 'first')).toBe(0)
})

test('a cleanup begins where not a byte is free, no backup does, and what it did is noted once there is room', async () => {
  const machine = machineWith({ cleanup: true })
  await machine.boot()
  await machine.live(4 * hour)
  const before = machine.made.length
  machine.isFull = true
  await machine.live(4 * hour + 45 * minute)
  expect(machine.deleted.length).toBeGreaterThan(0)
  expect(machine.made).toHaveLength(before)
  const cleanups = () => [...machine.jobs.values()].filter((job) => job.schedule === cleanupScheduleId)
  expect(cleanups()).toMatchObject([{ ended: { state: 'done' } }])
  expect(JSON.parse(machine.text).configured[cleanupScheduleId].lastRuns).toEqual([])
  machine.isFull = false
  await machine.live(7 * hour)
  const { lastRuns } = JSON.parse(machine.text).configured[cleanupScheduleId]
  expect(lastRuns).toMatchObject([{ at: '2026-03-02T05:00:00.000Z', outcome: 'done' }])
  expect(cleanups()).toHaveLength(1)
  expect(machine.made.length).toBeGreaterThan(before)
})

test('a process that hangs before it has a log is ended with the daemon, and its run is tried again', async () => {
  const machine = machineWith()
  machine.frozen.add('first')
  await machine.boot()
  await machine.live(hour)
  expect(machine.hanging.size).toBe(1)
  expect(madeBy(machine, 'second')).toBe(1)
  machine.stop()
  await machine.live(hour + 15 * minute)
  expect(messages(machine, 'stopped')).toHaveLength(1)
  expect(machine.hanging.size).toBe(0)
  machine.frozen.clear()
  await machine.boot()
  await machine.live(2 * hour)
  expect(madeBy(machine, 'first')).toBeGreaterThan(0)
})
