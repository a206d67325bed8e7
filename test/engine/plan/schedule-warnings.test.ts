import { expect, test } from 'vitest'
import { scheduleWarnings } from '../../../src/engine/plan/schedule-warnings.ts'
import type { PlannedSchedule } from '../../../src/model/schedule.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const [minute, hour] = [60_000, 3_600_000]

function planned(more: Partial<PlannedSchedule> = {}): PlannedSchedule {
  return {
    id: 'nightly',
    name: 'nightly',
    cron: '0 4 * * *',
    tz: 'UTC',
    if_missed: 'run-once',
    jitter_seconds: 0,
    enabled: true,
    createdAt: '2026-11-01T12:00:00Z',
    services: [],
    lastDurationMs: null,
    rpoHours: null,
    ...more,
  }
}
const warn = (mine: Partial<PlannedSchedule>, ...others: Partial<PlannedSchedule>[]) =>
  scheduleWarnings(
    planned(mine),
    others.map((other, at) => planned({ id: `other${at}`, name: `other${at}`, ...other })),
    now,
  ).map(({ kind, message, at }) => [
    kind,
    message,
    ...at.map((instant) => new Date(instant).toISOString().slice(0, 16)),
  ])

test('a schedule that is in nobody’s way has none', () => {
  expect(warn({})).toEqual([])
  expect(
    warn({ cron: '0 4 * * *', tz: 'Europe/Berlin', jitter_seconds: 600, lastDurationMs: hour, rpoHours: 25 }),
  ).toEqual([])
})

test('one that never fires says so, and nothing else', () => {
  expect(warn({ cron: '0 4 31 2 *', jitter_seconds: 86_400 })).toEqual([
    ['never-fires', 'never fires: February has no day 31'],
  ])
})

test('a step that reaches past its field', () => {
  expect(warn({ cron: '*/90 * * * *' })).toEqual([
    ['less-than-it-seems', '*/90 for the minute is only ever 0: a step does not reach past the field’s end'],
  ])
})

test.each([
  ['0 4 31 * *', 'does not run in February, April, June, September, November: too short for day 31'],
  ['0 4 29 2 *', 'does not run in February but in leap years: too short for day 29'],
  ['0 4 30-31 1,2,3 *', 'does not run in February: too short for day 30'],
])('%s leaves out months', (cron, message) => {
  expect(warn({ cron })).toEqual([['months-left-out', message]])
})

test.each(['0 4 28-31 * *', '0 4 31 * 1', '0 4 31 1,3 *', '0 4 * * *'])('%s leaves out none', (cron) => {
  expect(warn({ cron })).toEqual([])
})

test('times that the clock leaves out, or shows twice, within the year', () => {
  expect(warn({ cron: '30 2 * * *', tz: 'Europe/Berlin' })).toEqual([
    [
      'clock-set-ahead',
      '2027-03-28 02:30 does not exist in Europe/Berlin, where the clock is set ahead: it runs at 2027-03-28 03:00 instead',
      '2027-03-28T01:00',
    ],
    [
      'clock-set-back',
      '2027-10-31 02:30 comes twice in Europe/Berlin, where the clock is set back: it runs the first time only',
      '2027-10-31T00:30',
    ],
  ])
  expect(warn({ cron: '45 1 * * *', tz: 'Australia/Lord_Howe' }).map(([kind, , at]) => [kind, at])).toEqual([
    ['clock-set-back', '2027-04-03T14:45'],
  ])
  expect(warn({ cron: '30 2 * * 1-6', tz: 'Europe/Berlin' })).toEqual([])
  expect(warn({ cron: '30 * * * *', tz: 'Europe/Berlin' })).toEqual([])
  expect(warn({ cron: '30 2 * * *', tz: 'Asia/Kathmandu' })).toEqual([])
})

test('a jitter that is not shorter than the time between two runs', () => {
  expect(warn({ cron: '*/15 * * * *', jitter_seconds: 900 })).toEqual([
    [
      'jitter',
      'the jitter of 15 min 00 s is not shorter than the 15 min 00 s between two runs: their order is left to chance',
      '2026-11-21T12:15',
    ],
  ])
  expect(warn({ cron: '*/15 * * * *', jitter_seconds: 899 })).toEqual([])
})

test('runs that take longer than there is time', () => {
  expect(warn({ cron: '*/15 * * * *', lastDurationMs: 20 * minute })).toEqual([
    ['too-often', 'the last run took 20 min 00 s, and there are 15 min 00 s to the next', '2026-11-21T12:15'],
  ])
})

test('a pause in which the newest backup becomes too old', () => {
  expect(warn({ cron: '0 4 * * 1-5', rpoHours: 25 })).toEqual([
    [
      'recovery-point',
      'after 2026-11-27 04:00 there is no run for 3 d 0 h, more than the 1 d 1 h that a backup may be old',
      '2026-11-27T04:00',
    ],
  ])
})

test.each<[string, Partial<PlannedSchedule>, Partial<PlannedSchedule>, string | null]>([
  ['the same time', {}, {}, 'meets other0 on 2026-11-22 at 04:00: both back up everything'],
  ['other times', {}, { cron: '0 5 * * *' }, null],
  [
    'while mine still runs',
    { lastDurationMs: 2 * hour },
    { cron: '0 5 * * *' },
    'meets other0 on 2026-11-22 at 04:00: both back up everything',
  ],
  [
    'while the other still runs',
    { cron: '0 5 * * *' },
    { lastDurationMs: 2 * hour },
    'meets other0 on 2026-11-22 at 05:00: both back up everything',
  ],
  ['just after the other', { cron: '0 5 * * *' }, { lastDurationMs: hour }, null],
  [
    'one service of both',
    { services: ['web', 'db'] },
    { services: ['db', 'mail'] },
    'meets other0 on 2026-11-22 at 04:00: both back up db',
  ],
  ['all of the other', {}, { services: ['db', 'mail'] }, 'meets other0 on 2026-11-22 at 04:00: both back up db, mail'],
  ['no service of both', { services: ['web'] }, { services: ['db'] }, null],
  ['the other disabled', {}, { enabled: false }, null],
  ['the other never', {}, { cron: '0 4 31 2 *' }, null],
  ['the other unreadable', {}, { cron: 'x' }, null],
  ['itself', {}, { id: 'nightly' }, null],
  [
    'once a year, another zone',
    { cron: '*/5 * * * *' },
    { cron: '0 1 1 1 *', tz: 'Asia/Tokyo' },
    'meets other0 on 2026-12-31 at 16:00: both back up everything',
  ],
  [
    'once a year, mine',
    { cron: '2 1 1 1 *' },
    { cron: '*/5 * * * *', lastDurationMs: 150_000 },
    'meets other0 on 2027-01-01 at 01:02: both back up everything',
  ],
])('another schedule: %s', (_what, mine, other, message) => {
  expect(warn(mine, other).map(([, text]) => text)).toEqual(message === null ? [] : [message])
})

test('an expression that cannot be read has no warnings, and an unknown zone is an error', () => {
  expect(warn({ cron: 'x' })).toEqual([])
  expect(() => warn({ tz: 'Mars/Base' })).toThrow('time zone "Mars/Base" is not known')
})
