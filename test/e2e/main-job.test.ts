import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { makeNastyTree } from '../oracles/nasty-tree.ts'
import { requirement } from '../requirements.ts'
import { backupIds, litterOf, type RunOptions, rawKey, recoverNode, recoverPython, Stage } from './stage.ts'
import { differences, makeTree } from './trees.ts'

/** The main job as an operator does it: set up, back up, look inside, rehearse, restore, prove, with every kind of key and compression. */

const isRoot = process.getuid?.() === 0
const disk = createDiskFiles()

let stage: Stage
let source: string
/** For what compresses slowly. */
let small: string
beforeAll(() => {
  stage = new Stage()
  source = stage.at('source')
  makeNastyTree(disk, source, { root: isRoot, acl: isRoot && requirement('setfacl') })
  // What no reader but root sees is a warning, and not what is tried here.
  if (!isRoot) chmodSync(join(source, 'm0'), 0o400)
  small = stage.at('small')
  makeTree(small, 20, 1 << 20)
})
afterAll(() => stage.remove())

interface Setting {
  readonly compress: 'zstd' | 'gzip' | 'bzip2' | 'xz' | 'none'
  readonly key: 'raw' | 'keyfile' | 'scrypt' | 'PBKDF2' | 'argon2id' | 'no key'
}

const isLong = process.env['HOLDFAST_LONG'] === '1'

/** Each compression and each key once; without a key the format is an ordinary archive, and the long run tries all of them so. */
const settings: Setting[] = [
  { compress: 'zstd', key: 'raw' },
  { compress: 'gzip', key: 'keyfile' },
  { compress: 'bzip2', key: 'scrypt' },
  { compress: 'xz', key: 'PBKDF2' },
  { compress: 'none', key: 'argon2id' },
  { compress: 'zstd', key: 'no key' },
  ...(['gzip', 'bzip2', 'xz', 'none'] as const).flatMap((compress): Setting[] =>
    isLong ? [{ compress, key: 'no key' }] : [],
  ),
]
const suffix = { zstd: '.tar.zst', gzip: '.tar.gz', bzip2: '.tar.bz2', xz: '.tar.xz', none: '.tar' } as const
/** Fields cli.md promises, by command. */
const promised = {
  create: [
    'id',
    'type',
    'createdAt',
    'services',
    'files',
    'bytes',
    'storedBytes',
    'reusedBytes',
    'durationMs',
    'warnings',
  ],
  list: [
    'id',
    'type',
    'createdAt',
    'description',
    'services',
    'base',
    'sizeBytes',
    'reusedBytes',
    'files',
    'encrypted',
    'pinned',
    'verified',
    'deps',
  ],
  entry: ['path', 'type', 'sizeBytes', 'mode', 'uid', 'gid', 'mtime', 'sha256', 'linkTarget'],
  plan: ['id', 'hash', 'target', 'counts', 'bytesToWrite', 'refused'],
  counts: ['create', 'overwrite', 'unchanged', 'metadata', 'keep', 'delete', 'refuse'],
  restore: ['id', 'plan', 'written', 'unchanged', 'kept', 'refused', 'bytes', 'undo', 'durationMs'],
  verify: ['id', 'level', 'ok', 'problems'],
  status: ['ok', 'problems', 'lastGood', 'nextRun', 'repositoryBytes'],
} as const

function expectFields(value: unknown, names: readonly string[]): void {
  expect(Object.keys(value as object)).toEqual(expect.arrayContaining([...names]))
}

/** The environment for a key of a kind, with its configuration written beside a repository of its own. */
function prepare(
  name: string,
  key: Setting['key'],
  more: object = {},
): { options: RunOptions; recovery: Record<string, string>; root: string } {
  const directory = stage.makeDirectory(name)
  const root = join(directory, 'repository')
  const keyFile = join(directory, 'the.key')
  const derived = key === 'scrypt' || key === 'PBKDF2' || key === 'argon2id'
  const passphrase = 'correct horse battery staple'
  const encryption =
    key === 'no key'
      ? { enabled: false }
      : derived
        ? { enabled: true, key_derivation: { algorithm: key } }
        : key === 'keyfile'
          ? { enabled: true, key_management: { source: 'file', file_path: keyFile } }
          : { enabled: true }
  writeFileSync(join(directory, 'backup_config.json'), JSON.stringify({ encryption, ...more }))
  const secret = key === 'raw' ? rawKey : derived ? passphrase : undefined
  return {
    root,
    options: { env: { BACKUP_DIR: root, BACKUP_ENCRYPTION_KEY: secret } },
    recovery: secret === undefined ? { KEYFILE: keyFile } : { BACKUP_ENCRYPTION_KEY: secret },
  }
}

describe.runIf(requirement('python3') && requirement('tar'))('the whole job', () => {
  test.each(settings)(
    'with $compress and $key',
    async ({ compress, key }) => {
      const isSlow = compress === 'xz' || compress === 'bzip2'
      if (isSlow) requirement(compress)
      // Many a Python is built on an OpenSSL that has no argon2id; Node has it, and sets no extended attributes.
      const byNode = key === 'argon2id'
      const isSmall = isSlow || byNode
      const tree = isSmall ? small : source
      const one = isSmall ? 'directory-0/file-3' : 'block-and-one'
      const { options, recovery, root } = prepare(`job-${compress}-${key.replaceAll(' ', '-')}`, key)
      const encrypted = key !== 'no key'
      const initialised = await stage.json(['init'], options)
      expect(initialised.code).toBe(0)
      expect(existsSync(join(root, '..', 'the.key'))).toBe(key === 'keyfile')
      if (key === 'keyfile') expect(statSync(join(root, '..', 'the.key')).mode & 0o777).toBe(0o600)

      const created = await stage.json(
        ['create', tree, '--compress', compress, '--description', 'every kind of name'],
        options,
      )
      expect(created).toMatchObject({ code: 0, stderr: '', last: { kind: 'result', command: 'create' } })
      expectFields(created.last['backup'], promised.create)
      const [id] = backupIds(root)
      const file = `paths${suffix[compress]}${encrypted ? '.enc' : ''}`
      expect(readdirSync(join(root, 'archives', id!)).sort()).toEqual(['manifest.json', file])

      const listed = await stage.json(['list'], options)
      expectFields((listed.last['backups'] as object[])[0], promised.list)
      expect(listed.last['backups']).toMatchObject([
        { id, encrypted, description: 'every kind of name', services: ['paths'], deps: [] },
      ])

      const inspected = await stage.json(['inspect', 'latest'], options)
      const entries = inspected.lines.slice(0, -1).filter(({ kind }) => kind === 'entry')
      for (const entry of entries) expectFields(entry, promised.entry)
      expect(inspected.last['entries']).toBe(entries.length)

      expect(await stage.succeed(['cat', 'latest', join(tree, one)], options)).toBe(
        readFileSync(join(tree, one), 'utf8'),
      )

      for (const level of compress === 'zstd' ? ['scrub', 'quick', 'full', 'restore'] : ['full', 'restore']) {
        const verified = await stage.json(['verify', 'latest', '--level', level], options)
        expect({ level, code: verified.code }).toEqual({ level, code: 0 })
        expectFields(verified.last['verify'], promised.verify)
        expect(verified.last['verify']).toMatchObject({ id, level, ok: true, problems: [] })
      }

      const target = join(root, '..', 'target')
      const restored = await stage.json(['restore', 'latest', '--target', target], options)
      expect({ code: restored.code, stderr: restored.stderr }).toEqual({ code: 0, stderr: '' })
      expectFields(restored.last['restore'], promised.restore)
      expect((restored.last['restore'] as { id: string }).id).toBe(restored.lines[0]!['run'])
      expect(differences(tree, join(target, tree))).toEqual([])
      rmSync(target, { recursive: true })

      // On a bare machine.
      const bare = stage.makeDirectory(`bare-${compress}-${key.replaceAll(' ', '-')}`)
      await stage.succeed(['export', 'latest', join(bare, 'backup.tar')], options)
      execFileSync('tar', ['xf', 'backup.tar'], { cwd: bare })
      const found = readdirSync(bare, { recursive: true, encoding: 'utf8' })
      const archive = found.find((one) => one.endsWith(file))!
      const script = found.find((one) => one.endsWith(byNode ? 'recover.mjs' : 'recover.py'))!
      const keyOptions = recovery['KEYFILE'] !== undefined && encrypted ? ['--keyfile', recovery['KEYFILE']] : []
      const out = join(bare, 'out')
      const recovered = spawnSync(
        byNode ? process.execPath : 'python3',
        [script, archive, 'restore', out, ...keyOptions],
        {
          cwd: bare,
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], ...recovery },
        },
      )
      expect({ status: recovered.status, stderr: recovered.stderr }).toMatchObject({ status: 0 })
      const told = differences(tree, join(out, tree)).filter((line) => !byNode || !isWithinMicroseconds(line))
      expect(told).toEqual([])
      rmSync(out, { recursive: true })
      if (!encrypted) {
        mkdirSync(join(bare, 'plain'))
        execFileSync(
          'tar',
          [
            'xf',
            join(root, 'archives', id!, file),
            '-C',
            join(bare, 'plain'),
            '--warning=no-timestamp',
            '--exclude=.bka',
          ],
          { stdio: ['ignore', 'ignore', 'pipe'] },
        )
        expect(readFileSync(join(bare, 'plain', tree, 'large'))).toEqual(readFileSync(join(tree, 'large')))
        expect(readdirSync(join(bare, 'plain', tree), 'latin1').sort()).toEqual(readdirSync(tree, 'latin1').sort())
      }
      expect(litterOf(root)).toEqual([])
    },
    120_000,
  )
})

describe('what is asked for by the way', () => {
  let options: RunOptions
  let root: string
  let tree: string
  beforeAll(async () => {
    tree = stage.at('tree')
    makeTree(tree, 40)
    ;({ options, root } = prepare('by-the-way', 'raw'))
    await stage.succeed(['create', tree], options)
  })

  test('a plan is shown, saved, applied as it was, and refused once the target has changed', async () => {
    const target = stage.at('planned')
    const dry = await stage.json(
      ['restore', 'latest', '--target', target, '--dry-run', '--save-plan', stage.at('plan')],
      options,
    )
    expect(dry.code).toBe(0)
    expectFields(dry.last['plan'], promised.plan)
    expectFields((dry.last['plan'] as { counts: object }).counts, promised.counts)
    expect(existsSync(target)).toBe(false)

    const drifted = stage.at('planned', tree)
    mkdirSync(drifted, { recursive: true })
    writeFileSync(join(drifted, 'large'), 'came between')
    const refused = await stage.json(['restore', '--plan', stage.at('plan')], options)
    expect({ code: refused.code, error: refused.last['code'] }).toEqual({ code: 1, error: 'E_PLAN_DRIFTED' })
    expect(readdirSync(drifted)).toEqual(['large'])

    rmSync(target, { recursive: true })
    const applied = await stage.json(['restore', '--plan', stage.at('plan')], options)
    expect(applied.code).toBe(0)
    expect((applied.last['restore'] as { plan: string }).plan).toBe((dry.last['plan'] as { id: string }).id)
    expect(differences(tree, join(target, tree))).toEqual([])

    const altered = readFileSync(stage.at('plan'), 'latin1')
    writeFileSync(stage.at('altered'), altered.replace('directory-0', 'directory-9'), 'latin1')
    const refusedToo = await stage.json(['restore', '--plan', stage.at('altered')], options)
    expect(refusedToo.code).toBe(1)
    expect(refusedToo.last['code']).toBe('E_PLAN_ALTERED')
    expect((await stage.json(['restore', '--plan', stage.at('plan'), '--path', 'x'], options)).code).toBe(2)
  })

  test('diff tells what changed between two backups and since the last', async () => {
    const changing = stage.at('changing')
    makeTree(changing, 21)
    await stage.succeed(['create', changing], options)
    writeFileSync(join(changing, 'new'), 'new')
    rmSync(join(changing, 'directory-0', 'file-3'))
    writeFileSync(join(changing, 'directory-1', 'file-20'), 'other content')
    chmodSync(join(changing, 'directory-0', 'file-5'), 0o777)
    const wanted = [
      ['directory-0/file-3', 'removed'],
      ['directory-0/file-5', 'metadata'],
      ['directory-1/file-20', 'changed'],
      ['new', 'added'],
    ]
    const told = (changes: unknown): string[][] =>
      (changes as { path: string; change: string }[])
        .map(({ path, change }) => [path.slice(changing.length), change])
        .filter(([path]) => !['', 'directory-0', 'directory-1'].includes(path!)) as string[][]
    const live = await stage.json(['diff', 'latest', '--live'], options)
    expect(live.code).toBe(0)
    expect(told(live.last['changes'])).toEqual(wanted)
    const [before] = backupIds(root).slice(-1)
    await stage.succeed(['create', changing], options)
    const after = (await stage.json(['list'], options)).last['backups'] as { id: string }[]
    const stored = await stage.json(['diff', after[1]!.id, after[0]!.id], options)
    expect([before, after[0]!.id, after[1]!.id].length).toBe(3)
    expect(told(stored.last['changes'])).toEqual(wanted)
    expect((await stage.json(['diff', 'latest', '--live'], options)).last['changes']).toEqual([])
  })

  test('a partial restore makes what it needs and leaves the attributes of parents alone', async () => {
    const { options: own } = prepare('partial', 'raw')
    const whole = stage.at('partial-tree')
    makeTree(whole, 40)
    chmodSync(whole, 0o711)
    chmodSync(join(whole, 'directory-0'), 0o711)
    await stage.succeed(['create', whole], own)
    const target = stage.at('partial-target')
    const there = join(target, whole, 'directory-0')
    mkdirSync(there, { recursive: true })
    chmodSync(target, 0o750)
    chmodSync(there, 0o755)
    for (const path of [there, target]) utimesSync(path, 1000, 1000)
    await stage.succeed(['restore', 'latest', '--target', target, '--path', `${whole}/directory-0/file-7`], own)
    expect(readdirSync(there)).toEqual(['file-7'])
    expect(readdirSync(join(target, whole))).toEqual(['directory-0'])
    expect(statSync(there).mode & 0o7777).toBe(0o755)
    expect(statSync(target).mode & 0o7777).toBe(0o750)
    expect(statSync(target).mtimeMs).toBe(1_000_000)
    expect(readFileSync(join(there, 'file-7'))).toEqual(readFileSync(join(whole, 'directory-0', 'file-7')))
    expect(statSync(join(there, 'file-7')).mtimeMs).toBe(statSync(join(whole, 'directory-0', 'file-7')).mtimeMs)
  })

  test.each([
    ['keep', 'mine', 'mine', ['old', 'young']],
    ['overwrite', 'stored', 'stored', ['old', 'young']],
    ['keep-newer', 'stored', 'mine', ['old', 'young']],
    ['rename', 'mine', 'mine', ['old', 'old.restored-', 'young', 'young.restored-']],
  ] as const)('--on-conflict %s', async (mode, old, young, names) => {
    const { options: own } = prepare(`conflict-${mode}`, 'raw')
    const directory = stage.makeDirectory(`conflict-tree-${mode}`)
    for (const name of ['old', 'young']) {
      writeFileSync(join(directory, name), 'stored')
      utimesSync(join(directory, name), 1_500_000_000, 1_500_000_000)
    }
    await stage.succeed(['create', directory], own)
    for (const [name, time] of [
      ['old', 1_400_000_000],
      ['young', 1_600_000_000],
    ] as const) {
      writeFileSync(join(directory, name), 'mine')
      utimesSync(join(directory, name), time, time)
    }
    const ended = await stage.json(
      ['restore', 'latest', '--in-place', '--on-conflict', mode, '--confirm', hostname()],
      own,
    )
    expect(ended.code).toBe(0)
    expect(ended.last['restore']).toMatchObject({ undo: mode !== 'keep' }) // then nothing was changed
    expect(readFileSync(join(directory, 'old'), 'utf8')).toBe(old)
    expect(readFileSync(join(directory, 'young'), 'utf8')).toBe(young)
    expect(
      readdirSync(directory)
        .sort()
        .map((name) => name.replace(/(restored-).*/, '$1')),
    ).toEqual(names)
    if (mode === 'rename')
      for (const name of readdirSync(directory).filter((one) => one.includes('.restored-')))
        expect(readFileSync(join(directory, name), 'utf8')).toBe('stored')
  })

  test('a second key, a file or a passphrase, opens what was made before and what comes after', async () => {
    const { options: own, root: place } = prepare('second-key', 'raw')
    const one = join(tree, 'directory-0')
    await stage.succeed(['create', one], own)
    await stage.succeed(['keys', 'add', '--new-file', stage.at('second.key')], own)
    expect(statSync(stage.at('second.key')).mode & 0o777).toBe(0o600)
    await stage.succeed(['keys', 'add', '--from-env', 'SECOND'], { env: { ...own.env, SECOND: 'a second passphrase' } })
    await stage.succeed(['create', one], own)
    const others = [
      { BACKUP_ENCRYPTION_KEY: undefined, BACKUP_RECOVERY_ENCRYPTION_KEY_PATH: stage.at('second.key') },
      { BACKUP_ENCRYPTION_KEY: 'a second passphrase' },
    ]
    for (const [at, keys] of others.entries()) {
      const env = { ...own.env, ...keys }
      for (const id of backupIds(place)) {
        const target = stage.at(`second-${at}-${id}`)
        await stage.succeed(['restore', id, '--target', target], { env })
        expect(differences(one, join(target, one))).toEqual([])
      }
      await stage.succeed(['create', one], { env })
    }
    const { last, code } = await stage.json(['keys', 'list'], own)
    expect(code).toBe(0)
    expect(JSON.stringify(last)).not.toMatch(/second passphrase|abababab/)
    expect(await stage.run(['verify', '--all'], own)).toMatchObject({ code: 0 })
  })

  test('several services become one backup with an archive each, chosen at create and at restore', async () => {
    const services = Object.fromEntries(
      ['alpha', 'beta', 'gamma'].map((name) => {
        mkdirSync(stage.at('services', name), { recursive: true })
        writeFileSync(stage.at('services', name, 'file'), name)
        return [name, { type: 'files', include_paths: [stage.at('services', name)] }]
      }),
    )
    const { options: own, root: place } = prepare('services', 'raw', { services })
    const all = await stage.json(['create'], own)
    expect(all.code).toBe(0)
    expect((all.last['backup'] as { services: string[] }).services).toEqual(['alpha', 'beta', 'gamma'])
    expect(readdirSync(join(place, 'archives', backupIds(place)[0]!)).sort()).toEqual([
      'alpha.tar.zst.enc',
      'beta.tar.zst.enc',
      'gamma.tar.zst.enc',
      'manifest.json',
    ])
    const target = stage.at('services-out')
    await stage.succeed(['restore', 'latest', '--services', 'alpha,gamma', '--target', target], own)
    expect(readdirSync(join(target, stage.at('services'))).sort()).toEqual(['alpha', 'gamma'])
    const some = await stage.json(['create', '--type', 'service', '--services', 'beta'], own)
    expect(some.last['backup']).toMatchObject({ type: 'service', services: ['beta'] })
    const latest = await stage.json(
      ['restore', 'latest', '--services', 'alpha', '--target', stage.at('never'), '--dry-run'],
      own,
    )
    expect(latest.code).toBe(0)
    const status = await stage.json(['status'], own)
    expectFields(status.last['status'], promised.status)
    expect(status).toMatchObject({ code: 0, last: { status: { ok: true } } })
  })

  test.runIf(requirement('git'))(
    'a source in a git work tree is recorded with its remote, without the credentials in it',
    async () => {
      const { options: own, root: place } = prepare('git', 'raw')
      const work = stage.makeDirectory('work-tree')
      const git = (...args: string[]): string =>
        execFileSync('git', ['-C', work, '-c', 'user.name=n', '-c', 'user.email=e@example.org', ...args], {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], HOME: stage.at('home') },
        }).trim()
      git('init', '-q', '-b', 'trunk')
      writeFileSync(join(work, 'file'), 'content')
      git('add', '.')
      git('commit', '-q', '-m', 'first')
      git('remote', 'add', 'origin', 'https://user:hunter2@example.org/team/project.git?token=hunter2')
      await stage.succeed(['create', work], own)
      const shown = await stage.succeed(['inspect', 'latest'], own)
      const { lines } = await stage.json(['inspect', 'latest'], own)
      expect(shown).toContain(git('rev-parse', 'HEAD').slice(0, 12))
      expect(shown).toContain('trunk')
      expect(shown).toContain('example.org/team/project')
      const stored = readFileSync(join(place, 'archives', backupIds(place)[0]!, 'manifest.json'), 'utf8')
      const outside = `${shown}${JSON.stringify(lines.at(-1))}${stored}${readFileSync(join(place, 'metadata.json'), 'utf8')}`
      expect(outside).not.toMatch(/hunter2|user:/)
    },
  )

  test('every line of --json is an object, and people’s words are not on stdout', async () => {
    const calls = [
      ['init'],
      ['list'],
      ['status'],
      ['doctor'],
      ['keys', 'list'],
      ['rebuild'],
      ['verify', '--all'],
      ['inspect', 'latest'],
      ['diff', 'latest', '--live'],
      ['restore', 'latest', '--target', stage.at('never'), '--dry-run'],
      ['export', 'latest', stage.at('exported.tar')],
      ['create', join(tree, 'directory-1')],
      ['--version'],
      ['--help'],
      ['nonsense'],
    ]
    for (const args of calls) {
      const { code, lines, last, stderr } = await stage.json(args, options)
      expect({ args, stderr, kind: last.kind }).toEqual({ args, stderr: '', kind: code === 2 ? 'error' : 'result' })
      for (const line of lines) expect(typeof line).toBe('object')
      if (code !== 2 && !args[0]!.startsWith('--'))
        expect(last['command']).toBe(args[0] === 'keys' ? 'keys list' : args[0])
    }
  })
})

test.runIf(requirement('python3') && existsSync('/usr/share/doc'))(
  'a larger real tree comes back the same through restore and through both recovery scripts',
  async () => {
    const real = stage.makeDirectory('real')
    // A part of it that is the same from run to run on one machine.
    const names = readdirSync('/usr/share/doc').sort().slice(0, 150)
    execFileSync('cp', ['-a', ...names.map((name) => join('/usr/share/doc', name)), real])
    const { options, root } = prepare('real-repository', 'raw')
    await stage.succeed(['create', real], options)
    const [id] = backupIds(root)
    const archive = join(root, 'archives', id!, 'paths.tar.zst.enc')
    const env = { PATH: process.env['PATH'], BACKUP_ENCRYPTION_KEY: rawKey }
    const ways: [string, () => Promise<unknown>][] = [
      ['restored', () => stage.succeed(['restore', 'latest', '--target', stage.at('restored')], options)],
      ['python', async () => execFileSync('python3', [recoverPython, archive, 'restore', stage.at('python')], { env })],
      [
        'node',
        async () => execFileSync(process.execPath, [recoverNode, archive, 'restore', stage.at('node')], { env }),
      ],
    ]
    for (const [name, restore] of ways) {
      await restore()
      const copy = join(stage.at(name), real)
      const compared = spawnSync('diff', ['-r', '--no-dereference', real, copy], { encoding: 'utf8' })
      expect({ name, output: compared.stdout + compared.stderr }).toEqual({ name, output: '' })
      // recover.mjs has only Node's calls, which set the time of a directory to a microsecond or so.
      const told = differences(real, copy).filter((line) => name !== 'node' || !isWithinMicroseconds(line))
      expect({ name, told }).toEqual({ name, told: [] })
    }
  },
  120_000,
)

function isWithinMicroseconds(difference: string): boolean {
  const [, was, is] = /: mtime (\d+) became (\d+)$/.exec(difference) ?? []
  return was !== undefined && is !== undefined && Math.abs(Number(BigInt(was) - BigInt(is))) < 2000
}
