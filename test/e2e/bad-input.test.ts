import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requirement } from '../requirements.ts'
import { backupIds, type Ended, jsonLines, litterOf, nobody, type RunOptions, Stage } from './stage.ts'
import { differences } from './trees.ts'

/**
 * What people and disks do wrong. Every answer has its documented exit code, says what and which, and leaves nothing
 * behind. All of it is done once by the user who runs the tests and once by one without privileges.
 */

const isRoot = process.getuid?.() === 0
const isLong = process.env['HOLDFAST_LONG'] === '1'
const otherKey = 'cd'.repeat(32)

interface BadCall {
  readonly title: string
  readonly args: (stage: Stage) => string[]
  readonly options?: (stage: Stage) => RunOptions
  readonly code: number
  readonly error: string
  /** Both in the message or the hint. */
  readonly says: readonly string[]
}

const fresh = (stage: Stage): RunOptions => ({ env: { BACKUP_DIR: stage.at('fresh') } })
const freshWith =
  (key: string | undefined, more: Record<string, string | undefined> = {}) =>
  (stage: Stage): RunOptions => ({ env: { BACKUP_DIR: stage.at('fresh'), BACKUP_ENCRYPTION_KEY: key, ...more } })
const source = (stage: Stage): string => stage.at('source')

const badCalls: BadCall[] = [
  {
    title: 'a PATH that does not exist makes nothing, not even the repository',
    args: (stage) => ['create', source(stage), stage.at('nowhere')],
    options: fresh,
    code: 2,
    error: 'E_SOURCE_MISSING',
    says: ['/nowhere does not exist', 'give a path that exists'],
  },
  {
    title: 'a PATH below a file',
    args: (stage) => ['create', stage.at('source', 'file', 'below')],
    options: fresh,
    code: 2,
    error: 'E_SOURCE_MISSING',
    says: ['/file/below'],
  },
  {
    title: 'a create without a key on a root that does not exist names init',
    args: (stage) => ['create', source(stage)],
    options: freshWith(undefined),
    code: 2,
    error: 'E_KEY_MISSING',
    says: ['there is no encryption key', 'holdfast init'],
  },
  {
    title: 'an empty key is no key',
    args: (stage) => ['create', source(stage)],
    options: freshWith(''),
    code: 2,
    error: 'E_KEY_MISSING',
    says: ['there is no encryption key'],
  },
  {
    title: 'a key file of three bytes',
    args: (stage) => ['create', source(stage)],
    options: (stage) => freshWith(undefined, { BACKUP_RECOVERY_ENCRYPTION_KEY_PATH: stage.at('short.key') })(stage),
    code: 2,
    error: 'E_KEY_UNUSABLE',
    says: ['the key file holds 3 bytes, fewer than 32'],
  },
  {
    title: 'a restore where the key file that is named is not there',
    args: (stage) => ['restore', 'latest', '--target', stage.at('target')],
    options: (stage) => ({
      env: { BACKUP_ENCRYPTION_KEY: undefined, BACKUP_RECOVERY_ENCRYPTION_KEY_PATH: stage.at('no-such.key') },
    }),
    code: 2,
    error: 'E_KEY_MISSING',
    says: ['there is none at', '/no-such.key'],
  },
  {
    title: 'a create where the key file that is named is not there',
    args: (stage) => ['create', source(stage)],
    options: (stage) => ({
      env: { BACKUP_ENCRYPTION_KEY: undefined, BACKUP_RECOVERY_ENCRYPTION_KEY_PATH: stage.at('no-such.key') },
    }),
    code: 2,
    error: 'E_KEY_MISSING',
    says: ['there is none at', '/no-such.key'],
  },
  {
    title: 'a create with a blank before the digits of the key',
    args: (stage) => ['create', source(stage)],
    options: (stage) => ({ env: { BACKUP_ENCRYPTION_KEY: ` ${stage.environment['BACKUP_ENCRYPTION_KEY']}` } }),
    code: 1,
    error: 'E_KEY_WRONG',
    says: ['does not open this repository', '64 hex digits with blanks'],
  },
  {
    title: 'a create with a key that is not the repository’s',
    args: (stage) => ['create', source(stage)],
    options: () => ({ env: { BACKUP_ENCRYPTION_KEY: otherKey } }),
    code: 1,
    error: 'E_KEY_WRONG',
    says: ['BACKUP_ENCRYPTION_KEY does not open this repository', 'give the key the repository was made with'],
  },
  {
    title: 'a restore with a wrong key',
    args: (stage) => ['restore', 'latest', '--target', stage.at('target')],
    options: () => ({ env: { BACKUP_ENCRYPTION_KEY: otherKey } }),
    code: 1,
    error: 'E_KEY_WRONG',
    says: ['key'],
  },
  {
    title: 'a restore without a key',
    args: (stage) => ['restore', 'latest', '--target', stage.at('target')],
    options: () => ({ env: { BACKUP_ENCRYPTION_KEY: undefined } }),
    code: 2,
    error: 'E_KEY_MISSING',
    says: ['key', 'BACKUP_ENCRYPTION_KEY'],
  },
  {
    title: 'cat with a wrong key',
    args: (stage) => ['cat', 'latest', `${source(stage)}/file`],
    options: () => ({ env: { BACKUP_ENCRYPTION_KEY: otherKey } }),
    code: 1,
    error: 'E_KEY_WRONG',
    says: ['key'],
  },
  {
    title: 'verify with a wrong key is no damage',
    args: () => ['verify', 'latest'],
    options: () => ({ env: { BACKUP_ENCRYPTION_KEY: otherKey } }),
    code: 1,
    error: 'E_KEY_WRONG',
    says: ['key'],
  },
  {
    title: 'verify without a key',
    args: () => ['verify', 'latest'],
    options: () => ({ env: { BACKUP_ENCRYPTION_KEY: undefined } }),
    code: 2,
    error: 'E_KEY_MISSING',
    says: ['BACKUP_ENCRYPTION_KEY'],
  },
  {
    title: 'an empty PATH',
    args: () => ['create', ''],
    options: fresh,
    code: 2,
    error: 'E_USAGE',
    says: ['empty', 'is a variable of your script unset?'],
  },
  {
    title: 'nothing to back up',
    args: () => ['create'],
    code: 2,
    error: 'E_USAGE',
    says: ['nothing to back up', 'holdfast create /etc'],
  },
  {
    title: 'a compression that does not exist',
    args: (stage) => ['create', source(stage), '--compress=zstandard'],
    options: fresh,
    code: 2,
    error: 'E_USAGE',
    says: ['--compress cannot be "zstandard"', 'zstd'],
  },
  {
    title: 'a compression that does not exist, after a blank, is a PATH that does not exist',
    args: (stage) => ['create', source(stage), '--compress', 'gzap'],
    options: fresh,
    code: 2,
    error: 'E_SOURCE_MISSING',
    says: ['gzap'],
  },
  {
    title: 'an unknown option names the nearest',
    args: (stage) => ['create', source(stage), '--exlude', '*.tmp'],
    options: fresh,
    code: 2,
    error: 'E_USAGE',
    says: ['--exlude', '--exclude'],
  },
  {
    title: 'an unknown command names the nearest',
    args: () => ['creat'],
    code: 2,
    error: 'E_USAGE',
    says: ['"creat"', 'did you mean create?'],
  },
  {
    title: 'an unknown service names the nearest',
    args: () => ['create', '--services', 'dokuments'],
    code: 2,
    error: 'E_UNKNOWN_SERVICE',
    says: ["'dokuments'", "'documents'"],
  },
  {
    title: 'an unknown service of a backup',
    args: (stage) => ['restore', 'latest', '--services', 'path', '--target', stage.at('target')],
    code: 2,
    error: 'E_UNKNOWN_',
    says: ['path'],
  },
  {
    title: 'an unknown id',
    args: () => ['inspect', '2020-01-01T00-00-00Z-full-abcd'],
    code: 2,
    error: 'E_UNKNOWN_ID',
    says: ["'2020-01-01T00-00-00Z-full-abcd'", 'holdfast list'],
  },
  {
    title: 'an id that is too short',
    args: () => ['verify', '202'],
    code: 2,
    error: 'E_UNKNOWN_ID',
    says: ["'202'", 'four characters'],
  },
  {
    title: 'an id that leads out of archives/',
    args: () => ['inspect', '../archives'],
    code: 2,
    error: 'E_UNKNOWN_ID',
    says: ["'../archives'"],
  },
  {
    title: 'a path the backup does not hold, in cat',
    args: () => ['cat', 'latest', '/etc/shadow'],
    code: 2,
    error: 'E_UNKNOWN_PATH',
    says: ['etc/shadow', 'holdfast inspect'],
  },
  {
    title: 'a path the backup does not hold, in inspect',
    args: () => ['inspect', 'latest', '/etc/shadow'],
    code: 2,
    error: 'E_UNKNOWN_PATH',
    says: ['etc/shadow', 'holdfast inspect'],
  },
  {
    title: 'a path the backup does not hold, in restore',
    args: (stage) => ['restore', 'latest', '--path', '/etc/shadow', '--target', stage.at('target')],
    code: 2,
    error: 'E_UNKNOWN_PATH',
    says: ['/etc/shadow', 'holdfast inspect'],
  },
  {
    title: 'cat of a directory',
    args: (stage) => ['cat', 'latest', source(stage)],
    code: 2,
    error: 'E_UNKNOWN_PATH',
    says: ['source', 'directory'],
  },
  {
    title: 'a target that is a file',
    args: (stage) => ['restore', 'latest', '--target', stage.at('source', 'file')],
    code: 2,
    error: 'E_TARGET',
    says: ['/file is not a directory'],
  },
  {
    title: 'a target below a file',
    args: (stage) => ['restore', 'latest', '--target', stage.at('source', 'file', 'below')],
    code: 2,
    error: 'E_TARGET',
    says: ['/file'],
  },
  {
    title: 'a target inside the repository',
    args: (stage) => ['restore', 'latest', '--target', join(stage.root, 'out')],
    code: 2,
    error: 'E_TARGET',
    says: ['repository'],
  },
  {
    title: 'a target that leads into the repository by a symlink',
    args: (stage) => ['restore', 'latest', '--target', stage.at('into-repository', 'out')],
    code: 2,
    error: 'E_TARGET',
    says: ['repository'],
  },
  {
    title: 'restoring in place without a yes shows the plan and writes nothing',
    args: () => ['restore', 'latest', '--in-place'],
    code: 2,
    error: 'E_CONFIRM',
    says: ['--yes'],
  },
  {
    title: 'restoring in place with the name of another machine',
    args: () => ['restore', 'latest', '--in-place', '--confirm', 'another-machine'],
    code: 2,
    error: 'E_CONFIRM',
    says: ['another-machine'],
  },
  {
    title: 'a root that is a file, for create',
    args: (stage) => ['create', source(stage), '--root', stage.at('source', 'file')],
    code: 2,
    error: 'E_TARGET',
    says: ['/file', 'not a directory', '--root'],
  },
  {
    title: 'a root that is a file, for list',
    args: (stage) => ['list', '--root', stage.at('source', 'file')],
    code: 2,
    error: 'E_NO_REPOSITORY',
    says: ['/file', 'holdfast init'],
  },
  {
    title: 'a root that holds somebody else’s files',
    args: (stage) => ['create', source(stage), '--root', source(stage)],
    code: 2,
    error: 'E_TARGET',
    says: ['is not empty', '--root'],
  },
  {
    title: 'a repository that does not exist',
    args: () => ['list'],
    options: fresh,
    code: 2,
    error: 'E_NO_REPOSITORY',
    says: ['/fresh', 'holdfast init'],
  },
  {
    title: 'a plan that does not exist',
    args: (stage) => ['restore', '--plan', stage.at('no-plan')],
    code: 1,
    error: 'E_IO',
    says: ['no-plan'],
  },
  {
    title: 'a plan that is no plan',
    args: (stage) => ['restore', '--plan', stage.at('source', 'file')],
    code: 1,
    error: 'E_PLAN_ALTERED',
    says: ['plan'],
  },
  {
    title: 'a configuration that is no JSON',
    args: (stage) => ['list', '--config', stage.at('source', 'file')],
    code: 2,
    error: 'E_CONFIG',
    says: ['/file'],
  },
  {
    title: 'a configuration that does not exist',
    args: (stage) => ['list', '--config', stage.at('no-configuration')],
    code: 2,
    error: 'E_CONFIG',
    says: ['no-configuration'],
  },
]

for (const asNobody of [false, true]) {
  const who = asNobody ? 'a user without privileges' : 'the user who runs the tests'
  describe.runIf(!asNobody || requirement('root'))(`as ${who}`, () => suite(asNobody))
}

function suite(asNobody: boolean): void {
  let stage: Stage
  let copies = 0

  beforeAll(async () => {
    stage = new Stage({ asNobody })
    stage.makeDirectory('source')
    writeFileSync(stage.at('source', 'file'), 'content of the file\n')
    mkdirSync(stage.at('source', 'directory'))
    writeFileSync(stage.at('source', 'directory', 'other'), 'content of the other\n')
    writeFileSync(stage.at('source', 'large'), noise(3 << 20))
    writeFileSync(stage.at('short.key'), 'abc')
    symlinkSync('repository', stage.at('into-repository'))
    const services = { documents: { type: 'files', include_paths: [stage.at('source')] } }
    chownAll(stage.at('source'))
    await stage.succeed(['create', stage.at('source')])
    writeFileSync(stage.at('services.json'), JSON.stringify({ services }))
  })
  afterAll(() => stage.remove())

  function chownAll(path: string): void {
    if (asNobody) execFileSync('chown', ['-hR', `${nobody}:${nobody}`, path])
  }

  /** A repository of its own for a test that spoils it. */
  function copyOfRepository(): { root: string; options: RunOptions; archive: string; id: string } {
    const root = stage.at(`copy-${copies++}`)
    execFileSync('cp', ['-a', stage.root, root])
    const [id] = backupIds(root)
    const directory = join(root, 'archives', id!)
    const file = readdirSync(directory).find((name) => name !== 'manifest.json')
    return { root, options: { env: { BACKUP_DIR: root } }, archive: join(directory, file!), id: id! }
  }

  /** Everything that is there, but for what a run is bound to write: its log, the locks. */
  function everything(): string[] {
    return readdirSync(stage.top, { recursive: true, encoding: 'utf8' })
      .filter((name) => !/(^|\/)(runs|locks)\//.test(name) && !name.startsWith('home/.cache'))
      .map((name) => {
        const status = lstatSync(stage.at(name))
        return `${name} ${status.mode} ${status.isDirectory() ? '' : `${status.size} ${status.mtimeMs}`}`
      })
      .sort()
  }

  describe('a bad call is refused and leaves everything as it was:', () => {
    // Most are answered before anybody's rights matter.
    const tried = asNobody && !isLong ? badCalls.filter((_, at) => at % 4 === 0) : badCalls
    test.each(tried)('$title', async ({ args, options, code, error, says }) => {
      const services = args(stage).includes('dokuments') ? ['--config', stage.at('services.json')] : []
      const argv = [...args(stage), ...services]
      const before = everything()
      // cat has no --json.
      const json = argv[0] === 'cat' ? [] : ['--json']
      const ended = await stage.run([...argv, ...json], options?.(stage))
      const last = json.length === 0 ? undefined : jsonLines(ended.stdout).at(-1)
      if (last === undefined)
        expect(ended).toMatchObject({ stdout: '', stderr: expect.stringMatching(/^error: .+\nhint: .+\n$/) })
      else
        expect({ ...last, stderr: ended.stderr }).toMatchObject({
          kind: 'error',
          code: expect.stringContaining(error),
          stderr: '',
        })
      const words = last === undefined ? ended.stderr : `${last['message']}\n${last['hint']}`
      for (const text of says) expect(words).toContain(text)
      expect(ended.code).toBe(code)
      expect(everything()).toEqual(before)
    })
  })

  test('an error for people is two lines on stderr: what, and what to do next', async () => {
    const { code, stdout, stderr } = await stage.run(['inspect', 'no-such-backup'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^error: there is no backup 'no-such-backup'\nhint: .+\n$/)
  })

  describe('damage is found, named and never restored:', () => {
    const segment = 1 << 20
    const damages: { title: string; spoil(archive: string, id: string): void; healed?: boolean }[] = [
      { title: 'a truncated archive', spoil: (archive) => truncateSync(archive, statSync(archive).size - 1) },
      { title: 'an archive cut to nothing', spoil: (archive) => truncateSync(archive, 0) },
      { title: 'an archive cut in its header', spoil: (archive) => truncateSync(archive, 5000) },
      {
        title: 'an archive cut at the end of a segment',
        spoil: (archive) => truncateSync(archive, 8192 + 2 * segment),
      },
      { title: 'an archive with a bit flipped in the middle', spoil: (archive) => flip(archive, 8192 + segment + 77) },
      {
        title: 'an archive with a bit flipped at the end',
        spoil: (archive) => flip(archive, statSync(archive).size - 3),
      },
      {
        title: 'an archive with two segments exchanged',
        spoil(archive) {
          const bytes = readFileSync(archive)
          const [one, two] = [8192 + segment, 8192 + 2 * segment]
          const moved = Buffer.concat([
            bytes.subarray(0, one),
            bytes.subarray(two, two + segment),
            bytes.subarray(one, two),
            bytes.subarray(two + segment),
          ])
          writeFileSync(archive, moved)
        },
      },
      { title: 'an extended archive', spoil: (archive) => appendFileSync(archive, 'x') },
      { title: 'another archive in its place', spoil: (archive) => writeFileSync(archive, noise(4 << 20)) },
      { title: 'an archive that is missing', spoil: (archive) => unlinkSync(archive) },
    ]

    test.each(damages)('$title', async ({ spoil }) => {
      const { root, options, archive, id } = copyOfRepository()
      spoil(archive, id)
      chownAll(root)
      // What is found does not depend on who looks.
      if (!asNobody || isLong) {
        const verified = await stage.json(['verify', id], options)
        expect(verified.code).toBe(4)
        const problems = (verified.last['verify'] as { problems: { archive: string; what: string }[] } | undefined)
          ?.problems
        const told = problems?.map(({ archive: name }) => name).join() ?? String(verified.last['message'])
        expect(told).toContain('paths.tar.zst.enc')
      }
      const target = stage.at(`target-${copies}`)
      const restored = await stage.json(['restore', id, '--target', target], options)
      expect(restored.code).toBe(4)
      expect(wrongFiles(target)).toEqual([])
      expect(litterOf(root)).toEqual([])
    })

    test('verify --all passes over a backup that the key does not open, and says so', async () => {
      const { root, options, id } = copyOfRepository()
      rmSync(join(root, 'keys', 'keyring.json'))
      const env = { ...options.env, BACKUP_ENCRYPTION_KEY: otherKey }
      await stage.succeed(['create', stage.at('source')], { env })
      const [other] = backupIds(root).filter((one) => one !== id)
      const { code, last } = await stage.json(['verify', '--all'], { env })
      expect({ code, last }).toMatchObject({ code: 3, last: { verify: { ok: false } } })
      const reports = (last['verify'] as { reports: { id: string; ok: boolean; problems: object[] }[] }).reports
      expect(reports.map((report) => [report.id, report.ok, report.problems])).toEqual([
        [other, true, []],
        [id, false, [expect.objectContaining({ severity: 'warning', what: expect.stringContaining('does not open') })]],
      ])
      const told = await stage.run(['verify', '--all'], { env })
      expect(told.stdout).toContain(`${id}  full: NOT VERIFIED`)
      // Nothing is said of it where the next rebuild or status would take it for damage.
      const listed = (await stage.json(['list'], { env })).last['backups'] as { id: string; verified: object | null }[]
      expect(listed.find((one) => one.id === id)?.verified).toBe(null)
      expect((await stage.run(['verify', id], { env })).code).toBe(1)
      const none = await stage.run(['verify', '--all'], {
        ...options,
        env: { ...options.env, BACKUP_ENCRYPTION_KEY: 'ef'.repeat(32) },
      })
      expect(none).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: /) })
    })

    test('the archive of another repository under the same key', async () => {
      const other = stage.at('other-repository')
      await stage.succeed(['create', stage.at('source'), '--root', other])
      const { root, options, archive, id } = copyOfRepository()
      const [otherId] = backupIds(other)
      cpSync(join(other, 'archives', otherId!, 'paths.tar.zst.enc'), archive)
      chownAll(root)
      expect((await stage.run(['verify', id], options)).code).toBe(4)
      const target = stage.at('target-foreign')
      expect((await stage.run(['restore', id, '--target', target], options)).code).toBe(4)
      expect(existsSync(target)).toBe(false)
    })

    test('one damaged copy of the header is healed with a warning, exit 3', async () => {
      const { root, options, archive, id } = copyOfRepository()
      flip(archive, 100)
      chownAll(root)
      const target = stage.at('target-healed')
      const ended = await stage.run(['restore', id, '--target', target], options)
      expect(ended.code).toBe(3)
      expect(ended.stderr).toContain('one copy of the header of paths.tar.zst.enc is damaged')
      expect(differences(stage.at('source'), join(target, stage.at('source')))).toEqual([])
    })

    test('a manifest that is missing', async () => {
      const { root, options, id } = copyOfRepository()
      unlinkSync(join(root, 'archives', id, 'manifest.json'))
      const listed = await stage.run(['list'], options)
      expect([0, 3]).toContain(listed.code)
      for (const args of [
        ['verify', id],
        ['restore', id, '--target', stage.at('never')],
        ['inspect', id],
      ]) {
        const { code, last } = await stage.json(args, options)
        expect({ args, code }).toEqual({ args, code: 4 })
        expect(`${last['message']}${JSON.stringify(last['verify'])}`).toContain('manifest')
      }
      expect(existsSync(stage.at('never'))).toBe(false)
      expect((await stage.run(['verify', '--all'], options)).code).toBe(4)
    })

    test.each([
      ['torn', (path: string) => truncateSync(path, statSync(path).size >> 1)],
      ['empty', (path: string) => truncateSync(path, 0)],
      [
        'of another backup',
        (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replaceAll('-full-', '-full-x')),
      ],
    ])('a manifest that is %s', async (_, spoil) => {
      const { root, options, id } = copyOfRepository()
      spoil(join(root, 'archives', id, 'manifest.json'))
      chownAll(root)
      const { code, last } = await stage.json(['verify', id], options)
      expect(code).toBe(4)
      expect(`${last['message']}${JSON.stringify(last['verify'])}`).toContain('manifest')
      expect((await stage.run(['restore', id, '--target', stage.at('never')], options)).code).toBe(4)
      expect(existsSync(stage.at('never'))).toBe(false)
    })

    test('a keyring that is torn stops a create with 4 and no restore', async () => {
      const { root, options, id } = copyOfRepository()
      truncateSync(join(root, 'keys', 'keyring.json'), 40)
      const { code, last } = await stage.json(['create', stage.at('source')], options)
      expect({ code, error: last['code'] }).toEqual({ code: 4, error: 'E_KEYRING' })
      expect(backupIds(root)).toEqual([id])
      expect((await stage.run(['restore', id, '--target', stage.at('keyless')], options)).code).toBe(0)
      expect(differences(stage.at('source'), stage.at('keyless', stage.at('source')))).toEqual([])
    })
  })

  /** Files below a target that are not what the source holds. */
  function wrongFiles(target: string): string[] {
    const copy = join(target, stage.at('source'))
    if (!existsSync(copy)) return []
    return differences(stage.at('source'), copy).filter((line) => /: (content|size|type|added)/.test(line))
  }

  describe('the catalog is a cache:', () => {
    const losses: [string, (path: string) => void][] = [
      ['deleted', (path) => unlinkSync(path)],
      ['torn', (path) => truncateSync(path, statSync(path).size - 20)],
      ['empty', (path) => truncateSync(path, 0)],
      [
        'a directory',
        (path) => {
          unlinkSync(path)
          mkdirSync(path)
          writeFileSync(join(path, 'kept'), 'by somebody')
        },
      ],
      ['altered', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('"files"', '"filez"'))],
    ]
    test.each(losses)(
      'metadata.json %s: list lists and says rebuild, create commits and says so, rebuild gives it back',
      async (_, spoil) => {
        const { root, options, id } = copyOfRepository()
        const path = join(root, 'metadata.json')
        const original = backupsIn(path)
        spoil(path)
        chownAll(root)

        const listed = await stage.json(['list'], options)
        expect((listed.last['backups'] as { id: string }[]).map((entry) => entry.id)).toEqual([id])
        expect(JSON.stringify(listed.last['problems'])).toContain('holdfast rebuild')

        const created = await stage.run(['create', stage.at('source')], options)
        // A catalog that is merely gone, with one backup to read, is the one case that could be made good at once.
        expect(created.code).toBe(3)
        expect(created.stderr).toContain('holdfast rebuild')
        const ids = backupIds(root)
        expect(ids).toHaveLength(2)
        if (!asNobody || isLong) expect((await stage.run(['verify', '--all'], options)).code).toBe(0)

        expect((await stage.run(['rebuild'], options)).code).toBe(0)
        const rebuilt = backupsIn(path)
        expect(rebuilt.map((entry) => entry.id)).toEqual(ids)
        // Verified since, which the original could not know.
        expect({ ...rebuilt[0], verified: null }).toEqual({ ...original[0], verified: null })
        expect((await stage.json(['list'], options)).last['problems']).toEqual([])
      },
    )
  })

  function backupsIn(path: string): { id: string }[] {
    return (JSON.parse(readFileSync(path, 'utf8')) as { backups: { id: string }[] }).backups
  }

  describe('what is read may be hostile or gone:', () => {
    test.runIf(asNobody || !isRoot)(
      'unreadable files and directories are warnings, exit 3, and the rest is stored',
      async () => {
        const { root, options } = copyOfRepository()
        const tree = stage.makeDirectory('unreadable')
        writeFileSync(join(tree, 'a'), 'a')
        writeFileSync(join(tree, 'secret'), 'secret')
        mkdirSync(join(tree, 'closed'))
        writeFileSync(join(tree, 'closed', 'inside'), '')
        writeFileSync(join(tree, 'z'), 'z')
        chownAll(tree)
        chmodSync(join(tree, 'secret'), 0)
        chmodSync(join(tree, 'closed'), 0)
        const ended = await stage.run(['create', tree], options)
        expect(ended.code).toBe(3)
        expect(ended.stderr).toMatch(/warning: .*unreadable\/secret.*permission denied/)
        expect(ended.stderr).toMatch(/warning: .*unreadable\/closed.*permission denied/)
        const { lines } = await stage.json(['inspect', 'latest'], options)
        const stored = lines
          .filter(({ kind }) => kind === 'entry')
          .map((entry) => String(entry['path']).split('/').at(-1))
        expect(stored).toEqual(['unreadable', 'a', 'closed', 'z'])
        expect((await stage.run(['verify', '--all'], options)).code).toBe(0)
        expect(litterOf(root)).toEqual([])
      },
    )

    test('files that vanish while they are read are warnings, and the backup is whole', async () => {
      const { root, options } = copyOfRepository()
      const tree = stage.makeDirectory('vanishing')
      for (let at = 0; at < 2000; at++) {
        mkdirSync(join(tree, `d${at % 40}`), { recursive: true })
        writeFileSync(join(tree, `d${at % 40}`, `f${at}`), `${at}`.repeat(100))
      }
      chownAll(tree)
      const running = stage.start(['create', tree, '--json'], options)
      await running.until('"phase":"reading"')
      for (const name of readdirSync(tree).reverse()) rmSync(join(tree, name), { recursive: true })
      const { code, stdout } = await running.ended
      const lines = jsonLines(stdout)
      expect([0, 3]).toContain(code)
      expect(code === 3).toBe(lines.some(({ kind }) => kind === 'warning'))
      expect((await stage.run(['verify', 'latest'], options)).code).toBe(0)
      expect(litterOf(root)).toEqual([])
    })

    test('a file of the kernel’s own that says it is empty is told as one whose content is not stored', async () => {
      const { options } = copyOfRepository()
      const { code, stderr } = await stage.run(['create', '/proc/version'], options)
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: 'warning: proc/version: says that it is empty, and is not, as files of the kernel do; stored empty\n',
      })
    })

    test('the repository inside a source is left out, with a notice', async () => {
      const whole = stage.makeDirectory('whole')
      writeFileSync(join(whole, 'file'), 'kept')
      chownAll(whole)
      const env = { BACKUP_DIR: join(whole, 'repository') }
      for (const round of [1, 2]) {
        const ended = await stage.run(['create', whole], { env })
        expect({ round, code: ended.code }).toEqual({ round, code: 0 })
        expect(ended.stderr).toMatch(/notice: .*whole\/repository is left out/)
      }
      const { lines } = await stage.json(['inspect', 'latest'], { env })
      const stored = lines.filter(({ kind }) => kind === 'entry').map((entry) => String(entry['path']))
      expect(stored.map((path) => path.split('/').at(-1))).toEqual(['whole', 'file'])
    })

    test('control characters in names are printed escaped', async () => {
      const { options } = copyOfRepository()
      const tree = stage.makeDirectory('control')
      writeFileSync(join(tree, 'red\x1b[31m\nerror: forged\u202e'), '')
      chownAll(tree)
      await stage.succeed(['create', tree], options)
      for (const args of [
        ['inspect', 'latest'],
        ['restore', 'latest', '--target', stage.at('never'), '--dry-run'],
        ['diff', 'latest', '--live'],
      ]) {
        if (args[0] === 'diff') rmSync(join(tree, 'red\x1b[31m\nerror: forged\u202e'))
        const { stdout, stderr } = await stage.run(args, options)
        expect(stdout + stderr).toContain('forged')
        expect(stdout + stderr).not.toMatch(/\x1b|\nerror: forged|\u202e/)
      }
    })

    test('names that are not UTF-8 are stored, told with pathB64, and restored', async () => {
      const { options } = copyOfRepository()
      const tree = stage.makeDirectory('bytes')
      const name = Buffer.concat([Buffer.from(`${tree}/`), Buffer.of(0xff, 0x41, 0xfe)])
      closeSync(openSync(name, 'w'))
      chownAll(tree)
      const { lines } = await stage.json(['create', tree], options)
      expect(lines.at(-1)).toMatchObject({ kind: 'result' })
      const inspected = await stage.json(['inspect', 'latest'], options)
      const encoded = inspected.lines.map((line) => line['pathB64']).filter((one) => one !== undefined)
      expect(Buffer.from(String(encoded[0]), 'base64')).toEqual(name.subarray(1))
      const target = stage.at('bytes-out')
      await stage.succeed(['restore', 'latest', '--target', target], options)
      expect(readdirSync(join(target, tree), 'latin1')).toEqual(['\xffA\xfe'])
      const shown = await stage.run(['inspect', 'latest'], options)
      expect(shown.stdout).toContain('\\xffA\\xfe')
    })

    test.runIf(isRoot)(
      'devices are refused and named where the user may not make them; the rest is restored',
      async () => {
        const { root, options } = copyOfRepository()
        const tree = stage.makeDirectory('devices')
        writeFileSync(join(tree, 'file'), 'kept')
        execFileSync('mknod', [join(tree, 'null'), 'c', '1', '3'])
        execFileSync('mkfifo', [join(tree, 'pipe')])
        chownAll(tree)
        await stage.succeed(['create', tree], options)
        const target = stage.at('devices-out')
        const ended = await stage.run(['restore', 'latest', '--target', target], options)
        const copy = join(target, tree)
        if (asNobody) {
          expect(ended.code).toBe(3)
          expect(ended.stdout + ended.stderr).toMatch(/devices\/null/)
          expect(readdirSync(copy).sort()).toEqual(['file', 'pipe'])
        } else {
          expect(ended.code).toBe(0)
          expect(differences(tree, copy)).toEqual([])
        }
        expect(litterOf(root)).toEqual([])
      },
    )
  })

  describe('disks are full, read-only or odd:', () => {
    /** Runs `act` with a small file system of its own at the directory. */
    async function mounted(name: string, args: string[], act: (directory: string) => Promise<void>): Promise<void> {
      const directory = stage.makeDirectory(name)
      execFileSync('mount', [...args, directory])
      try {
        stage.give(directory)
        await act(directory)
      } finally {
        execFileSync('umount', ['-l', directory])
      }
    }
    const tmpfs = (size: string): string[] => ['-t', 'tmpfs', '-o', `size=${size}`, 'none']

    test.runIf(isRoot)('a full disk under the repository: exit 1, says so, and what was there stays good', async () => {
      await mounted('full', tmpfs('8m'), async (directory) => {
        const env = { BACKUP_DIR: join(directory, 'repository') }
        await stage.succeed(['create', stage.at('source')], { env })
        const [id] = backupIds(env.BACKUP_DIR)
        const big = stage.makeDirectory('big')
        writeFileSync(join(big, 'noise'), noise(9 << 20))
        chownAll(big)
        const { code, last } = await stage.json(['create', big], { env })
        expect({ code, error: last['code'] }).toEqual({ code: 1, error: 'E_NO_SPACE' })
        expect(`${last['message']} ${last['hint']}`).toMatch(/no space left.*free some space/)
        expect(backupIds(env.BACKUP_DIR)).toEqual([id])
        expect(litterOf(env.BACKUP_DIR)).toEqual([])
        expect((await stage.run(['verify', '--all'], { env })).code).toBe(0)
        expect((await stage.json(['list'], { env })).last['problems']).toEqual([])
        // Full to the last byte, reading goes on.
        spawnSync('dd', ['if=/dev/zero', `of=${join(directory, 'ballast')}`, 'bs=64k'])
        spawnSync('sh', ['-c', `yes >> ${join(directory, 'ballast')}`])
        expect((await stage.run(['list'], { env })).code).toBe(0)
        expect((await stage.run(['verify', '--all'], { env })).code).toBe(0)
        expect((await stage.run(['restore', 'latest', '--target', stage.at('from-full')], { env })).code).toBe(0)
        expect((await stage.run(['create', stage.at('source')], { env })).code).toBe(1)
        unlinkSync(join(directory, 'ballast'))
        await stage.succeed(['create', join(stage.at('source'), 'file')], { env })
        expect(litterOf(env.BACKUP_DIR)).toEqual([])
      })
    })

    test.runIf(isRoot)('a full disk under the target of a restore: exit 1, whole files only', async () => {
      await mounted('small', tmpfs('2m'), async (directory) => {
        const target = join(directory, 'out')
        const { code, last } = await stage.json(['restore', 'latest', '--target', target])
        expect({ code, error: last['code'] }).toEqual({ code: 1, error: 'E_NO_SPACE' })
        expect(wrongFiles(target)).toEqual([])
        expect(
          readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.hf-')),
        ).toEqual([])
      })
    })

    test.runIf(isRoot)('a read-only repository can be read, and a create into it says why not', async () => {
      const { root } = copyOfRepository()
      const directory = stage.makeDirectory('read-only')
      execFileSync('mount', ['--bind', root, directory])
      try {
        execFileSync('mount', ['-o', 'remount,ro,bind', directory])
        const env = { BACKUP_DIR: directory }
        for (const args of [
          ['list'],
          ['verify', '--all'],
          ['inspect', 'latest'],
          ['restore', 'latest', '--target', stage.at('from-read-only')],
          ['status'],
        ])
          expect({ args, ended: await stage.run(args, { env }) }).toMatchObject({ args, ended: { code: 0 } })
        const { code, last } = await stage.json(['create', stage.at('source')], { env })
        expect({ code, error: last['code'] }).toEqual({ code: 1, error: 'E_IO' })
        expect(String(last['message'])).toMatch(/read-only/)
        expect(readdirSync(stage.at('tmp'))).toEqual([])
      } finally {
        execFileSync('umount', ['-l', directory])
      }
    })

    test.runIf(asNobody || !isRoot)('a root that may not be written to', async () => {
      const { root } = copyOfRepository()
      execFileSync('chmod', ['-R', 'a-w', root])
      const { code, last } = await stage.json(['create', stage.at('source')], { env: { BACKUP_DIR: root } })
      expect({ code, error: last['code'] }).toEqual({ code: 1, error: 'E_IO' })
      expect(String(last['message'])).toMatch(/permission denied/)
      execFileSync('chmod', ['-R', 'u+w', root])
      expect(litterOf(root)).toEqual([])
      const closed = stage.makeDirectory('closed-root')
      chmodSync(closed, 0o500)
      const fresh = await stage.json(['create', stage.at('source'), '--root', join(closed, 'repository')])
      expect({ code: fresh.code, error: fresh.last['code'] }).toEqual({ code: 1, error: 'E_IO' })
      expect(readdirSync(closed)).toEqual([])
    })

    test.runIf(!asNobody && vfatCanBeMounted())(
      'a target that takes two names that differ in case for one: the second is refused, none is overwritten',
      async () => {
        const { options } = copyOfRepository()
        const tree = stage.makeDirectory('cases')
        for (const name of ['Readme', 'README', 'other']) writeFileSync(join(tree, name), name)
        await stage.succeed(['create', tree], options)
        const image = stage.at('vfat.img')
        closeSync(openSync(image, 'w'))
        truncateSync(image, 16 << 20)
        execFileSync('mkfs.vfat', [image], { stdio: 'ignore' })
        await mounted('vfat', ['-o', 'loop', image], async (directory) => {
          const target = join(directory, 'out')
          const { code, last } = await stage.json(['restore', 'latest', '--target', target], options)
          expect(code).toBe(3)
          expect((last['restore'] as { refused: number }).refused).toBe(1)
          const names = readdirSync(join(target, tree)).sort()
          expect(names).toHaveLength(2)
          for (const name of names) expect(readFileSync(join(target, tree, name), 'utf8')).toBe(name)
        })
      },
    )
  })

  describe('the process is called from an odd place:', () => {
    const codeOf = ({ code, stdout, stderr }: Ended): string => `${code} ${stdout}${stderr}`

    test('63 hex digits are a passphrase, which opens what it made', async () => {
      const env = { BACKUP_DIR: stage.at('passphrase'), BACKUP_ENCRYPTION_KEY: 'a'.repeat(63) }
      await stage.succeed(['create', join(stage.at('source'), 'file')], { env })
      expect(await stage.succeed(['keys', 'list'], { env })).toMatch(/scrypt|passphrase/)
      expect(await stage.succeed(['cat', 'latest', join(stage.at('source'), 'file')], { env })).toBe(
        'content of the file\n',
      )
    })

    test('TMPDIR does not exist', async () => {
      const { options } = copyOfRepository()
      const env = { ...options.env, TMPDIR: stage.at('no-tmp') }
      await stage.succeed(['create', join(stage.at('source'), 'file')], { env })
      await stage.succeed(['restore', 'latest', '--target', stage.at('without-tmp')], { env })
      await stage.succeed(['verify', 'latest'], { env })
    })

    test('HOME is unset', async () => {
      const { options } = copyOfRepository()
      const env = { ...options.env, HOME: undefined }
      await stage.succeed(['create', join(stage.at('source'), 'file')], { env })
      await stage.succeed(['list'], { env })
    })

    test('the working directory is deleted', async () => {
      const { options } = copyOfRepository()
      const gone = stage.makeDirectory('gone')
      const shell = `cd '${gone}' && rmdir '${gone}' && "$@"`
      const ended = await stage.run(['create', join(stage.at('source'), 'file')], { ...options, shell })
      // Either it needs no working directory, or it says that there is none.
      if (ended.code !== 0) {
        expect(ended.code).toBe(2)
        expect(ended.stderr).toMatch(/error: .*working directory/)
      }
      expect(ended.stderr).not.toMatch(/uv_cwd|unexpected/)
    })

    test('a name that is not UTF-8 as an argument, a variable or the working directory is never taken for another', async () => {
      const { root, options } = copyOfRepository()
      const name = Buffer.concat([Buffer.from(`${stage.makeDirectory('odd')}/`), Buffer.of(0x62, 0xff)])
      mkdirSync(name)
      closeSync(openSync(Buffer.concat([name, Buffer.from('/file')]), 'w'))
      chownAll(stage.at('odd'))
      const odd = `'${stage.at('odd')}/'$'b\\xff'`
      const refused = async (shell: string, what: RegExp) => {
        const ended = await stage.run([], { ...options, shell })
        expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(what) })
      }
      await refused(`"$@" create ${odd}`, /error: the argument .*\/odd\/b\\xff is not UTF-8/)
      await refused(`"$@" restore latest --target ${odd}/out`, /is not UTF-8\nhint: /)
      await refused(`BACKUP_DIR=${odd} "$@" list`, /error: the variable BACKUP_DIR is not UTF-8/)
      await refused(
        `BACKUP_ENCRYPTION_KEY=$'secret\\xe4' "$@" list`,
        /^error: the variable BACKUP_ENCRYPTION_KEY is not UTF-8\nhint: [^\n]*\n$/,
      )
      expect(readdirSync(stage.at('odd'), 'latin1')).toEqual(['b\xff'])
      const shell = `cd ${odd} && "$@" create file && "$@" restore latest --target out`
      expect(await stage.run([], { env: { BACKUP_DIR: root }, shell })).toMatchObject({ code: 0 })
      expect(readdirSync(stage.at('odd'), 'latin1')).toEqual(['b\xff'])
    })

    test('a U+FFFD that is really there is a character like any other', async () => {
      const { options } = copyOfRepository()
      const tree = stage.makeDirectory('odd\ufffd')
      closeSync(openSync(join(tree, 'a'), 'w'))
      chownAll(tree)
      await stage.succeed(['create', tree], options)
      expect(await stage.succeed(['inspect', 'latest'], options)).toContain('odd\ufffd/a')
    })

    test('stdin is closed', async () => {
      const { options } = copyOfRepository()
      const ended = await stage.run(['create', join(stage.at('source'), 'file')], { ...options, shell: '"$@" <&-' })
      expect(codeOf(ended)).toMatch(/^0 /)
    })

    test('stdout or stderr is closed: the backup is made, the exit code says so', async () => {
      const { root, options } = copyOfRepository()
      for (const shell of ['"$@" >&-', '"$@" 2>&-', '"$@" <&- >&- 2>&-']) {
        const before = backupIds(root).length
        const ended = await stage.run(['create', join(stage.at('source'), 'file')], { ...options, shell })
        expect({ shell, code: ended.code, made: backupIds(root).length - before }).toEqual({ shell, code: 0, made: 1 })
      }
      expect(litterOf(root)).toEqual([])
      expect((await stage.run(['verify', '--all'], options)).code).toBe(0)
    })

    test('a full stdout loses what was asked for, and is an error', async () => {
      const { options } = copyOfRepository()
      for (const args of [
        ['cat', 'latest', join(stage.at('source'), 'large')],
        ['inspect', 'latest'],
        ['list'],
        ['export', 'latest', '-'],
      ]) {
        const ended = await stage.run(args, { ...options, shell: '"$@" >/dev/full' })
        expect({ args, code: ended.code }).toEqual({ args, code: 1 })
        expect(ended.stderr).toMatch(/error: .*stdout.*(no space|full)/i)
      }
    })

    test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
      '%s during a create: exit 130 and nothing left',
      async (signal) => {
        const { root, options } = copyOfRepository()
        const big = stage.makeDirectory('slow')
        writeFileSync(join(big, 'slow'), Buffer.alloc(10 << 20, 'slow to compress'))
        chownAll(big)
        const running = stage.start(['create', big, '--compress', 'bzip2', '--json'], options)
        await running.until('"phase":"reading"')
        running.child.kill(signal)
        const { code, stdout } = await running.ended
        expect(code).toBe(130)
        expect(jsonLines(stdout).at(-1)).toMatchObject({ kind: 'error', code: 'E_INTERRUPTED' })
        expect(backupIds(root)).toHaveLength(1)
        expect(litterOf(root)).toEqual([])
      },
    )

    test('a reader that leaves ends what only prints, and no backup', async () => {
      const { root, options } = copyOfRepository()
      const pipe = '"$@" | true; echo "$PIPESTATUS"'
      const printed = await stage.run(['inspect', 'latest'], { ...options, shell: pipe })
      expect(printed).toMatchObject({ stdout: '0\n', stderr: '' })
      const created = await stage.run(['create', join(stage.at('source'), 'file'), '--json'], {
        ...options,
        shell: pipe,
      })
      expect(created).toMatchObject({ stdout: '0\n', stderr: '' })
      expect(backupIds(root)).toHaveLength(2)
      expect(litterOf(root)).toEqual([])
    })
  })
}

/** Not every kernel has vfat, not every container loop devices. */
function vfatCanBeMounted(): boolean {
  const line =
    'command -v mkfs.vfat && test -e /dev/loop-control && { grep -qw vfat /proc/filesystems || modprobe vfat; }'
  return isRoot && spawnSync('sh', ['-c', line]).status === 0
}

/** Bytes no compression makes smaller, the same in every run. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 1
  for (let at = 0; at < length; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes.writeUInt32LE(state, at)
  }
  return bytes
}

function flip(path: string, offset: number): void {
  const byte = readFileSync(path)[offset]!
  const fd = openSync(path, 'r+')
  writeSync(fd, Buffer.of(byte ^ 1), 0, 1, offset)
  closeSync(fd)
}
