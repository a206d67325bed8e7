import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commentedConfiguration } from '../../src/model/configuration-template.ts'
import { BackupError } from '../../src/model/errors.ts'
import { pathFromText } from '../../src/model/path.ts'
import { bench } from './configuration-workbench.ts'

const seed = readFileSync(new URL('../fixtures/seed-configuration.md', import.meta.url), 'utf8')
const blocks = [...seed.matchAll(/```json\n(.*?)```/gs)].map((match) => match[1]!)

function refusal(act: () => unknown): BackupError {
  try {
    act()
  } catch (error) {
    if (error instanceof BackupError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('works without any configuration, and then asks nothing of the operator', () => {
  const { directory, load } = bench()
  const { settings, services, notices, warnings, origins } = load()
  expect(settings.root).toBe(`${directory}/backup`)
  expect(settings.configurationFile).toBeNull()
  expect(settings.encryption.enabled).toBe(true)
  expect(settings.compression.algorithm).toBe('zstd')
  expect({ services, notices, warnings }).toEqual({ services: [], notices: [], warnings: [] })
  expect(new Set(origins.map((origin) => origin.from))).toEqual(new Set(['default']))
})

test.each(blocks.map((block, at) => [at + 1, block] as const))(
  'loads block %i of the seed guide as it stands',
  (_, block) => {
    const { write, load } = bench()
    write('backup_config.json', block)
    expect(load().settings.configurationFile).toMatch(/backup_config\.json$/)
  },
)

test('the configuration that init writes is valid, loads without a word, and names the root it was made for', () => {
  const { directory, write, load } = bench()
  const text = commentedConfiguration(pathFromText(`${directory}/backup`))
  write('backup_config.json', text)
  expect(load()).toMatchObject({ services: [], notices: [], warnings: [] })
  expect(text).toContain(`${directory}/backup`)
})

test('the examples that init comments out are valid when the comments are taken away', () => {
  const { write, load } = bench()
  write('backup_config.json', commentedConfiguration(pathFromText('/x')).replace(/^(\s+)\/\/ (?=["} ])/gm, '$1'))
  const { services, warnings, notices, settings } = load()
  expect(services[0]).toMatchObject({ name: 'files', includePaths: ['/etc', '/srv/app'] })
  expect(settings.root).toBe('/x')
  expect({ warnings, notices }).toEqual({ warnings: [], notices: [] })
})

test('a root whose name holds a line break cannot break out of the comment init writes', () => {
  const { write, load } = bench()
  write('backup_config.json', commentedConfiguration(pathFromText('/x\n"evil": {},\u2028*/')))
  expect(load().services).toEqual([])
})

test('looks for the file beside the root that the option names, else the environment, else the default', () => {
  const { directory, write, load } = bench()
  for (const place of ['', 'one/', 'two/', 'three/'])
    write(`${place}backup_config.json`, { metadata: { version: place } })
  const version = (environment: Record<string, string>, options = {}) =>
    load(environment, options).settings.about.version
  write('backup_config.json', { metadata: { version: 'default' } })
  expect(version({})).toBe('default')
  expect(version({ BACKUP_RECOVERY_STORAGE_PATH: `${directory}/three/root` })).toBe('three/')
  expect(
    version({ BACKUP_DIR: `${directory}/two/root`, BACKUP_RECOVERY_STORAGE_PATH: `${directory}/three/root` }),
  ).toBe('two/')
  expect(version({ BACKUP_DIR: `${directory}/two/root` }, { root: `${directory}/one/root` })).toBe('one/')
  expect(version({}, { config: `${directory}/two/backup_config.json` })).toBe('two/')
})

test('a storage path in the file names the root, relative to the file, and starts no second search', () => {
  const { directory, write, load } = bench()
  write('backup_config.json', { storage: { local: { path: 'vault/root/' } } })
  write('vault/backup_config.json', { storage: { local: { path: '/never' } } })
  write('vault/.env', 'BACKUP_RECOVERY_COMPRESSION=xz')
  const { settings, origins } = load()
  expect(settings.root).toBe(`${directory}/vault/root`)
  expect(settings.compression.algorithm).toBe('zstd')
  expect(origins.find((origin) => origin.key === 'storage.local.path')).toEqual({
    key: 'storage.local.path',
    value: `${directory}/vault/root`,
    from: 'file',
    where: `${directory}/backup_config.json:4:15`,
  })
})

test('option goes before environment, environment before .env, .env before .env.agent, all before the file', () => {
  const { directory, write, load } = bench()
  write('backup_config.json', { storage: { local: { compression: 'gzip' } } })
  const chosen = (environment: Record<string, string> = {}) => {
    const { settings, origins } = load(environment)
    return [
      settings.compression.algorithm,
      origins.find((origin) => origin.key === 'compression.default_algorithm')?.from,
    ]
  }
  expect(chosen()).toEqual(['gzip', 'file'])
  write('.env.agent', 'BACKUP_RECOVERY_COMPRESSION=bzip2')
  expect(chosen()).toEqual(['bzip2', '.env.agent'])
  write('.env', 'export BACKUP_RECOVERY_COMPRESSION="xz" # quoted')
  expect(chosen()).toEqual(['xz', '.env'])
  expect(chosen({ BACKUP_RECOVERY_COMPRESSION: 'none' })).toEqual(['none', 'environment'])
  expect(chosen({ BACKUP_RECOVERY_COMPRESSION: '' })).toEqual(['xz', '.env'])
  expect(load({ BACKUP_DIR: '/from/environment' }, { root: `${directory}/option` }).settings.root).toBe(
    `${directory}/option`,
  )
})

test('says so where .env and .env.agent differ, without showing either value', () => {
  const { write, load } = bench()
  write('.env', 'BACKUP_ENCRYPTION_KEY=first-secret')
  write('.env.agent', 'BACKUP_ENCRYPTION_KEY=second-secret')
  const { notices, lookUpSecret } = load()
  expect(notices).toEqual(['BACKUP_ENCRYPTION_KEY: the value in .env.agent is not used, because .env goes before it'])
  expect(lookUpSecret('BACKUP_ENCRYPTION_KEY')).toBe('first-secret')
})

test('BACKUP_DIR goes before BACKUP_RECOVERY_STORAGE_PATH, with a notice only where they differ', () => {
  const { load } = bench()
  const both = load({ BACKUP_DIR: '/a/root', BACKUP_RECOVERY_STORAGE_PATH: '/b/root' })
  expect(both.settings.root).toBe('/a/root')
  expect(both.notices).toEqual([expect.stringMatching(/^BACKUP_RECOVERY_STORAGE_PATH: not used, because BACKUP_DIR/)])
  expect(load({ BACKUP_DIR: '/a/root', BACKUP_RECOVERY_STORAGE_PATH: '/a/root/' }).notices).toEqual([])
})

test('the real environment names the root before .env does, whichever of its two names it uses', () => {
  const { directory, write, load } = bench()
  write('.env', 'BACKUP_DIR=/from/dotenv')
  expect(load({ BACKUP_RECOVERY_STORAGE_PATH: `${directory}/real` }).settings.root).toBe(`${directory}/real`)
})

test('a relative path is relative to where it was written', () => {
  const { directory, write, load } = bench()
  write('.env', 'BACKUP_RECOVERY_ENCRYPTION_KEY_PATH=secure/backup.key')
  write('etc/c.json', { services: { app: { type: 'files', include_paths: ['../srv//app/./x/', 'b', '/'] } } })
  const { settings, services } = load({ BACKUP_DIR: '../backup' }, { config: '../etc/c.json' })
  expect(settings.root).toBe(`${directory}/backup`)
  expect(settings.encryption.keyFile).toBe(`${directory}/secure/backup.key`)
  expect(services[0]?.includePaths).toEqual(['/', `${directory}/etc/b`, `${directory}/srv/app/x`])
})

test('paths that are not ASCII become bytes', () => {
  const { write, load } = bench()
  write('backup_config.json', { services: { app: { type: 'files', include_paths: ['/müll'] } } })
  expect(load().services[0]?.includePaths).toEqual(['/m\u00c3\u00bcll'])
})

test.each([
  [
    'an unknown key',
    '{\n  "storage": {\n    "local": { "pth": "/x" }\n  }\n}',
    ':3:16: storage.local.pth is not a known key; did you mean storage.local.path?',
  ],
  ['an unknown section', '{ "compresion": {} }', ':1:3: compresion is not a known key; did you mean compression?'],
  [
    'an unknown key in a list',
    '{"integrations":{"cloud_storage":[{"name":"a","regoin":"x"}]}}',
    ':1:47: integrations.cloud_storage[0].regoin is not a known key; did you mean integrations.cloud_storage[0].region?',
  ],
  ['an unknown key with nothing near it', '{"metadata":{"zzzzzz":1}}', ':1:14: metadata.zzzzzz is not a known key'],
  [
    'a wrong type',
    '{\n  "recovery": { "parallel_restore_threads": "4" } }',
    ':2:45: recovery.parallel_restore_threads must be a number',
  ],
  [
    'a number out of range',
    '{"compression":{"algorithms":{"gzip":{"compression_level":10}}}}',
    ':1:59: compression.algorithms.gzip.compression_level must be at most 9',
  ],
  [
    'a word that is none of the choices',
    '{"storage":{"type":"tape"}}',
    ':1:20: storage.type must be one of local, remote, cloud, hybrid',
  ],
  [
    'a service without a type',
    '{"services":{"a":{"include_paths":["/a"]}}}',
    ':1:18: services.a.type must be one of files, postgres, redis, secrets, agent_state, docker_volume',
  ],
  [
    'a service name that is no file name',
    '{"services":{"../a":{"type":"files","include_paths":["/a"]}}}',
    ':1:14: services.../a must be a name of letters',
  ],
  ['a missing comma', '{\n  "a": 1\n  "b": 2\n}', ':3:3: not valid JSON: comma expected'],
  ['an unfinished comment', '{ /* ', ':1:3: not valid JSON: unexpected end of comment'],
  ['text after the end', '{} {}', ':1:4: not valid JSON: end of file expected'],
  ['nothing at all', '', ':1:1: not valid JSON: value expected'],
  ['a list', '[]', ':1:1: the file must be an object'],
  ['a key that stands twice', '{"storage":{"type":"local","type":"hybrid"}}', ':1:28: storage.type stands twice'],
  [
    'a key that would reach a prototype',
    '{"__proto__":{"encryption":{"enabled":false}}}',
    ':1:2: __proto__ is not a known key',
  ],
  [
    'a schedule of a wrong shape',
    '{"schedules":{"a":{"cron_expression":"99 2 * * *"}}}',
    'schedules.a.cron_expression must be a cron expression (minute, hour, day of month, month, day of week): minute: "99" is not allowed; it takes 0 to 59',
  ],
  [
    'a schedule on a day that never comes',
    '{"schedules":{"a":{"cron_expression":"0 0 31 2 *"}}}',
    'schedules.a.cron_expression never fires: February has no day 31',
  ],
  [
    'a time zone that is none',
    '{"global_settings":{"default_timezone":"Mars/Olympus"}}',
    'global_settings.default_timezone must be a time zone',
  ],
  [
    'a path that only a shell would expand',
    '{"storage":{"local":{"path":"~/backups"}}}',
    'storage.local.path must be a path written out',
  ],
  ['an escape sequence in a key', '{"\\u001b[31mred":1}', ':1:2: \\e[31mred is not a known key'],
])('refuses %s and says where', (_, text, message) => {
  const { directory, write, load } = bench()
  write('backup_config.json', text)
  const error = refusal(load)
  expect(error.code).toBe('E_CONFIG')
  expect(error.message).toContain(`${directory}/backup_config.json:`)
  expect(error.message).toContain(message)
})

test('names every mistake of a file at once, and the keys that would be known', () => {
  const { write, load } = bench()
  write('backup_config.json', '{ "metadata": { "vrsion": "1" }, "api": { "port": 0 } }')
  const error = refusal(load)
  expect(error.message).toMatch(/metadata\.vrsion .* did you mean metadata\.version\?/)
  expect(error.message).toContain('api.port must be at least 1')
  expect(error.hint).toBe('the keys of metadata are version, last_updated, organization')
})

test('never repeats a password that stands where the name of a variable belongs', () => {
  const { write, load } = bench()
  write('backup_config.json', { storage: { remote: { password_env_var: 'hunter2 is my password' } } })
  const error = refusal(load)
  expect(error.message).toContain('storage.remote.password_env_var must be the name of an environment variable')
  expect(error.message + error.hint).not.toContain('hunter2')
})

test.each([
  [
    '7z as the default',
    { compression: { default_algorithm: '7z' } },
    /default_algorithm is 7z, which is not supported yet, because/,
  ],
  [
    '7z for the local root',
    { storage: { local: { compression: '7z' } } },
    /storage\.local\.compression is 7z, .* not supported yet, because/,
  ],
  [
    'an HSM',
    { encryption: { key_management: { source: 'hsm' } } },
    /source is hsm, which is not supported yet, because/,
  ],
  [
    'a cipher it does not use',
    { encryption: { algorithm: 'AES-128-CBC' } },
    /encryption\.algorithm is not supported yet, because/,
  ],
  ['a key of another size', { encryption: { key_size: 128 } }, /encryption\.key_size is 128/],
  [
    'an algorithm that is switched off',
    { storage: { local: { compression: 'xz' } }, compression: { algorithms: { xz: { enabled: false } } } },
    /comes to xz, but compression\.algorithms\.xz\.enabled is false/,
  ],
  ['the file system’s root as the root', { storage: { local: { path: '/x/..' } } }, /cannot be a repository/],
  ['a files service without paths', { services: { a: { type: 'files' } } }, /services\.a names nothing to back up/],
  [
    'a key of another type',
    { services: { a: { type: 'redis', include_paths: ['/a'] } } },
    /services\.a\.include_paths is no key of type redis/,
  ],
  [
    'the name kept for the command line',
    { services: { paths: { type: 'files', include_paths: ['/a'] } } },
    /services\.paths has a name that is kept/,
  ],
  [
    'one name for a service and a schedule',
    {
      services: { a: { type: 'files', include_paths: ['/a'] } },
      schedules: { a: { cron_expression: '0 * * * *', include_paths: ['/b'] } },
    },
    /schedules\.a makes a service of a name that services\.a already has/,
  ],
  [
    'excludes of a schedule that has no paths',
    { schedules: { a: { cron_expression: '0 * * * *', exclude_patterns: ['x'] } } },
    /schedules\.a\.exclude_patterns stands without include_paths/,
  ],
])('refuses %s, with the place in the file', (_, document, message) => {
  const { write, load } = bench()
  write('backup_config.json', document)
  const error = refusal(load)
  expect(error).toMatchObject({ code: 'E_CONFIG', message: expect.stringMatching(message) })
  expect(error.message).toMatch(/backup_config\.json:\d+:\d+: /)
  expect(error.hint).not.toBe('')
})

test.each([
  ['BACKUP_RECOVERY_COMPRESSION', 'lzma', 'must be one of zstd, gzip, bzip2, xz, none, 7z'],
  ['BACKUP_RECOVERY_COMPRESSION', '7z', 'not supported yet, because'],
  ['S3_ENABLED', 'maybe', 'must be true or false'],
  ['BACKUP_DAILY_TIME', '99 2 * * *', 'minute: "99" is not allowed'],
  ['BACKUP_WEEKLY_TIME', '0 2 30 2 *', 'never fires: February has no day 30'],
  ['BACKUP_RETENTION_DAILY', 'week', 'must be a whole number'],
  ['BACKUP_RECOVERY_LOG_LEVEL', 'LOUD', 'must be one of DEBUG'],
  ['BACKUP_RECOVERY_ALERT_EMAIL', 'admin', 'must be an e-mail address'],
  ['BACKUP_DIR', '~/backups', 'must be a path written out'],
  ['BACKUP_DIR', '$HOME/backups', 'must be a path written out'],
  ['BACKUP_ENCRYPTION_KEY', '<64-char-hex-key>', 'still holds the placeholder'],
  ['BACKUP_RECOVERY_COMPRESION', 'xz', 'did you mean BACKUP_RECOVERY_COMPRESSION?'],
])('refuses %s=%s by the name of the variable', (name, value, what) => {
  const { write, load } = bench()
  expect(refusal(() => load({ [name]: value }))).toMatchObject({ code: 'E_CONFIG' })
  expect(refusal(() => load({ [name]: value })).message).toMatch(new RegExp(`^${name} `))
  expect(refusal(() => load({ [name]: value })).message).toContain(what)
  write('.env', `${name}='${value}'`)
  expect(refusal(load).message).toMatch(new RegExp(`^${name} \\(in \\.env\\) `))
})

test('a passphrase that was put where a cron expression belongs is not repeated', () => {
  const { write, load } = bench()
  for (const text of ['correct horse battery staple soon', '@hunter22', 'hunter22', '0 2 * * hunter22']) {
    write('backup_config.json', { schedules: { a: { cron_expression: text } } })
    const { message } = refusal(load)
    expect(message).toContain('schedules.a.cron_expression must be a cron expression')
    expect(message).not.toMatch(/correct|hunter/)
  }
})

test('a misspelt variable outside our own prefix is only pointed at, and one that a key names is not', () => {
  const { write, load } = bench()
  write('backup_config.json', { storage: { remote: { password_env_var: 'BACKUP_RECOVERY_PW' } } })
  const { notices } = load({ S3_ENABLE: 'true', BACKUP_RECOVERY_PW: 'x', BACKUP_HOSTNAME: 'x', PATH: '/bin' })
  expect(notices).toEqual(['S3_ENABLE: not a variable that Holdfast knows; did you mean S3_ENABLED?'])
})

test('a file that --config names must exist; a path that cannot be read is never taken for an absent one', () => {
  const { directory, write, load } = bench()
  expect(refusal(() => load({}, { config: 'none.json' })).message).toBe(
    `${directory}/elsewhere/none.json does not exist`,
  )
  expect(refusal(() => load({}, { config: directory })).message).toMatch(/cannot be read: EISDIR$/)
  write('backup_config.json', 'x'.repeat(1024 * 1024 + 1))
  expect(refusal(load).message).toMatch(/cannot be read: it is larger than 1 MiB$/)
})

test.each(['root', 'config'])('refuses an empty --%s instead of falling back to the default', (option) => {
  const { load } = bench()
  expect(refusal(() => load({}, { [option]: '' }))).toMatchObject({ code: 'E_USAGE', message: `--${option} is empty` })
})

test('a root below something that is no directory is left to whoever makes it', () => {
  const { directory, write, load } = bench()
  write('file', '')
  expect(load({ BACKUP_DIR: `${directory}/file/root` }).settings.root).toBe(`${directory}/file/root`)
})

test('refuses a file that is not UTF-8, and reads one that begins with a byte order mark', () => {
  const { write, load } = bench()
  write('backup_config.json', '\ufeff{ "metadata": { "version": "2" } }')
  expect(load().settings.about.version).toBe('2')
  write('.env', Uint8Array.of(0x41, 0x3d, 0xff))
  expect(refusal(load).message).toMatch(/\/\.env cannot be read: it is not UTF-8 text$/)
})

test('no secret is in what can be printed, and the key is found by the name the settings carry', () => {
  const { write, load } = bench()
  write('.env', 'BACKUP_ENCRYPTION_KEY=correct-horse\nREDIS_URL=redis://u:pw@h')
  const configured = load()
  expect(configured.settings.encryption.key).toEqual({ kind: 'environment', variable: 'BACKUP_ENCRYPTION_KEY' })
  expect(configured.lookUpSecret('BACKUP_ENCRYPTION_KEY')).toBe('correct-horse')
  expect(configured.lookUpSecret('NOT_SET')).toBeNull()
  expect(JSON.stringify(configured)).not.toMatch(/correct-horse|pw@h/)
  expect(configured.origins).toContainEqual({
    key: 'BACKUP_ENCRYPTION_KEY',
    value: '********',
    from: '.env',
    where: 'BACKUP_ENCRYPTION_KEY',
  })
})

test('the key file of a repository has a readable and unique name below the home directory', () => {
  const { load } = bench()
  const at = (root: string) => load({}, { root }).settings.encryption.keyFile
  expect(at('/opt/app/data/backup')).toMatch(/^\/home\/operator\/\.config\/holdfast\/data-[0-9a-f]{8}\.key$/)
  expect(at('/opt/app/data/backup')).toBe(at('/opt/app/data/backup/'))
  expect(at('/opt/app/data/backup')).not.toBe(at('/opt/other/data/backup'))
  expect(at('/backup')).toMatch(/\/root-[0-9a-f]{8}\.key$/)
  expect(at('/a b\n/backup')).toMatch(/\/a_b_-[0-9a-f]{8}\.key$/)
})

test('tells of secrets that everybody can read and of configuration that everybody can change', () => {
  const { directory, write, load } = bench()
  write('.env', 'BACKUP_ENCRYPTION_KEY=x', 0o644)
  expect(load().notices).toEqual([expect.stringContaining(`${directory}/.env: everybody on this machine can read`)])
  write('.env', 'APP_NAME=x', 0o644)
  expect(load().notices).toEqual([])
  write('backup_config.json', '{}', 0o666)
  expect(load().notices).toEqual([
    expect.stringContaining('backup_config.json: everybody on this machine can change it'),
  ])
})

test('points at a bare key that was appended to .env without its name, and does not repeat it', () => {
  const { write, load } = bench()
  write('.env', `A=1\n${'ab'.repeat(32)}\n`)
  const { notices } = load()
  expect(notices).toEqual([expect.stringMatching(/\.env:2: looks like a key, but no variable names it/)])
  expect(notices.join()).not.toContain('abab')
})
