import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { openDocumentFile } from '../../src/engine/platform/document-file.ts'
import { pathFromText } from '../../src/model/path.ts'
import type { Schedule, ScheduleRun } from '../../src/model/schedule.ts'
import { openSchedules, rememberedRuns } from '../../src/store/schedules.ts'

let top: string
let path: string

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'schedules-'))
  path = join(top, 'schedules.json')
})
afterEach(() => rmSync(top, { recursive: true }))

function open() {
  const holder = { pid: process.pid, run: 'test', command: 'schedule', since: '2026-11-20T02:00:00.000Z' }
  const request = () => ({ waitMs: 60_000, signal: new AbortController().signal, holder, clock: systemClock })
  return openSchedules(openDocumentFile(createDiskFiles(), pathFromText(path), pathFromText(`${path}.lock`), request))
}
const onDisk = () => JSON.parse(readFileSync(path, 'utf8'))

function schedule(id: string, more: Partial<Schedule> = {}): Schedule {
  return {
    id,
    name: `every night ${id}`,
    cron: '0 2 * * *',
    tz: 'Europe/Berlin',
    type: 'incremental',
    services: ['web'],
    if_missed: 'run-once',
    jitter_seconds: 0,
    enabled: true,
    createdAt: '2026-11-20T12:00:00Z',
    lastRuns: [],
    ...more,
  }
}
function run(at: string, id = `run-${at}`): ScheduleRun {
  return { at, startedAt: at, run: id, outcome: null, durationMs: null }
}

test('begins with the first schedule; adds, changes and forgets', async () => {
  const schedules = open()
  expect(await schedules.read()).toEqual({ state: 'absent' })
  await schedules.add(schedule('nightly'))
  await schedules.add(schedule('weekly', { retention: { keep: 4, monthly: 12 }, compression: 'xz' }))
  expect(await schedules.change('nightly', (one) => ({ ...one, enabled: false }))).toMatchObject({ enabled: false })
  expect(onDisk()).toEqual({
    v: 1,
    schedules: [
      schedule('nightly', { enabled: false }),
      schedule('weekly', { retention: { keep: 4, monthly: 12 }, compression: 'xz' }),
    ],
  })
  expect(await schedules.forget('nightly')).toEqual(schedule('nightly', { enabled: false }))
  expect((await schedules.read()) as unknown).toMatchObject({ state: 'ok', value: { schedules: [{ id: 'weekly' }] } })
})

test('an id is taken once, and stays what it is', async () => {
  const schedules = open()
  await schedules.add(schedule('nightly'))
  await expect(schedules.add(schedule('nightly', { cron: '0 3 * * *' }))).rejects.toMatchObject({ code: 'E_USAGE' })
  expect(await schedules.change('nightly', (one) => ({ ...one, id: 'other' }))).toMatchObject({ id: 'nightly' })
  expect(onDisk().schedules).toEqual([schedule('nightly')])
})

test('an unknown id is told, and nothing is written', async () => {
  const schedules = open()
  await schedules.add(schedule('nightly'))
  const before = readFileSync(path, 'utf8')
  const unknown = { code: 'E_UNKNOWN_ID', message: 'no schedule has the id weekly' }
  await expect(schedules.change('weekly', (one) => one)).rejects.toMatchObject(unknown)
  await expect(schedules.forget('weekly')).rejects.toMatchObject(unknown)
  await expect(schedules.noteRun('weekly', run('2026-11-21T02:00:00Z'))).rejects.toMatchObject(unknown)
  expect(readFileSync(path, 'utf8')).toBe(before)
})

describe('runs', () => {
  test('an instant is noted once, however it is written', async () => {
    const schedules = open()
    await schedules.add(schedule('nightly'))
    expect(await schedules.noteRun('nightly', run('2026-11-21T01:00:00Z', 'a'))).toBe(true)
    expect(await schedules.noteRun('nightly', run('2026-11-21T01:00:00.000Z', 'b'))).toBe(false)
    expect(onDisk().schedules[0].lastRuns.map((one: ScheduleRun) => one.run)).toEqual(['a'])
  })

  test('of many processes that note one instant, one may run', async () => {
    await open().add(schedule('nightly'))
    const notes = Array.from({ length: 8 }, (_, at) =>
      open().noteRun('nightly', run('2026-11-21T01:00:00Z', `run${at}`)),
    )
    expect((await Promise.all(notes)).filter(Boolean)).toHaveLength(1)
  })

  test('the outcome is noted with its run', async () => {
    const schedules = open()
    await schedules.add(schedule('nightly'))
    await schedules.noteRun('nightly', run('2026-11-21T01:00:00Z', 'a'))
    await schedules.noteRun('nightly', run('2026-11-22T01:00:00Z', 'b'))
    await schedules.noteOutcome('nightly', 'a', { outcome: 'warnings', durationMs: 1234 })
    expect(onDisk().schedules[0].lastRuns).toEqual([
      run('2026-11-22T01:00:00Z', 'b'),
      { ...run('2026-11-21T01:00:00Z', 'a'), outcome: 'warnings', durationMs: 1234 },
    ])
  })

  test('the newest are remembered', async () => {
    const schedules = open()
    await schedules.add(schedule('hourly'))
    const first = Date.parse('2026-11-21T00:00:00Z')
    for (let hour = 0; hour < rememberedRuns + 3; hour++)
      await schedules.noteRun('hourly', run(new Date(first + hour * 3_600_000).toISOString(), `run${hour}`))
    const kept = onDisk().schedules[0].lastRuns.map((one: ScheduleRun) => one.run)
    expect(kept).toHaveLength(rememberedRuns)
    expect([kept[0], kept.at(-1)]).toEqual([`run${rememberedRuns + 2}`, 'run3'])
  })
})

test('keeps keys it does not know, of the document, of a schedule and of a run', async () => {
  const found = {
    v: 1,
    note: 'x',
    schedules: [{ ...schedule('nightly'), colour: 'red', lastRuns: [{ ...run('2026-11-21T01:00:00Z'), host: 'a' }] }],
  }
  writeFileSync(path, JSON.stringify(found))
  await open().add(schedule('weekly'))
  expect(onDisk()).toEqual({ ...found, schedules: [...found.schedules, schedule('weekly')] })
})

describe('a file that cannot be read', () => {
  const whole = JSON.stringify({ v: 1, schedules: [schedule('nightly')] })
  const withSchedule = (more: object) => JSON.stringify({ v: 1, schedules: [{ ...schedule('nightly'), ...more }] })

  test.each<[string, string, string]>([
    ['torn', whole.slice(0, -20), 'it is not JSON'],
    ['empty', '', 'it is empty, or no file'],
    ['of a later version', '{"v":2,"schedules":{}}', 'it is of version 2, which this Holdfast does not know'],
    ['without its list', '{"v":1}', 'schedules'],
    ['no object', 'null', 'expected object'],
    [
      'with a wrong cron expression',
      withSchedule({ cron: '0 25 * * *' }),
      'hour: "25" is not allowed; it takes 0 to 23',
    ],
    ['with an unknown zone', withSchedule({ tz: 'Mars/Base' }), 'must be a time zone'],
    ['with a jitter of days', withSchedule({ jitter_seconds: 200_000 }), 'jitter_seconds'],
    ['with a retention rule of a later version', withSchedule({ retention: { hourly: 24 } }), 'hourly'],
    ['with a negative count', withSchedule({ retention: { keep: -1 } }), 'keep'],
    [
      'with an id twice',
      JSON.stringify({ v: 1, schedules: [schedule('a'), schedule('a')] }),
      'two schedules have the id a',
    ],
    ['with an id that is a path', withSchedule({ id: '../x' }), 'id'],
  ])('%s: is told, and never written over', async (_what, text, why) => {
    writeFileSync(path, text)
    const schedules = open()
    expect(await schedules.read()).toMatchObject({ state: 'damaged', why: expect.stringContaining(why) })
    const refused = {
      code: 'E_DAMAGED',
      message: expect.stringContaining(`the schedules in schedules.json cannot be read: `),
    }
    await expect(schedules.add(schedule('weekly'))).rejects.toMatchObject(refused)
    await expect(schedules.forget('nightly')).rejects.toMatchObject(refused)
    await expect(schedules.noteRun('nightly', run('2026-11-21T02:00:00Z'))).rejects.toMatchObject(refused)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})

test('a change that the schema refuses is not written', async () => {
  const schedules = open()
  await schedules.add(schedule('nightly'))
  const before = readFileSync(path, 'utf8')
  await expect(schedules.change('nightly', (one) => ({ ...one, cron: 'x' }))).rejects.toThrow('this has 1')
  expect(readFileSync(path, 'utf8')).toBe(before)
})

describe('drills', () => {
  const drill = (id: string): Schedule =>
    schedule(id, { type: 'drill', drill: { check: { command: 'true', timeout_seconds: 9 }, scratch: '/srv' } })

  test('lie apart from the backups, and are read, changed, noted and forgotten like them', async () => {
    const schedules = open()
    await schedules.add(drill('rehearsal'))
    await schedules.add(schedule('nightly'))
    expect(onDisk()).toEqual({ v: 1, schedules: [schedule('nightly')], drills: [drill('rehearsal')] })
    expect(await schedules.read()).toEqual({
      state: 'ok',
      value: { v: 1, schedules: [schedule('nightly'), drill('rehearsal')] },
    })
    await expect(schedules.add(schedule('rehearsal'))).rejects.toMatchObject({ code: 'E_USAGE' })
    expect(await schedules.noteRun('rehearsal', run('2026-11-21T02:00:00Z'))).toBe(true)
    expect(onDisk().drills).toEqual([{ ...drill('rehearsal'), lastRuns: [run('2026-11-21T02:00:00Z')] }])
    await schedules.change('rehearsal', (one) => ({ ...one, type: 'full' }))
    expect(onDisk()).toMatchObject({ schedules: [{ id: 'nightly' }, { id: 'rehearsal', type: 'full' }] })
    expect(onDisk()).not.toHaveProperty('drills')
    await schedules.change('rehearsal', (one) => ({ ...one, type: 'drill' }))
    await schedules.forget('rehearsal')
    expect(onDisk()).toEqual({ v: 1, schedules: [schedule('nightly')] })
  })

  test('give way where a version that knows none has taken their id for a backup', async () => {
    const file = { v: 1, schedules: [schedule('rehearsal')], drills: [drill('rehearsal'), drill('rehearsal-2')] }
    writeFileSync(path, JSON.stringify(file))
    const schedules = open()
    await schedules.noteRun('rehearsal', run('2026-11-21T02:00:00Z'))
    expect(onDisk().schedules).toMatchObject([{ id: 'rehearsal', type: 'incremental', lastRuns: [{ outcome: null }] }])
    expect(onDisk().drills.map(({ id }: Schedule) => id)).toEqual(['rehearsal-3', 'rehearsal-2'])
  })

  test.each([
    ['no list', { v: 1, schedules: [], drills: {} }, 'drills, or schedules, are no list'],
    ['a scratch place that hangs on where one stands', withDrill({ scratch: 'here' }), 'must begin with /'],
    ['a check without a limit', withDrill({ check: { command: 'true' } }), 'timeout_seconds'],
  ])('that are %s are told', async (_, file, why) => {
    writeFileSync(path, JSON.stringify(file))
    expect(await open().read()).toMatchObject({ state: 'damaged', why: expect.stringContaining(why) })
  })

  function withDrill(more: object): object {
    return { v: 1, schedules: [], drills: [{ ...drill('rehearsal'), drill: more }] }
  }
})
