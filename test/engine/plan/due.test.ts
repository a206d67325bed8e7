import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runsBetween } from '../../../src/engine/plan/cron-runs.ts'
import { believableAheadMs, believed, due, jitterOf, notedInstants } from '../../../src/engine/plan/due.ts'
import type { Timing } from '../../../src/model/schedule.ts'
import { cronOf } from '../../cron-text.ts'

const at = (time: string) => Date.parse(`${time}Z`)
const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]

function timing(more: Partial<Timing> = {}): Timing {
  return {
    id: 'nightly',
    name: 'nightly',
    cron: '0 2 * * *',
    tz: 'UTC',
    if_missed: 'run-once',
    jitter_seconds: 0,
    enabled: true,
    createdAt: '2026-11-01T12:00:00Z',
    ...more,
  }
}
const ask = (schedule: Partial<Timing>, done: readonly string[], now: string) =>
  due([timing(schedule)], new Map([['nightly', done.map(at)]]), at(now))
const instants = ({ runs }: ReturnType<typeof due>) => runs.map((run) => new Date(run.at).toISOString().slice(0, 16))
const kinds = ({ troubles }: ReturnType<typeof due>) => troubles.map((trouble) => trouble.kind)

describe('what is to run', () => {
  test.each<[string, Partial<Timing>, string[], string, string[], string]>([
    ['nothing before its time', {}, ['2026-11-20T02:00'], '2026-11-21T01:59', [], '2026-11-21T02:00'],
    ['at its time', {}, ['2026-11-20T02:00'], '2026-11-21T02:00', ['2026-11-21T02:00'], '2026-11-22T02:00'],
    ['not again once noted', {}, ['2026-11-21T02:00'], '2026-11-21T02:00', [], '2026-11-22T02:00'],
    [
      'what was missed, long after',
      {},
      ['2026-11-20T02:00'],
      '2026-11-21T20:00',
      ['2026-11-21T02:00'],
      '2026-11-22T02:00',
    ],
    [
      'one for all that was missed',
      {},
      ['2026-11-10T02:00'],
      '2026-11-21T20:00',
      ['2026-11-21T02:00'],
      '2026-11-22T02:00',
    ],
    [
      'nothing that was missed, where asked to skip',
      { if_missed: 'skip' },
      ['2026-11-20T02:00'],
      '2026-11-21T20:00',
      [],
      '2026-11-22T02:00',
    ],
    [
      'a little late, where asked to skip',
      { if_missed: 'skip' },
      ['2026-11-20T02:00'],
      '2026-11-21T02:04',
      ['2026-11-21T02:00'],
      '2026-11-22T02:00',
    ],
    ['nothing from before it was created', {}, [], '2026-11-01T12:01', [], '2026-11-02T02:00'],
    ['the first since it was created', {}, [], '2026-11-02T02:00', ['2026-11-02T02:00'], '2026-11-03T02:00'],
    [
      'nothing from before it was enabled again',
      { activeSince: '2026-11-21T12:00:00Z' },
      ['2026-11-10T02:00'],
      '2026-11-21T20:00',
      [],
      '2026-11-22T02:00',
    ],
    [
      'on its zone’s clock',
      { tz: 'Europe/Berlin' },
      ['2026-11-20T01:00'],
      '2026-11-21T01:00',
      ['2026-11-21T01:00'],
      '2026-11-22T01:00',
    ],
    [
      'what a changed expression asks for',
      { cron: '0 4 * * *' },
      ['2026-11-21T02:00'],
      '2026-11-21T04:00',
      ['2026-11-21T04:00'],
      '2026-11-22T04:00',
    ],
  ])('%s', (_what, schedule, done, now, expected, next) => {
    const found = ask(schedule, done, now)
    expect(instants(found)).toEqual(expected)
    expect(found.next).toBe(at(next))
  })

  test('nothing of a schedule that is disabled, nor of one that never fires', () => {
    expect(ask({ enabled: false }, [], '2026-11-21T02:00')).toEqual({ runs: [], troubles: [], next: null })
    expect(ask({ cron: '0 2 31 2 *' }, [], '2026-11-21T02:00')).toEqual({ runs: [], troubles: [], next: null })
  })

  test('with the reason, and with what it makes up for', () => {
    const reason = (done: string[], now: string, more: Partial<Timing> = {}) => ask(more, done, now).runs[0]?.reason
    expect(reason(['2026-11-20T02:00'], '2026-11-21T02:00')).toBe('2026-11-21 02:00 UTC')
    expect(reason(['2026-11-20T02:00'], '2026-11-21T05:00')).toBe('missed 2026-11-21 02:00 UTC, 3 h 00 min late')
    expect(reason(['2026-11-18T02:00'], '2026-11-21T02:01')).toBe('2026-11-21 02:00 UTC, for 2 before it too')
    expect(reason(['2026-11-18T02:00'], '2026-11-21T05:00', { tz: 'Asia/Kathmandu' })).toBe(
      'missed 2026-11-21 02:00 Asia/Kathmandu, 8 h 45 min late, for 2 before it too',
    )
    expect(ask({ cron: '* * * * *' }, ['2026-11-10T02:00'], '2026-11-21T02:00').runs[0]).toMatchObject({
      missed: 100,
      reason: '2026-11-21 02:00 UTC, for 100 or more before it too',
    })
  })

  test('tells what is skipped', () => {
    expect(ask({ if_missed: 'skip' }, ['2026-11-20T02:00'], '2026-11-21T20:00').troubles).toEqual([
      {
        schedule: 'nightly',
        kind: 'missed',
        message: 'nightly: 2026-11-21 02:00 UTC was missed and is not made up for, as if_missed is skip',
      },
    ])
  })

  test('of many, the longest overdue first, and the earliest next instant of all', () => {
    const schedules = [
      timing({ id: 'b', cron: '0 3 * * *' }),
      timing({ id: 'a' }),
      timing({ id: 'c', cron: '30 * * * *' }),
    ]
    const found = due(schedules, new Map(), at('2026-11-21T03:00'))
    expect(found.runs.map((run) => run.schedule)).toEqual(['c', 'a', 'b'])
    expect(found.next).toBe(at('2026-11-21T03:30'))
  })

  test('the others, where one cannot be read', () => {
    const schedules = [timing({ id: 'a', cron: 'x' }), timing({ id: 'b', tz: 'Mars/Base' }), timing({ id: 'c' })]
    const found = due(schedules, new Map(), at('2026-11-21T02:00'))
    expect(found.runs.map((run) => run.schedule)).toEqual(['c'])
    expect(found.troubles.map(({ schedule, kind }) => [schedule, kind])).toEqual([
      ['a', 'unusable'],
      ['b', 'unusable'],
    ])
  })
})

describe('jitter', () => {
  test('is the same for one instant, differs between them, and stays within its limit', () => {
    const starts = new Set<number>()
    for (let run = 0; run < 1000; run++) {
      const later = jitterOf('nightly', run * day, 10 * minute)
      expect(jitterOf('nightly', run * day, 10 * minute)).toBe(later)
      expect(later % second).toBe(0)
      starts.add(later / second)
    }
    expect(Math.min(...starts)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...starts)).toBeLessThanOrEqual(600)
    expect(starts.size).toBeGreaterThan(400)
    expect(jitterOf('a', day, hour)).not.toBe(jitterOf('b', day, hour))
  })

  test('puts the start off, not the instant that is run', () => {
    const jitter = jitterOf('nightly', at('2026-11-21T02:00'), hour)
    expect(jitter).toBeGreaterThan(0)
    const start = at('2026-11-21T02:00') + jitter
    const found = (now: number) =>
      due([timing({ jitter_seconds: 3600 })], new Map([['nightly', [at('2026-11-20T02:00')]]]), now)
    expect(found(start - 1)).toMatchObject({ runs: [], next: start })
    expect(found(start)).toMatchObject({ runs: [{ at: at('2026-11-21T02:00'), lateMs: 0 }] })
    expect(found(start - 1 + 30 * day).runs).toHaveLength(1)
  })
})

describe('a clock that was wrong', () => {
  test('set back a little: what was done is not done again, and it is told', () => {
    const done = ['2026-11-21T04:00', '2026-11-21T03:00', '2026-11-21T02:00']
    const found = ask({ cron: '0 * * * *' }, done, '2026-11-21T02:30')
    expect(found).toMatchObject({ runs: [], next: at('2026-11-21T05:00') })
    expect(found.troubles).toEqual([
      {
        schedule: 'nightly',
        kind: 'last-run-in-the-future',
        message:
          'nightly: the last run is for 2026-11-21 04:00, 1 h 30 min ahead of the clock: what was done is not repeated; is the clock right?',
      },
    ])
  })

  test('set back over something missed then: that is run, for it was not done', () => {
    const done = ['2026-11-21T04:00', '2026-11-21T01:00']
    expect(instants(ask({ cron: '0 * * * *' }, done, '2026-11-21T02:00'))).toEqual(['2026-11-21T02:00'])
  })

  test('set back by days: the new time counts, and what it shows again is run again', () => {
    const done = ['2026-11-21T02:00', '2026-11-20T02:00', '2026-11-19T02:00', '2026-11-18T02:00']
    const found = ask({}, done, '2026-11-18T12:00')
    expect(found).toMatchObject({ runs: [], next: at('2026-11-19T02:00') })
    expect(kinds(found)).toEqual(['last-run-in-the-future'])
  })

  test('ahead by years when a run was noted: not waited for, and told', () => {
    const found = ask({}, ['2036-11-21T02:00', '2026-11-19T02:00'], '2026-11-20T12:00')
    expect(instants(found)).toEqual(['2026-11-20T02:00'])
    expect(found.next).toBe(at('2026-11-21T02:00'))
    expect(found.troubles[0]?.message).toContain('it is not believed; was the clock wrong then?')
    expect(instants(ask({}, ['2036-11-21T02:00'], '2026-11-20T12:00'))).toEqual(['2026-11-20T02:00'])
  })

  test('ahead when the schedule was created: runs at its times all the same, and makes up for nothing', () => {
    const schedule = { createdAt: '2036-01-01T00:00:00Z' }
    expect(kinds(ask(schedule, [], '2026-11-20T12:00'))).toEqual(['created-in-the-future'])
    expect(instants(ask(schedule, [], '2026-11-20T12:00'))).toEqual([])
    expect(instants(ask(schedule, [], '2026-11-21T02:00'))).toEqual(['2026-11-21T02:00'])
    expect(instants(ask(schedule, ['2026-11-21T02:00'], '2026-11-21T02:01'))).toEqual([])
  })
})

test('what schedules.json has noted is what was done', () => {
  const run = { startedAt: '2026-11-21T02:00:03Z', run: 'x', outcome: null, durationMs: null }
  const noted = notedInstants([
    { id: 'nightly', lastRuns: [{ ...run, at: '2026-11-21T02:00:00.000Z' }] },
    { id: 'new', lastRuns: [] },
  ])
  expect(due([timing()], noted, at('2026-11-21T02:01')).runs).toEqual([])
  expect(due([timing({ id: 'new' })], noted, at('2026-11-21T02:01')).runs).toHaveLength(1)
})

/** A daemon: asks, notes and runs what is due, sleeps until the next instant or until the clock is set. */
function live(schedules: readonly Timing[], from: number, until: number, jumps: readonly { at: number; by: number }[]) {
  const noted = new Map<string, number[]>()
  const ran: { schedule: string; at: number; clock: number; real: number }[] = []
  let skew = 0
  let [real, waiting] = [from, [...jumps]]
  while (real < until) {
    const now = real + skew
    for (const [id, done] of noted) noted.set(id, [...believed(done, now)])
    const found = due(schedules, noted, now)
    for (const run of found.runs) {
      ran.push({ schedule: run.schedule, at: run.at, clock: now, real })
      noted.set(run.schedule, [run.at, ...(noted.get(run.schedule) ?? [])].slice(0, 50))
    }
    const wake = found.next === null ? until : found.next - skew
    if (wake <= real) throw new Error('it does not sleep')
    const [jump] = waiting
    if (jump !== undefined && jump.at <= wake) {
      real = jump.at
      skew += jump.by
      waiting = waiting.slice(1)
    } else real = wake
  }
  return ran
}

const household = [
  timing({ id: 'hourly', cron: '0 * * * *', tz: 'Europe/Berlin' }),
  timing({ id: 'daily', cron: '30 2 * * *', tz: 'Europe/Berlin', jitter_seconds: 1800 }),
  timing({ id: 'weekly', cron: '0 3 * * 0', tz: 'America/New_York' }),
  timing({ id: 'monthly', cron: '0 4 1 * *', tz: 'Australia/Lord_Howe', if_missed: 'skip' }),
].map((schedule) => ({ ...schedule, createdAt: '2026-01-01T00:00:00Z' }))
const [newYear, nextYear] = [at('2026-01-01T00:00'), at('2027-01-01T00:00')]

test('through a year with a right clock, every instant is run once, at its time', () => {
  const ran = live(household, newYear, nextYear, [])
  for (const { id, cron, tz, jitter_seconds } of household) {
    const mine = ran.filter((run) => run.schedule === id)
    const jitterMs = jitter_seconds * second
    // the last may still be put off when the year ends
    const instants = runsBetween(cronOf(cron), tz, newYear, nextYear - 1, 10_000).filter(
      (run) => run + jitterOf(id, run, jitterMs) < nextYear,
    )
    expect(mine.map((run) => run.at)).toEqual(instants)
    expect(mine.filter((run) => run.clock - run.at !== jitterOf(id, run.at, jitterMs))).toEqual([])
  }
  expect(ran.length).toBeGreaterThan(9000)
})

test('through a year in which the clock jumps by up to three days, nothing is run twice but what a clock set back shows again, and nothing stays silent', () => {
  const jumps = Array.from({ length: 24 }, (_, number) => ({
    at: newYear + 10 * day + number * 14 * day + number * 7 * hour,
    by: Math.round(3 * day * Math.sin(number * 2.4)),
  }))
  const ran = live(household, newYear, nextYear, jumps)
  const isSetBack = (from: number, until: number) =>
    jumps.some((jump) => jump.by < -believableAheadMs && jump.at >= from && jump.at <= until)
  for (const [at, run] of ran.entries()) {
    const before = ran.slice(0, at).findLast((one) => one.schedule === run.schedule && one.at === run.at)
    if (before !== undefined) expect(isSetBack(before.real, run.real)).toBe(true)
  }
  for (const { id, cron, tz } of household) {
    const mine = ran.filter((run) => run.schedule === id)
    expect(mine.filter((run) => run.clock < run.at)).toEqual([])
    expect(mine.filter(({ at }) => runsBetween(cronOf(cron), tz, at - 1, at, 1)[0] !== at)).toEqual([])
    // what a clock set back by up to three hours shows again is waited out; skip loses what it jumps over
    const longest = { hourly: 4 * hour, daily: 5 * day, weekly: 11 * day, monthly: 70 * day }[id] ?? 0
    const times = [newYear, ...mine.map((run) => run.real), nextYear]
    const silences = times.slice(1).map((time, number) => time - times[number]!)
    expect(Math.max(...silences)).toBeLessThanOrEqual(longest)
  }
})

test('asked every minute or only when it said, the same is run', () => {
  const crons = fc.constantFrom('0 * * * *', '*/7 * * * *', '30 2 * * *', '0 0 * * 1', '15 */6 * * *')
  const kinds = fc.tuple(crons, fc.constantFrom(0, 60), fc.constantFrom('run-once' as const, 'skip' as const))
  fc.assert(
    fc.property(
      fc.array(kinds, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 0, max: 360 }),
      (chosen, startDay) => {
        const [from, until] = [newYear + startDay * day, newYear + (startDay + 1) * day]
        const createdAt = new Date(from).toISOString()
        const schedules = chosen.map(([cron, jitter_seconds, if_missed], number) =>
          timing({ id: `s${number}`, cron, jitter_seconds, if_missed, tz: 'Europe/Berlin', createdAt }),
        )
        const polled: string[] = []
        const noted = new Map<string, number[]>()
        for (let now = from; now < until; now += minute) {
          for (const { schedule, at } of due(schedules, noted, now).runs) {
            polled.push(`${schedule} ${at}`)
            noted.set(schedule, [at, ...(noted.get(schedule) ?? [])])
          }
        }
        const slept = live(schedules, from, until, []).filter((run) => run.at < until - 2 * minute)
        expect(polled.toSorted()).toEqual(expect.arrayContaining(slept.map(({ schedule, at }) => `${schedule} ${at}`)))
        expect(polled.length - slept.length).toBeLessThanOrEqual(schedules.length)
      },
    ),
    { numRuns: 6 },
  )
})
