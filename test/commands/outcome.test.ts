import { describe, expect, test } from 'vitest'
import type { Change } from '../../src/model/diff.ts'
import type { Engine } from '../../src/model/engine.ts'
import { BackupError } from '../../src/model/errors.ts'
import type { BytePath } from '../../src/model/path.ts'
import { commandLine, jsonLines, type Setting } from './command-line.ts'
import {
  details,
  entry,
  event,
  manifest,
  plan,
  restored,
  restoreRun,
  statusReport,
  tocEntry,
} from './pretend-engine.ts'

const odd = 'etc/\xff\x1b[31m' as BytePath

test.each<[string[], string]>([
  [
    ['create'],
    `backup 2026-11-20T02-00-00Z-full-7f3k
services: files, app
files: 1,234, 11.8 MiB
stored: 3.34 MiB, encrypted
took: 2.5 s, 4.71 MiB/s
left out: 2 socket
`,
  ],
  [['create', '--quiet'], '2026-11-20T02-00-00Z-full-7f3k\n'],
  [
    ['list'],
    `id                              age  type  services   files      size  verified
2026-11-20T02-00-00Z-full-7f3k  22h  full  files,app  1,234  3.34 MiB  quick
`,
  ],
  [['list', '--quiet'], '2026-11-20T02-00-00Z-full-7f3k\n'],
  [
    ['inspect', 'latest'],
    `etc/
etc/hosts

backup 2026-11-20T02-00-00Z-full-7f3k
created: 2026-11-20T02:00:00.000Z
stored: 1000 B
description: before the upgrade
made by: root on web1 with holdfast 0.1.0
took: 2.5 s, warnings: 0
service files (files): 2 files, 10 B
  path: /etc
  git: /etc https://example.org/etc.git main abc123
shown: 2 entries
`,
  ],
  [
    ['diff', 'latest', '--live'],
    `added     etc/new
metadata  etc/mode  (mode, mtime)
changed   var/a.log  (grown 1.20 MiB)
renamed   var/old.log -> var/z.log
1 added, 0 removed, 1 renamed, 1 changed, 1 with other attributes
`,
  ],
  [
    ['restore', 'latest', '--dry-run'],
    `plan plan-1
backup: 2026-11-20T02-00-00Z-full-7f3k, services: files
target: /srv/new
on conflict: keep
  3 created
  0 overwritten
  1 the same already
to write: 2.00 KiB
  write-file  etc/hosts  200 B
  and 2 more
dry run: nothing was written
`,
  ],
  [['verify', 'latest'], '2026-11-20T02-00-00Z-full-7f3k  full: ok  11.8 MiB in 500 ms\n'],
  [
    ['delete', '7f3k', '--yes'],
    `to be deleted: 2026-11-20T02-00-00Z-full-7f3k
made: 22h ago, full of files, app, 1,234 files
frees: 3.34 MiB
deleted 2026-11-20T02-00-00Z-full-7f3k
freed: 3.34 MiB
`,
  ],
  [['rebuild'], 'rebuilt the catalog: 3 backups\nthe old one is kept: /srv/backup/metadata.json.1\n'],
  [
    ['init'],
    `made the repository: /srv/backup
key: /root/.config/holdfast/backup.key
keep a copy of the key elsewhere too: without it no backup can ever be opened
configuration: /srv/backup_config.json
`,
  ],
  [
    ['keys', 'list'],
    'key   type     created                   at hand  label\n00ff  keyfile  2026-11-20T02:00:00.000Z  yes      first\n',
  ],
  [['keys', 'add', '--file', 'k'], 'key 11ee (scrypt)\nit opens 2 archives made before, and every one to come\n'],
  [
    ['status'],
    `safe: nothing needs attention
repository: /srv/backup, 10.0 MiB, 100 GiB free
backups: 3
last good: 2026-11-20T02:00:00.000Z (22h ago)
last verified: 2026-11-20T02-00-00Z-full-7f3k, level full (20h ago)
last proven restorable: never (holdfast drill)
next run: none: nothing is scheduled
last 2 runs: 50 % ended well
size of the last 4: ▁▃█▆  100 B to 300 B

service  state  age  allowed  backups  last good
files    ok     22h      25h        3  2026-11-20T02-00-00Z-full-7f3k
`,
  ],
  [
    ['doctor'],
    `ok       node  v24
PROBLEM  key   no key
         hint: holdfast init

setting             value        from
storage.local.path  /srv/backup  file backup_config.json:3:4
`,
  ],
  [['doctor', '--quiet'], 'PROBLEM  key  no key\n         hint: holdfast init\n'],
])('says the outcome of %j on stdout, one fact a line', async (argv, stdout) => {
  const said = await commandLine(argv)
  expect(said.stdout).toBe(stdout)
  expect(said.stderr).toBe('')
  for (const line of stdout.split('\n')) if (argv[0] !== 'doctor') expect(line.length).toBeLessThanOrEqual(80)
})

test.each<[string[], string, object]>([
  [
    ['create'],
    'create',
    {
      backup: expect.objectContaining({
        id: entry.id,
        type: 'full',
        createdAt: entry.createdAt,
        services: ['files', 'app'],
        files: 1234,
        bytes: 12_345_678,
        storedBytes: 3_500_000,
        reusedBytes: 0,
        durationMs: 2500,
        warnings: 0,
        skipped: { socket: 2 },
      }),
    },
  ],
  [
    ['list'],
    'list',
    {
      backups: [
        expect.objectContaining({
          id: entry.id,
          type: 'full',
          createdAt: entry.createdAt,
          description: 'before the upgrade',
          services: ['files', 'app'],
          base: null,
          sizeBytes: 3_500_000,
          reusedBytes: 0,
          files: 1234,
          encrypted: true,
          pinned: false,
          verified: entry.verified,
          deps: [],
        }),
      ],
    },
  ],
  [['inspect', 'latest'], 'inspect', { entries: 2, details }],
  [
    ['diff', 'a', 'b'],
    'diff',
    {
      changes: [
        expect.objectContaining({ path: 'etc/new', change: 'added' }),
        expect.objectContaining({ path: 'etc/mode', change: 'metadata', attributes: ['mode', 'mtime'] }),
        expect.objectContaining({ path: 'var/a.log', change: 'changed', attributes: ['content', 'size'] }),
        expect.objectContaining({ path: 'var/z.log', change: 'renamed', from: 'var/old.log' }),
      ],
      counts: { added: 1, removed: 0, changed: 1, metadata: 1, renamed: 1 },
    },
  ],
  [
    ['restore', 'latest', '--dry-run'],
    'restore',
    {
      plan: expect.objectContaining({
        id: 'plan-1',
        hash: 'f'.repeat(64),
        target: '/srv/new',
        counts: { create: 3, overwrite: 0, unchanged: 1, metadata: 0, keep: 0, delete: 0, refuse: 0 },
        bytesToWrite: 2048,
        refused: [],
      }),
    },
  ],
  [
    ['restore', 'latest'],
    'restore',
    {
      restore: expect.objectContaining({
        id: restoreRun,
        plan: 'plan-1',
        written: 3,
        unchanged: 1,
        kept: 0,
        refused: 0,
        bytes: 2048,
        undo: false,
        durationMs: 1000,
      }),
    },
  ],
  [
    ['verify', 'latest'],
    'verify',
    { verify: expect.objectContaining({ id: entry.id, level: 'full', ok: true, problems: [] }) },
  ],
  [['verify', '--all'], 'verify', { verify: expect.objectContaining({ id: 'all', ok: true, problems: [] }) }],
  [
    ['verify', '7f3k', '9abc'],
    'verify',
    { verify: expect.objectContaining({ id: 'several', ok: true, problems: [], reports: [expect.anything()] }) },
  ],
  [['delete', '7f3k', '--yes'], 'delete', { deleted: entry.id, freedBytes: 3_500_000, run: 'run-3', exitCode: 0 }],
  [
    ['pin', '7f3k'],
    'pin',
    { pin: { id: entry.id, pinned: true, legalHold: null, changed: true }, run: 'run-4', exitCode: 0 },
  ],
  [
    ['unpin', '7f3k'],
    'unpin',
    { pin: { id: entry.id, pinned: false, legalHold: null, changed: true }, run: 'run-5', exitCode: 0 },
  ],
  [['rebuild'], 'rebuild', { rebuild: expect.objectContaining({ backups: 3 }) }],
  [['init'], 'init', { init: expect.objectContaining({ root: '/srv/backup', created: true }) }],
  [['status'], 'status', { status: statusReport }],
  [['doctor'], 'doctor', { doctor: expect.objectContaining({ ok: false }) }],
  [['keys', 'list'], 'keys list', { keys: [expect.objectContaining({ kid: '00ff' })] }],
  [['keys', 'add', '--file', 'k'], 'keys add', { key: expect.objectContaining({ kid: '11ee' }) }],
])('ends %j --json with one result line, and nothing on stderr', async (argv, command, fields) => {
  const said = await commandLine([...argv, '--json'])
  expect(jsonLines(said).at(-1)).toEqual(expect.objectContaining({ kind: 'result', command, ...fields }))
  expect(said.stderr).toBe('')
})

test('inspect --json gives one line per entry, with the time to the nanosecond', async () => {
  const lines = jsonLines(await commandLine(['inspect', 'latest', '--json']))
  expect(lines[1]).toEqual({
    kind: 'entry',
    service: 'files',
    path: 'etc/hosts',
    type: 'file',
    sizeBytes: 5,
    mode: 0o644,
    uid: 0,
    gid: 0,
    userName: 'root',
    groupName: 'root',
    mtime: '2023-11-14T22:13:20.123456789Z',
    sha256: 'ab'.repeat(32),
    linkTarget: null,
  })
})

const oddInspect: Setting = {
  engine: {
    async inspect(_options, take) {
      await take('files', tocEntry(odd))
      await take('files', tocEntry('etc/link', { type: 'symlink', linkTarget: odd }))
      return { manifest, details: { ...details, description: 'a\x1b[2Jb' }, entries: 2 }
    },
  },
}

test('a name that is not UTF-8 has its bytes beside it in JSON', async () => {
  const [first, second] = jsonLines(await commandLine(['inspect', 'latest', '--json'], oddInspect))
  expect(first).toMatchObject({ path: 'etc/\\xff\\x1b[31m', pathB64: Buffer.from(odd, 'latin1').toString('base64') })
  expect(second).toMatchObject({ linkTargetB64: Buffer.from(odd, 'latin1').toString('base64') })
})

test('control characters of names and descriptions never reach a terminal', async () => {
  const { stdout } = await commandLine(['inspect', 'latest'], oddInspect)
  expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/)
  expect(stdout).toContain('etc/\\xff\\x1b[31m')
  expect(stdout).toContain('etc/link -> etc/\\xff\\x1b[31m')
  expect(stdout).toContain('a\\e[2Jb')
})

test('inspect --long shows mode, owner, size, time, hash and link target', async () => {
  const inspect: Setting['engine'] = {
    async inspect(_options, take) {
      await take('f', tocEntry('a', { mode: 0o4755 }))
      await take('f', tocEntry('t', { type: 'directory', mode: 0o1777, sha256: null }))
      await take(
        'f',
        tocEntry('d', { type: 'char-device', mode: 0o2644, deviceNumber: { major: 1, minor: 3 }, userName: null }),
      )
      return { manifest, details, entries: 3 }
    },
  }
  const { stdout } = await commandLine(['inspect', 'latest', '--long'], { engine: inspect })
  const lines = stdout.split('\n')
  expect(lines[0]).toBe(`-rwsr-xr-x root:root                5 2023-11-14T22:13:20Z ${'ab'.repeat(32)} a`)
  expect(lines[1]).toMatch(/^drwxrwxrwt .* - {64}t\/$/)
  expect(lines[2]).toMatch(/^crw-r-Sr-- 0:root {17}1,3 /)
})

test('inspect without the key shows what is in clear, says what is missing and exits 3', async () => {
  const inspect = async () => ({ manifest, details: null, entries: 0 })
  const { stdout, stderr, exitCode } = await commandLine(['inspect', 'latest'], { engine: { inspect } })
  expect(stdout).toContain('services: files\n')
  expect(stderr).toBe('warning: the paths are not shown: they are encrypted, and there is no key\n')
  expect(exitCode).toBe(3)
})

test('cat hands out bytes as they are', async () => {
  const { bytes } = await commandLine(['cat', 'latest', 'x'])
  expect([...bytes]).toEqual([0xff, 0x00, 0x41])
})

test.each([0, 3, 4])('create and verify end with the exit code of the run: %i', async (exitCode) => {
  const create = async () => ({
    exitCode,
    run: 'r',
    backup: entry,
    bytes: 0,
    storedBytes: 0,
    durationMs: 0,
    warnings: 1,
    skipped: {},
  })
  const verify = async () => ({ exitCode, run: 'r', reports: [], blindSpot: 'rot on the replica' })
  expect((await commandLine(['create'], { engine: { create } })).exitCode).toBe(exitCode)
  const verified = await commandLine(['verify', 'latest'], { engine: { verify } })
  expect(verified.exitCode).toBe(exitCode)
  expect(verified.stdout).toContain('not seen by level full: rot on the replica')
})

test('verify lists each problem below its backup', async () => {
  const problem = { archive: 'a.tar', path: 'etc/x', what: 'hash differs', severity: 'damage' as const }
  const report = { id: entry.id, level: 'full' as const, ok: false, problems: [problem], bytes: 0, durationMs: 0 }
  const verify = async () => ({ exitCode: 4, run: 'r', reports: [report], blindSpot: null })
  const { stdout } = await commandLine(['verify', 'latest'], { engine: { verify } })
  expect(stdout).toBe(`${entry.id}  full: DAMAGED (1)  0 B in 0 ms\n  damage   a.tar: etc/x: hash differs\n`)
})

test('status and doctor exit 3 when something needs attention', async () => {
  const status = async () => ({ ...statusReport, ok: false, problems: ['files: overdue'] })
  const said = await commandLine(['status'], { engine: { status } })
  expect(said.exitCode).toBe(3)
  expect(said.stdout).toMatch(/^needs attention\n {2}files: overdue\n/)
  expect((await commandLine(['doctor'])).exitCode).toBe(3)
})

test.each([{ TERM: 'linux' }, { LANG: 'C' }])(
  'the trend is ASCII where the terminal has no more: %j',
  async (environment) => {
    const { stdout } = await commandLine(['status'], { environment })
    expect(stdout).toContain('size of the last 4: _-#*  ')
  },
)

test('bare holdfast without a terminal is the status and its exit code', async () => {
  const status = async () => ({ ...statusReport, ok: false })
  const said = await commandLine([], { engine: { status } })
  expect(said.stdout).toMatch(/^needs attention\n/)
  expect(said.exitCode).toBe(3)
})

test('bare holdfast on a terminal is the console, with what it was told', async () => {
  const { stdout, exitCode, consoles } = await commandLine(['--read-only', '--root', '/srv/a', '--no-color'], {
    terminal: true,
  })
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 })
  expect(consoles).toEqual([{ root: '/srv/a', readOnly: true, colorless: true }])
})

test('the console has a name too', async () => {
  const { consoles } = await commandLine(['console', '--config', 'c.json'], { terminal: true })
  expect(consoles).toEqual([{ config: 'c.json', readOnly: false, colorless: false }])
})

test.each([['--json'], ['--quiet']])('bare holdfast %s on a terminal is the status: a script asks', async (option) => {
  const { stdout, consoles } = await commandLine([option], { terminal: true })
  expect(stdout).toContain('safe'.slice(option === '--json' ? 4 : 0))
  expect(consoles).toEqual([])
})

const five = ['a', 'b', 'c', 'd', 'e'].map((letter) => ({
  ...entry,
  id: `2026-11-20T02-00-00Z-incremental-${letter.repeat(4)}`,
  services: ['a-long-name', 'another-long-name', 'third'],
}))
test.each([80, 60, 132])('the list fits %i columns and uses them', async (columns) => {
  const list = async () => ({ backups: five, problems: [] })
  const { stdout } = await commandLine(['list'], { engine: { list }, terminal: true, columns })
  const widths = stdout.split('\n').map((line) => line.length)
  expect(Math.max(...widths)).toBeLessThanOrEqual(columns)
  expect(stdout.includes('a-long-name,another-long-name,third')).toBe(columns > 120)
})

const differing: readonly [Partial<Change>, string][] = [
  [
    { before: tocEntry('a', { sizeBytes: 2048 }), after: tocEntry('a'), attributes: ['content', 'size'] },
    'shrunk 2.00 KiB',
  ],
  [{ before: tocEntry('a'), after: tocEntry('a'), attributes: ['content'] }, 'same size'],
  [
    { before: tocEntry('a'), after: tocEntry('a', { type: 'directory' }), attributes: ['type'] },
    'file became directory',
  ],
  [
    { before: tocEntry('a', { type: 'symlink' }), after: tocEntry('a', { type: 'symlink' }), attributes: ['content'] },
    'leads elsewhere',
  ],
]
test.each(differing)('diff says why something changed: %#', async (more, why) => {
  const diff: Engine['diff'] = async (_options, take) => {
    const common = { service: 'files', from: null, before: null, after: null, attributes: [] }
    await take({ ...common, path: tocEntry('a').path, change: 'changed', ...more })
    const counts = { added: 0, removed: 0, changed: 1, metadata: 0, renamed: 0 }
    return { from: entry.id, to: 'live', counts, warnings: [] }
  }
  const { stdout } = await commandLine(['diff', 'latest', '--live'], { engine: { diff } })
  expect(stdout.split('\n')[0]).toBe(`changed   a  (${why})`)
})

test.each([
  [['--daemon', '--root', '/srv/a'], { root: '/srv/a', graceMs: 30_000 }],
  [['--root=/srv/a', '--daemon', '--grace', '5m'], { root: '/srv/a', graceMs: 300_000 }],
  [['daemon', '--config', 'c.json', '--grace=0s'], { config: 'c.json', graceMs: 0 }],
])('%j runs the daemon', async (argv, options) => {
  const { daemons, exitCode } = await commandLine(argv)
  expect({ daemons, exitCode }).toEqual({ daemons: [options], exitCode: 0 })
})

test('diff gives the bytes of a name that is not UTF-8 before and after its renaming', async () => {
  const diff: Engine['diff'] = async (_options, take) => {
    const both = { before: tocEntry(odd), after: tocEntry(odd), attributes: [] }
    await take({ service: 'files', path: odd, from: odd, change: 'renamed', ...both })
    const counts = { added: 0, removed: 0, changed: 0, metadata: 0, renamed: 1 }
    return { from: entry.id, to: 'live', counts, warnings: [] }
  }
  const [line] = jsonLines(await commandLine(['diff', 'latest', '--live', '--json'], { engine: { diff } }))
  const bytes = Buffer.from(odd, 'latin1').toString('base64')
  expect(line).toMatchObject({ changes: [{ pathB64: bytes, fromB64: bytes, change: 'renamed' }] })
})

const idOf = (type: string, letter: string): string => `2026-11-20T02-00-00Z-${type}-${letter.repeat(4)}`
const lineage = [
  {
    ...entry,
    id: idOf('incremental', 'c'),
    type: 'incremental' as const,
    base: idOf('incremental', 'b'),
    deps: [idOf('full', 'a'), idOf('incremental', 'b')],
    reusedBytes: 12_000_000,
  },
  {
    ...entry,
    id: idOf('incremental', 'b'),
    type: 'incremental' as const,
    base: idOf('full', 'a'),
    deps: [idOf('full', 'a')],
    reusedBytes: null,
  },
  { ...entry, id: idOf('full', 'a') },
]

test('the list shows what a backup builds on, how many it needs and what it reused, where the width allows', async () => {
  const list = async () => ({ backups: lineage, problems: [] })
  const at = (columns: number) => commandLine(['list'], { engine: { list }, terminal: true, columns })
  expect((await at(140)).stdout.replace(/2026-11-20T02-00-00Z-/g, '')).toBe(
    `id                                     age  type         services   files      size    reused  base  needs  verified
incremental-cccc  22h  incremental  files,app  1,234  3.34 MiB  11.4 MiB  bbbb      2  quick
incremental-bbbb  22h  incremental  files,app  1,234  3.34 MiB         ?  aaaa      1  quick
full-aaaa         22h  full         files,app  1,234  3.34 MiB         -  -         -  quick
`,
  )
  expect((await at(80)).stdout.split('\n')[0]).toBe(
    'id                                     age      size    reused  base  verified',
  )
  for (const columns of [80, 64, 100, 120])
    for (const line of (await at(columns)).stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(columns)
})

test('inspect names the base and everything that is needed, one a line', async () => {
  const [newest] = lineage
  const about = { ...manifest, base: newest!.base!, deps: newest!.deps }
  const inspect = async () => ({ manifest: about, details, entries: 0 })
  const { stdout } = await commandLine(['inspect', 'latest'], { engine: { inspect } })
  expect(stdout).toContain(
    `\nbase: ${idOf('incremental', 'b')}\nneeds: ${idOf('full', 'a')}\nneeds: ${idOf('incremental', 'b')}\n`,
  )
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  const [line] = jsonLines(await commandLine(['inspect', 'latest', '--json'], { engine: { inspect } }))
  expect(line).toMatchObject({ backup: { base: newest!.base, deps: newest!.deps } })
})

test('list --json has base, dependencies and reused bytes', async () => {
  const list = async () => ({ backups: lineage, problems: [] })
  const [line] = jsonLines(await commandLine(['list', '--json'], { engine: { list } }))
  expect(line).toMatchObject({ backups: lineage.map(({ base, deps, reusedBytes }) => ({ base, deps, reusedBytes })) })
})

test('trouble with the catalog is a warning beside the list', async () => {
  const list = async () => ({ backups: [], problems: ['metadata.json is gone'] })
  const { stdout, stderr, exitCode } = await commandLine(['list'], { engine: { list } })
  expect({ stdout, stderr, exitCode }).toEqual({
    stdout: 'no backups\n',
    stderr: 'warning: metadata.json is gone\n',
    exitCode: 3,
  })
})

test.each<[unknown, number, string]>([
  [
    new BackupError('E_DAMAGED', 'a.tar: bad\x1b[2J tag', 'verify it'),
    4,
    'error: a.tar: bad\\e[2J tag\nhint: verify it\n',
  ],
  [new BackupError('E_BUSY', 'held by 12'), 5, 'error: held by 12\n'],
  [new BackupError('E_IO', 'cannot read a\\xff'), 1, 'error: cannot read a\\xff\n'],
  [
    new TypeError('x is undefined'),
    1,
    'error: an unexpected error: x is undefined\nhint: please report it; HOLDFAST_DEBUG=1 shows where it happened\n',
  ],
])('tells %s with its exit code, without a stack', async (error, exitCode, stderr) => {
  const list = async () => {
    throw error
  }
  const said = await commandLine(['list'], { engine: { list } })
  expect(said).toMatchObject({ stdout: '', stderr, exitCode, closed: 1 })
})

test('HOLDFAST_DEBUG shows the stack of an unexpected error', async () => {
  const list = async () => {
    throw new TypeError('x is undefined')
  }
  const { stderr } = await commandLine(['list'], { engine: { list }, environment: { HOLDFAST_DEBUG: '1' } })
  expect(stderr).toMatch(/TypeError: x is undefined\n\s+at /)
})

const warn: Setting = {
  engine: {
    async create(_options, during) {
      for (let at = 0; at < 25; at++) during.listen(event({ kind: 'warning', message: 'vanished', path: `f${at}` }))
      during.listen(event({ kind: 'notice', message: 'the repository is left out' }))
      during.listen(
        event({ kind: 'warning', message: 'odd', path: 'x', pathB64: Buffer.from(odd, 'latin1').toString('base64') }),
      )
      during.listen(event({ kind: 'finished', outcome: 'warnings', exitCode: 3, durationMs: 1 }))
      return {
        exitCode: 3,
        run: restoreRun,
        backup: entry,
        bytes: 0,
        storedBytes: 0,
        durationMs: 0,
        warnings: 26,
        skipped: {},
      }
    },
  },
}

test('warnings come on stderr as they happen, the flood cut at twenty with a count', async () => {
  const { stderr } = await commandLine(['create'], warn)
  const lines = stderr.trimEnd().split('\n')
  expect(lines.slice(0, 2)).toEqual(['warning: f0: vanished', 'warning: f1: vanished'])
  expect(lines.slice(20)).toEqual([
    'notice: the repository is left out',
    `warning: and 6 more warnings; the log of run ${restoreRun} has them all`,
  ])
})

test('--quiet keeps warnings and drops notices', async () => {
  const { stderr } = await commandLine(['create', '--quiet'], warn)
  expect(stderr).not.toContain('notice:')
  expect(stderr).toContain('warning: f0: vanished')
})

test('--json gives every event as it is, before the result', async () => {
  const lines = jsonLines(await commandLine(['create', '--json'], warn))
  expect(lines).toHaveLength(29)
  expect(lines[0]).toEqual({
    run: restoreRun,
    at: '2026-11-21T00:00:00.000Z',
    kind: 'warning',
    message: 'vanished',
    path: 'f0',
  })
})

const progress: Setting['engine'] = {
  async create(_options, during) {
    during.listen(event({ kind: 'phase', phase: 'pack', service: 'files' }))
    for (const doneBytes of [0, 1_000_000, 2_000_000])
      during.listen(event({ kind: 'progress', doneBytes, totalBytes: 4_000_000, doneEntries: 7, totalEntries: null }))
    during.listen(event({ kind: 'finished', outcome: 'done', exitCode: 0, durationMs: 1 }))
    return { exitCode: 0, run: 'r', backup: entry, bytes: 0, storedBytes: 0, durationMs: 0, warnings: 0, skipped: {} }
  },
}

test('progress with rate and time left is drawn on a terminal and erased', async () => {
  const { stderr } = await commandLine(['create'], { engine: progress, terminal: true })
  expect(stderr).toContain('\rpack files  50 %  1.91 MiB of 3.81 MiB  977 KiB/s  ETA 0:02  7 entries\x1b[K')
  expect(stderr).toMatch(/\r\x1b\[K$/)
})

test('progress never grows wider than the terminal', async () => {
  const { stderr } = await commandLine(['create'], { engine: progress, terminal: true, columns: 50 })
  for (const drawn of stderr.split('\r')) expect(drawn.replace('\x1b[K', '').length).toBeLessThan(50)
})

test.each<[string[], Setting]>([
  [['create'], {}],
  [['create', '--quiet'], { terminal: true }],
  [['create'], { terminal: true, environment: { TERM: 'dumb' } }],
])('progress is not drawn where nobody can see it: %j', async (argv, setting) => {
  expect((await commandLine(argv, { ...setting, engine: progress })).stderr).toBe('')
})

test.each<[string[], Record<string, string>, boolean]>([
  [['lst'], {}, true],
  [['lst'], { NO_COLOR: '1' }, false],
  [['--no-color', 'lst'], {}, false],
  [['lst'], { TERM: 'dumb' }, false],
])('colours only a terminal that wants it: %j with %j', async (argv, environment, coloured) => {
  const { stderr } = await commandLine(argv, { terminal: true, environment })
  expect(stderr.includes('\x1b[31m')).toBe(coloured)
})

test('doctor keeps whole words and the width of a terminal', async () => {
  const what = `the key file /root/.config/holdfast/${'backups-'.repeat(2)}de83aad1.key opens the repository of this machine`
  const engine: Setting['engine'] = {
    doctor: async () => ({
      ok: true,
      checks: [{ name: 'key', state: 'ok', what, hint: '' }],
      settings: [
        { key: 'a.long.setting'.repeat(3), value: '/srv/backup', from: 'file', where: 'backup_config.json:3:4' },
      ],
    }),
  }
  const { stdout } = await commandLine(['doctor'], { engine, terminal: true })
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(what)
  expect((await commandLine(['doctor'], { engine })).stdout).toContain(`ok       key  ${what}\n`)
})

test('an estimate that is passed is not shown any more', async () => {
  const engine: Setting['engine'] = {
    async create(_options, during) {
      for (const doneBytes of [1_000_000, 5_000_000])
        during.listen(event({ kind: 'progress', doneBytes, totalBytes: 4_000_000, doneEntries: 7, totalEntries: null }))
      return { exitCode: 0, run: 'r', backup: entry, bytes: 0, storedBytes: 0, durationMs: 0, warnings: 0, skipped: {} }
    },
  }
  const { stderr } = await commandLine(['create'], { engine, terminal: true })
  expect(stderr).toContain('\rworking  4.77 MiB  3.81 MiB/s  7 entries\x1b[K')
})

const inPlace: Setting = {
  engineWith: (calls) => ({
    planRestore: async () =>
      plan(calls, {
        inPlace: true,
        target: '/',
        conflict: 'overwrite',
        counts: { create: 1, overwrite: 2, unchanged: 0, metadata: 0, keep: 0, delete: 0, refuse: 1 },
        refused: [{ path: odd, because: 'parent-is-symlink' }],
      }),
  }),
}
const methods = (said: { calls: { method: string }[] }): string[] => said.calls.map(({ method }) => method)

test('a restore in place without a terminal needs --yes or --confirm: exit 2 with the plan', async () => {
  const said = await commandLine(['restore', 'latest', '--in-place'], inPlace)
  expect(said.exitCode).toBe(2)
  expect(said.stdout).toContain('2 overwritten')
  expect(said.stdout).toContain('refused: etc/\\xff\\x1b[31m: a parent of it on disk is a symbolic link')
  expect(said.stdout).toContain('saved before: NOTHING of what is replaced or deleted')
  expect(said.stderr).toBe(
    'error: restoring in place must be confirmed\nhint: look at the plan, then add --yes or --confirm web1\n',
  )
  expect(methods(said)).toEqual(['drop'])
})

test('a restore that deletes needs --yes without a terminal, also below a target, and says that nothing is saved', async () => {
  const deleting: Setting = {
    engineWith: (calls) => ({
      planRestore: async () =>
        plan(calls, {
          counts: { create: 0, overwrite: 0, unchanged: 3, metadata: 0, keep: 0, delete: 2, refuse: 0 },
        }),
    }),
  }
  const said = await commandLine(['restore', 'latest', '--target', 'd', '--delete-extra'], deleting)
  expect(said.exitCode).toBe(2)
  expect(said.stdout).toContain('2 deleted')
  expect(said.stdout).toContain('saved before: NOTHING of what is replaced or deleted')
  expect(said.stderr).toContain('error: deleting must be confirmed')
  expect(methods(said)).toEqual(['drop'])
})

test('delete shows what goes and deletes nothing before somebody said yes', async () => {
  const said = await commandLine(['delete', '7f3k'])
  expect(said.exitCode).toBe(2)
  expect(said.stdout).toContain('to be deleted: 2026-11-20T02-00-00Z-full-7f3k')
  expect(said.stderr).toBe('error: deleting must be confirmed\nhint: look at the plan, then add --yes\n')
  expect(methods(said)).toEqual(['planDelete'])
})

test('delete takes a backup by its id, never latest', async () => {
  const said = await commandLine(['delete', 'latest', '--yes'])
  expect(said.exitCode).toBe(2)
  expect(methods(said)).toEqual([])
})

test('the same in JSON: the plan, then the error as the last line', async () => {
  const lines = jsonLines(
    await commandLine(['restore', 'latest', '--in-place', '--json'], { ...inPlace, terminal: true }),
  )
  expect(lines).toEqual([
    expect.objectContaining({ kind: 'plan', plan: expect.objectContaining({ id: 'plan-1' }) }),
    expect.objectContaining({ kind: 'error', code: 'E_CONFIRM' }),
  ])
})

test.each([['--yes'], ['--confirm', 'web1']])('%s %s confirms', async (...words) => {
  const said = await commandLine(['restore', 'latest', '--in-place', ...words.filter(Boolean)], inPlace)
  expect(methods(said)).toEqual(['apply', 'drop'])
  expect(said.exitCode).toBe(0)
})

test('what the plan has told its run does not tell again', async () => {
  const notice = 'one copy of the header is damaged'
  const said = await commandLine(['restore', 'latest', '--in-place', '--yes'], {
    engineWith: (calls) => {
      const made = plan(calls, { inPlace: true, notices: [notice, 'an ACL is not restored'] })
      return {
        planRestore: async () => ({
          ...made,
          async apply(during) {
            for (const message of [notice, 'an ACL is not restored', 'it is late'])
              during.listen(event({ kind: 'notice', message }))
            return made.apply(during)
          },
        }),
      }
    },
  })
  expect(said.stderr).toBe(`notice: ${notice}\nnotice: an ACL is not restored\nnotice: it is late\n`)
})

test.each([[['--confirm', 'web2']], [['--confirm', 'web2', '--yes']]])('%j refuses another host', async (words) => {
  const said = await commandLine(['restore', 'latest', '--in-place', ...words], inPlace)
  expect(methods(said)).toEqual(['drop'])
  expect(said.exitCode).toBe(2)
})

test.each([
  ['y\n', ['apply', 'drop'], 0],
  ['web1\n', ['apply', 'drop'], 0],
  ['n\n', ['drop'], 2],
  ['\n', ['drop'], 2],
  ['', ['drop'], 2],
  ['web2\n', ['drop'], 2],
])('a restore in place asks on a terminal: %j', async (input, expected, exitCode) => {
  const said = await commandLine(['restore', 'latest', '--in-place'], { ...inPlace, terminal: true, input })
  expect(said.stderr).toContain('restore in place on web1? type y or web1 to go on: ')
  expect({ methods: methods(said), exitCode: said.exitCode }).toEqual({ methods: expected, exitCode })
})

test('a restore into a directory where nothing is lost does not ask', async () => {
  const said = await commandLine(['restore', 'latest'], { terminal: true })
  expect(methods(said)).toEqual(['planRestore', 'apply', 'drop'])
  expect(said.stdout).toMatch(/^plan plan-1\n[\s\S]*\nrestore 2026-11-21T00-00-00Z-restore-abcd\n/)
})

test('--save-plan keeps the plan and writes nothing else, with --dry-run or without', async () => {
  expect(methods(await commandLine(['restore', 'latest', '--save-plan', 'p']))).toEqual(['planRestore', 'save', 'drop'])
  const dry = await commandLine(['restore', 'latest', '--save-plan', 'p', '--dry-run'])
  expect(methods(dry)).toEqual(['planRestore', 'save', 'drop'])
})

test('the first event of restore --json is the restore itself, whatever planning tells', async () => {
  const planRestore: Setting['engineWith'] = (calls) => ({
    async planRestore(_options, during) {
      during.listen({ run: 'planning', at: 'x', kind: 'phase', phase: 'look' })
      during.listen({ run: 'planning', at: 'x', kind: 'warning', message: 'odd' })
      return plan(calls)
    },
  })
  const lines = jsonLines(await commandLine(['restore', 'latest', '--json'], { engineWith: planRestore }))
  expect(lines.map(({ kind, run }) => [kind, run])).toEqual([
    ['started', restoreRun],
    ['warning', 'planning'],
    ['result', undefined],
  ])
})

test('a restore that met damage lists it and exits 4', async () => {
  const apply = async () => ({ ...restored, exitCode: 4, damaged: [odd] })
  const setting: Setting = { engineWith: (calls) => ({ planRestore: async () => plan(calls, { apply }) }) }
  const said = await commandLine(['restore', 'latest'], setting)
  expect(said.exitCode).toBe(4)
  expect(said.stderr).toBe('warning: etc/\\xff\\x1b[31m: damaged, not restored\n')
})

test('init --passphrase asks twice, and refuses two that differ or none', async () => {
  const same = await commandLine(['init', '--passphrase'], { terminal: true, input: 'correct horse\ncorrect horse\n' })
  expect(same.calls).toEqual([{ method: 'init', options: { passphrase: 'correct horse' } }])
  expect(same.stdout + same.stderr).not.toContain('horse')
  const other = await commandLine(['init', '--passphrase'], { terminal: true, input: 'correct\nhorse\n' })
  expect(other).toMatchObject({ exitCode: 2, calls: [] })
  expect((await commandLine(['init', '--passphrase'], { terminal: true, input: '\n' })).exitCode).toBe(2)
})

test.each([
  ['a\x7fb\nb\n', 'b'],
  ['a\u00e4\x7fb\nab\n', 'ab'],
  ['wrong\x15right\nright\n', 'right'],
  ['p\u00e4ss\np\u00e4ss\n', 'p\u00e4ss'],
])('the keys that edit a line work in %j', async (input, passphrase) => {
  const { calls } = await commandLine(['init', '--passphrase'], { terminal: true, input })
  expect(calls).toEqual([{ method: 'init', options: { passphrase } }])
})

test.each(['abc\x03', '\x04', 'abc'])(
  'Ctrl-C, Ctrl-D and the end of input leave a prompt with exit 130: %j',
  async (input) => {
    expect(await commandLine(['init', '--passphrase'], { terminal: true, input })).toMatchObject({
      exitCode: 130,
      calls: [],
    })
  },
)

test('a passphrase can be asked for only where somebody can type', async () => {
  expect((await commandLine(['list'])).wired).toEqual([{}])
  const { wired } = await commandLine(['list'], { terminal: true })
  expect(wired).toEqual([{ onPassphrase: expect.any(Function) }])
})

describe('undo', () => {
  const restore = '2026-11-20T23-00-00Z-restore-7f3k'
  const undoing: Setting = {
    engineWith: (calls) => ({
      planUndo: async (options) => {
        calls.push({ method: 'planUndo', options })
        return plan(calls, { inPlace: true, undoes: restore, saves: { entries: 3, bytes: 4096 } })
      },
    }),
  }

  test('without an id it lists restores, and how it stands with each', async () => {
    const about = { at: '2026-11-20T23:00:00Z', backup: 'b', target: '/', inPlace: true, safety: [] }
    const setting: Setting = {
      engineWith: () => ({ undoable: async () => [{ ...about, id: restore, state: 'interrupted' }] }),
    }
    expect((await commandLine(['undo'], setting)).stdout).toMatch(
      /7f3k +\/ +interrupted\nto go on with it: holdfast restore --resume 2026-11-20T23-00-00Z-restore-7f3k\n/,
    )
    const [result] = jsonLines(await commandLine(['undo', '--json'], setting))
    expect(result).toMatchObject({ kind: 'result', command: 'undo', restores: [{ id: restore, state: 'interrupted' }] })
    expect((await commandLine(['undo'])).stdout).toBe('no restore can be undone\n')
  })

  test('it shows its plan and what is saved first, and asks; nobody there to ask is exit 2 with the plan', async () => {
    const said = await commandLine(['undo', '7f3k'], undoing)
    expect(said.exitCode).toBe(2)
    expect(said.stdout).toContain(`takes back: ${restore}`)
    expect(said.stdout).toContain('saved before: 3 paths that have changed since the restore, 4.00 KiB')
    expect(methods(said)).toEqual(['planUndo', 'drop'])
  })

  test('--yes does it, --dry-run does not', async () => {
    expect(methods(await commandLine(['undo', '7f3k', '--yes'], undoing))).toEqual(['planUndo', 'apply', 'drop'])
    const dry = await commandLine(['undo', '7f3k', '--dry-run'], undoing)
    expect(dry).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('dry run: nothing was written') })
    expect(methods(dry)).toEqual(['planUndo', 'drop'])
    const lines = jsonLines(await commandLine(['undo', '7f3k', '--yes', '--json'], undoing))
    expect(lines.at(-1)).toMatchObject({ kind: 'result', command: 'undo' })
  })

  test('latest is asked for without an id', async () => {
    const said = await commandLine(['undo', 'latest', '--yes'], undoing)
    expect(said.calls).toContainEqual({ method: 'planUndo', options: expect.objectContaining({ restore: null }) })
  })

  test('nothing to take back is exit 0', async () => {
    const said = await commandLine(['undo', '7f3k', '--yes'])
    expect(said).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing to do: 7f3k') })
  })
})
