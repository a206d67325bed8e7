import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import type { Engine } from '../../src/model/engine.ts'
import type { ScheduleDraft } from '../../src/model/schedule.ts'
import { engineAt, plainly } from '../engine-kit.ts'

const key = '1'.repeat(64)
const during = { signal: new AbortController().signal, listen: () => {} }
let top = ''
let now = Date.UTC(2026, 10, 20, 12)

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  mkdirSync(join(top, 'etc'))
  writeFileSync(join(top, 'etc', 'hosts'), 'localhost\n')
  now = Date.UTC(2026, 10, 20, 12)
  writeFileSync(
    join(top, 'backup_config.json'),
    JSON.stringify({
      global_settings: { default_timezone: 'Europe/Berlin' },
      services: { etc: { type: 'files', include_paths: [join(top, 'etc')] } },
      schedules: { weekly: { cron_expression: '0 3 * * 0', type: 'full' } },
      retention_policies: { all: { retention_days: 30 } },
    }),
  )
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

async function engine(): Promise<Engine> {
  const made = engineAt({ root: join(top, 'repository'), home: top, key, clock: { ...systemClock, now: () => now } })
  await made.init({ passphrase: null }).catch(() => {})
  return made
}

const nightly: ScheduleDraft = {
  id: 'nightly',
  name: 'Nightly',
  cron: '0 2 * * *',
  tz: 'Europe/Berlin',
  type: 'incremental',
  services: ['etc'],
  if_missed: 'run-once',
  jitter_seconds: 0,
  enabled: true,
}

const written = () =>
  JSON.parse(readFileSync(join(top, 'repository', 'schedules.json'), 'utf8')) as {
    schedules: Record<string, unknown>[]
  }

test('a new schedule stands in schedules.json, beside those of the configuration in the list', async () => {
  const one = await engine()
  await one.saveSchedule(nightly, 'new')
  expect(written().schedules).toEqual([{ ...nightly, createdAt: '2026-11-20T12:00:00.000Z', lastRuns: [] }])
  const { schedules, zone, services } = await one.schedules()
  expect(schedules.map(({ schedule, origin }) => [schedule.id, origin])).toEqual([
    ['nightly', 'schedules.json'],
    ['weekly', 'configuration'],
  ])
  expect([zone, services.map(({ name }) => name)]).toEqual(['Europe/Berlin', ['etc']])
})

test('a change keeps what is remembered, and what a later version has added', async () => {
  const one = await engine()
  await one.saveSchedule(nightly, 'new')
  const run = {
    at: '2026-11-20T01:00:00.000Z',
    startedAt: '2026-11-20T01:00:01.000Z',
    run: 'r',
    outcome: 'done',
    durationMs: 5,
  }
  const before = { ...written().schedules[0], lastRuns: [run], colour: 'blue' }
  writeFileSync(join(top, 'repository', 'schedules.json'), JSON.stringify({ v: 1, schedules: [before] }))
  now += 1000
  await one.saveSchedule({ ...nightly, name: 'Every night' }, 'changed')
  expect(written().schedules).toEqual([{ ...before, name: 'Every night' }])
})

test('what passed while a schedule was paused, or had other times, was not missed', async () => {
  const one = await engine()
  await one.saveSchedule({ ...nightly, enabled: false }, 'new')
  now += 86_400_000
  const { activeSince } = await one.saveSchedule(nightly, 'changed')
  expect(activeSince).toBe('2026-11-21T12:00:00.000Z')
  now += 1000
  expect((await one.saveSchedule({ ...nightly, cron: '0 4 * * *' }, 'changed')).activeSince).toBe(
    '2026-11-21T12:00:01.000Z',
  )
  now += 1000
  expect((await one.saveSchedule({ ...nightly, cron: '0 4 * * *', name: 'x' }, 'changed')).activeSince).toBe(
    '2026-11-21T12:00:01.000Z',
  )
})

test.each([
  ['a cron expression that is none', { cron: '61 * * * *' }, 'E_USAGE', 'cron'],
  ['a zone that there is not', { tz: 'Europe/Atlantis' }, 'E_USAGE', 'tz'],
  ['no name', { name: '' }, 'E_USAGE', 'name'],
  ['a service that is not configured', { services: ['ect'] }, 'E_UNKNOWN_SERVICE', 'ect'],
  ['the id of one of the configuration', { id: 'weekly' }, 'E_USAGE', 'weekly'],
  ['a day that never comes', { cron: '0 0 31 2 *' }, 'E_USAGE', 'never fires: February has no day 31'],
  ['a type that wants services without any', { type: 'service', services: [] }, 'E_USAGE', 'services'],
  ['a jitter of a week', { jitter_seconds: 604_800 }, 'E_USAGE', 'jitter_seconds'],
] as const)('%s is refused, and nothing is written', async (_what, change, code, names) => {
  const one = await engine()
  const before = written()
  const saved = one.saveSchedule({ ...nightly, ...change } as ScheduleDraft, 'new')
  await expect(saved).rejects.toMatchObject({ code, message: expect.stringContaining(names) })
  expect(written()).toEqual(before)
})

test('an id that is taken, one that is unknown and one of the configuration are told apart', async () => {
  const one = await engine()
  await one.saveSchedule(nightly, 'new')
  await expect(one.saveSchedule(nightly, 'new')).rejects.toMatchObject({ code: 'E_USAGE' })
  await expect(one.saveSchedule({ ...nightly, id: 'hourly' }, 'changed')).rejects.toMatchObject({
    code: 'E_UNKNOWN_ID',
  })
  await expect(one.removeSchedule('hourly')).rejects.toMatchObject({ code: 'E_UNKNOWN_ID' })
  await expect(one.removeSchedule('weekly')).rejects.toMatchObject({ code: 'E_USAGE' })
  await one.removeSchedule('nightly')
  expect(written().schedules).toEqual([])
})

test('one that never runs, or only on days that a hand has written, can rest but not run', async () => {
  const one = await engine()
  await one.saveSchedule(nightly, 'new')
  const never = { ...written().schedules[0], cron: '0 0 31 2 *' }
  writeFileSync(join(top, 'repository', 'schedules.json'), JSON.stringify({ v: 1, schedules: [never] }))
  expect((await one.describeSchedules())[0]).toMatchObject({ words: 'Never fires: February has no day 31', next: [] })
  expect(await one.enableSchedule('nightly', false)).toMatchObject({ changed: true })
  await expect(one.enableSchedule('nightly', true)).rejects.toMatchObject({ code: 'E_USAGE' })
  expect(written().schedules).toMatchObject([{ enabled: false }])
})

test('what was left out while a schedule was switched off was not missed, and switching twice changes nothing', async () => {
  const one = await engine()
  await one.saveSchedule(nightly, 'new')
  expect((await one.enableSchedule('nightly', true)).changed).toBe(false)
  expect(written().schedules[0]).not.toHaveProperty('activeSince')
  await one.enableSchedule('nightly', false)
  now += 86_400_000
  const { schedule, changed } = await one.enableSchedule('nightly', true)
  expect(changed).toBe(true)
  expect(schedule).toMatchObject({
    schedule: { activeSince: '2026-11-21T12:00:00.000Z' },
    words: 'At 02:00, every day',
  })
  expect(schedule.next[0]).toEqual({
    at: '2026-11-22T01:00:00.000Z',
    text: 'Sun 2026-11-22 02:00 +01:00   01:00Z',
  })
})

test('two runs at one instant of the clock stand for two instants', async () => {
  const one = await engine()
  await one.saveSchedule({ ...nightly, type: 'full' }, 'new')
  for (const at of ['2026-11-20T12:00:00.000Z', '2026-11-20T12:00:00.001Z']) {
    const { backup } = await one.runSchedule('nightly', during)
    expect(backup.schedule).toEqual({ id: 'nightly', at })
  }
  expect(written().schedules).toMatchObject([{ lastRuns: [{ outcome: 'done' }, { outcome: 'done' }] }])
})

test('a backup that is made counts, though what became of it cannot be noted', async () => {
  const one = await engine()
  await one.saveSchedule(nightly, 'new')
  const told: string[] = []
  const { exitCode, warnings, backup } = await one.runSchedule('nightly', {
    signal: during.signal,
    listen(event) {
      if (event.kind === 'warning') told.push(event.message)
      if (event.kind === 'committed') writeFileSync(join(top, 'repository', 'schedules.json'), '{"v":1,"sched')
    },
  })
  expect({ exitCode, warnings }).toEqual({ exitCode: 3, warnings: 1 })
  expect(told).toEqual([expect.stringContaining('the backup is made, but schedules.json does not say so: ')])
  expect((await one.list({ type: null, services: [], days: null })).backups.map(({ id }) => id)).toEqual([backup.id])
})

test('schedules that cannot be read are told and left as they are', async () => {
  const one = await engine()
  writeFileSync(join(top, 'repository', 'schedules.json'), '{"v":1,"schedules":[')
  await expect(one.schedules()).rejects.toMatchObject({ code: 'E_DAMAGED' })
  await expect(one.saveSchedule(nightly, 'new')).rejects.toMatchObject({ code: 'E_DAMAGED' })
  await expect(one.retention()).rejects.toMatchObject({ code: 'E_DAMAGED' })
  expect(readFileSync(join(top, 'repository', 'schedules.json'), 'utf8')).toBe('{"v":1,"schedules":[')
})

test('what decides about backups is the policy, pins, and which paths one of the command line holds', async () => {
  const one = await engine()
  mkdirSync(join(top, 'a'))
  mkdirSync(join(top, 'b'))
  const made = []
  for (const path of ['a', 'b', 'a']) {
    made.push(await one.create(plainly({ type: 'full', paths: [join(top, path)] }), during))
    now += 1000
  }
  await one.pin({ backup: made[0]!.backup!.id, legalHold: null }, during)
  const { policy, backups, entries } = await one.retention()
  expect(policy.sets.map(({ name, rules }) => [name, rules])).toEqual([
    ['retention_policies.all', [{ kind: 'within', days: 30 }]],
  ])
  const [third, second, first] = backups
  expect([first?.pinned, second?.pinned, third?.pinned]).toEqual([true, false, false])
  expect(first?.services).toEqual(third?.services)
  expect(first?.services).not.toEqual(second?.services)
  expect(entries.get(second!.id)?.services).toEqual(['paths'])
})
