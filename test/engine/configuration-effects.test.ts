import { expect, test } from 'vitest'
import type { Configured } from '../../src/engine/configuration.ts'
import { configuredCleanup, configuredSchedules } from '../../src/engine/plan/configured-schedules.ts'
import { policyFrom } from '../../src/engine/plan/retention-policy.ts'
import { keyRows } from '../../src/model/configuration-support.ts'
import { variableRows } from '../../src/model/configuration-variable-answers.ts'
import { fixedBlockDefaults } from '../../src/model/fixed-blocks.ts'
import { bench } from './configuration-workbench.ts'

/**
 * For every row that claims an effect: two documents that differ in that key alone, and so must differ in what they
 * come to. A row that claims an effect and has no example here fails.
 */
const files = { type: 'files', include_paths: ['/a'] }
const service = (keys: object) => ({ services: { s: { ...files, ...keys } } })
const schedule = (keys: object) => ({
  schedules: { s: { cron_expression: '0 2 * * *', include_paths: ['/a'], ...keys } },
})
const pbkdf2 = (keys: object) => ({ encryption: { key_derivation: { algorithm: 'PBKDF2', ...keys } } })
const key = (keys: object) => ({ encryption: { key_management: keys } })
const gzip = (keys: object) => ({ compression: { algorithms: { gzip: keys } } })
const logging = (keys: object) => ({ monitoring: { logging: keys } })
const policy = (keys: object) => ({ ...service({}), retention_policies: { p: keys } })
const threading = (keys: object) => ({ performance: { threading: keys } })

const effects: Record<string, readonly [without: object, withIt: object]> = {
  'services.*.type': [service({}), { services: { s: { type: 'secrets', include_paths: ['/a'] } } }],
  'services.*.include_paths': [service({}), service({ include_paths: ['/b'] })],
  'services.*.exclude_patterns': [service({}), service({ exclude_patterns: ['*.tmp'] })],
  'services.*.volume_paths': [service({}), service({ volume_paths: ['/v'] })],
  'services.*.one_file_system': [service({}), service({ one_file_system: true })],
  'services.*.exclude_caches': [service({}), service({ exclude_caches: true })],
  'services.*.fixed_block_patterns': [service({}), service({ fixed_block_patterns: ['*.db'] })],
  'services.*.fixed_block_kib': [service({}), service({ fixed_block_kib: 64 })],
  'services.*.url_env_var': [
    { services: { s: { type: 'redis' } } },
    { services: { s: { type: 'redis', url_env_var: 'U' } } },
  ],
  'services.*.path_env_var': [
    { services: { s: { type: 'agent_state' } } },
    { services: { s: { type: 'agent_state', path_env_var: 'P' } } },
  ],
  'services.*.rpo_hours': [service({}), service({ rpo_hours: 2 })],
  'services.*.rto_minutes': [service({}), service({ rto_minutes: 5 })],
  'storage.local.path': [{}, { storage: { local: { path: '/x' } } }],
  'storage.local.compression': [{}, { storage: { local: { compression: 'xz' } } }],
  'storage.local.encryption': [{}, { storage: { local: { encryption: false } } }],
  'encryption.enabled': [{}, { encryption: { enabled: false } }],
  'encryption.algorithm': [{ encryption: { algorithm: 'AES-256-GCM' } }, { encryption: { algorithm: 'DES' } }],
  'encryption.key_size': [{ encryption: { key_size: 256 } }, { encryption: { key_size: 128 } }],
  'encryption.key_derivation.algorithm': [{}, pbkdf2({})],
  'encryption.key_derivation.iterations': [pbkdf2({}), pbkdf2({ iterations: 700_000 })],
  'encryption.key_derivation.salt_size': [pbkdf2({}), pbkdf2({ salt_size: 256 })],
  'encryption.key_management.source': [{}, key({ source: 'environment' })],
  'encryption.key_management.file_path': [{}, key({ file_path: '/secure/backup.key' })],
  'encryption.key_management.environment_variable': [{}, key({ environment_variable: 'OTHER' })],
  'compression.default_algorithm': [{}, { compression: { default_algorithm: 'bzip2' } }],
  'compression.algorithms.*.enabled': [{}, { compression: { algorithms: { zstd: { enabled: false } } } }],
  'compression.algorithms.*.compression_level': [{}, gzip({ compression_level: 9 })],
  'compression.algorithms.*.speed_vs_size': [{}, gzip({ speed_vs_size: 'speed_optimized' })],
  'compression.thresholds.compression_enabled': [{}, { compression: { thresholds: { compression_enabled: false } } }],
  'schedules.*.cron_expression': [schedule({}), schedule({ cron_expression: '0 3 * * *' })],
  'schedules.*.type': [schedule({}), schedule({ type: 'incremental' })],
  'schedules.*.enabled': [schedule({}), schedule({ enabled: false })],
  'schedules.*.include_paths': [schedule({}), schedule({ include_paths: ['/b'] })],
  'schedules.*.exclude_patterns': [schedule({}), schedule({ exclude_patterns: ['*.log'] })],
  'schedules.*.retention_days': [schedule({}), schedule({ retention_days: 7 })],
  'storage.local.retention_days': [{}, { storage: { local: { retention_days: 7 } } }],
  'retention_policies.*': [policy({ retention_days: 7 }), { retention_policies: { s: { retention_days: 7 } } }],
  'retention_policies.*.retention_days': [policy({}), policy({ retention_days: 7 })],
  'retention_policies.*.full_backup_retention_days': [policy({}), policy({ full_backup_retention_days: 7 })],
  'retention_policies.*.incremental_backup_retention_days': [
    policy({}),
    policy({ incremental_backup_retention_days: 7 }),
  ],
  'retention_policies.*.differential_backup_retention_days': [
    policy({}),
    policy({ differential_backup_retention_days: 7 }),
  ],
  'retention_policies.*.monthly_snapshot_retention_days': [policy({}), policy({ monthly_snapshot_retention_days: 7 })],
  'retention_policies.*.legal_hold_enabled': [policy({}), policy({ legal_hold_enabled: true })],
  'cleanup_schedule.cron_expression': [{}, { cleanup_schedule: { cron_expression: '0 3 * * *' } }],
  'cleanup_schedule.batch_size': [{}, { cleanup_schedule: { batch_size: 7 } }],
  'cleanup_schedule.grace_period_hours': [{}, { cleanup_schedule: { grace_period_hours: 7 } }],
  'global_settings.backup_retention_days': [{}, { global_settings: { backup_retention_days: 7 } }],
  'recovery.verification_enabled': [{}, { recovery: { verification_enabled: false } }],
  'recovery.parallel_restore_threads': [{}, { recovery: { parallel_restore_threads: 3 } }],
  'monitoring.logging.level': [{}, logging({ level: 'ERROR' })],
  'monitoring.logging.file_path': [{}, logging({ file_path: '/var/log/x' })],
  'monitoring.logging.rotation.size_mb': [{}, logging({ rotation: { size_mb: 1 } })],
  'monitoring.logging.rotation.backup_count': [{}, logging({ rotation: { backup_count: 1 } })],
  'performance.threading.backup_threads': [{}, threading({ backup_threads: 3 })],
  'performance.threading.compression_threads': [{}, threading({ compression_threads: 3 })],
  'performance.threading.restore_threads': [{}, threading({ restore_threads: 3 })],
  'performance.threading.verification_threads': [{}, threading({ verification_threads: 3 })],
  'global_settings.company_name': [{}, { global_settings: { company_name: 'Acme' } }],
  'global_settings.default_timezone': [
    schedule({}),
    { ...schedule({}), global_settings: { default_timezone: 'Asia/Tokyo' } },
  ],
  'global_settings.encryption_enabled': [{}, { global_settings: { encryption_enabled: false } }],
  'metadata.version': [{}, { metadata: { version: '1.0' } }],
  'metadata.last_updated': [{}, { metadata: { last_updated: '2026-02-01T10:00:00Z' } }],
  'metadata.organization': [{}, { metadata: { organization: 'Acme' } }],
}

const variableEffects: Record<string, string> = {
  BACKUP_ENCRYPTION_KEY: 'a passphrase',
  BACKUP_DIR: '/x/root',
  BACKUP_RECOVERY_STORAGE_PATH: '/x/root',
  BACKUP_RECOVERY_ENCRYPTION_KEY_PATH: '/secure/backup.key',
  BACKUP_RECOVERY_COMPRESSION: 'xz',
  BACKUP_RECOVERY_VERIFICATION_ENABLED: 'false',
  BACKUP_RECOVERY_LOG_LEVEL: 'debug',
  BACKUP_RECOVERY_RETENTION_DAYS: '30',
  BACKUP_RETENTION_DAILY: '7',
  BACKUP_RETENTION_WEEKLY: '4',
  BACKUP_RETENTION_MONTHLY: '12',
  BACKUP_DAILY_ENABLED: 'true',
  BACKUP_DAILY_TIME: '0 5 * * *',
  BACKUP_WEEKLY_ENABLED: 'true',
  BACKUP_WEEKLY_TIME: '0 5 * * 0',
  BACKUP_MONTHLY_ENABLED: 'true',
  BACKUP_MONTHLY_TIME: '0 5 1 * *',
  JULES_AGENT_DIR: '/srv/agent',
}

function outcomeOf({ settings, services, sources }: Configured): object {
  const policy = policyFrom(sources)
  return {
    ...{ settings, services, policy },
    schedules: configuredSchedules(sources),
    cleanup: configuredCleanup(sources, policy),
  }
}

test.each(keyRows.filter((row) => row.answer === 'effect').map((row) => row.key))('%s has an effect', (name) => {
  expect(effects).toHaveProperty([name])
  const { write, load } = bench()
  const outcome = (document: object) => {
    write('backup_config.json', document)
    try {
      return outcomeOf(load())
    } catch (error) {
      return { error }
    }
  }
  const [without, withIt] = effects[name]!
  expect(outcome(without)).not.toHaveProperty('error')
  expect(outcome(withIt)).not.toEqual(outcome(without))
})

test.each(variableRows.filter((row) => row.answer === 'effect').map((row) => row.name))('%s has an effect', (name) => {
  expect(variableEffects).toHaveProperty([name])
  const { load } = bench()
  const outcome = (environment: Record<string, string>) => outcomeOf(load(environment))
  expect(outcome({ [name]: variableEffects[name]! })).not.toEqual(outcome({}))
})

test('fewer iterations than 600,000 are raised, with a notice that names both numbers', () => {
  const { write, load } = bench()
  write('backup_config.json', pbkdf2({ iterations: 100_000, salt_size: 64 }))
  const { settings, notices, warnings, origins } = load()
  expect(settings.encryption.derivation).toEqual({ algorithm: 'pbkdf2', iterations: 600_000, saltBytes: 16 })
  expect(notices).toContainEqual(expect.stringMatching(/key_derivation\.iterations: 100000 is raised to 600000/))
  expect(notices).toContainEqual(expect.stringMatching(/key_derivation\.salt_size: 64 is raised to 128/))
  expect(warnings).toEqual([])
  expect(origins).toContainEqual(
    expect.objectContaining({ key: 'encryption.key_derivation.iterations', value: '600000' }),
  )
})

test('iterations of a derivation that has none of them are answered', () => {
  const { write, load } = bench()
  write('backup_config.json', { encryption: { key_derivation: { algorithm: 'argon2id', iterations: 3 } } })
  expect(load().settings.encryption.derivation).toEqual({ algorithm: 'argon2id', saltBytes: 16 })
  expect(load().notices).toEqual([expect.stringMatching(/iterations: has no effect, because argon2id/)])
})

test.each([
  [true, false, true],
  [false, true, true],
  [false, false, false],
  [undefined, false, false],
])(
  'encryption.enabled %s beside encryption_enabled %s comes to %s, with a notice of a conflict',
  (one, other, expected) => {
    const { write, load } = bench()
    write('backup_config.json', { encryption: { enabled: one }, global_settings: { encryption_enabled: other } })
    expect(load().settings.encryption.enabled).toBe(expected)
    expect(load().notices).toHaveLength(one !== undefined && one !== other ? 1 : 0)
  },
)

test('a level that is given goes before the wish for speed or size', () => {
  const { write, load } = bench()
  write('backup_config.json', gzip({ compression_level: 6, speed_vs_size: 'size_optimized' }))
  expect(load().settings.compression.levels).toEqual({ zstd: null, gzip: 6, bzip2: null, xz: null })
})

test('compression that is switched off goes before the algorithms the file names, but not before the environment', () => {
  const { write, load } = bench()
  write('backup_config.json', {
    storage: { local: { compression: 'gzip' } },
    compression: { default_algorithm: 'xz', thresholds: { compression_enabled: false } },
  })
  expect(load().settings.compression.algorithm).toBe('none')
  expect(load().notices).toEqual([
    expect.stringMatching(/^storage\.local\.compression: gzip is not used, because .*compression_enabled/),
    expect.stringMatching(/^compression\.default_algorithm: xz is not used, because .*compression_enabled/),
  ])
  expect(load({ BACKUP_RECOVERY_COMPRESSION: 'bzip2' }).settings.compression.algorithm).toBe('bzip2')
})

test('two numbers for the same workers are settled with a notice', () => {
  const { write, load } = bench()
  write('backup_config.json', {
    ...threading({ backup_threads: 4, compression_threads: 2, restore_threads: 4 }),
    recovery: { parallel_restore_threads: 8 },
  })
  expect(load().settings.workers).toEqual({ backup: 4, restore: 8, verification: null })
  expect(load().notices).toEqual([
    expect.stringMatching(/compression_threads: 2 has no effect beside .*backup_threads: 4/),
    expect.stringMatching(/restore_threads: 4 has no effect beside .*parallel_restore_threads: 8/),
  ])
})

test('the key in the environment goes before a key file, and says so where the file was asked for', () => {
  const { write, load } = bench()
  write('backup_config.json', key({ source: 'file', file_path: '/secure/backup.key' }))
  expect(load().settings.encryption.key).toEqual({ kind: 'file', path: '/secure/backup.key' })
  const held = load({ BACKUP_ENCRYPTION_KEY: 'x' })
  expect(held.settings.encryption.key).toEqual({ kind: 'environment', variable: 'BACKUP_ENCRYPTION_KEY' })
  expect(held.notices).toEqual([
    expect.stringMatching(/source: the key file is not read, because BACKUP_ENCRYPTION_KEY/),
  ])
})

test('a key file that only the environment names goes before a source of the file', () => {
  const { write, load } = bench()
  write('backup_config.json', key({ source: 'environment' }))
  expect(load({ BACKUP_RECOVERY_ENCRYPTION_KEY_PATH: '/k' }).settings.encryption.key).toEqual({
    kind: 'file',
    path: '/k',
  })
})

test('another variable for the key leaves the usual one unread, and says so', () => {
  const { write, load } = bench()
  write('backup_config.json', key({ source: 'environment', environment_variable: 'OTHER' }))
  const { settings, notices } = load({ BACKUP_ENCRYPTION_KEY: 'x' })
  expect(settings.encryption.key).toEqual({ kind: 'environment', variable: 'OTHER' })
  expect(notices).toEqual([expect.stringMatching(/^BACKUP_ENCRYPTION_KEY: not used, because .* names OTHER/)])
})

test('a key inside the root is told, unless nothing is encrypted', () => {
  const { write, load } = bench()
  const inside = (enabled: boolean) => ({
    storage: { local: { path: '/r' } },
    encryption: { enabled, key_management: { file_path: '/r/backup.key' } },
  })
  write('backup_config.json', inside(true))
  expect(load().notices).toEqual([expect.stringMatching(/file_path: the key lies inside the root/)])
  write('backup_config.json', inside(false))
  expect(load().notices).toEqual([])
})

test('a service keeps what it was given, without repeats and trailing slashes', () => {
  const { write, load } = bench()
  write('backup_config.json', service({ include_paths: ['/b/', '/a', '/b'], rto_minutes: 30, rpo_hours: 4 }))
  expect(load().services).toEqual([
    {
      name: 's',
      type: 'files',
      definedBy: 'services.s',
      includePaths: ['/a', '/b'],
      excludePatterns: [],
      volumePaths: [],
      oneFileSystem: false,
      excludeCaches: false,
      fixedBlocks: fixedBlockDefaults,
      urlVariable: null,
      pathVariable: null,
      rpoHours: 4,
      hasRpo: true,
      rtoMinutes: 30,
      problem: null,
    },
  ])
})

test.each(['postgres', 'redis', 'secrets', 'agent_state', 'docker_volume'])(
  'a service of type %s says why it cannot be backed up',
  (type) => {
    const { write, load } = bench()
    write('backup_config.json', { services: { s: { type } } })
    expect(load().services[0]?.problem).toMatch(
      /^type \w+ is not supported yet, because the source for .* is not built$/,
    )
  },
)

test('JULES_AGENT_DIR asks for its service once', () => {
  const { write, load } = bench()
  const names = () => load({ JULES_AGENT_DIR: '/srv/agent' }).services.map((one) => [one.name, one.pathVariable])
  expect(names()).toEqual([['agent_state', 'JULES_AGENT_DIR']])
  write('backup_config.json', { services: { agent: { type: 'agent_state', path_env_var: 'JULES_AGENT_DIR' } } })
  expect(names()).toEqual([['agent', 'JULES_AGENT_DIR']])
  write('backup_config.json', { services: { agent_state: files } })
  expect(load({ JULES_AGENT_DIR: '/srv/agent' }).warnings).toEqual([
    expect.stringMatching(/^JULES_AGENT_DIR: not backed up/),
  ])
})
