import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lastRunBetween, nextLocal, nextRuns, runsBetween } from '../../../src/engine/plan/cron-runs.ts'
import type { Cron } from '../../../src/model/cron.ts'
import { cronOf } from '../../cron-text.ts'

const at = (time: string) => Date.parse(`${time}Z`)
const utc = (runs: readonly number[]) => runs.map((run) => new Date(run).toISOString().slice(0, 16))
const next = (text: string, zone: string, after: string, count = 4) =>
  utc(nextRuns(cronOf(text), zone, at(after), count))

describe('in UTC', () => {
  test.each<[string, string, string[]]>([
    ['0 2 * * *', '2026-11-21T01:59', ['2026-11-21T02:00', '2026-11-22T02:00']],
    ['0 2 * * *', '2026-11-21T02:00', ['2026-11-22T02:00', '2026-11-23T02:00']],
    ['0 2 * * 1-5', '2026-11-20T12:00', ['2026-11-23T02:00', '2026-11-24T02:00']],
    ['0 4 31 * *', '2026-01-31T04:00', ['2026-03-31T04:00', '2026-05-31T04:00']],
    ['0 0 29 2 *', '2026-01-01T00:00', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['0 0 29 2 *', '2096-03-01T00:00', ['2104-02-29T00:00', '2108-02-29T00:00']],
    ['0 0 13 * 5', '2026-11-12T00:00', ['2026-11-13T00:00', '2026-11-20T00:00']],
    ['0 0 */28 2 1', '2100-02-02T00:00', ['2106-02-01T00:00', '2112-02-01T00:00']],
    ['0 0 31 2 *', '2026-01-01T00:00', []],
    ['@yearly', '2026-11-21T00:00', ['2027-01-01T00:00', '2028-01-01T00:00']],
  ])('%s after %s', (text, after, expected) => {
    expect(next(text, 'UTC', after, 2)).toEqual(expected)
  })

  test('to the second, after instants between two seconds too', () => {
    const cron = cronOf('*/20 * * * * *')
    const noon = at('2026-11-21T12:00')
    expect(nextRuns(cron, 'UTC', noon - 0.5, 2)).toEqual([noon, noon + 20_000])
    expect(nextRuns(cron, 'UTC', noon, 2)).toEqual([noon + 20_000, noon + 40_000])
    expect(nextRuns(cron, 'UTC', noon + 0.5, 1)).toEqual([noon + 20_000])
    expect(nextRuns(cron, 'UTC', noon, 0)).toEqual([])
  })
})

describe('where the clock is set', () => {
  test.each<[string, string, string, string, string[]]>([
    [
      'a time left out runs at the first instant after',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T00:00',
      ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30'],
    ],
    [
      'several times left out run once',
      '15,30,45 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00',
      ['2026-03-29T01:00', '2026-03-30T00:15', '2026-03-30T00:30'],
    ],
    [
      'one left out and one that is that instant are one',
      '0 2,3 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00',
      ['2026-03-29T01:00', '2026-03-30T00:00', '2026-03-30T01:00'],
    ],
    [
      'every hour goes on by real time',
      '30 * * * *',
      'Europe/Berlin',
      '2026-03-28T23:59',
      ['2026-03-29T00:30', '2026-03-29T01:30', '2026-03-29T02:30'],
    ],
    [
      'a time that comes twice runs at the first',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00',
      ['2026-10-25T00:30', '2026-10-26T01:30', '2026-10-27T01:30'],
    ],
    [
      'the second time is not the next of the first',
      '*/15 2 * * *',
      'Europe/Berlin',
      '2026-10-25T00:50',
      ['2026-10-26T01:00', '2026-10-26T01:15', '2026-10-26T01:30'],
    ],
    [
      'nor, asked within the repeated hour',
      '*/15 2 * * *',
      'Europe/Berlin',
      '2026-10-25T01:05',
      ['2026-10-26T01:00', '2026-10-26T01:15', '2026-10-26T01:30'],
    ],
    [
      'every hour runs in both',
      '30 * * * *',
      'Europe/Berlin',
      '2026-10-24T23:59',
      ['2026-10-25T00:30', '2026-10-25T01:30', '2026-10-25T02:30'],
    ],
    [
      'midnight left out',
      '0 0 * * *',
      'Africa/Cairo',
      '2026-04-22T23:00',
      ['2026-04-23T22:00', '2026-04-24T21:00', '2026-04-25T21:00'],
    ],
    [
      'half an hour left out',
      '10,35,40 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T14:00',
      ['2026-10-03T15:30', '2026-10-03T15:35', '2026-10-03T15:40'],
    ],
    [
      'half an hour twice, for a fixed time',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-03T14:50',
      ['2026-04-04T14:45', '2026-04-05T15:15', '2026-04-06T15:15'],
    ],
    [
      'half an hour twice, every hour',
      '45 * * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:00',
      ['2026-04-04T14:45', '2026-04-04T15:15', '2026-04-04T16:15'],
    ],
    [
      'a whole day left out',
      '0 12 30 * *',
      'Pacific/Apia',
      '2011-12-29T00:00',
      ['2011-12-30T10:00', '2012-01-29T22:00', '2012-03-29T22:00'],
    ],
    [
      'a day left out and the next are two runs',
      '0 12 * * *',
      'Pacific/Apia',
      '2011-12-29T00:00',
      ['2011-12-29T22:00', '2011-12-30T10:00', '2011-12-30T22:00'],
    ],
    [
      'asked at the very change, there is nothing left of it',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-29T01:00',
      ['2026-03-30T00:30', '2026-03-31T00:30', '2026-04-01T00:30'],
    ],
  ])('%s', (_what, text, zone, after, expected) => {
    expect(next(text, zone, after, 3)).toEqual(expected)
  })

  test('zones that are not whole hours from UTC', () => {
    expect(next('0 2 * * *', 'Asia/Kathmandu', '2026-11-21T00:00', 2)).toEqual(['2026-11-21T20:15', '2026-11-22T20:15'])
    expect(next('0 2 * * *', 'America/St_Johns', '2026-11-21T00:00', 1)).toEqual(['2026-11-21T05:30'])
  })
})

test.each([
  ['Mars/Base', 'name one such as Europe/Berlin or UTC'],
  ['Europe/Berln', 'did you mean Europe/Berlin?'],
  ['', 'name one such as Europe/Berlin or UTC'],
])('the zone "%s" is refused by name', (zone, hint) => {
  expect(() => nextRuns(cronOf('0 2 * * *'), zone, 0, 1)).toThrow(
    expect.objectContaining({ code: 'E_CONFIG', message: `time zone "${zone}" is not known`, hint }),
  )
})

/** What a clock on the wall shows, asked of Intl for each minute by itself. */
function minutesOf(zone: string, from: string, days: number) {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  })
  const minutes = []
  for (let instant = at(`${from}T00:00`); instant < at(`${from}T00:00`) + days * 86_400_000; instant += 60_000) {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]))
    const local = Date.UTC(
      Number(parts['year']),
      Number(parts['month']) - 1,
      Number(parts['day']),
      Number(parts['hour']),
      Number(parts['minute']),
    )
    minutes.push({ instant, local })
  }
  return minutes
}

/** Minute by minute: `suits` for each one there is, and for each one that was left out or has been before. */
function modelRuns(cron: Cron, minutes: ReturnType<typeof minutesOf>): number[] {
  const suits = (local: number) => {
    const date = new Date(local)
    const [byDate, byWeekday] = [cron.daysOfMonth.includes(date.getUTCDate()), cron.weekdays.includes(date.getUTCDay())]
    const byDay = cron.days === 'both' ? byDate && byWeekday : byDate || byWeekday
    return (
      byDay &&
      cron.months.includes(date.getUTCMonth() + 1) &&
      cron.hours.includes(date.getUTCHours()) &&
      cron.minutes.includes(date.getUTCMinutes())
    )
  }
  const runs: number[] = []
  const ofEveryHour = cron.hours.length === 24
  let shown = minutes[0]!.local - 60_000
  for (const { instant, local } of minutes) {
    if (ofEveryHour) {
      if (suits(local)) runs.push(instant)
      continue
    }
    let isDue = false
    for (let lived = shown + 60_000; lived <= local; lived += 60_000) isDue ||= suits(lived)
    shown = Math.max(shown, local)
    if (isDue) runs.push(instant)
  }
  return runs
}

const number = (lowest: number, highest: number) => fc.integer({ min: lowest, max: highest })
const field = (lowest: number, highest: number) =>
  fc.oneof(
    number(lowest, highest).map(String),
    fc.tuple(number(lowest, highest), number(lowest, highest)).map((pair) => pair.join(',')),
    fc.tuple(number(lowest, highest), number(lowest, highest)).map((pair) => pair.sort((a, b) => a - b).join('-')),
    number(1, Math.ceil(highest / 2)).map((step) => `*/${step}`),
  )
const star = <T>(other: fc.Arbitrary<T>, weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant('*') }, { weight: 1, arbitrary: other })
const expressions = fc
  .tuple(
    field(0, 59),
    star(fc.oneof(field(0, 23), field(0, 4)), 1),
    star(field(1, 31), 4),
    star(field(1, 12), 9),
    star(field(0, 6), 4),
  )
  .map((fields) => fields.join(' '))

describe.each([
  ['Europe/Berlin', '2026-03-26'],
  ['Europe/Berlin', '2026-10-22'],
  ['America/New_York', '2026-03-05'],
  ['America/New_York', '2026-10-29'],
  ['America/St_Johns', '2006-10-26'],
  ['Australia/Lord_Howe', '2026-04-02'],
  ['Australia/Lord_Howe', '2026-10-01'],
  ['Antarctica/Troll', '2026-03-27'],
  ['Africa/Cairo', '2026-04-21'],
  ['Africa/Cairo', '2026-10-27'],
  ['Asia/Kathmandu', '2026-03-26'],
  ['America/Caracas', '2007-12-06'],
  ['Pacific/Apia', '2011-12-27'],
  ['Pacific/Kwajalein', '1993-08-18'],
])('minute by minute in %s from %s', (zone, from) => {
  const minutes = minutesOf(zone, from, 7)
  const [start, end] = [minutes[0]!.instant, minutes.at(-1)!.instant]

  test('the runs are those that the wall clock shows', () => {
    fc.assert(
      fc.property(expressions, fc.nat({ max: minutes.length - 1 }), (text, middle) => {
        const cron = cronOf(text)
        const runs = modelRuns(cron, minutes)
        expect(runsBetween(cron, zone, start - 1, end, 20_000)).toEqual(runs)
        // asked from anywhere: the past decides nothing but what comes twice
        const asked = minutes[middle]!.instant
        expect(nextRuns(cron, zone, asked, 5).filter((run) => run <= end)).toEqual(
          runs.filter((run) => run > asked).slice(0, 5),
        )
        expect(lastRunBetween(cron, zone, start - 1, asked)).toBe(runs.findLast((run) => run <= asked) ?? null)
      }),
      { numRuns: 40 },
    )
  })
})

test('the newest run is found however long ago it was', () => {
  const last = (text: string, after: string, until: string) => {
    const run = lastRunBetween(cronOf(text), 'Europe/Berlin', at(after), at(until))
    return run === null ? null : utc([run])[0]
  }
  expect(last('0 0 29 2 *', '1990-01-01T00:00', '2027-01-01T00:00')).toBe('2024-02-28T23:00')
  expect(last('0 0 29 2 *', '2024-02-28T23:00', '2027-01-01T00:00')).toBeNull()
  expect(last('* * * * * *', '1990-01-01T00:00', '2027-01-01T00:00')).toBe('2027-01-01T00:00')
  expect(last('0 0 31 2 *', '1990-01-01T00:00', '2027-01-01T00:00')).toBeNull()
  expect(last('0 2 * * *', '2027-01-01T00:00', '2026-01-01T00:00')).toBeNull()
})

test('the rarest date there is, a leap day on a Sunday, is found over a century that leaves one out', () => {
  const cron = cronOf('0 0 29 2 */7')
  for (let year = 1990; year < 2390; year++) {
    const found = nextLocal(cron, Date.UTC(year, 0))
    expect(new Date(found ?? 0).toUTCString()).toContain('Sun, 29 Feb')
  }
})
