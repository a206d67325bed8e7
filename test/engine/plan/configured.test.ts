import { readFileSync } from 'node:fs'
import { type ParseError, parse } from 'jsonc-parser'
import { describe, expect, test } from 'vitest'
import { configuredCleanup, configuredSchedules } from '../../../src/engine/plan/configured-schedules.ts'
import {
  idlePromises,
  policyFrom,
  policyFromCounts,
  rulesFrom,
  suggestedCounts,
} from '../../../src/engine/plan/retention-policy.ts'
import type { SettingsSources } from '../../../src/engine/plan/settings-sources.ts'
import { type Configuration, configurationSchema } from '../../../src/model/configuration-schema.ts'
import { pathFromText } from '../../../src/model/path.ts'
import { hour } from './retention-kit.ts'

const guide = readFileSync(new URL('../../fixtures/seed-configuration.md', import.meta.url), 'utf8')
const blocks = [...guide.matchAll(/```json\n(.*?)```/gs)].map((match) =>
  parse(match[1]!, [] as ParseError[], { allowTrailingComma: true }),
)
/** The block of the seed guide that has these sections. */
const blockWith = (...sections: string[]): Configuration =>
  configurationSchema.parse(blocks.find((block) => sections.every((section) => section in block)))

function sources(document: Configuration | null, variables: Record<string, string> = {}): SettingsSources {
  const place = pathFromText('/etc/holdfast')
  const environment = new Map(
    Object.entries(variables).map(([name, value]) => [name, { value, from: 'environment' as const }]),
  )
  return {
    root: undefined,
    environment,
    file: document === null ? null : { path: place, directory: place, document, where: () => 'backup_config.json:1:1' },
    defaultRoot: place,
    workingDirectory: place,
    environmentDirectory: place,
    keyFileFor: () => place,
  }
}
const everything = { types: null, schedules: null, services: null, legalHold: false }
const within = (days: number) => [{ kind: 'within', days }]

describe('the policy that is configured', () => {
  test('nobody asking lets nothing go', () => {
    expect(policyFrom(sources(null))).toEqual({ zone: 'UTC', sets: [], graceMs: 24 * hour, batchSize: 100 })
  })

  test('the policies of the seed guide: each type its days, all others for everything', () => {
    expect(policyFrom(sources(blockWith('retention_policies', 'cleanup_schedule')))).toEqual({
      zone: 'UTC',
      graceMs: 24 * hour,
      batchSize: 100,
      sets: [
        { ...everything, name: 'retention_policies.default', types: ['full'], rules: within(30) },
        { ...everything, name: 'retention_policies.default', types: ['incremental'], rules: within(7) },
        { ...everything, name: 'retention_policies.default', types: ['differential'], rules: within(14) },
        {
          ...everything,
          name: 'retention_policies.critical_data',
          rules: [{ kind: 'each-within', period: 'month', days: 365 }],
        },
        { ...everything, name: 'retention_policies.critical_data', types: ['full'], rules: within(90) },
        { ...everything, name: 'retention_policies.critical_data', types: ['incremental'], rules: within(14) },
        { ...everything, name: 'retention_policies.compliance', rules: within(730), legalHold: true },
      ],
    })
  })

  test('the sample of the seed guide: its zone, and the days of everything, of the root and of a schedule', () => {
    const policy = policyFrom(sources(blockWith('metadata', 'storage', 'schedules')))
    expect(policy).toMatchObject({
      zone: 'America/New_York',
      sets: [
        { ...everything, name: 'global_settings', rules: within(30) },
        { ...everything, name: 'storage.local', rules: within(7) },
        { ...everything, name: 'schedules.daily_incremental', schedules: ['daily_incremental'], rules: within(7) },
      ],
    })
    expect(idlePromises(policy)).toEqual([
      'storage.local: 7 days have no effect, because global_settings keeps everything for 30',
      'schedules.daily_incremental: 7 days have no effect, because global_settings keeps everything for 30',
    ])
  })

  test('a policy of a schedule’s or a service’s name is for that alone', () => {
    const policy = policyFrom(
      sources({
        services: { db: { type: 'postgres' } },
        schedules: { nightly: { cron_expression: '0 2 * * *' } },
        retention_policies: { db: { retention_days: 90 }, nightly: { retention_days: 14 }, old: { retention_days: 0 } },
      }),
    )
    expect(policy.sets).toEqual([
      { ...everything, name: 'retention_policies.db', services: ['db'], rules: within(90) },
      { ...everything, name: 'retention_policies.nightly', schedules: ['nightly'], rules: within(14) },
    ])
    expect(idlePromises(policy)).toEqual([])
  })

  test('a hold without a term holds for ever', () => {
    const { sets } = policyFrom(sources({ retention_policies: { compliance: { legal_hold_enabled: true } } }))
    expect(sets).toEqual([{ ...everything, name: 'retention_policies.compliance', rules: [], legalHold: true }])
  })

  test('the variables of the seed documents', () => {
    const variables = {
      BACKUP_RECOVERY_RETENTION_DAYS: '30',
      BACKUP_RETENTION_DAILY: '7',
      BACKUP_RETENTION_WEEKLY: '4',
      BACKUP_RETENTION_MONTHLY: '12',
    }
    expect(policyFrom(sources(null, variables)).sets).toEqual([
      { ...everything, name: 'BACKUP_RECOVERY_RETENTION_DAYS', rules: within(30) },
      { ...everything, name: 'BACKUP_RETENTION_DAILY', rules: [{ kind: 'each', period: 'day', count: 7 }] },
      { ...everything, name: 'BACKUP_RETENTION_WEEKLY', rules: [{ kind: 'each', period: 'week', count: 4 }] },
      { ...everything, name: 'BACKUP_RETENTION_MONTHLY', rules: [{ kind: 'each', period: 'month', count: 12 }] },
    ])
    expect(policyFrom(sources(null, { BACKUP_RETENTION_DAILY: '0' })).sets).toEqual([])
  })

  test('grace and batch as the cleanup says, none of both too', () => {
    const cleanup_schedule = { batch_size: 5, grace_period_hours: 0 }
    expect(policyFrom(sources({ cleanup_schedule }))).toMatchObject({ batchSize: 5, graceMs: 0 })
  })

  test('the rules of a schedule are for what it made', () => {
    const { sets } = policyFrom(sources(null), [
      { id: 'x1', name: 'nightly', retention: { keep: 5, minimum: 2 } },
      { id: 'x2', name: 'weekly' },
    ])
    expect(sets).toEqual([
      {
        ...everything,
        name: 'schedule x1',
        schedules: ['x1'],
        rules: [
          { kind: 'last', count: 5 },
          { kind: 'minimum', count: 2 },
        ],
      },
    ])
  })
})

test('counts become rules, each by its word; 0 is none', () => {
  expect(rulesFrom({ keep: 1, days: 2, daily: 3, weekly: 4, monthly: 5, quarterly: 6, yearly: 7, minimum: 8 })).toEqual(
    [
      { kind: 'last', count: 1 },
      { kind: 'within', days: 2 },
      { kind: 'each', period: 'day', count: 3 },
      { kind: 'each', period: 'week', count: 4 },
      { kind: 'each', period: 'month', count: 5 },
      { kind: 'each', period: 'quarter', count: 6 },
      { kind: 'each', period: 'year', count: 7 },
      { kind: 'minimum', count: 8 },
    ],
  )
  expect(rulesFrom({ keep: 0, days: 0 })).toEqual([])
  expect(policyFromCounts(suggestedCounts, 'Europe/Berlin', 2)).toEqual({
    zone: 'Europe/Berlin',
    sets: [
      {
        ...everything,
        name: '',
        rules: [
          { kind: 'last', count: 10 },
          { kind: 'within', days: 30 },
        ],
      },
    ],
    graceMs: 2 * hour,
    batchSize: 100,
  })
})

describe('the schedules that are configured', () => {
  const usual = { tz: 'UTC', if_missed: 'run-once', jitter_seconds: 0, enabled: true }

  test('those of the seed guide', () => {
    expect(configuredSchedules(sources(blockWith('schedules')))).toMatchObject([
      { ...usual, id: 'daily_incremental', type: 'incremental', cron: '0 2 * * *', services: ['daily_incremental'] },
      { ...usual, id: 'weekly_full', type: 'full', cron: '0 1 * * 0', services: ['weekly_full'] },
      { ...usual, id: 'hourly_critical', type: 'incremental', cron: '0 * * * *', services: ['hourly_critical'] },
    ])
  })

  test('without paths of its own, one is for all services; its type is full unless it says otherwise', () => {
    const schedules = { nightly: { cron_expression: '0 2 * * *', enabled: false } }
    expect(configuredSchedules(sources({ schedules, global_settings: { default_timezone: 'Asia/Tokyo' } }))).toEqual([
      {
        ...usual,
        tz: 'Asia/Tokyo',
        enabled: false,
        id: 'nightly',
        name: 'nightly',
        cron: '0 2 * * *',
        type: 'full',
        services: [],
      },
    ])
  })

  test.each<[Record<string, string>, object[]]>([
    [{}, []],
    [{ BACKUP_DAILY_ENABLED: 'true' }, [{ ...usual, id: 'daily', type: 'incremental', cron: '0 2 * * *' }]],
    [
      { BACKUP_WEEKLY_ENABLED: 'yes', BACKUP_WEEKLY_TIME: '0 5 * * 6' },
      [{ id: 'weekly', type: 'full', cron: '0 5 * * 6', enabled: true }],
    ],
    [{ BACKUP_MONTHLY_TIME: '0 6 1 * *' }, [{ id: 'monthly', type: 'full', cron: '0 6 1 * *', enabled: true }]],
    [{ BACKUP_MONTHLY_ENABLED: 'true' }, [{ id: 'monthly', cron: '0 4 1 * *' }]],
    [{ BACKUP_WEEKLY_ENABLED: 'off', BACKUP_WEEKLY_TIME: '0 5 * * 6' }, [{ id: 'weekly', enabled: false }]],
  ])('those of the variables %j', (variables, expected) => {
    expect(configuredSchedules(sources(null, variables))).toMatchObject(expected)
    expect(configuredSchedules(sources(null, variables))).toHaveLength(expected.length)
  })

  test('a variable makes none where the file has one of that name', () => {
    const schedules = { daily: { cron_expression: '0 9 * * *' } }
    expect(configuredSchedules(sources({ schedules }, { BACKUP_DAILY_ENABLED: 'true' }))).toMatchObject([
      { cron: '0 9 * * *' },
    ])
  })

  test('the cleanup', () => {
    const cleanup = (of: ReturnType<typeof sources>, schedules: Parameters<typeof policyFrom>[1] = []) =>
      configuredCleanup(of, policyFrom(of, schedules))
    expect(cleanup(sources(blockWith('cleanup_schedule')))).toEqual({ cron: '0 3 * * *', tz: 'UTC' })
    expect(cleanup(sources(null))).toBeNull()
    const zone = { global_settings: { default_timezone: 'Asia/Tokyo' } }
    expect(cleanup(sources(zone))).toBeNull()
    const sundays = { cron: '0 5 * * 0', tz: 'Asia/Tokyo' }
    expect(cleanup(sources(zone, { BACKUP_RETENTION_DAILY: '7' }))).toEqual(sundays)
    expect(cleanup(sources(zone), [{ id: 'a', name: 'a', retention: { keep: 3 } }])).toEqual(sundays)
    expect(cleanup(sources(zone), [{ id: 'a', name: 'a', retention: { minimum: 3 } }])).toBeNull()
  })
})
