import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WatchedSchedule, WatchedService } from '../../../src/engine/plan/absence.ts'
import { type AlertGround, judge } from '../../../src/engine/plan/alerts.ts'
import { jitterOf } from '../../../src/engine/plan/due.ts'
import { soundnessOf } from '../../../src/engine/plan/soundness.ts'
import type { CatalogEntry } from '../../../src/model/backup.ts'
import type { DrillRecord } from '../../../src/model/drill.ts'
import type { ScheduleRun } from '../../../src/model/schedule.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** A Saturday. */
const now = Date.parse('2026-11-21T12:00:00Z')
const iso = (ms: number) => new Date(ms).toISOString()

function backup(ageMs: number, more: Partial<CatalogEntry> = {}): CatalogEntry {
  const createdAt = iso(now - ageMs)
  return {
    id: `${createdAt.slice(0, 19).replaceAll(':', '-')}Z-full-aaaa`,
    type: 'full',
    createdAt,
    description: null,
    services: ['web'],
    base: null,
    deps: [],
    sizeBytes: 1000,
    bytes: null,
    reusedBytes: null,
    files: null,
    warnings: 0,
    durationMs: null,
    encrypted: true,
    pinned: false,
    verified: null,
    ...more,
  }
}

const web: WatchedService = { name: 'web', rpoHours: 25, hasRpo: false, isConfigured: true }

function schedule(cron: string, more: Partial<WatchedSchedule> = {}): WatchedSchedule {
  return {
    id: 'nightly',
    name: 'Nightly',
    type: 'full',
    cron,
    tz: 'UTC',
    jitter_seconds: 0,
    enabled: true,
    services: [],
    lastRuns: [],
    since: now - 400 * day,
    ...more,
  }
}

function run(ageMs: number, outcome: ScheduleRun['outcome'], more: Partial<ScheduleRun> = {}): ScheduleRun {
  const at = iso(now - ageMs)
  return { at, startedAt: at, run: `run-${ageMs / hour}`, outcome, durationMs: minute, ...more }
}

interface Terms extends Partial<Omit<AlertGround, 'soundness'>> {
  readonly withoutManifest?: readonly string[]
}

function judged({ withoutManifest = [], ...terms }: Terms) {
  const backups = [...(terms.backups ?? [])].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  return judge({
    services: [web],
    schedules: [],
    running: new Set(),
    now,
    catalogProblems: [],
    schedulesProblem: null,
    disk: { freeBytes: 800_000, totalBytes: 1_000_000 },
    drills: [],
    restores: [],
    keepsAll: false,
    verification: false,
    ...terms,
    backups,
    soundness: soundnessOf(backups, new Set(withoutManifest)),
  })
}

const said = (terms: Terms) => judged(terms).alerts.map(({ kind, subject }) => [kind, subject])
const messages = (terms: Terms) => judged(terms).alerts.map(({ message }) => message)

test('nothing is said where all is well', () => {
  expect(judged({ backups: [backup(hour)], schedules: [schedule('0 2 * * *')], verification: true }).alerts).toEqual([])
})

test.each<[string, Terms, string[] | null]>([
  ['no schedule, 25 hours', { backups: [backup(25 * hour)] }, null],
  [
    'no schedule, more than 25 hours',
    { backups: [backup(26 * hour)] },
    ['web: the last backup is 26 hours old, and nothing says that it may be older than 25 hours'],
  ],
  [
    'a service that is not configured any more',
    { services: [{ ...web, isConfigured: false }], schedules: [schedule('0 * * * *')], backups: [backup(20 * hour)] },
    null,
  ],
  ['weekly and 3 days old', { schedules: [schedule('0 3 * * 0')], backups: [backup(3 * day)] }, null],
  [
    'hourly and 3 hours old',
    { schedules: [schedule('0 * * * *')], backups: [backup(3 * hour + minute)] },
    ['web: the last backup is 3 hours old, and Nightly has made none since Sat 2026-11-21 09:00 +00:00'],
  ],
  [
    'hourly, the next one still on its way',
    { schedules: [schedule('0 * * * *')], backups: [backup(hour + minute)] },
    null,
  ],
  [
    'daily at 2, made yesterday at 2',
    { schedules: [schedule('0 2 * * *')], backups: [backup(34 * hour)] },
    ['web: the last backup is 34 hours old, and Nightly has made none since Sat 2026-11-21 02:00 +00:00'],
  ],
  [
    'of two schedules, only the rarer made one',
    {
      schedules: [schedule('0 * * * *'), schedule('0 3 * * 0', { id: 'weekly', name: 'Weekly' })],
      backups: [backup(3 * day)],
    },
    ['web: the last backup is 3 days old, and Nightly has made none since Wed 2026-11-18 13:00 +00:00'],
  ],
  [
    'an RPO of 48 hours goes before an hourly schedule',
    {
      services: [{ ...web, rpoHours: 48, hasRpo: true }],
      schedules: [schedule('0 * * * *')],
      backups: [backup(47 * hour)],
    },
    null,
  ],
  [
    'an RPO of 2 hours goes before a weekly schedule',
    {
      services: [{ ...web, rpoHours: 2, hasRpo: true }],
      schedules: [schedule('0 3 * * 0')],
      backups: [backup(3 * hour)],
    },
    ['web: the last backup is 3 hours old, its RPO is 2'],
  ],
  [
    'a schedule that is switched off',
    { schedules: [schedule('0 * * * *', { enabled: false })], backups: [backup(3 * hour)] },
    null,
  ],
  [
    'a schedule of another service',
    { schedules: [schedule('0 * * * *', { services: ['mail'] })], backups: [backup(3 * hour)] },
    null,
  ],
  [
    'the schedule of the cleanup',
    { schedules: [schedule('0 * * * *', { id: '@cleanup' })], backups: [backup(3 * hour)] },
    null,
  ],
  [
    'a backup dated in the future counts for nothing',
    { backups: [backup(-3 * day), backup(26 * hour)] },
    [
      'web: the last backup is 26 hours old, and nothing says that it may be older than 25 hours',
      `${backup(-3 * day).id} is dated 3 d 0 h ahead of the clock; is the clock right?`,
    ],
  ],
  [
    'a damaged one counts for nothing',
    { backups: [backup(hour, { verified: { level: 'full', at: iso(now), ok: false } }), backup(30 * hour)] },
    [
      'web: the last backup is 30 hours old, and nothing says that it may be older than 25 hours',
      `${backup(hour).id} failed its last verification`,
    ],
  ],
  [
    'nor does one that needs what is gone',
    { backups: [backup(hour, { deps: ['base'] }), backup(30 * hour)] },
    [
      'web: the last backup is 30 hours old, and nothing says that it may be older than 25 hours',
      'base is gone; 1 backup needs it',
    ],
  ],
  [
    'nor what is gone itself',
    { backups: [backup(hour, { missing: true }), backup(30 * hour)] },
    ['web: the last backup is 30 hours old, and nothing says that it may be older than 25 hours'],
  ],
  ['one that is on its way out is there until it is gone', { backups: [backup(2 * hour, { deleting: true })] }, null],
  [
    'nor a safety backup',
    { backups: [backup(hour, { type: 'safety' }), backup(30 * hour)] },
    ['web: the last backup is 30 hours old, and nothing says that it may be older than 25 hours'],
  ],
  ['there is none at all', { backups: [] }, ['web has never been backed up', 'there is no backup yet']],
  ['an incomplete one counts', { backups: [backup(hour, { warnings: 2 }), backup(20 * hour)] }, null],
  [
    'only incomplete ones for too long',
    { backups: [backup(hour, { warnings: 2 }), backup(30 * hour)] },
    [`web: the last backup is incomplete, and the last complete one is of ${iso(now - 30 * hour)}`],
  ],
  [
    'none was ever complete',
    { backups: [backup(hour, { warnings: 2 })] },
    ['web: the last backup is incomplete, and there is no complete one'],
  ],
  [
    'the incomplete ones are too old themselves',
    { backups: [backup(26 * hour, { warnings: 2 }), backup(30 * hour)] },
    ['web: the last backup is 26 hours old, and nothing says that it may be older than 25 hours'],
  ],
])('%s', (_, terms, expected) => {
  expect(messages(terms)).toEqual(expected ?? [])
})

test('a run has an hour, or twice what it took last, and its jitter', () => {
  const [at, made] = [Date.parse('2026-11-21T02:00:00Z'), Date.parse('2026-11-20T02:00:00Z')]
  const lastRuns = [
    run(34 * hour, 'done', { durationMs: 3 * hour }),
    run(58 * hour, 'failed', { durationMs: 9 * hour }),
  ]
  for (const [more, patienceMs] of [
    [{}, hour],
    [{ lastRuns }, 6 * hour],
    [{ jitter_seconds: 3600 }, hour + jitterOf('nightly', at, hour)],
  ] as const) {
    const terms = (instant: number): Terms => ({
      now: instant,
      schedules: [schedule('0 2 * * *', more)],
      backups: [backup(now - made)],
    })
    expect(said(terms(at + patienceMs))).toEqual([])
    expect(said(terms(at + patienceMs + 1))).toEqual([['overdue', 'web']])
  }
})

test('the first run of all may take a day while it goes on, and no longer', () => {
  const made = Date.parse('2026-11-20T02:00:00Z')
  const at = Date.parse('2026-11-21T02:00:00Z')
  const lastRuns = [{ at: iso(at), startedAt: iso(at), run: 'r1', outcome: null, durationMs: null }]
  const terms = (instant: number, running: readonly string[]): Terms => ({
    now: instant,
    schedules: [schedule('0 2 * * *', { lastRuns })],
    backups: [backup(now - made)],
    running: new Set(running),
  })
  expect(said(terms(at + 24 * hour, ['r1']))).toEqual([])
  expect(said(terms(at + 24 * hour, ['another']))).toEqual([['overdue', 'web']])
  expect(said(terms(at + 26 * hour, ['r1']))).toEqual([['overdue', 'web']])
})

test('what lay before a schedule was there is not missed, but excuses nothing that is too old anyway', () => {
  const since = now - 30 * minute
  const hourly = schedule('0 * * * *', { since })
  expect(said({ schedules: [hourly], backups: [backup(5 * hour)] })).toEqual([])
  expect(said({ schedules: [hourly], backups: [backup(26 * hour)] })).toEqual([['overdue', 'web']])
  expect(said({ schedules: [schedule('0 * * * *', { since: null })], backups: [backup(5 * hour)] })).toEqual([
    ['overdue', 'web'],
  ])
  const weekly = schedule('0 3 * * 0', { since })
  expect(said({ schedules: [weekly], backups: [backup(7 * day)] })).toEqual([['overdue', 'web']])
})

test('follows the clock of its zone over the change', () => {
  // 02:30 does not exist on 29 March 2026 in Berlin: it runs at 03:00, 01:00Z
  const berlin = schedule('30 2 * * *', { tz: 'Europe/Berlin', since: 0 })
  const made = Date.parse('2026-03-28T01:30:00Z')
  const missing = Date.parse('2026-03-29T01:00:00Z') + hour
  const terms = (instant: number): Terms => ({ now: instant, schedules: [berlin], backups: [backup(now - made)] })
  expect(said(terms(missing))).toEqual([])
  expect(messages(terms(missing + 1))).toEqual([
    'web: the last backup is 24 hours old, and Nightly has made none since Sun 2026-03-29 03:00 +02:00',
  ])
})

test('tells how old the last one may be, and by what', () => {
  const allowed = (terms: Terms) => judged(terms).standings[0]?.allowed
  expect(allowed({ backups: [backup(hour)] })).toEqual({ ms: 25 * hour, because: 'default', run: null })
  expect(allowed({ backups: [], services: [{ ...web, rpoHours: 4, hasRpo: true }] })).toMatchObject({
    ms: 4 * hour,
    because: 'rpo',
  })
  expect(allowed({ backups: [backup(34 * hour)], schedules: [schedule('0 2 * * *')] })).toMatchObject({
    ms: 25 * hour,
    because: 'schedule',
  })
})

test.each<[string, Terms, string[]]>([
  [
    'nearly full',
    { disk: { freeBytes: 49_999, totalBytes: 1_000_000 } },
    ["the repository's disk is nearly full: 4 % left"],
  ],
  [
    'room for the growth of two weeks',
    {
      keepsAll: true,
      disk: { freeBytes: 3001, totalBytes: 9000 },
      backups: [backup(hour), backup(day), backup(13 * day)],
    },
    [],
  ],
  [
    'no room for it',
    {
      keepsAll: true,
      disk: { freeBytes: 3000, totalBytes: 9000 },
      backups: [backup(hour), backup(day), backup(13 * day), backup(15 * day)],
    },
    ["the repository's disk has 2.93 KiB free, 2.93 KiB were added in 14 days, and no policy lets anything go"],
  ],
  [
    'no room for it, but a policy lets some go',
    { disk: { freeBytes: 3000, totalBytes: 9000 }, backups: [backup(hour), backup(day), backup(13 * day)] },
    [],
  ],
  [
    'no room for another as large and its working space',
    { disk: { freeBytes: 1999, totalBytes: 9000 }, backups: [backup(hour)] },
    ["the repository's disk has 1.95 KiB free, and the largest backup of the last 14 days took 1000 B"],
  ],
  [
    'a large one long ago',
    { disk: { freeBytes: 2999, totalBytes: 9000 }, backups: [backup(hour), backup(20 * day, { sizeBytes: 8000 })] },
    [],
  ],
  [
    'what is gone takes no room',
    {
      disk: { freeBytes: 2999, totalBytes: 9000 },
      backups: [backup(hour), backup(2 * hour, { sizeBytes: 8000, missing: true })],
    },
    [],
  ],
])('the disk: %s', (_, terms, expected) => {
  const disk = (one: Terms) => judged(one).alerts.filter(({ kind }) => kind.startsWith('disk'))
  expect(disk(terms).map(({ message }) => message)).toEqual(expected)
})

const verifiedAgo = (ms: number, ok = true) => ({ verified: { level: 'full', at: iso(now - ms), ok } })

test.each<[string, Terms, string[]]>([
  ['35 days ago', { backups: [backup(hour), backup(40 * day, verifiedAgo(35 * day))] }, []],
  [
    'more than 35 days ago',
    { backups: [backup(hour), backup(40 * day, verifiedAgo(35 * day + hour))] },
    ['the last good verification is 35 days old'],
  ],
  ['an old backup, lately', { backups: [backup(hour), backup(90 * day, verifiedAgo(day))] }, []],
  ['never, in the first week', { backups: [backup(hour), backup(7 * day)] }, []],
  [
    'never, after it',
    { backups: [backup(hour), backup(8 * day)] },
    ['no backup was ever verified, and the oldest is 8 days old'],
  ],
  [
    'never with success',
    { backups: [backup(hour), backup(8 * day, verifiedAgo(day, false))] },
    ['no backup was ever verified, and the oldest is 8 days old'],
  ],
  ['switched off', { verification: false, backups: [backup(hour), backup(90 * day)] }, []],
  ['nothing to verify', { backups: [] }, []],
])('verified %s', (_, terms, expected) => {
  const alerts = judged({ verification: true, ...terms }).alerts.filter(({ kind }) => kind === 'unverified')
  expect(alerts.map(({ message }) => message)).toEqual(expected)
})

test('says of a broken backup how many others it takes along, each under one of them', () => {
  const [base, middle, top, other] = [backup(4 * hour), backup(3 * hour), backup(2 * hour), backup(hour)] as const
  const backups = [
    { ...base, ...verifiedAgo(minute, false) },
    { ...middle, deps: [base.id] },
    { ...top, deps: [base.id, middle.id] },
    other,
  ]
  expect(judged({ backups }).alerts).toEqual([
    { kind: 'damaged', subject: base.id, message: `${base.id} failed its last verification; 2 backups need it` },
  ])
  expect(messages({ backups: [other, top], withoutManifest: [top.id] })).toEqual([
    `${top.id} has no manifest: it is not whole`,
  ])
})

test.each<[string, ScheduleRun[], string | null]>([
  ['none yet', [], null],
  ['the newest done', [run(10 * hour, 'done'), run(34 * hour, 'failed')], null],
  ['the newest with warnings', [run(10 * hour, 'warnings')], null],
  [
    'the newest failed',
    [run(10 * hour, 'failed'), run(34 * hour, 'done')],
    'its last run failed, Sat 2026-11-21 02:00 +00:00; see run-10',
  ],
  [
    'one that goes on after one that failed',
    [run(hour, null), run(10 * hour, 'failed')],
    'its last run failed, Sat 2026-11-21 02:00 +00:00; see run-10',
  ],
  [
    'the last three',
    [
      run(10 * hour, 'failed'),
      run(34 * hour, 'interrupted'),
      run(58 * hour, 'failed'),
      run(82 * hour, 'done'),
      run(106 * hour, 'failed'),
    ],
    'its last 3 runs failed, the first Thu 2026-11-19 02:00 +00:00; see run-10',
  ],
  ['one that is tried again soon', [run(10 * hour, 'failed', { retryAt: iso(now + minute) })], null],
  [
    'one whose new try did not come',
    [run(10 * hour, 'failed', { retryAt: iso(now - day) })],
    'its last run failed, Sat 2026-11-21 02:00 +00:00; see run-10',
  ],
])('runs of a schedule: %s', (_, lastRuns, message) => {
  const terms = { backups: [backup(hour)], schedules: [schedule('0 2 * * *', { lastRuns })] }
  expect(judged(terms).alerts).toEqual(
    message === null ? [] : [{ kind: 'schedule-failing', subject: 'nightly', message: `Nightly: ${message}` }],
  )
  expect(said({ ...terms, schedules: [schedule('0 2 * * *', { lastRuns, enabled: false })] })).toEqual([])
})

test.each([
  ['one that never fires', '0 2 31 2 *', 'UTC', /Nightly: .*February/],
  ['an unknown zone', '0 2 * * *', 'Europe/Atlantis', /Nightly: time zone "Europe\/Atlantis" is not known/],
  ['what is no cron expression', '0 25 * * *', 'UTC', /Nightly: .*hour/],
])('a schedule that is unusable: %s; its services have 25 hours then', (_, cron, tz, message) => {
  const terms = {
    schedules: [schedule(cron, { tz, lastRuns: [run(10 * hour, 'failed')] })],
    backups: [backup(24 * hour)],
  }
  const [first, second] = judged(terms).alerts
  expect(first).toMatchObject({
    kind: 'schedule-unusable',
    subject: 'nightly',
    message: expect.stringMatching(message),
  })
  expect(second).toMatchObject({ kind: 'schedule-failing' })
  expect(said({ ...terms, backups: [backup(26 * hour)] })).toContainEqual(['overdue', 'web'])
})

test('a run ahead of the clock is told', () => {
  const lastRuns = [run(-2 * day, 'done')]
  expect(judged({ backups: [backup(hour)], schedules: [schedule('0 2 * * *', { lastRuns })] }).alerts).toEqual([
    {
      kind: 'clock',
      subject: 'nightly',
      message: 'Nightly: its last run is 2 d 0 h ahead of the clock; is the clock right?',
    },
  ])
})

test('what is wrong with catalog and schedules.json comes as it is', () => {
  expect(judged({ backups: [backup(hour)], catalogProblems: ['torn'], schedulesProblem: 'worse' }).alerts).toEqual([
    { kind: 'catalog', subject: null, message: 'torn' },
    { kind: 'schedule-unusable', subject: null, message: 'worse' },
  ])
})

const crons = ['0 * * * *', '0 2 * * *', '30 2 * * 1-5', '0 3 * * 0', '15 4 1 * *', '*/10 8-18 * * *', '0 2 31 2 *']
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe']

const anySchedule = fc
  .record({
    cron: fc.constantFrom(...crons),
    tz: fc.constantFrom(...zones),
    jitter_seconds: fc.integer({ min: 0, max: 7200 }),
    sinceAgo: fc.integer({ min: 0, max: 100 * day }),
  })
  .map(({ cron, tz, jitter_seconds, sinceAgo }) => schedule(cron, { tz, jitter_seconds, since: now - sinceAgo }))
const anyAge = fc.integer({ min: 0, max: 60 * day })

test('what is overdue stays so until a newer backup is made, and then never is before its time', () => {
  fc.assert(
    fc.property(fc.array(anySchedule, { maxLength: 3 }), anyAge, anyAge, (schedules, age, laterMs) => {
      const terms = (instant: number): Terms => ({ now: instant, schedules, backups: [backup(age)] })
      const isOverdue = (instant: number) => said(terms(instant)).some(([kind]) => kind === 'overdue')
      if (isOverdue(now)) expect(isOverdue(now + laterMs)).toBe(true)
      const { allowed } = judged(terms(now)).standings[0]!
      expect(isOverdue(now)).toBe(age > allowed.ms)
      expect(said({ ...terms(now), backups: [backup(0), backup(age)] }).some(([kind]) => kind === 'overdue')).toBe(
        false,
      )
    }),
  )
})

test('no more schedules make a backup less overdue', () => {
  fc.assert(
    fc.property(anySchedule, anySchedule, anyAge, (one, another, age) => {
      const usable = [one, another].filter(({ cron }) => cron !== '0 2 31 2 *')
      const isOverdue = (schedules: readonly WatchedSchedule[]) =>
        said({ schedules, backups: [backup(age)] }).some(([kind]) => kind === 'overdue')
      if (usable.some((alone) => isOverdue([alone]))) expect(isOverdue(usable)).toBe(true)
    }),
  )
})

test('the same alert never comes twice', () => {
  const anyBackup = fc.record({
    age: fc.integer({ min: -day, max: 60 * day }),
    ok: fc.boolean(),
    on: fc.nat(9),
    missing: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(anyBackup, { maxLength: 10 }), (made) => {
      const ids = made.map(({ age }, at) => `${backup(age).id}${at}`)
      const backups = made.map(({ age, ok, on, missing }, at) =>
        backup(age, {
          id: ids[at]!,
          missing,
          ...verifiedAgo(0, ok),
          deps: ids[on] === undefined || on === at ? [] : [ids[on]],
        }),
      )
      const keys = said({ backups }).map(([kind, subject]) => `${kind} ${subject}`)
      expect(new Set(keys).size).toBe(keys.length)
    }),
  )
})

test('a restore that was interrupted, and an undo that was, are told with what to do; others are not', () => {
  const restore = { id: 'r1', at: iso(now), backup: 'b', target: '/', inPlace: true, safety: [] }
  const backups = [backup(hour)]
  const states = ['running', 'interrupted', 'restored', 'half-undone', 'undone', 'expired'] as const
  const told = states.flatMap((state) => messages({ backups, restores: [{ ...restore, state }] }))
  expect(told).toEqual([
    'r1, into /, was interrupted: holdfast restore --resume r1 goes on, holdfast undo r1 takes it back',
    'r1, into /, is undone in part: holdfast undo r1',
  ])
  expect(messages({ backups, restores: [{ id: 'r1', state: 'unreadable', problem: 'torn' }] })).toEqual([
    'r1 cannot be taken back, its record cannot be read: holdfast list --type safety shows what it saved',
  ])
})

test('a drill that failed is told of its services, once, and not of its schedule; one that could not be done is', () => {
  const at = iso(now - hour)
  const record: DrillRecord = {
    ...{ v: 1, id: 'b', run: 'run-1', at, services: ['web'], ok: false, level: 'checked', rtoMs: 1, restoreMs: 1 },
    ...{ compared: null, check: { ok: false, exitCode: 1, timedOut: false }, limitsMissed: [], error: null },
  }
  const sunday = schedule('0 5 * * 0', { type: 'drill', lastRuns: [run(hour, 'failed'), run(10 * hour, 'failed')] })
  const terms = { backups: [backup(hour)], schedules: [sunday] }
  expect(said({ ...terms, drills: [record] })).toEqual([['drill-failed', 'web']])
  expect(said({ ...terms, drills: [] })).toEqual([['schedule-failing', 'nightly']])
  // One by hand that passed later has proven what the schedule could not.
  expect(said({ ...terms, drills: [record, { ...record, run: 'by-hand', ok: true }] })).toEqual([])
})

test('a drill that took longer than the RTO of a service allows is told until one is fast enough', () => {
  const slow: DrillRecord = {
    ...{ v: 1, id: 'b', run: 'r', at: iso(now), services: ['web', 'mail'], ok: true, level: 'compared' },
    ...{ rtoMs: 5_400_000, restoreMs: 1, compared: null, check: null, limitsMissed: ['web rto'], error: null },
  }
  const terms = { backups: [backup(hour)] }
  expect(judged({ ...terms, drills: [slow] }).alerts).toEqual([
    {
      kind: 'drill-slow',
      subject: 'web',
      message: 'web: the last drill, of b, took 1 h 30 min, longer than its RTO allows',
    },
  ])
  expect(said({ ...terms, drills: [slow, { ...slow, limitsMissed: ['web rpo-gap'] }] })).toEqual([])
})

test('a drill that is scheduled promises no backup', () => {
  const drillOnly = schedule('0 2 * * *', { type: 'drill' })
  expect(judged({ backups: [backup(24 * hour)], schedules: [drillOnly] }).standings[0]?.allowed.because).toBe('default')
})
