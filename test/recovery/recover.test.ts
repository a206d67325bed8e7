import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const here = import.meta.dirname
const key = '11'.repeat(32)
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const isRoot = process.geteuid?.() === 0
const isLong = process.env['HOLDFAST_LONG'] === '1'

/** What make_archive.py says of one entry, and survey.py of one on disk. */
interface Row {
  readonly path: string
  readonly t: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: string
  readonly size?: number
  readonly sha256?: string
  readonly link?: string
  readonly xattrs?: Record<string, string>
  readonly nlink?: number
  readonly blocks?: number
}
interface Made {
  readonly path: string
  readonly full: string
  readonly header: number
  readonly stream: string
  readonly expect: readonly Row[]
}

let room = ''
let bare = ''
let counter = 0
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'recover-'))
  bare = join(room, 'bare')
  mkdirSync(bare)
  for (const name of ['recover.py', 'recover.mjs']) copyFileSync(join(here, '../../recovery', name), join(bare, name))
})
afterAll(() => rmSync(room, { recursive: true, force: true }))

/** The node of the system, often older and without zstd, beside the one that runs this. */
const stockNode = systemPath
  .split(':')
  .map((folder) => join(folder, 'node'))
  .find((path) => existsSync(path))
const runtimes: readonly (readonly [string, string, string])[] = [
  ['python3', 'python3', 'recover.py'],
  ['this node', process.execPath, 'recover.mjs'],
  ...(stockNode ? [['the stock node', stockNode, 'recover.mjs'] as const] : []),
]

function fresh(name: string): string {
  return join(room, `${name}-${counter++}`)
}

function python(script: string, ...rest: readonly string[]): string {
  const done = spawnSync('python3', [join(here, script), ...rest], { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (done.status !== 0) throw new Error(`${script}: ${done.stderr}`)
  return done.stdout
}

const shared = new Map<string, { readonly folder: string; readonly made: Made }>()

function madeOnce(options: Record<string, unknown>): { readonly folder: string; readonly made: Made } {
  const name = JSON.stringify(options)
  const known = shared.get(name)
  if (known !== undefined) return known
  const folder = fresh('made')
  // The maker is a script of this folder: its answer has the shape of Made.
  const fine = { folder, made: JSON.parse(python('make_archive.py', folder, name)) as Made }
  shared.set(name, fine)
  return fine
}

/** An archive that no test changes. */
function makeOnce(options: Record<string, unknown>): Made {
  return madeOnce(options).made
}

/** An archive of its own, to be damaged: a copy of what is made once. */
function make(options: Record<string, unknown>): Made {
  const { folder, made } = madeOnce(options)
  const copy = fresh('copy')
  cpSync(folder, copy, { recursive: true, preserveTimestamps: true })
  const moved = (path: string): string => path.replace(folder, copy)
  return { ...made, path: moved(made.path), ...(made.full === undefined ? {} : { full: moved(made.full) }) }
}

/** Runs a copied script with nothing of the project in its environment. */
function run(
  runtime: readonly [string, string, string],
  words: readonly string[],
  environment: Record<string, string> = { BACKUP_ENCRYPTION_KEY: key },
): SpawnSyncReturns<Buffer> {
  return spawnSync(runtime[1], [join(bare, runtime[2]), ...words], {
    cwd: bare,
    env: { PATH: systemPath, ...environment },
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function survey(folder: string): Row[] {
  return JSON.parse(python('survey.py', folder)) as Row[]
}

const text = (path: string) => Buffer.from(path, 'base64').toString()
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** The rows that must agree, without what only one side knows. */
function comparable(rows: readonly Row[], precision: bigint): unknown[] {
  const byPath = new Map(rows.map((row) => [row.path, row]))
  return rows
    .map((row) => {
      const carrier = row.t === 'h' && row.link ? byPath.get(row.link) : row
      const content = row.t === 'h' || row.t === 'f' ? { size: carrier?.size, sha256: carrier?.sha256 } : {}
      const xattrs = Object.entries(row.xattrs ?? {}).filter(([name]) => name.startsWith('user.'))
      return {
        path: text(row.path),
        t: row.t === 'h' ? 'f' : row.t,
        mode: row.t === 'l' ? 0 : row.mode,
        mtime: String(BigInt(row.mtime) / precision),
        ...(isRoot ? { uid: row.uid, gid: row.gid } : {}),
        ...content,
        link: row.t === 'l' ? row.link : undefined,
        xattrs,
      }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

const rowsOf = (made: Made, folder: string) => {
  const known = new Set(made.expect.map((row) => row.path))
  // Parents that the archive does not list are made, with attributes of their own.
  return survey(folder).filter((row) => known.has(row.path))
}

describe.each(runtimes)('with %s', (...runtime) => {
  const precision = runtime[1] === 'python3' ? 1n : 1000n // Node takes times as a double of seconds

  test.each([
    ['zstd', true],
    ['zstd', false],
    ['gzip', true],
    ['gzip', false],
    ['none', true],
    ['none', false],
    ['xz', true],
    ['xz', false],
    ['bzip2', true],
    ['bzip2', false],
  ] as const)('restores every kind of entry as it was: %s, encrypted %s', (comp, encrypted) => {
    const made = makeOnce({ scenario: 'tree', comp, ...(encrypted ? { key, seg: 5000 } : {}) })
    const target = fresh('restored')
    const done = run(runtime, [made.path, 'restore', target], encrypted ? undefined : {})
    expect(done.stderr.toString()).toMatch(/ 0 damaged/)
    expect(done.status).toBe(isRoot ? 0 : 3)
    const rows = rowsOf(made, target)
    expect(comparable(rows, precision)).toEqual(
      comparable(
        made.expect.filter((row) => isRoot || row.t !== 'c'),
        precision,
      ),
    )
    const byName = new Map(rows.map((row) => [text(row.path), row]))
    expect(byName.get('srv/twin-1')?.nlink).toBe(2)
    expect(byName.get('srv/holes')?.blocks).toBeLessThan(400)
    expect(Object.keys(byName.get('srv/acl')?.xattrs ?? {})).toContain('system.posix_acl_access')
    expect(Object.keys(byName.get('srv/acl-dir')?.xattrs ?? {})).toContain('system.posix_acl_default')
    expect(existsSync(join(target, '.bka'))).toBe(false)
  })

  test.each(['zstd', 'gzip', 'none', 'xz', 'bzip2'])('cat gives a stream that plain tar reads: %s', (comp) => {
    const made = make({ scenario: 'small', comp, key, seg: 300 })
    const done = run(runtime, [made.path, 'cat'])
    expect(done.status).toBe(0)
    if (!['xz', 'bzip2'].includes(comp)) expect(sha256(done.stdout)).toBe(made.stream)
    const [stream, folder] = [fresh('stream'), fresh('untarred')]
    writeFileSync(stream, done.stdout)
    mkdirSync(folder)
    expect(spawnSync('tar', ['-xf', stream, '-C', folder]).status).toBe(0)
    expect(readFileSync(join(folder, 'a/one'), 'utf8')).toBe('first file\n')
  })

  test('cat gives an unencrypted archive as it is', () => {
    const made = make({ scenario: 'small' })
    expect(run(runtime, [made.path, 'cat'], {}).stdout).toEqual(readFileSync(made.path))
  })

  test('cat decrypts every known answer', () => {
    const folder = fresh('known')
    mkdirSync(folder)
    const options = JSON.stringify({ scenario: 'known', answers: join(here, 'known-answers.json') })
    const known = JSON.parse(python('make_archive.py', folder, options))
    expect(known.made).toHaveLength(6)
    for (const { path, length, plain, cipher, expected } of known.made) {
      expect(cipher).toBe(expected)
      const done = run(runtime, [path, 'cat'], { BACKUP_ENCRYPTION_KEY: known.key })
      expect([done.status, done.stdout.length, sha256(done.stdout)]).toEqual([0, length, plain])
    }
  })

  test('get finds a path with or without its leading slash, also one that is no UTF-8', () => {
    const made = makeOnce({ scenario: 'tree', key, seg: 70_000 })
    const row = made.expect.find(({ path }) => text(path) === 'srv/dump.sql')
    for (const path of ['srv/dump.sql', '/srv/dump.sql']) {
      const done = run(runtime, [made.path, 'get', path])
      expect([done.status, sha256(done.stdout)]).toEqual([0, row?.sha256])
    }
    const holes = made.expect.find(({ path }) => text(path) === 'srv/holes')
    expect(sha256(run(runtime, [made.path, 'get', 'srv/holes']).stdout)).toBe(holes?.sha256)
    const twin = run(runtime, [made.path, 'get', 'srv/twin-2'])
    expect(twin.stdout.toString()).toBe('two names')
    const bytes = made.expect.find(({ path }) =>
      Buffer.from(path, 'base64').includes(Buffer.from('bytes-\xff', 'latin1')),
    )
    const shell = `exec "$0" "$1" "$2" get "$(printf 'srv/bytes-\\377\\376')"`
    const done = spawnSync('sh', ['-c', shell, runtime[1], join(bare, runtime[2]), made.path], {
      env: { PATH: systemPath, BACKUP_ENCRYPTION_KEY: key },
    })
    expect(sha256(done.stdout)).toBe(bytes?.sha256)
  })

  test('get refuses an unknown path and a directory with a message and exit 1, and writes nothing', () => {
    const made = make({ scenario: 'small', key })
    for (const [path, message] of [
      ['a/nothing', 'has no a/nothing'],
      ['zzz', 'has no zzz'],
      ['a', 'is no file'],
    ] as const) {
      const done = run(runtime, [made.path, 'get', path])
      expect([done.status, done.stdout.length]).toEqual([1, 0])
      expect(done.stderr.toString()).toContain(message)
    }
  })

  test('get writes no byte of a file whose hash does not match', () => {
    const made = make({ scenario: 'damaged', key })
    const done = run(runtime, [made.path, 'get', 'a/bad'])
    expect([done.status, done.stdout.length]).toEqual([4, 0])
    expect(done.stderr.toString()).toContain('SHA-256')
  })

  test('list shows every entry on one line, control characters escaped', () => {
    const made = makeOnce({ scenario: 'tree', key })
    const done = run(runtime, [made.path, 'list'])
    expect(done.status).toBe(0)
    const lines = done.stdout.toString().split('\n').slice(0, -1)
    expect(lines).toHaveLength(made.expect.length)
    expect(lines).toContain('-rwsr-xr-x 1234/2222333            4 2023-11-14 22:13:20 etc/owned')
    expect(lines).toContain('-rw-r----- 0/0            7 2023-11-14 22:13:20 srv/new\\nline\\e[31m')
    expect(lines).toContain('lrwxrwxrwx 0/0            0 2023-11-14 22:13:20 etc/link-bytes -> to-\\xff\\xfe')
    expect(lines).toContain('crw--w---- 0/0          1,3 2023-11-14 22:13:20 srv/null')
    expect(lines).toContain('-rw-r----- 0/0            3 1969-12-31 23:59:58 srv/old')
  })

  test('missing key, wrong key and damage are three messages with three exit codes', () => {
    const made = make({ scenario: 'small', key })
    const missing = run(runtime, [made.path, 'list'], {})
    const wrong = run(runtime, [made.path, 'list'], { BACKUP_ENCRYPTION_KEY: '22'.repeat(32) })
    const passphrase = run(runtime, [made.path, 'list'], { BACKUP_ENCRYPTION_KEY: 'not a raw key' })
    truncateSync(made.path, readFileSync(made.path).length - 1)
    const damaged = run(runtime, [made.path, 'list'])
    expect([missing, wrong, passphrase, damaged].map((done) => done.status)).toEqual([2, 1, 1, 4])
    expect(missing.stderr.toString()).toContain('no key was given')
    expect(wrong.stderr.toString()).toContain('wrong key')
    expect(passphrase.stderr.toString()).toContain('wrong key')
    expect(damaged.stderr.toString()).toContain('damaged, cut or extended')
    for (const done of [missing, wrong, passphrase, damaged]) expect(done.stdout).toHaveLength(0)
  })

  test('takes a key file of 32 bytes, of 64 hex digits, and a longer one verbatim', () => {
    const long = Buffer.from('a key file longer than thirty-two bytes, taken as it is\n')
    const made = make({ scenario: 'small', slots: [{ t: 'keyfile', secret: key }] })
    const other = make({ scenario: 'small', slots: [{ t: 'keyfile', secret: long.toString('hex') }] })
    const cases = [
      [made, Buffer.from(key, 'hex'), 0],
      [made, Buffer.from(key), 0],
      [made, Buffer.from(`${key}\n`), 0],
      [other, long, 0],
      [made, long, 1],
      [made, Buffer.from('short'), 2],
    ] as const
    for (const [archive, bytes, status] of cases) {
      const file = fresh('key')
      writeFileSync(file, bytes)
      expect(run(runtime, [archive.path, 'get', 'a/one', '--keyfile', file], {}).status).toBe(status)
    }
    expect(run(runtime, [made.path, 'list', '--keyfile', fresh('absent')], {}).status).toBe(2)
  })

  test('takes a passphrase by scrypt or PBKDF2, composed or decomposed', () => {
    const passphrase = ' Caf\u00e9 \u{1f512} horse '
    const made = make({
      scenario: 'small',
      slots: [
        { t: 'future-kind', secret: key },
        { t: 'scrypt', n: 14, r: 8, p: 1, passphrase: 'another' },
        { t: 'scrypt', n: 17, r: 8, p: 1, passphrase },
      ],
    })
    const slow = make({ scenario: 'small', slots: [{ t: 'pbkdf2', h: 'sha256', i: 600_000, passphrase }] })
    for (const archive of [made, slow])
      for (const form of ['NFC', 'NFD'])
        expect(run(runtime, [archive.path, 'list'], { BACKUP_ENCRYPTION_KEY: passphrase.normalize(form) }).status).toBe(
          0,
        )
    expect(run(runtime, [slow.path, 'list'], { BACKUP_ENCRYPTION_KEY: passphrase.trim() }).status).toBe(1)
  })

  test('opens an argon2id slot, or says that this machine lacks it and tries the other slots', async () => {
    const { argon2Sync } = await import('node:crypto')
    const nonce = Buffer.from('0123456789abcdef')
    const message = Buffer.from('a passphrase')
    const secret = argon2Sync('argon2id', { message, nonce, parallelism: 1, memory: 65_536, passes: 3, tagLength: 32 })
    const slot = { t: 'argon2id', m: 65_536, i: 3, p: 1, s: nonce.toString('base64'), secret: secret.toString('hex') }
    const alone = run(runtime, [make({ scenario: 'small', slots: [slot] }).path, 'list'], {
      BACKUP_ENCRYPTION_KEY: 'a passphrase',
    })
    if (alone.status !== 0) {
      expect(alone.status).toBe(1)
      expect(alone.stderr.toString()).toMatch(/not tried: argon2id needs/)
    }
    const second = { t: 'pbkdf2', h: 'sha256', i: 600_000, passphrase: 'a passphrase' }
    const both = make({ scenario: 'small', slots: [slot, second] })
    expect(run(runtime, [both.path, 'list'], { BACKUP_ENCRYPTION_KEY: 'a passphrase' }).status).toBe(0)
  })

  test.each([[{}], [{ key }]])('writes nothing outside DIR whatever the archive says %j', (options) => {
    const outside = fresh('outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'secret'), 'do not touch')
    const made = make({ scenario: 'hostile', outside, page: 100, ...options })
    const target = join(fresh('deep'), 'a/b/c/target')
    const done = run(runtime, [made.path, 'restore', target])
    expect(done.status).toBe(3)
    expect(readdirSync(outside)).toEqual(['secret'])
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('do not touch')
    const found = new Map(survey(target).map((row) => [text(row.path), row]))
    expect([...found.keys()].sort()).toEqual(['before', 'lnk', 'plain', 'twice', 'zlnk', 'zz', 'zzhard', 'zzhard2'])
    expect(readFileSync(join(target, 'twice'), 'utf8')).toBe('good')
    expect(readFileSync(join(target, 'zzhard'), 'utf8')).toBe('own content')
    expect(readFileSync(join(target, 'zzhard2'), 'utf8')).toBe('own again')
    const refused = done.stderr.toString().match(/^recover: refused: /gm)
    expect(refused).toHaveLength(12)
  })

  test('lists a torn file and ends with exit 3', () => {
    const made = make({ scenario: 'torn', key })
    const target = fresh('restored')
    const done = run(runtime, [made.path, 'restore', target])
    expect(done.status).toBe(3)
    expect(done.stderr.toString()).toContain('torn: a/log')
    expect(readFileSync(join(target, 'a/log'), 'utf8')).toBe('torn content')
    expect(run(runtime, [made.path, 'get', 'a/log']).status).toBe(3)
  })

  test('leaves no damaged file behind, restores the rest and ends with exit 4', () => {
    const made = make({ scenario: 'damaged', key })
    const target = fresh('restored')
    const done = run(runtime, [made.path, 'restore', target])
    expect(done.status).toBe(4)
    expect(done.stderr.toString()).toContain('damaged: a/bad')
    expect(readdirSync(join(target, 'a')).sort()).toEqual(['good', 'same'])
  })

  test('restores what lies around one damaged segment', () => {
    const made = make({ scenario: 'many', count: 300, key, seg: 4096, frame: 4096 })
    const bytes = readFileSync(made.path)
    const middle = made.header + Math.floor((bytes.length - made.header) / 3)
    bytes[middle] = bytes[middle]! ^ 1
    writeFileSync(made.path, bytes)
    const target = fresh('restored')
    expect(run(runtime, [made.path, 'restore', target]).status).toBe(4)
    const truth = new Map(made.expect.map((row) => [row.path, row.sha256]))
    const files = survey(target).filter((row) => row.t === 'f')
    expect(files.length).toBeGreaterThan(200)
    expect(files.length).toBeLessThan(300)
    for (const row of files) expect(row.sha256).toBe(truth.get(row.path))
  })

  test('reads an incremental with pages, content and chunks of its full', () => {
    for (const options of [{ key }, { comp: 'gzip' }, { comp: 'xz' }]) {
      const made = make({ scenario: 'lineage', ...options })
      const target = fresh('restored')
      const done = run(runtime, [made.path, 'restore', target])
      expect(done.stderr.toString()).toContain('0 damaged')
      expect(done.status).toBe(0)
      expect(comparable(survey(target), precision)).toEqual(comparable(made.expect, precision))
    }
  })

  test('restores what it can without the full, names the missing file and ends with exit 4', () => {
    const made = make({ scenario: 'lineage', key })
    rmSync(dirname(made.full), { recursive: true })
    const target = fresh('restored')
    const done = run(runtime, [made.path, 'restore', target])
    expect(done.status).toBe(4)
    expect(done.stderr.toString()).toContain(
      `needed archive is missing: ${basename(dirname(made.full))}/${basename(made.full)}`,
    )
    expect(readFileSync(join(target, 'b/new'), 'utf8')).toBe('new')
    expect(survey(target).map((row) => text(row.path))).not.toContain('b/keep')
    expect(run(runtime, [made.path, 'list']).status).toBe(4)
  })

  test('does not take another archive for the full it needs', () => {
    const made = make({ scenario: 'lineage', key })
    copyFileSync(make({ scenario: 'small', key }).path, made.full)
    const done = run(runtime, [made.path, 'restore', fresh('restored')])
    expect(done.status).toBe(4)
    expect(done.stderr.toString()).toContain('is not the one this archive was built on')
  })

  test('refuses a directory that is not empty, and overwrites nothing when told to go on', () => {
    const made = make({ scenario: 'small', key })
    const target = fresh('restored')
    mkdirSync(join(target, 'a'), { recursive: true })
    writeFileSync(join(target, 'a/one'), 'mine')
    const refused = run(runtime, [made.path, 'restore', target])
    expect(refused.status).toBe(2)
    expect(refused.stderr.toString()).toContain('is not empty')
    expect(run(runtime, [made.path, 'restore', target, '--into-existing']).status).toBe(3)
    expect(readFileSync(join(target, 'a/one'), 'utf8')).toBe('mine')
    expect(readFileSync(join(target, 'a/two'), 'utf8')).toContain('second file')
  })

  test('uses the good copy of a header of which the other is damaged, and says so', () => {
    for (const at of [0, 40, 4096, 4200]) {
      const made = make({ scenario: 'small', key })
      const bytes = readFileSync(made.path)
      bytes[at] = bytes[at]! ^ 1
      writeFileSync(made.path, bytes)
      const done = run(runtime, [made.path, 'restore', fresh('restored')])
      expect([at, done.status]).toEqual([at, 3])
      expect(done.stderr.toString()).toContain('one copy of the header')
    }
  })

  test('finds a header kept apart when both copies in the archive are damaged', () => {
    const made = make({ scenario: 'small', key })
    const bytes = readFileSync(made.path)
    writeFileSync(`${made.path}.hdr`, bytes.subarray(0, 8192))
    bytes[50] = bytes[50]! ^ 1
    bytes[4150] = bytes[4150]! ^ 1
    writeFileSync(made.path, bytes)
    expect(run(runtime, [made.path, 'get', 'a/one']).stdout.toString()).toBe('first file\n')
    rmSync(`${made.path}.hdr`)
    expect(run(runtime, [made.path, 'get', 'a/one']).status).toBe(4)
  })

  test('explains its usage with exit 2', () => {
    for (const words of [[], ['x'], ['x', 'mount'], ['x', 'get'], ['x', 'list', '--what']]) {
      const done = run(runtime, words)
      expect(done.status).toBe(2)
      expect(done.stderr.toString()).toContain('restore DIR')
    }
    expect(run(runtime, ['--help']).status).toBe(0)
    expect(run(runtime, [join(bare, 'absent'), 'list']).status).toBe(1)
  })

  test('refuses an archive that demands a feature it does not know', () => {
    const done = run(runtime, [make({ scenario: 'small', key, incompat: ['time-travel'] }).path, 'list'])
    expect(done.status).toBe(1)
    expect(done.stderr.toString()).toContain('newer recovery script')
  })

  test('points to tar where an unencrypted xz archive has lost its manifest', () => {
    const made = make({ scenario: 'small', comp: 'xz', no_manifest: true })
    const done = run(runtime, [made.path, 'restore', fresh('restored')], {})
    expect(done.status).toBe(1)
    expect(done.stderr.toString()).toContain('tar -xJf')
  })

  test('never gives wrong content for a sample of flipped bytes, cuts and additions', () => {
    const made = make({ scenario: 'small', key, seg: 400 })
    const original = readFileSync(made.path)
    const body = original.length - made.header
    const count = isLong ? 24 : 6
    const flips = Array.from({ length: count }, (_, n) => made.header + Math.floor((n * body) / count))
    const damaged = [
      ...flips.map((at) => Buffer.from(original.map((byte, index) => (index === at ? byte ^ 64 : byte)))),
      ...(isLong ? [1, 16, 17, 72, 400, body - 1, body] : [1, 16, 72, body]).map((cut) =>
        original.subarray(0, original.length - cut),
      ),
      ...(isLong ? [1, 16, 72, 400] : [1, 400]).map((more) => Buffer.concat([original, Buffer.alloc(more)])),
    ]
    for (const bytes of damaged) {
      writeFileSync(made.path, bytes)
      const done = run(runtime, [made.path, 'cat'])
      expect(done.status).toBe(4)
      expect(done.stderr.toString()).toMatch(/damaged|cut/)
    }
  })
})

// A byte of so many, from another one each time; the long run takes every byte.
const step = isLong ? 1 : 23

describe(`every byte of ${step}, in one Python process`, () => {
  const flip = (made: Made, ...rest: readonly string[]) => {
    const done = spawnSync('python3', [join(here, 'flip.py'), join(bare, 'recover.py'), made.path, ...rest], {
      env: { PATH: systemPath, BACKUP_ENCRYPTION_KEY: key },
      encoding: 'utf8',
    })
    expect(done.stderr).toBe('')
    return JSON.parse(done.stdout)
  }
  const from = randomInt(step)
  /** How many of the bytes from `start` to `end` are flipped. */
  const taken = (start: number, end: number): number =>
    Math.ceil((end - from) / step) - Math.ceil((start - from) / step)

  test(`flipped in an encrypted archive is damage, or a healed header, never other content`, () => {
    const made = make({ scenario: 'small', key, seg: 400 })
    const size = readFileSync(made.path).length
    const counts = flip(made, 'flip', String(step), String(from))
    expect(counts.failure).toBeUndefined()
    // All that is not header is authenticated; of the header, what is not padding is checked.
    expect(counts.damage, `from ${from}`).toBe(taken(made.header, size))
    expect(counts.healed).toBeGreaterThan(1000 / step)
    expect(counts.healed + counts.same, `from ${from}`).toBe(taken(0, made.header))
  }, 120_000)

  test.each(['zstd', 'gzip', 'none', 'xz'])(
    `flipped in an unencrypted archive never gives other content: %s`,
    (comp) => {
      const counts = flip(make({ scenario: 'small', comp }), 'flip', String(step), String(from))
      expect(counts.damage, `from ${from}`).toBeGreaterThan(500 / step)
    },
    120_000,
  )

  test('cut off or added is damage', () => {
    const made = make({ scenario: 'small', key, seg: 400 })
    const size = readFileSync(made.path).length
    const every = isLong ? 7 : 101
    const cut = flip(made, 'cut', String(every))
    expect(cut).toEqual({ damage: Math.ceil(size / every) })
    const other = make({ scenario: 'small', key, seg: 400 })
    expect(flip(other, 'extend')).toEqual({ damage: 64 })
    expect(flip(make({ scenario: 'small' }), 'extend')).toEqual({ damage: 64 })
  }, 120_000)
})
