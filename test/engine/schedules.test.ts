import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import type { Engine } from '../../src/model/engine.ts'
import type { RunEvent } from '../../src/model/event.ts'
import type { Schedule, ScheduleDraft } from '../../src/model/schedule.ts'
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

function check(command: string) {
  return { command, timeout_seconds: 60 }
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
  ['a backup with what is for drills', { drill: {} }, 'E_USAGE', 'drill'],
  ['a drill that is to keep backups', { type: 'drill', retention: { keep: 3 } }, 'E_USAGE', 'makes no backup'],
  ['an empty check', { type: 'drill', drill: { check: check(' ') } }, 'E_USAGE', 'check'],
  ['a scratch place that is nowhere', { type: 'drill', drill: { scratch: '/no/such' } }, 'E_TARGET', '/no/such'],
  ['a scratch place without a root', { type: 'drill', drill: { scratch: 'there' } }, 'E_USAGE', 'begin with /'],
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
    expect(await one.runSchedule('nightly', during)).toMatchObject({ backup: { schedule: { id: 'nightly', at } } })
  }
  expect(written().schedules).toMatchObject([{ lastRuns: [{ outcome: 'done' }, { outcome: 'done' }] }])
})

test('a backup that is made counts, though what became of it cannot be noted', async () => {
  const one = await engine()
  await one.saveSchedule(nightly, 'new')
  const told: string[] = []
  const made = await one.runSchedule('nightly', {
    signal: during.signal,
    listen(event) {
      if (event.kind === 'warning') told.push(event.message)
      if (event.kind === 'committed') writeFileSync(join(top, 'repository', 'schedules.json'), '{"v":1,"sched')
    },
  })
  expect(made).toMatchObject({ kind: 'create', exitCode: 3, warnings: 1 })
  expect(told).toEqual([expect.stringContaining('the backup is made, but schedules.json does not say so: ')])
  const { backups } = await one.list({ type: null, services: [], days: null })
  expect([made]).toMatchObject(backups.map(({ id }) => ({ backup: { id } })))
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

const ledger = () =>
  readFileSync(join(top, 'repository', 'drills.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const drillNote = () =>
  (JSON.parse(readFileSync(join(top, 'repository', 'schedules.json'), 'utf8')) as { drills: Schedule[] }).drills[0]
    ?.lastRuns[0]

test('a scheduled drill proves the newest backup of each service, and the ledger names the schedule', async () => {
  mkdirSync(join(top, 'srv'))
  writeFileSync(join(top, 'srv', 'page'), 'welcome')
  const services = Object.fromEntries(
    ['etc', 'srv', 'new'].map((name) => [name, { type: 'files', include_paths: [join(top, name)] }]),
  )
  writeFileSync(join(top, 'backup_config.json'), JSON.stringify({ services }))
  const one = await engine()
  const made: string[] = []
  for (const service of ['etc', 'etc', 'srv']) {
    const { backup } = await one.create({ ...plainly({ type: 'full', paths: [] }), services: [service] }, during)
    made.push(backup.id)
  }
  const newest = made.slice(0, 2).sort()[1] // of two of one time the id decides
  const rehearsal: ScheduleDraft = { ...nightly, id: 'rehearsal', type: 'drill', services: [] }
  await one.saveSchedule({ ...rehearsal, drill: { check: check('test -e etc -o -e srv || test -d "$PWD"') } }, 'new')
  const told: string[] = []
  const listen = (event: RunEvent) => void (event.kind === 'warning' && told.push(event.message))
  const outcome = await one.runSchedule('rehearsal', { ...during, listen })
  // One service has no backup: what was asked for is not had.
  expect(told).toEqual(['new has no good backup: nothing of it was drilled'])
  expect(outcome).toMatchObject({
    kind: 'drill',
    exitCode: 3,
    cards: [
      { backup: newest, services: ['etc'], ok: true, check: { ok: true } },
      { backup: made[2], services: ['srv'], ok: true },
    ],
  })
  const schedule = { id: 'rehearsal', at: '2026-11-20T12:00:00.000Z' }
  expect(ledger()).toMatchObject([
    { id: newest, run: outcome.run, services: ['etc'], ok: true, level: 'checked', schedule },
    { id: made[2], run: outcome.run, services: ['srv'], schedule },
  ])
  expect(drillNote()).toMatchObject({ at: schedule.at, run: outcome.run, outcome: 'warnings' })
})

test('a scheduled drill whose check says no has failed; one that finds a damaged backup drills the others', async () => {
  mkdirSync(join(top, 'srv'))
  writeFileSync(join(top, 'srv', 'page'), 'welcome')
  const services = Object.fromEntries(
    ['etc', 'srv'].map((name) => [name, { type: 'files', include_paths: [join(top, name)] }]),
  )
  writeFileSync(join(top, 'backup_config.json'), JSON.stringify({ services }))
  const one = await engine()
  const rehearsal: ScheduleDraft = { ...nightly, id: 'rehearsal', type: 'drill', services: [] }
  await one.saveSchedule({ ...rehearsal, drill: { check: check('exit 9') } }, 'new')
  await expect(one.runSchedule('rehearsal', during)).rejects.toMatchObject({
    code: 'E_UNKNOWN_ID',
    message: 'there is no good backup to drill',
  })
  const create = async (service: string) =>
    (await one.create({ ...plainly({ type: 'full', paths: [] }), services: [service] }, during)).backup.id
  const damaged = await create('etc')
  await create('srv')
  expect(await one.runSchedule('rehearsal', during)).toMatchObject({
    exitCode: 1,
    cards: [{ ok: false }, { ok: false }],
  })
  expect(drillNote()).toMatchObject({ outcome: 'failed' })
  const archive = join(top, 'repository', 'archives', damaged, 'etc.tar.zst.enc')
  const bytes = readFileSync(archive)
  writeFileSync(archive, bytes.fill(0, bytes.length >> 1))
  await one.saveSchedule(rehearsal, 'changed')
  await expect(one.runSchedule('rehearsal', during)).rejects.toMatchObject({ exitCode: 4 })
  expect(ledger().slice(2)).toMatchObject([
    { id: damaged, ok: false, error: expect.any(String) },
    { services: ['srv'], ok: true, level: 'compared' },
  ])
})

test('what a change leaves out is not kept from before', async () => {
  const one = await engine()
  await one.saveSchedule({ ...nightly, compression: 'xz', retention: { keep: 3 } }, 'new')
  await one.saveSchedule({ ...nightly, type: 'drill', drill: { check: check('true') } }, 'changed')
  expect(await one.saveSchedule(nightly, 'changed')).toEqual({
    ...nightly,
    createdAt: expect.any(String),
    lastRuns: [],
  })
})
