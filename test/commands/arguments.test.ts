import { expect, test } from 'vitest'
import { unsupportedCommands } from '../../src/commands/parts/unsupported.ts'
import { commands } from '../../src/commands/registry.ts'
import { plainly } from '../engine-kit.ts'
import { commandLine } from './command-line.ts'

const created = plainly({ type: 'full', paths: [] })

test.each<[string[], object]>([
  [['create'], created],
  [['backup', 'create'], created],
  [['create', '/etc', '/srv'], { ...created, paths: ['/etc', '/srv'] }],
  [['create', '--compress', '/srv'], { ...created, paths: ['/srv'] }],
  [['create', '--compress', 'xz', '/srv'], { ...created, compression: 'xz', paths: ['/srv'] }],
  [['create', '--compress=gzip'], { ...created, compression: 'gzip' }],
  [['create', '/srv', '--compress'], { ...created, paths: ['/srv'] }],
  [['create', '--compress', '--one-file-system'], { ...created, oneFileSystem: true }],
  [['create', '--exclude', 'a', '/x', '--exclude=b'], { ...created, exclude: ['a', 'b'], paths: ['/x'] }],
  [['create', '--exclude', 'a', '/x', '/y'], { ...created, exclude: ['a'], paths: ['/x', '/y'] }],
  [['create', '--exclude', '-a'], { ...created, exclude: ['-a'] }],
  [['create', '--', '-odd', '--json'], { ...created, paths: ['-odd', '--json'] }],
  [['create', '--type', 'service', '--services', 'a,b'], { ...created, type: 'service', services: ['a', 'b'] }],
  [['create', '--services', 'a,b', '--services', 'c,a'], { ...created, services: ['a', 'b', 'c'] }],
  [
    ['create', '--type', 'incremental', '--paranoid', '/a'],
    { ...created, type: 'incremental', paranoid: true, paths: ['/a'] },
  ],
  [['create', '--type=differential', '--accept-empty'], { ...created, type: 'differential', acceptEmpty: true }],
  [['create', '--no-volumes'], { ...created, withoutVolumes: true }],
  [['create', '--description', ''], created],
  [['create', '--description', 'a b', '--exclude-caches'], { ...created, description: 'a b', excludeCaches: true }],
])('reads %j as one create', async (argv, options) => {
  const { calls, exitCode } = await commandLine(argv)
  expect(calls).toEqual([{ method: 'create', options }])
  expect(exitCode).toBe(0)
})

const backup = { kind: 'backup', backup: 'latest', services: [], paths: [] }
const planned = { source: backup, target: null, conflict: null, workers: null }

test.each<[string[], object]>([
  [['restore', 'latest', '--dry-run'], planned],
  [['restore', '--dry-run', 'latest'], planned],
  [
    ['restore', 'latest', '--dry-run', '--target', 'd', '--path', '/etc/**', '--path', 'x', '--services', 'a'],
    {
      ...planned,
      source: { ...backup, paths: ['/etc/**', 'x'], services: ['a'] },
      target: { kind: 'directory', path: 'd' },
    },
  ],
  [
    ['restore', 'latest', '--dry-run', '--in-place', '--on-conflict', 'keep-newer', '--workers', '3'],
    { ...planned, target: { kind: 'in-place' }, conflict: 'keep-newer', workers: 3 },
  ],
  [
    [
      'restore',
      'latest',
      '--dry-run',
      '--on-conflict',
      'rename',
      '--on-conflict',
      '/etc/=keep',
      '--on-conflict',
      'a=b=skip',
    ],
    {
      ...planned,
      conflict: 'rename',
      choices: new Map([
        ['etc', 'keep'],
        ['a=b', 'skip'],
      ]),
    },
  ],
  [
    ['restore', 'latest', '--dry-run', '--in-place', '--delete-extra'],
    { ...planned, target: { kind: 'in-place' }, deleteExtra: true },
  ],
  [
    ['restore', '--plan', 'p.json', '--plan-ttl', '1h30m', '--dry-run'],
    { ...planned, source: { kind: 'plan', file: 'p.json', ttlMs: 5_400_000 } },
  ],
  [
    ['restore', '--at', '2026-11-20 03:00', '--services', 'a,b', '--path', 'x', '--dry-run'],
    { ...planned, source: { kind: 'at', time: '2026-11-20 03:00', services: ['a', 'b'], paths: ['x'] } },
  ],
  [
    ['restore', '--latest-with', '/etc/x', '--in-place', '--dry-run'],
    { ...planned, source: { kind: 'last', path: '/etc/x', services: [] }, target: { kind: 'in-place' } },
  ],
  [
    ['restore', 'latest', '--map-owner', 'a=b', '--map-owner', ':c=:d', '--dry-run'],
    { ...planned, owners: ['a=b', ':c=:d'] },
  ],
  [['restore', '--plan', 'p', '--dry-run'], { ...planned, source: { kind: 'plan', file: 'p', ttlMs: null } }],
])('reads %j as one plan', async (argv, options) => {
  const { calls } = await commandLine(argv)
  expect(calls[0]).toEqual({ method: 'planRestore', options })
})

test.each<[string[], string, unknown]>([
  [['list'], 'list', { type: null, services: [], days: null }],
  [
    ['list', '--type', 'safety', '--services', 'a', '--days', '7'],
    'list',
    { type: 'safety', services: ['a'], days: 7 },
  ],
  [['inspect', 'latest'], 'inspect', { backup: 'latest', services: [], path: null }],
  [['inspect', '7f3k', '/etc', '--long'], 'inspect', { backup: '7f3k', services: [], path: '/etc' }],
  [['cat', '7f3k', 'etc/hosts'], 'cat', { backup: '7f3k', path: 'etc/hosts', services: [] }],
  [['diff', 'a', 'b'], 'diff', { backup: 'a', services: [], against: { kind: 'backup', id: 'b' } }],
  [['diff', 'a', '--live'], 'diff', { backup: 'a', services: [], against: { kind: 'live' } }],
  [['verify', 'latest'], 'verify', { backups: ['latest'], level: 'full', workers: null }],
  [['verify', '7f3k', '9abc'], 'verify', { backups: ['7f3k', '9abc'], level: 'full', workers: null }],
  [['verify', '--all', '--level', 'scrub'], 'verify', { backups: null, level: 'scrub', workers: null }],
  [['init'], 'init', { passphrase: null }],
  [['keys', 'add', '--new-file', 'k', '--label', 'l'], 'keysAdd', { label: 'l', key: { kind: 'new-file', path: 'k' } }],
  [['keys', 'add', '--file', 'k'], 'keysAdd', { label: '', key: { kind: 'file', path: 'k' } }],
  [['keys', 'add', '--from-env', 'K'], 'keysAdd', { label: '', key: { kind: 'variable', name: 'K' } }],
])('reads %j as one %s', async (argv, method, options) => {
  const { calls } = await commandLine(argv)
  expect(calls).toEqual([{ method, options }])
})

test.each<[string[], RegExp]>([
  [['lst'], /there is no command "lst"; did you mean list\?/],
  [['backup'], /backup needs to know what/],
  [['keys'], /keys needs to know what[\s\S]*list, add/],
  [['keys', 'lst'], /"keys lst"; did you mean list\?/],
  [['--tpye', 'list'], /holdfast has no option "--tpye"/],
  [['--jsn', 'list'], /did you mean --json\?/],
  [['create', '--exlude', 'x'], /create has no option --exlude; did you mean --exclude\?/],
  [['create', '-x'], /create has no option -x/],
  [['create', '--compress=fast'], /--compress cannot be "fast"[\s\S]*zstd, gzip, bzip2, xz, none/],
  [['create', '--compress=ztsd'], /did you mean zstd\?/],
  [['create', '--type', 'ful'], /did you mean full\?/],
  [['create', '--exclude'], /--exclude needs a value/],
  [['create', '--exclude', '--one-file-system'], /--exclude needs a value/],
  [['create', '--exclude', ''], /--exclude has an empty value/],
  [['create', '/a', '--exclude', '--', '/b'], /--exclude needs a value/],
  [['create', ''], /create was given an empty argument/],
  [['create', '--services', 'a,,b'], /--services has an empty name/],
  [['create', '--type', 'service'], /--type service needs the services/],
  [['create', '/a', '--services', 'b'], /cannot be given together/],
  [['create', '--one-file-system=yes'], /--one-file-system takes no value/],
  [['create', '--description', 'a', '--description', 'b'], /--description is given twice/],
  [['list', 'x'], /list does not take "x"/],
  [['list', '--days', '0'], /--days must be a whole number of at least 1/],
  [['list', '--days', '1.5'], /--days must be a whole number/],
  [['restore', 'latest', '--workers', '99999'], /--workers must be a whole number from 1 to 256/],
  [['inspect'], /inspect needs ID\|latest/],
  [['cat', 'a'], /cat needs PATH/],
  [['cat', 'a', 'b', '--json'], /--json has no place/],
  [['diff', 'a'], /either a second ID or --live/],
  [['diff', 'a', 'b', '--live'], /either a second ID or --live/],
  [['verify'], /latest[\s\S]*--all/],
  [['verify', 'a', '--all'], /cannot be given together/],
  [['verify', 'a', '--level', 'deep'], /scrub, quick, full, restore/],
  [['restore'], /restore needs a backup[\s\S]*latest/],
  [['restore', 'a', '--target', 'd', '--in-place'], /cannot be given together/],
  [['restore', 'a', '--target', '--dry-run'], /--target needs a value/],
  [['restore', 'a', '--plan', 'p'], /--plan cannot stand beside the backup "a"/],
  [['restore', '--plan', 'p', '--services', 'a'], /--plan cannot stand beside --services/],
  [['restore', '--plan', 'p', '--path', 'a'], /beside --path/],
  [['restore', '--plan', 'p', '--target', 'a'], /beside --target/],
  [['restore', '--plan', 'p', '--in-place'], /beside --in-place/],
  [['restore', '--plan', 'p', '--delete-extra'], /beside --delete-extra/],
  [['restore', 'a', '--delete-extra'], /--delete-extra goes with --in-place or --target/],
  [['restore', '--plan', 'p', '--on-conflict', 'keep'], /beside --on-conflict/],
  [['restore', 'a', '--on-conflict', 'kepe'], /cannot be "kepe"; did you mean keep\?/],
  [['restore', 'a', '--on-conflict', '/etc=overwite'], /cannot be "overwite"; did you mean overwrite\?/],
  [['restore', 'a', '--on-conflict', 'keep', '--on-conflict', 'rename'], /twice for all paths/],
  [['restore', 'a', '--on-conflict', '/=keep'], /no path below \//],
  [['restore', 'a', '--plan-ttl', '2h'], /--plan-ttl goes with --plan/],
  [['restore', '--plan', 'p', '--plan-ttl', '2 hours'], /--plan-ttl cannot be "2 hours"/],
  [['keys', 'add'], /one kind of key/],
  [['keys', 'add', '--file', 'a', '--passphrase'], /one kind of key/],
  [['keys', 'add', '--passphrase'], /only be asked for on a terminal/],
  [['init', '--passphrase'], /only be asked for on a terminal/],
  [['restore', '--at', '2026-01-01', 'a'], /the backup "a" and --at cannot be given together/],
  [['restore', '--at', '2026-01-01', '--latest-with', '/a'], /--at and --latest-with cannot be given together/],
  [['restore', '--latest-with', '/a', '--path', '/b'], /--latest-with and --path cannot be given together/],
  [['restore', '--latest-with', '/'], /--latest-with needs a path below/],
  [['restore', '--plan', 'p', '--at', '2026-01-01'], /--plan cannot stand beside --at/],
  [['restore', '--plan', 'p', '--map-owner', 'a=b'], /--plan cannot stand beside --map-owner/],
  [['export', 'a'], /export needs FILE/],
  [['daemon', '--grace', 'soon'], /--grace cannot be "soon"/],
  [['create', '--daemon'], /no option --daemon/],
  [['export', 'a', '-', '--json'], /--json has no place/],
])('refuses %j with exit 2 before a repository is opened', async (argv, message) => {
  const { exitCode, stderr, stdout, wired } = await commandLine(argv)
  const [told, silent] = argv.includes('--json') ? [stdout, stderr] : [stderr, stdout]
  expect(told).toMatch(message)
  expect(told).toMatch(/^(error: |\{"kind":"error","code":"E_USAGE")/)
  expect({ silent, exitCode, wired }).toEqual({ silent: '', exitCode: 2, wired: [] })
})

test.each([
  ...Object.keys(unsupportedCommands).map((words) => words.split(' ')),
  ['create', '--tenant', 't'],
  ['restore', 'a', '--tenant', 't'],
  ['verify', 'a', '--sample', '3'],
])('answers what is not built yet with the reason: %s %s %s %s', async (...argv) => {
  const { exitCode, stderr, wired } = await commandLine(argv.filter((arg) => arg !== undefined))
  expect(stderr).toMatch(/^error: .+ is not supported yet, because .+/)
  expect({ exitCode, wired }).toEqual({ exitCode: 2, wired: [] })
})

test.each([
  [['--root', '/r', '--config', '/c', 'list']],
  [['list', '--root', '/r', '--config', '/c']],
  [['backup', '--root=/r', 'list', '--config=/c']],
])('takes the global options before and after the command: %j', async (argv) => {
  const { wired, closed } = await commandLine(argv)
  expect(wired).toEqual([{ root: '/r', config: '/c' }])
  expect(closed).toBe(1)
})

test('a mistake in the arguments is a JSON object where JSON was asked for', async () => {
  const { stdout, stderr, exitCode } = await commandLine(['list', '--jason', '--json'])
  expect(JSON.parse(stdout)).toEqual({
    kind: 'error',
    code: 'E_USAGE',
    message: 'list has no option --jason; did you mean --json?',
    hint: 'holdfast list --help lists the options',
  })
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 2 })
})

test.each(commands.map(({ words }) => words))(
  'helps with %s in 80 columns: a sentence, two examples, exit codes',
  async (words) => {
    const { stdout, exitCode } = await commandLine([...words.split(' '), '--help'])
    const again = await commandLine(['help', ...words.split(' ')])
    expect(again.stdout).toBe(stdout)
    expect(exitCode).toBe(0)
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(stdout).toMatch(/^[A-Z][\s\S]*?\.\n\nusage: /)
    expect(stdout).toContain(`usage: holdfast ${words}`)
    expect(stdout.match(/^ {2}holdfast /gm)?.length).toBeGreaterThanOrEqual(2)
    expect(stdout).toMatch(/exit codes\n {2}0 {4}done/)
  },
)

test('the overview names every command and fits 80 columns', async () => {
  const { stdout, exitCode } = await commandLine(['--help'])
  for (const { words } of commands) expect(stdout).toContain(`  ${words} `)
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  expect(exitCode).toBe(0)
})

test.each([[['--version']], [['version']], [['list', '--version']]])('says its version: %j', async (argv) => {
  const { stdout, exitCode } = await commandLine(argv)
  expect({ stdout, exitCode }).toEqual({ stdout: '0.1.0\n', exitCode: 0 })
})
