import { expect, test } from 'vitest'
import { BackupError } from '../../src/model/errors.ts'
import type { ScheduleDraft, ScheduleListing } from '../../src/model/schedule.ts'
import { terminals } from './fits-kit.ts'
import { key, misfits, openConsole, type Setting } from './harness.tsx'
import { hostileNames } from './hostile.ts'
import { sampleSchedule, sampleSchedules } from './schedule-sample.ts'

function withSchedules(listing: ScheduleListing = sampleSchedules()): Setting {
  return { engine: { schedules: async () => listing } }
}

test.each(terminals)(
  'schedules and the form of one fit %dx%d exactly, whatever they are called',
  async (columns, rows) => {
    for (const name of ['Nightly', ...hostileNames]) {
      const console = await openConsole({ ...withSchedules(sampleSchedules(name)), columns, rows })
      await console.keys('3')
      await console.until('NEXT')
      expect(misfits(console.frame(), columns, rows)).toEqual([])
      await console.keys(key.enter)
      await console.until('What it means')
      expect(misfits(console.frame(), columns, rows)).toEqual([])
      expect(console.frame()).not.toMatch(/[^\P{Cc}\n]/u)
      await console.keys(key.escape)
      await console.until('NEXT')
      await console.keys('1q')
      await console.left
    }
  },
)

test('says when a schedule runs, in words, on its clock and on that of UTC, and what may surprise', async () => {
  const console = await openConsole({ ...withSchedules(), columns: 100, rows: 30 })
  await console.keys('3')
  const frame = await console.until('At 02:30, every day, on the clock of Europe/Berlin')
  expect(frame).toContain('Sat 2026-11-21 02:30 +01:00   01:30Z   in 1h')
  expect(frame.match(/Z {3}in \d+/g)).toHaveLength(5)
  expect(frame).toContain('2027-03-28 02:30 does not exist in Europe/Berlin')
  expect(frame).toMatch(/Mail .* paused/)
  expect(frame).toContain('No daemon runs these: holdfast --daemon does.')
})

test('the form says what is wrong with a time while it is typed, and saves nothing that is none', async () => {
  const console = await openConsole(withSchedules())
  await console.keys(`3N`)
  await console.until('What it means')
  await console.keys(`Odd${key.tab}\x15`)
  await console.keys('61 2 * * *')
  await console.until('✖')
  await console.keys('\x15*/20 4 * * *')
  await console.until('At 04:00, 04:20 and 04:40')
})

test('a new schedule is saved once y has answered, with what was entered', async () => {
  const console = await openConsole(withSchedules())
  await console.keys('3N')
  await console.until('What it means')
  await console.keys(`Every night!${key.tab}\x150 1 * * 1-5${key.tab}\x15UTC`)
  // Type to full, the second service, keep.
  await console.keys(
    `${key.tab}${key.left}${key.tab}${key.right} ${key.tab}${key.tab}${key.tab}${key.tab}keep=3 days=9`,
  )
  await console.until('keep=3 days=9')
  await console.keys(key.enter)
  await console.until('Save this schedule?')
  await console.keys(key.enter)
  expect(console.calls.map(({ method }) => method)).not.toContain('saveSchedule')
  await console.keys('y')
  await console.until('Every night! is saved')
  expect(console.calls.find(({ method }) => method === 'saveSchedule')?.options).toMatchObject({
    as: 'new',
    draft: {
      id: 'every-night',
      name: 'Every night!',
      cron: '0 1 * * 1-5',
      tz: 'UTC',
      type: 'full',
      services: ['mail'],
      retention: { keep: 3, days: 9 },
      enabled: true,
    },
  })
})

test('what the engine refuses stays in the form, with the reason', async () => {
  const refuse = () =>
    Promise.reject(new BackupError('E_USAGE', 'there is a schedule x already', 'choose another name'))
  const console = await openConsole({ engine: { schedules: async () => sampleSchedules(), saveSchedule: refuse } })
  await console.keys('3N')
  await console.until('What it means')
  await console.keys(`x${key.enter}`)
  await console.until('Save this schedule?')
  await console.keys('y')
  await console.until('there is a schedule x already')
  expect(console.frame()).toMatch(/Name +x/)
})

test('leaving a form with changes asks; one without does not', async () => {
  const console = await openConsole(withSchedules())
  await console.keys(`3${key.enter}`)
  await console.until('What it means')
  await console.keys(key.escape)
  await console.until('LAST 10')
  await console.keys(key.enter)
  await console.until('What it means')
  await console.keys(`x${key.escape}`)
  await console.until('Leave without saving?')
  await console.keys(`${key.escape}`)
  await console.until(/Name +Nightlyx/)
  await console.keys(key.escape)
  await console.until('Leave without saving?')
  await console.keys('y')
  await console.until('LAST 10')
})

test('pausing, and removing, ask first', async () => {
  const console = await openConsole(withSchedules())
  await console.keys('3P')
  expect(await console.until('Pause this schedule?')).toContain('holdfast schedule disable nightly')
  await console.keys('y')
  await console.until('Nightly is paused')
  expect(console.calls.find(({ method }) => method === 'enableSchedule')?.options).toEqual({
    id: 'nightly',
    enabled: false,
  })
  await console.keys('D')
  await console.until('Remove this schedule?')
  await console.keys('n')
  await console.untilGone('Remove this schedule?')
  expect(console.calls.map(({ method }) => method)).not.toContain('removeSchedule')
})

test('says who runs the schedules', async () => {
  const daemon = { pid: 4711, since: '2026-11-01T06:00:00.000Z' }
  const console = await openConsole({ ...withSchedules(), status: { daemon } })
  await console.keys('3')
  await console.until('Process 4711 runs these, since 2026-11-01 06:00Z.')
})

test('a schedule is run now, once y has answered, and its run is followed', async () => {
  const console = await openConsole(withSchedules())
  await console.keys('3X')
  expect(await console.until('Run this schedule now?')).toContain('holdfast schedule run nightly')
  await console.keys(key.enter)
  expect(console.jobs.started).toEqual([])
  await console.keys('y')
  await console.until('what was asked for')
  expect(console.jobs.started).toEqual([{ kind: 'schedule', id: 'nightly' }])
  await console.keys(key.escape)
  await console.until('LAST 10')
  await console.keys(`${key.down}${key.down}X`)
  expect(await console.until('Run this schedule now?')).toContain('holdfast schedule run weekly')
  await console.keys('n')
  await console.untilGone('Run this schedule now?')
  expect(console.jobs.started).toHaveLength(1)
})

test('one of the configuration is shown and cannot be changed here', async () => {
  const console = await openConsole(withSchedules())
  await console.keys(`3${key.down}${key.down}`)
  const frame = await console.until('weekly: full of all services, from the configuration')
  expect(frame).not.toContain('P pause')
  await console.keys('P')
  expect(console.frame()).not.toContain('Pause this schedule?')
})

test('read-only: nothing of it can be changed', async () => {
  const console = await openConsole({ ...withSchedules(), readOnly: true })
  await console.keys('3')
  await console.until('Nightly')
  const before = console.frame()
  await console.keys(`NPDX${key.enter}`)
  expect(console.frame()).toBe(before)
})

test('schedules that cannot be read are told', async () => {
  const refuse = () =>
    Promise.reject(
      new BackupError(
        'E_DAMAGED',
        'the schedules in schedules.json cannot be read: torn',
        'put a good copy in its place',
      ),
    )
  const console = await openConsole({ engine: { schedules: refuse } })
  await console.keys('3')
  await console.until('put a good copy in its place')
})

test('a drill is scheduled in the same form, which then asks for its check instead of what to keep', async () => {
  const console = await openConsole({ ...withSchedules(), columns: 100, rows: 30 })
  await console.keys('3N')
  expect(await console.until('What it means')).toMatch(/Compression[\s\S]*Keep/)
  await console.keys(`Rehearsal${key.tab}\x150 5 * * 0${key.tab}\x15UTC${key.tab}${key.left}${key.left}`)
  const frame = await console.until('< drill >')
  expect(frame).toMatch(/Check[\s\S]*Timeout +15m[\s\S]*Scratch[\s\S]*If missed/)
  expect(frame).not.toMatch(/Compression|Keep/)
  // Past the services; then what is wrong is told.
  await console.keys(`${key.tab}${key.tab}./try it${key.tab}\x15soon`)
  await console.until('the timeout is written as 90s, 30m or 2h')
  await console.keys(`\x1530m${key.tab}/mnt/scratch`)
  await console.until('/mnt/scratch')
  await console.keys(key.enter)
  expect(await console.until('Save this schedule?')).toContain('Rehearsal: drill of all services')
  await console.keys('y')
  await console.until('Rehearsal is saved')
  const saved = console.calls.find(({ method }) => method === 'saveSchedule')?.options as { draft: ScheduleDraft }
  expect(saved.draft).toEqual({
    ...{ id: 'rehearsal', name: 'Rehearsal', cron: '0 5 * * 0', tz: 'UTC', type: 'drill', services: [] },
    ...{ if_missed: 'run-once', jitter_seconds: 0, enabled: true },
    drill: { check: { command: './try it', timeout_seconds: 1800 }, scratch: '/mnt/scratch' },
  })
})

test('a drill among the schedules: what it does, changed with what a later version has added, and run now', async () => {
  const { schedules, ...listing } = sampleSchedules()
  const drill = { check: { command: './try', timeout_seconds: 90 }, later: true }
  const rehearsal = sampleSchedule({ id: 'rehearsal', name: 'Rehearsal', type: 'drill', services: [], drill })
  const console = await openConsole(
    withSchedules({ ...listing, schedules: [{ origin: 'schedules.json', schedule: rehearsal }, ...schedules] }),
  )
  await console.keys('3')
  const frame = await console.until('Rehearsal: drill of all services')
  expect(frame).not.toContain('meets')
  await console.keys('P')
  await console.until('nothing is drilled by it until')
  await console.keys(`${key.escape}${key.enter}`)
  await console.until(/Timeout +90s/)
  await console.keys(`y${key.enter}`)
  await console.until('Change this schedule?')
  await console.keys('y')
  await console.until('Rehearsaly is saved')
  expect(console.calls.find(({ method }) => method === 'saveSchedule')?.options).toMatchObject({
    as: 'changed',
    draft: { drill },
  })
  await console.keys('X')
  expect(await console.until('Run this schedule now?')).toContain('drill of all services')
})
