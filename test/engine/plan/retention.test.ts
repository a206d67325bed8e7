import { describe, expect, test } from 'vitest'
import { decideRetention } from '../../../src/engine/plan/retention.ts'
import { retentionBackupOf } from '../../../src/engine/plan/retention-backup.ts'
import { planCleanup } from '../../../src/engine/plan/retention-cleanup.ts'
import type { RetentionBackup, RetentionPolicy, RetentionRule } from '../../../src/model/retention.ts'
import { entry } from '../../store/entry.ts'
import { at, backup, day, hour, keepLast, policyOf, rulesFor } from './retention-kit.ts'

const now = at('2026-11-21T12:00')

/** `+` or `-` and the reasons, by id. */
function decide(backups: readonly RetentionBackup[], policy: RetentionPolicy) {
  return Object.fromEntries(
    decideRetention(backups, policy, now).map(({ backup, keep, reasons }) => [
      backup,
      `${keep ? '+' : '-'} ${reasons.join('; ')}`,
    ]),
  )
}
const nightly = (count: number, more: (number: number) => Partial<RetentionBackup> = () => ({})) =>
  Array.from({ length: count }, (_, number) => backup(`n${number}`, at('2026-11-21') - number * day, more(number)))
const first = '; newest good backup of web'

describe('each rule says what it keeps and why the rest goes', () => {
  test('the newest so many', () => {
    expect(decide(nightly(4), keepLast(2))).toEqual({
      n0: `+ newest #1 of 2${first}`,
      n1: '+ newest #2 of 2',
      n2: '- newest #3 > keep 2',
      n3: '- newest #4 > keep 2',
    })
  })

  test('those of the last so many days, to the millisecond', () => {
    const backups = [backup('a', now - hour), backup('b', now - 2 * day), backup('c', now - 2 * day - 1)]
    expect(decide(backups, policyOf([rulesFor([{ kind: 'within', days: 2 }])]))).toEqual({
      a: `+ within 2 days${first}`,
      b: '+ within 2 days',
      c: '- older than 2 days',
    })
  })

  test('the newest of each day', () => {
    const backups = [
      backup('a', '2026-11-21T04:00'),
      backup('b', '2026-11-21T02:00'),
      backup('c', '2026-11-19T02:00'),
      backup('d', '2026-11-18T02:00'),
    ]
    expect(decide(backups, policyOf([rulesFor([{ kind: 'each', period: 'day', count: 2 }])]))).toEqual({
      a: `+ daily #1 of 2${first}`,
      b: '- daily: 2026-11-21 has a newer one',
      c: '+ daily #2 of 2',
      d: '- daily #3 > keep 2',
    })
  })

  test.each<[RetentionRule, string, string, string]>([
    [
      { kind: 'each', period: 'week', count: 9 },
      '2026-11-16T00:00',
      '2026-11-15T23:59',
      'weekly: 2026-W47 has a newer one',
    ],
    [
      { kind: 'each', period: 'week', count: 9 },
      '2025-12-29T00:00',
      '2025-12-28T23:59',
      'weekly: 2026-W01 has a newer one',
    ],
    [
      { kind: 'each', period: 'week', count: 9 },
      '2020-12-28T00:00',
      '2020-12-27T23:59',
      'weekly: 2020-W53 has a newer one',
    ],
    [
      { kind: 'each', period: 'month', count: 9 },
      '2026-11-01T00:00',
      '2026-10-31T23:59',
      'monthly: 2026-11 has a newer one',
    ],
    [
      { kind: 'each', period: 'quarter', count: 9 },
      '2026-10-01T00:00',
      '2026-09-30T23:59',
      'quarterly: 2026-Q4 has a newer one',
    ],
    [
      { kind: 'each', period: 'year', count: 9 },
      '2026-01-01T00:00',
      '2025-12-31T23:59',
      'yearly: 2026 has a newer one',
    ],
  ])('%j begins a new period at %s', (rule, begins, before, reason) => {
    const backups = [backup('late', at(begins) + 4 * day), backup('begins', begins), backup('before', before)]
    const decided = decide(backups, policyOf([rulesFor([rule])]))
    expect(decided['begins']).toBe(`- ${reason}`)
    expect(decided['before']).toMatch(/^\+ \w+ #2 of 9/)
  })

  test('days are those of the policy’s zone', () => {
    const backups = [backup('a', '2026-11-20T23:30'), backup('b', '2026-11-20T22:30')]
    const daily = rulesFor([{ kind: 'each', period: 'day', count: 7 }])
    expect(decide(backups, policyOf([daily]))['b']).toBe('- daily: 2026-11-20 has a newer one')
    expect(decide(backups, policyOf([daily], { zone: 'Europe/Berlin' }))['b']).toBe('+ daily #2 of 7')
  })

  test('the newest of each month for so many days', () => {
    const backups = [
      backup('a', '2026-11-20'),
      backup('b', '2026-11-19'),
      backup('c', '2026-10-31'),
      backup('d', '2025-10-31'),
    ]
    expect(decide(backups, policyOf([rulesFor([{ kind: 'each-within', period: 'month', days: 365 }])]))).toEqual({
      a: `+ monthly within 365 days${first}`,
      b: '- monthly: 2026-11 has a newer one',
      c: '+ monthly within 365 days',
      d: '- monthly older than 365 days',
    })
  })

  test('a minimum stays whatever its age', () => {
    const rules: RetentionRule[] = [
      { kind: 'within', days: 1 },
      { kind: 'minimum', count: 2 },
    ]
    expect(
      decide(
        [backup('a', '2026-10-03'), backup('b', '2026-10-02'), backup('c', '2026-10-01')],
        policyOf([rulesFor(rules)]),
      ),
    ).toEqual({
      a: `+ minimum #1 of 2${first}`,
      b: '+ minimum #2 of 2',
      c: '- older than 1 day',
    })
  })

  test('one rule that keeps it is enough; for one that goes, every rule is told', () => {
    const rules: RetentionRule[] = [
      { kind: 'last', count: 1 },
      { kind: 'within', days: 2 },
    ]
    const decided = decide(nightly(4), policyOf([rulesFor(rules, { name: 'retention_policies.default' })]))
    expect(decided['n1']).toBe('+ within 2 days (retention_policies.default)')
    expect(decided['n3']).toBe(
      '- newest #4 > keep 1 (retention_policies.default); older than 2 days (retention_policies.default)',
    )
  })
})

describe('nothing goes', () => {
  test.each<[string, RetentionRule[]]>([
    ['no rules at all', []],
    [
      'every rule switched off',
      [
        { kind: 'last', count: 0 },
        { kind: 'within', days: 0 },
        { kind: 'each', period: 'day', count: 0 },
      ],
    ],
    ['a minimum alone', [{ kind: 'minimum', count: 1 }]],
  ])('with %s', (_what, rules) => {
    const decided = decide(nightly(3), policyOf([rulesFor(rules)]))
    expect(decided['n2']).toBe('+ no rule lets anything go')
  })

  test('with no sets', () => {
    expect(decide(nightly(2), policyOf([]))['n1']).toBe('+ no rule lets anything go')
  })

  test('that no rule is for: another type, another schedule, made by hand, another service', () => {
    const others = [
      ...nightly(3),
      backup('type', '2026-01-01', { type: 'incremental' }),
      backup('schedule', '2026-01-01', { schedule: 'weekly' }),
    ]
    expect(decide(others, keepLast(1, { types: ['full'] }))).toMatchObject({
      type: '+ no rule is for it',
      n2: '- newest #3 > keep 1',
    })
    expect(decide(others, keepLast(1, { schedules: ['nightly'] }))).toMatchObject({
      schedule: '+ no rule is for it',
      n2: '+ no rule is for it',
    })
    expect(decide(others, keepLast(1, { services: ['db'] }))).toMatchObject({ n2: '+ no rule is for it' })
  })
})

test('a safety backup stays for seven days whatever the rules say, and goes after that', () => {
  const backups = [
    ...nightly(2),
    backup('young', now - 7 * day, { type: 'safety' }),
    backup('old', now - 7 * day - 1, { type: 'safety' }),
    backup('pinned', now - 9 * day, { type: 'safety', pinned: true }),
  ]
  expect(decide(backups, keepLast(1))).toMatchObject({
    young: '+ safety backup within 7 days',
    old: '- safety backup older than 7 days',
    pinned: '+ pinned',
    n1: '- newest #2 > keep 1',
  })
  expect(decide(backups, policyOf([]))).toMatchObject({ old: '+ no rule lets anything go' })
})

test('each set of services is counted by itself, however they are listed', () => {
  const backups = [
    backup('a', '2026-11-20', { services: ['web', 'db'] }),
    backup('b', '2026-11-19', { services: ['db', 'web'] }),
    backup('c', '2026-11-18', { services: ['mail'] }),
    backup('d', '2026-11-17', { services: ['web'] }),
  ]
  expect(decide(backups, keepLast(1))).toEqual({
    a: '+ newest #1 of 1; newest good backup of web; newest good backup of db',
    b: '- newest #2 > keep 1',
    c: '+ newest #1 of 1; newest good backup of mail',
    d: '+ newest #1 of 1',
  })
})

describe('over every policy', () => {
  test('what a backup that stays needs stays, and what that needs', () => {
    const backups = [
      backup('c', '2026-11-20', { type: 'incremental', needs: ['b', 'unknown'] }),
      backup('b', '2026-11-19', { type: 'incremental', needs: ['a'] }),
      backup('a', '2026-11-18'),
      backup('z', '2026-11-17'),
    ]
    expect(decide(backups, keepLast(1))).toEqual({
      c: `+ newest #1 of 1${first}`,
      b: '+ needed by c',
      a: '+ needed by b',
      z: '- newest #4 > keep 1',
    })
  })

  test('of many that need it, the newest is named', () => {
    const backups = [...nightly(3, () => ({ needs: ['base'] })), backup('base', '2026-11-01')]
    expect(decide(backups, keepLast(3))['base']).toBe('+ needed by n0 and 2 more')
  })

  test('a base whose dependents all go, goes', () => {
    const backups = [
      backup('new', '2026-11-20'),
      backup('b', '2026-11-19', { needs: ['a'] }),
      backup('a', '2026-11-18'),
    ]
    expect(decide(backups, keepLast(1))).toMatchObject({ b: '- newest #2 > keep 1', a: '- newest #3 > keep 1' })
  })

  test('the newest verified backup of each service stays', () => {
    const backups = nightly(3, (number) => ({ verified: number === 2 }))
    expect(decide(backups, keepLast(1))).toMatchObject({
      n1: '- newest #2 > keep 1',
      n2: '+ newest verified backup of web',
    })
  })

  test('incomplete and damaged backups take no good one’s place', () => {
    const bad = (state: RetentionBackup['state']) => nightly(6, (number) => (number < 3 ? { state } : {}))
    expect(decide(bad('incomplete'), keepLast(2))).toEqual({
      n0: '+ newest #1 of 2 (incomplete)',
      n1: '+ newest #2 of 2 (incomplete)',
      n2: '- newest #3 > keep 2 (incomplete)',
      n3: `+ newest #1 of 2${first}`,
      n4: '+ newest #2 of 2',
      n5: '- newest #3 > keep 2',
    })
    expect(decide(bad('damaged'), keepLast(2))['n2']).toBe('- newest #3 > keep 2 (damaged)')
  })

  test('the only backup of a service stays, whatever its state', () => {
    const policy = policyOf([rulesFor([{ kind: 'within', days: 1 }])])
    const old = (id: string, state: RetentionBackup['state'], date: string) => backup(id, date, { state })
    expect(decide([old('a', 'incomplete', '2026-10-02'), old('b', 'incomplete', '2026-10-01')], policy)).toEqual({
      a: '+ newest backup of web, though incomplete: there is no good one',
      b: '- older than 1 day (incomplete)',
    })
    expect(decide([old('a', 'damaged', '2026-10-02')], policy)).toEqual({
      a: '+ newest backup of web, though damaged: there is no better one',
    })
    expect(
      decide(
        [old('a', 'damaged', '2026-10-03'), old('b', 'incomplete', '2026-10-02'), old('c', 'good', '2026-10-01')],
        policy,
      ),
    ).toEqual({
      a: '- older than 1 day (damaged)',
      b: '- older than 1 day (incomplete)',
      c: '+ newest good backup of web',
    })
  })

  test('one dated in the future stays, and takes nobody’s place', () => {
    const backups = [backup('future', '2027-01-01', { needs: ['n2'] }), ...nightly(4)]
    expect(decide(backups, keepLast(1))).toEqual({
      future: '+ dated in the future',
      n0: `+ newest #1 of 1${first}`,
      n1: '- newest #2 > keep 1',
      n2: '+ needed by future',
      n3: '- newest #4 > keep 1',
    })
  })

  test('one without a time that can be read stays', () => {
    expect(decide([...nightly(2), backup('x', Number.NaN)], keepLast(1))['x']).toBe('+ dated in the future')
  })

  test('one that is gone takes nobody’s place, and needs nothing', () => {
    const backups = [backup('gone', '2026-11-21T04:00', { state: 'gone', needs: ['n1'] }), ...nightly(2)]
    expect(decide(backups, keepLast(1))).toEqual({
      gone: '+ missing from archives: nothing to delete',
      n0: `+ newest #1 of 1${first}`,
      n1: '- newest #2 > keep 1',
    })
  })

  test('pins and holds', () => {
    const backups = nightly(4, (number) => ({ pinned: number === 2, legalHold: number === 3 ? 'case 7' : null }))
    const decisions = decideRetention(backups, keepLast(1), now)
    expect(decisions.map(({ keep, held, reasons }) => [keep, held, reasons[0]])).toEqual([
      [true, false, 'newest #1 of 1'],
      [false, false, 'newest #2 > keep 1'],
      [true, false, 'pinned'],
      [true, true, 'legal hold: case 7'],
    ])
  })

  test('a policy’s hold: what its rules keep, and all where it has none', () => {
    const compliance = (rules: RetentionRule[]) => rulesFor(rules, { name: 'compliance', legalHold: true })
    const held = (rules: RetentionRule[]) =>
      decideRetention(nightly(3), policyOf([rulesFor([{ kind: 'last', count: 1 }]), compliance(rules)]), now).map(
        ({ held }) => held,
      )
    expect(held([{ kind: 'within', days: 2 }])).toEqual([true, true, false])
    expect(held([])).toEqual([true, true, true])
  })
})

describe('grace', () => {
  const policy = policyOf([rulesFor([{ kind: 'last', count: 1 }])], { graceMs: day })
  const plan = (backups: readonly RetentionBackup[], rules: RetentionPolicy = policy, time = now) =>
    planCleanup(backups, decideRetention(backups, rules, time), time)

  test('what goes is marked first, and deleted when its grace is over', () => {
    const marked = nightly(2, (number) => ({ expiringSince: number === 1 ? now - day + 1 : null }))
    expect(plan(nightly(2))).toEqual({ delete: [], mark: ['n1'], unmark: [], next: now + day })
    expect(plan(marked)).toEqual({ delete: [], mark: [], unmark: [], next: now + 1 })
    expect(plan(marked, policy, now + 1)).toEqual({ delete: ['n1'], mark: [], unmark: [], next: null })
  })

  test('what is to stay after all loses its mark', () => {
    expect(plan(nightly(1, () => ({ expiringSince: now - 9 * day })))).toMatchObject({ delete: [], unmark: ['n0'] })
  })

  test('a mark from the future counts from now, and is set anew', () => {
    const backups = nightly(2, (number) => ({ expiringSince: number === 1 ? now + 99 * day : null }))
    expect(plan(backups)).toMatchObject({ delete: [], mark: ['n1'], next: now + day })
  })

  test('a base waits for the grace of what needs it, and says so', () => {
    const backups = [
      backup('new', '2026-11-20'),
      backup('b', '2026-11-19', { needs: ['a'] }),
      backup('a', '2026-11-18', { expiringSince: now - 9 * day }),
    ]
    expect(decide(backups, policy)['a']).toBe('- newest #3 > keep 1; needed by b until that is deleted')
    expect(plan(backups)).toMatchObject({ delete: [], mark: ['b'], next: now + day })
  })

  test('without grace, what goes is deleted at once: oldest first, but what needs a backup before it', () => {
    const backups = [
      backup('new', '2026-11-20'),
      backup('c', '2026-11-19', { needs: ['a', 'b'] }),
      backup('b', '2026-11-18', { needs: ['a'] }),
      backup('a', '2026-11-17'),
      backup('old', '2026-11-16'),
    ]
    expect(plan(backups, keepLast(1))).toEqual({
      delete: ['old', 'c', 'b', 'a'],
      mark: [],
      unmark: [],

      next: null,
    })
  })

  test('a chain of ten thousand is no trouble', () => {
    const chain = Array.from({ length: 10_000 }, (_, at) =>
      backup(`c${at}`, now - at * hour, { needs: at < 9999 ? [`c${at + 1}`] : [] }),
    )
    const backups = [backup('new', now), ...chain]
    const { delete: deleted } = plan(backups, keepLast(1))
    expect(deleted).toEqual(chain.map(({ id }) => id))
    expect(decideRetention(chain, keepLast(1), now).every(({ keep }) => keep)).toBe(true)
  })
})

test('an unknown zone is an error', () => {
  expect(() => decide([], policyOf([], { zone: 'Mars/Base' }))).toThrow('time zone "Mars/Base" is not known')
})

test.each<[object, RetentionBackup['state'], boolean]>([
  [{}, 'good', true],
  [{ verified: null }, 'good', false],
  [{ warnings: null }, 'good', true],
  [{ warnings: 2 }, 'incomplete', true],
  [{ verified: { level: 'full', at: '2026-11-20T02:00:00Z', ok: false }, warnings: 2 }, 'damaged', false],
  [{ missing: true, verified: null }, 'gone', false],
])('a line of the catalog with %j is %s', (more, state, verified) => {
  const schedule = { id: 'nightly', at: '2026-11-20T02:00:00Z' }
  const held = { pinned: true, legalHold: 'case 17', expiringSince: '2026-11-21T02:00:00Z' }
  const line = entry('aaaa', { deps: ['b'], schedule, ...held, ...more })
  expect(retentionBackupOf(line)).toMatchObject({
    state,
    verified,
    createdAt: at('2026-11-20'),
    needs: ['b'],
    pinned: true,
    schedule: 'nightly',
    legalHold: 'case 17',
    expiringSince: at('2026-11-21'),
  })
  expect(retentionBackupOf(line, { services: ['paths /a'] }).services).toEqual(['paths /a'])
})

test('warnings that the catalog does not know, for want of the key, count where they are known otherwise', () => {
  expect(retentionBackupOf(entry('aaaa', { warnings: null }), { warnings: 1 }).state).toBe('incomplete')
  expect(retentionBackupOf(entry('aaaa', { warnings: 0 }), { warnings: 1 }).state).toBe('good')
  expect(retentionBackupOf(entry('aaaa', { warnings: 0 }))).toMatchObject({ schedule: null, expiringSince: null })
})
