import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Backup, noise, Series } from './incremental-kit.ts'
import { makeTree } from './trees.ts'

let series: Series
beforeEach(() => {
  series = new Series()
})
afterEach(() => series.remove())

/** What an archive costs that stores no content: header, table of contents, root. */
const nextToNothing = 64 * 1024

function configure(...names: string[]): void {
  const services: Record<string, object> = {}
  for (const name of names) {
    mkdirSync(series.stage.at(name), { recursive: true })
    writeFileSync(series.stage.at(name, 'file'), `of ${name}`)
    services[name] = { type: 'files', include_paths: [series.stage.at(name)] }
  }
  writeFileSync(series.stage.at('backup_config.json'), JSON.stringify({ services }))
}

describe('what a backup builds on', () => {
  test.each([
    ['incremental', 'backup'],
    ['differential', 'full backup'],
  ])('the first %s has no base, becomes a full one and says so', async (type, which) => {
    writeFileSync(series.at('file'), 'content')
    const { code, backup, notices } = await series.create(type)
    expect({ code, notices }).toEqual({
      code: 0,
      notices: [`there is no older ${which} to build upon: this becomes a full backup`],
    })
    expect(backup).toMatchObject({ type: 'full', base: null, deps: [], reusedBytes: 0 })
    expect(backup.id).toContain('-full-')
  })

  test('a differential refers to the newest full backup only, whatever came between', async () => {
    writeFileSync(series.at('one'), noise(1, 50_000))
    await series.made('full')
    await series.made('incremental')
    writeFileSync(series.at('two'), noise(2, 50_000))
    const full = await series.made('full')
    writeFileSync(series.at('three'), noise(3, 50_000))
    await series.made('incremental')
    writeFileSync(series.at('four'), noise(4, 50_000))
    const differential = await series.made('differential')
    expect(differential).toMatchObject({ type: 'differential', base: full.id, deps: [full.id], reusedBytes: 100_000 })
    expect(differential.sizeBytes).toBeGreaterThan(100_000)
    expect(await series.restored(differential.id)).toEqual([])
  })

  test('an incremental refers to the newest backup, and through it to what holds the data', async () => {
    writeFileSync(series.at('one'), noise(1, 50_000))
    const full = await series.made('full')
    writeFileSync(series.at('two'), noise(2, 50_000))
    const second = await series.made('incremental')
    const third = await series.made('incremental')
    expect(second).toMatchObject({ base: full.id, deps: [full.id], reusedBytes: 50_000 })
    expect(third).toMatchObject({ base: second.id, deps: [full.id, second.id].sort(), reusedBytes: 100_000 })
    expect(await series.restored(third.id)).toEqual([])
  })

  test('an encrypted backup takes nothing from one that everybody can read, and is told of when it is restored', async () => {
    writeFileSync(series.at('file'), noise(1, 50_000))
    const configuration = series.stage.at('backup_config.json')
    const off = JSON.stringify({ encryption: { enabled: false } })
    writeFileSync(configuration, off)
    const readable = await series.made('full')
    rmSync(configuration)
    const { code, backup, notices } = await series.create('incremental')
    expect({ code, notices }).toEqual({
      code: 0,
      notices: [
        `${readable.id} is not encrypted, and a backup that is must not depend on what everybody can read`,
        'there is no older backup to build upon: this becomes a full backup',
      ],
    })
    expect(backup).toMatchObject({ type: 'full', encrypted: true, deps: [], reusedBytes: 0 })
    expect(await series.made('incremental')).toMatchObject({ base: backup.id, deps: [backup.id] })

    const target = series.stage.at('out')
    const restored = await series.stage.run(['restore', readable.id, '--target', target])
    expect(restored).toMatchObject({ code: 0, stderr: expect.stringContaining(`${readable.id} is not encrypted`) })
    writeFileSync(configuration, off)
    const again = await series.stage.run(['restore', readable.id, '--target', target])
    expect(again).toMatchObject({ code: 0, stderr: '' })
  })

  test('a backup consolidated while encryption is on is encrypted, whatever it is made from', async () => {
    writeFileSync(series.at('file'), noise(1, 50_000))
    const configuration = series.stage.at('backup_config.json')
    writeFileSync(configuration, JSON.stringify({ encryption: { enabled: false } }))
    await series.made('full')
    const readable = await series.made('incremental')
    expect(readable).toMatchObject({ encrypted: false, reusedBytes: 50_000 })
    rmSync(configuration)
    const { last } = await series.stage.json(['consolidate', readable.id])
    expect(last['backup']).toMatchObject({ deps: [], encrypted: true })
    expect(await series.restored((last['backup'] as Backup).id)).toEqual([])
  })

  test('--type service makes a full backup of a selection, which others build on', async () => {
    configure('a', 'b')
    const alone = await series.made('service', '--services', 'a')
    expect(alone).toMatchObject({ type: 'service', services: ['a'], base: null, deps: [] })
    const { code, backup, notices } = await series.create('incremental', '--services', 'a,b')
    expect({ code, notices }).toEqual({
      code: 0,
      notices: ['there is no older backup to build upon: stored in full: b'],
    })
    expect(backup).toMatchObject({ type: 'incremental', base: alone.id, deps: [alone.id] })
    const differential = await series.made('differential', '--services', 'a')
    expect(differential).toMatchObject({ type: 'differential', base: alone.id, deps: [alone.id] })
  })

  test('a service new in the configuration is stored in full beside incrementals', async () => {
    configure('a')
    const full = await series.made('full', '--services', 'a')
    configure('a', 'b')
    const { code, backup, notices } = await series.create('incremental', '--services', 'a,b')
    expect({ code, notices }).toEqual({
      code: 0,
      notices: ['there is no older backup to build upon: stored in full: b'],
    })
    expect(backup).toMatchObject({ type: 'incremental', services: ['a', 'b'], base: full.id, deps: [full.id] })
    for (const name of ['a', 'b']) expect(await series.restored(backup.id, series.stage.at(name))).toEqual([])
    expect(await series.made('incremental', '--services', 'b')).toMatchObject({ base: backup.id, deps: [backup.id] })
  })

  test('the same paths in another order are the same source, other paths are none to build upon', async () => {
    const [one, two] = [series.at('one'), series.at('two')]
    for (const path of [one, two]) {
      mkdirSync(path)
      writeFileSync(`${path}/file`, noise(1, 10_000))
    }
    const full = await series.made('full', one, two)
    expect(await series.made('incremental', two, one)).toMatchObject({ base: full.id })
    expect(await series.made('incremental', `${two}/`, one, two)).toMatchObject({
      type: 'incremental',
      reusedBytes: 20_000,
    })
    const { code, backup, notices } = await series.create('incremental', one)
    expect({ code, notices }).toEqual({
      code: 0,
      notices: ['there is no older backup to build upon: this becomes a full backup'],
    })
    expect(backup).toMatchObject({ type: 'full', deps: [] })
    expect((await series.made('incremental', one, two)).deps).not.toContain(backup.id)
  })
})

describe('what is stored', () => {
  test('a moved directory and a copied file are stored as next to nothing', async () => {
    makeTree(series.at('tree'), 60)
    await series.made('full')
    renameSync(series.at('tree', 'directory-1'), series.at('tree', 'moved'))
    renameSync(series.at('tree', 'large'), series.at('large'))
    // The directory itself has no content to be known by.
    const live = await series.stage.run(['diff', 'latest', '--live'])
    expect(live.stdout).toMatch(/\n1 added, 1 removed, 21 renamed, 0 changed, \d+ with other attributes\n$/)
    cpSync(series.at('large'), series.at('copy-of-large'))
    cpSync(series.at('tree', 'directory-0'), series.at('copy'), { recursive: true })
    const backup = await series.made('incremental')
    expect(backup.sizeBytes).toBeLessThan(nextToNothing)
    expect(backup.reusedBytes).toBe(backup.bytes)
    expect(await series.restored(backup.id)).toEqual([])
  })

  test('chmod alone and touch alone store no content', async () => {
    writeFileSync(series.at('changed-mode'), noise(1, 200_000))
    writeFileSync(series.at('touched'), noise(2, 200_000))
    await series.made('full')
    chmodSync(series.at('changed-mode'), 0o640)
    const afterChmod = await series.made('incremental')
    expect(afterChmod).toMatchObject({ bytes: 400_000, reusedBytes: 400_000 })
    expect(await series.restored(afterChmod.id)).toEqual([])
    utimesSync(series.at('touched'), 1_600_000_000, 1_600_000_000)
    const afterTouch = await series.made('incremental')
    expect(afterTouch).toMatchObject({ bytes: 400_000, reusedBytes: 400_000 })
    expect(Math.max(afterChmod.sizeBytes, afterTouch.sizeBytes)).toBeLessThan(nextToNothing)
    expect(await series.restored(afterTouch.id)).toEqual([])
  })

  test('content changed under the same size and mtime is seen: ctime tells', async () => {
    for (const name of ['changed', 'same']) writeFileSync(series.at(name), noise(1, 50_000))
    const { atime, mtime } = statSync(series.at('changed'))
    utimesSync(series.at('changed'), atime, mtime) // to the milliseconds a Date has
    await series.made('full')
    writeFileSync(series.at('changed'), noise(2, 50_000))
    utimesSync(series.at('changed'), atime, mtime)
    const backup = await series.made('incremental')
    expect(backup).toMatchObject({ bytes: 100_000, reusedBytes: 50_000 })
    expect(await series.restored(backup.id)).toEqual([])
  })

  test.each([
    ['small', 50_000],
    ['large', 9 << 20],
  ])('an inode that has become another file of the same size and mtime is another file: %s', async (_size, length) => {
    writeFileSync(series.at('before'), noise(1, length))
    utimesSync(series.at('before'), 1_600_000_000, 1_600_000_000)
    const { ino } = statSync(series.at('before'))
    await series.made('full')
    // The file system is free to give a number again; a rename gives it for certain.
    renameSync(series.at('before'), series.at('after'))
    writeFileSync(series.at('after'), noise(2, length))
    utimesSync(series.at('after'), 1_600_000_000, 1_600_000_000)
    expect(statSync(series.at('after')).ino).toBe(ino)
    const backup = await series.made('incremental')
    expect(backup.reusedBytes).toBe(0)
    expect(await series.restored(backup.id)).toEqual([])
    // And back under the old name, with the old size and mtime.
    renameSync(series.at('after'), series.at('before'))
    const again = await series.made('differential')
    expect(again.reusedBytes).toBe(0)
    expect(await series.restored(again.id)).toEqual([])
  })

  test('files with an mtime in the future are read every time and stored once', async () => {
    const future = Date.now() / 1000 + 10 * 365 * 86_400
    for (const name of ['changed', 'same']) {
      writeFileSync(series.at(name), noise(1, 50_000))
      utimesSync(series.at(name), future, future)
    }
    await series.made('full')
    writeFileSync(series.at('changed'), noise(2, 50_000))
    utimesSync(series.at('changed'), future, future)
    const backup = await series.made('incremental')
    expect(backup).toMatchObject({ bytes: 100_000, reusedBytes: 50_000 })
    expect(await series.restored(backup.id)).toEqual([])
  })

  test('a clock that jumped back hides no change, and the backups before and after it stay whole', async () => {
    makeTree(series.at('tree'), 30, 1 << 20)
    series.aheadMs = 10 * 86_400_000
    const full = await series.createNow('full')
    series.aheadMs = 0
    writeFileSync(series.at('tree', 'directory-0', 'file-3'), 'changed')
    const second = await series.createNow('incremental')
    writeFileSync(series.at('tree', 'directory-0', 'file-4'), 'changed as well')
    const third = await series.createNow('incremental')
    expect([full.code, second.code, third.code]).toEqual([0, 0, 0])
    expect(second.backup).toMatchObject({ type: 'incremental', base: full.backup.id })
    expect(third.backup.deps).toContain(full.backup.id)
    expect(third.backup.bytes - third.backup.reusedBytes).toBeLessThan(100)
    expect(await series.restored(third.backup.id)).toEqual([])
    expect(await series.stage.run(['verify', '--all', '--level', 'full'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('a name excluded before comes in with its hard links, and leaves again', async () => {
    writeFileSync(series.at('b'), noise(1, 50_000))
    for (const name of ['a', 'c']) linkSync(series.at('b'), series.at(name))
    writeFileSync(series.at('z'), noise(2, 50_000))
    const exclude = ['--exclude', '/**/a', '--exclude', '/**/c']
    await series.made('full', series.source, ...exclude)
    const all = await series.made('incremental')
    expect(all).toMatchObject({ bytes: 100_000, reusedBytes: 100_000 })
    expect(await series.restored(all.id)).toEqual([])
    const fewer = await series.made('incremental', series.source, '--exclude', '/**/a')
    expect(fewer).toMatchObject({ bytes: 100_000, reusedBytes: 100_000 })
    rmSync(series.at('a'))
    expect((await series.restored(fewer.id)).filter((line) => !line.startsWith(': mtime '))).toEqual([])
    expect(readFileSync(series.at('c')).equals(noise(1, 50_000))).toBe(true)
  })

  test('names that are not UTF-8 are compared as the bytes they are', async () => {
    const at = (name: string): Buffer => Buffer.concat([Buffer.from(`${series.source}/`), Buffer.from(name, 'latin1')])
    mkdirSync(at('directory-\xfe'))
    for (const [seed, name] of ['\x80', '\xff\xfe', 'directory-\xfe/\xe9', 'é'].entries())
      writeFileSync(at(name), noise(seed, 20_000))
    await series.made('full')
    renameSync(at('\x80'), at('\x81'))
    writeFileSync(at('\xff\xfe'), noise(9, 20_000))
    const backup = await series.made('incremental')
    expect(backup).toMatchObject({ bytes: 80_000, reusedBytes: 60_000 })
    expect(await series.restored(backup.id)).toEqual([])
    const [line] = (await series.stage.json(['diff', backup.base!, backup.id])).lines
    expect(line).toMatchObject({ counts: { added: 0, removed: 0, changed: 1, renamed: 1 } })
  })
})

describe('a source that has become empty', () => {
  beforeEach(() => {
    for (const name of ['one', 'two']) {
      mkdirSync(series.at(name))
      writeFileSync(series.at(name, 'file'), 'content')
    }
  })
  const paths = () => [series.at('one'), series.at('two')]

  test.each(['full', 'incremental', 'differential'])(
    'is refused by a %s backup, which names the path; --accept-empty accepts it',
    async (type) => {
      const full = await series.made('full', ...paths())
      rmSync(series.at('two', 'file'))
      const refused = await series.create(type, ...paths())
      expect(refused).toMatchObject({ code: 2, last: { kind: 'error', code: 'E_SOURCE_EMPTY' } })
      expect(refused.last['message']).toContain(
        `${series.at('two')} has nothing below it, and had 1 entry in ${full.id}`,
      )
      expect(refused.last['hint']).toContain('--accept-empty')
      expect(series.stage.litter()).toEqual([])
      const accepted = await series.made(type, ...paths(), '--accept-empty')
      expect(await series.restored(accepted.id, series.at('two'))).toEqual([])
      // Accepted once, it is known to be empty.
      expect((await series.create(type, ...paths())).code).toBe(0)
    },
  )

  test('is refused where the only path is empty', async () => {
    await series.made('full', series.at('one'))
    rmSync(series.at('one', 'file'))
    for (const type of ['full', 'incremental'])
      expect(await series.create(type, series.at('one'))).toMatchObject({ code: 2, last: { code: 'E_SOURCE_EMPTY' } })
  })

  test('is told from one that always was', async () => {
    rmSync(series.at('two', 'file'))
    for (const type of ['full', 'incremental', 'differential', 'full'])
      expect((await series.create(type, ...paths())).code).toBe(0)
  })
})
