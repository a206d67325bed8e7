import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ArchiveReader } from '../../src/engine/archive/reader.ts'
import type { PageReference } from '../../src/engine/archive/toc-pages.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { pathFromText } from '../../src/model/path.ts'
import { type Backup, noise, Series } from './incremental-kit.ts'
import { backupIds, litterOf, manifestOf, Stage } from './stage.ts'
import { differences, seeded } from './trees.ts'

let series: Series
beforeEach(() => {
  series = new Series()
})
afterEach(() => series.remove())

function archiveOf(id: string): string {
  const directory = join(series.stage.root, 'archives', id)
  return join(directory, manifestOf(series.stage.root, id).archives[0]!.file)
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at]! ^= 0x40
  writeFileSync(path, bytes)
}

/** The pages of the table of contents of an archive that is not encrypted. */
function pagesOf(id: string): readonly PageReference[] {
  const archive = manifestOf(series.stage.root, id).archives[0]!
  const root = { offset: 0, compressedBytes: 0, inner: 0, rootBytes: 0 }
  const path = pathFromText(archiveOf(id))
  const place = { path, id: archive.id, compression: 'zstd', encrypted: false, root } as const
  const reader = new ArchiveReader(createDiskFiles(), place, { secrets: [], slotKeys: [] })
  try {
    return reader.root.toc.pages
  } finally {
    reader.close()
  }
}

function doNotEncrypt(): void {
  writeFileSync(series.stage.at('backup_config.json'), JSON.stringify({ encryption: { enabled: false } }))
}

/** A full backup and an incremental on it, of as many small files as asked for and of one more each. */
async function fullAndIncremental(files: number): Promise<[Backup, Backup]> {
  mkdirSync(series.at('directory'))
  for (let at = 0; at < files; at++) writeFileSync(series.at('directory', `file-${at}`), `content of ${at}`)
  writeFileSync(series.at('one'), noise(1, 300_000))
  const full = await series.made('full')
  writeFileSync(series.at('two'), noise(2, 300_000))
  return [full, await series.made('incremental')]
}

/** The backup succeeds, says what is wrong, and restores once everything that was spoilt is gone for good. */
async function expectHealed(says: readonly string[], gone: readonly string[], type = 'incremental'): Promise<Backup> {
  writeFileSync(series.at('three'), noise(3, 300_000))
  const { code, backup, warnings } = await series.create(type)
  expect({ code, warnings }).toEqual({ code: 3, warnings: [expect.any(String)] })
  for (const text of says) expect(warnings[0]).toContain(text)
  for (const id of gone) {
    expect(backup.deps).not.toContain(id)
    rmSync(join(series.stage.root, 'archives', id), { recursive: true, force: true })
  }
  expect(await series.restored(backup.id)).toEqual([])
  expect(await series.stage.run(['verify', backup.id, '--level', 'full'])).toMatchObject({ code: 0, stderr: '' })
  const next = await series.made('incremental')
  expect(next.base).toBe(backup.id)
  return backup
}

describe('a base that cannot be built upon is told, and what it held is stored anew', () => {
  test.each<[string, (path: string) => void]>([
    ['is missing', (path) => rmSync(path)],
    ['is truncated', (path) => truncateSync(path, readFileSync(path).length - 5000)],
    ['has a flipped byte near its end', (path) => flip(path, readFileSync(path).length - 200)],
    ['is another archive', (path) => cpSync(archiveOf(backupIds(series.stage.root)[0]!), path)],
  ])('where its archive %s', async (_what, spoil) => {
    const [full, newest] = await fullAndIncremental(5)
    spoil(archiveOf(newest.id))
    const backup = await expectHealed([`${newest.id} cannot be built upon: `], [newest.id])
    expect(backup).toMatchObject({ type: 'incremental', base: full.id, deps: [full.id] })
  })

  test('where the only base is missing, the backup is a full one', async () => {
    writeFileSync(series.at('one'), noise(1, 300_000))
    const full = await series.made('full')
    rmSync(archiveOf(full.id))
    const backup = await expectHealed([`${full.id} cannot be built upon: `], [full.id], 'differential')
    expect(backup).toMatchObject({ type: 'full', base: null, deps: [] })
  })

  test('where it is encrypted under a key that is gone', async () => {
    const [, newest] = await fullAndIncremental(5)
    const other = new Stage()
    try {
      // The same name, the same paths, newer than all others: but another repository's.
      const env = { ...series.options().env, BACKUP_ENCRYPTION_KEY: 'cd'.repeat(32) }
      await other.succeed(['create', series.source], {
        env: { ...env, SHIFTED_CLOCK_MS: String(series.aheadMs + 60_000) },
      })
      const [foreign] = backupIds(other.root)
      cpSync(join(other.root, 'archives', foreign!), join(series.stage.root, 'archives', foreign!), { recursive: true })
      await series.stage.run(['rebuild'])
      const backup = await expectHealed([`${foreign} cannot be built upon: `, 'key'], [foreign!])
      expect(backup.base).toBe(newest.id)
    } finally {
      other.remove()
    }
  })

  test('where an older archive it depends on is missing: the newest is built upon all the same', async () => {
    const [full, newest] = await fullAndIncremental(5)
    rmSync(archiveOf(full.id))
    const file = manifestOf(series.stage.root, full.id).archives[0]!.file
    const backup = await expectHealed([`${full.id}/${file} cannot be built upon`], [full.id])
    expect(backup).toMatchObject({ type: 'incremental', base: newest.id, deps: [newest.id] })
    expect(backup.reusedBytes).toBeGreaterThanOrEqual(300_000)
  })

  test('where pages of its table of contents lie in an archive that is missing', async () => {
    const [full, newest] = await fullAndIncremental(5000)
    rmSync(archiveOf(full.id))
    const { code, backup, warnings } = await series.create('incremental')
    expect(code).toBe(3)
    // However many pages are lost: the reason is one.
    expect(warnings).toEqual([
      expect.stringContaining(`${full.id}/`),
      expect.stringContaining(`a part of ${newest.id} cannot be read`),
    ])
    expect(backup.deps).toEqual([newest.id])
    rmSync(join(series.stage.root, 'archives', full.id), { recursive: true })
    expect(await series.restored(backup.id)).toEqual([])
    expect(await series.stage.run(['verify', backup.id, '--level', 'full'])).toMatchObject({ code: 0, stderr: '' })
    expect(await series.made('incremental')).toMatchObject({ base: backup.id, reusedBytes: backup.bytes })
  })

  test('where a byte of a page of its table of contents has flipped: the other pages are built upon', async () => {
    doNotEncrypt()
    mkdirSync(series.at('directory'))
    for (let at = 0; at < 5000; at++) writeFileSync(series.at('directory', `file-${at}`), `content of ${at}`)
    const full = await series.made('full')
    const pages = pagesOf(full.id)
    // Where pages end depends on the paths, and so on the scratch directory's name.
    expect(pages.length).toBeGreaterThan(2)
    const [, offset, length, entries] = pages[1]!
    flip(archiveOf(full.id), offset + Math.floor(length / 2))
    const { code, backup, warnings } = await series.create('incremental')
    expect({ code, warnings }).toEqual({
      code: 3,
      warnings: [expect.stringContaining(`a part of ${full.id} cannot be read`)],
    })
    expect(backup).toMatchObject({ base: full.id, deps: [full.id] })
    expect(backup.reusedBytes).toBeGreaterThan(0)
    expect(backup.reusedBytes).toBeLessThan(backup.bytes)
    expect(entries).toBeGreaterThan(100)
    expect(await series.restored(backup.id)).toEqual([])
    expect(await series.stage.run(['verify', backup.id, '--level', 'full'])).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('a base of whose table of contents no page can be read is as good as none', () => {
  /** Its table of contents is short, and stored with it as a whole. */
  function spoilContents(id: string): void {
    const [[, offset, length], ...more] = pagesOf(id) as [PageReference, ...PageReference[]]
    expect(more).toEqual([])
    flip(archiveOf(id), offset + Math.floor(length / 2))
  }

  test('an older one is built upon', async () => {
    doNotEncrypt()
    const [full, newest] = await fullAndIncremental(5)
    spoilContents(newest.id)
    const backup = await expectHealed([`${newest.id} cannot be built upon: `], [newest.id])
    expect(backup).toMatchObject({ type: 'incremental', base: full.id, deps: [full.id] })
  })

  test.each(['incremental', 'differential'])(
    'without an older one, what is asked for as %s is a full one',
    async (type) => {
      doNotEncrypt()
      writeFileSync(series.at('one'), noise(1, 300_000))
      const full = await series.made('full')
      spoilContents(full.id)
      const backup = await expectHealed([`${full.id} cannot be built upon: `], [full.id], type)
      expect(backup).toMatchObject({ type: 'full', base: null, deps: [] })
    },
  )
})

describe('a backup whose base is missing', () => {
  test('is restored as far as it goes, and it is said which archive of which backup is missing', async () => {
    const [full, newest] = await fullAndIncremental(5)
    const name = `${full.id}/${manifestOf(series.stage.root, full.id).archives[0]!.file}`
    rmSync(join(series.stage.root, 'archives', full.id), { recursive: true })
    const target = series.stage.at('target')
    const restored = await series.stage.run(['restore', newest.id, '--target', target])
    expect(restored.code).toBe(4)
    expect(restored.stdout + restored.stderr).toContain(name)
    const copy = join(target, series.source)
    expect(readFileSync(join(copy, 'two')).equals(noise(2, 300_000))).toBe(true)
    expect(existsSync(join(copy, 'one'))).toBe(false)
    for (const level of ['quick', 'full', 'restore']) {
      const verified = await series.stage.run(['verify', newest.id, '--level', level])
      expect({ level, code: verified.code }).toEqual({ level, code: 4 })
      expect(verified.stdout + verified.stderr).toContain(name)
    }
    expect((await series.stage.run(['cat', newest.id, series.at('two')])).code).toBe(0)
    const cat = await series.stage.run(['cat', newest.id, series.at('one')])
    expect({ code: cat.code, stdout: cat.stdout }).toEqual({ code: 4, stdout: '' })
    expect(cat.stderr).toContain(name)
  })

  test('shows what is missing where only its archive is, and every other backup stays whole', async () => {
    const [full, newest] = await fullAndIncremental(5)
    const alone = await series.made('full')
    const path = archiveOf(full.id)
    rmSync(path)
    const { code, last } = await series.stage.json(['verify', '--all'])
    expect(code).toBe(4)
    expect((last['verify'] as { ok: boolean }).ok).toBe(false)
    const outcome = async (id: string) => (await series.stage.run(['verify', id])).code
    expect([await outcome(full.id), await outcome(newest.id), await outcome(alone.id)]).toEqual([4, 4, 0])
  })
})

describe('a base that is needed', () => {
  test('is not deleted, and the message names who needs it', async () => {
    const [full, newest] = await fullAndIncremental(5)
    const refused = await series.stage.json(['delete', full.id, '--yes'])
    expect(refused).toMatchObject({ code: 1, last: { kind: 'error', code: 'E_NEEDED' } })
    expect(refused.last['message']).toBe(`${full.id} is needed by ${newest.id}`)
    await series.stage.succeed(['delete', newest.id, '--yes'])
    await series.stage.succeed(['delete', full.id, '--yes'])
    expect(backupIds(series.stage.root)).toEqual([])
  })

  test('is not deleted while a backup is made that will need it', async () => {
    writeFileSync(series.at('one'), noise(1, 300_000))
    const full = await series.made('full')
    const creating = series.start('incremental')
    await creating.until('"reading"')
    creating.child.kill('SIGSTOP')
    // Nothing needs it yet, so it is only under the lock of the service that this is seen.
    const deleting = series.stage.start(['delete', full.id, '--yes', '--json'])
    await deleting.until('"started"')
    creating.child.kill('SIGCONT')
    const [created, deleted] = await Promise.all([creating.ended, deleting.ended])
    expect(created.code).toBe(0)
    expect(deleted.code).toBe(1)
    expect(deleted.stdout).toContain('"E_NEEDED"')
    const [, newest] = backupIds(series.stage.root)
    expect(await series.restored(newest!)).toEqual([])
  })

  test('is shared by two backups of the same service at once: the second waits, and builds on the first', async () => {
    writeFileSync(series.at('one'), noise(1, 300_000))
    const full = await series.made('full')
    writeFileSync(series.at('two'), noise(2, 300_000))
    const first = series.start('incremental')
    await first.until('"reading"')
    first.child.kill('SIGSTOP')
    const second = series.start('incremental')
    await second.until('"started"')
    first.child.kill('SIGCONT')
    const ended = await Promise.all([first.ended, second.ended])
    const [one, two] = ended.map(({ stdout }) => JSON.parse(stdout.trim().split('\n').at(-1)!).backup as Backup)
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    expect(one).toMatchObject({ type: 'incremental', base: full.id, reusedBytes: 300_000 })
    expect(two).toMatchObject({ type: 'incremental', base: one!.id, reusedBytes: 600_000 })
    expect(await series.restored(two!.id)).toEqual([])
  })
})

const rounds = process.env['HOLDFAST_LONG'] === '1' ? 10 : 3

test('an incremental killed again and again while it reads its base leaves nothing, and the next one succeeds', async () => {
  for (let directory = 0; directory < 10; directory++) {
    mkdirSync(series.at(`directory-${directory}`))
    for (let at = 0; at < 300; at++)
      writeFileSync(series.at(`directory-${directory}`, `file-${at}`), `${directory} ${at}`)
  }
  const full = await series.made('full')
  const next = seeded(9)
  const begun = performance.now()
  await series.made('incremental')
  const usualMs = performance.now() - begun
  let known = backupIds(series.stage.root)
  let killed = 0
  for (let round = 0; round < rounds; round++) {
    writeFileSync(series.at(`directory-${round}`, `file-${round}`), `changed in ${round}`)
    const running = series.start('incremental')
    const over = running.until('"reading"').catch(() => {})
    if (round % 2 === 0) await over
    else await wait(next() * usualMs)
    running.child.kill('SIGKILL')
    const { signal } = await running.ended
    if (signal === 'SIGKILL') killed++
    const after = backupIds(series.stage.root)
    // A backup there is a whole one, and all that were there are.
    expect(after.filter((id) => known.includes(id))).toEqual(known)
    expect(after.length - known.length).toBeLessThanOrEqual(1)
    const made = await series.made('incremental')
    expect(litterOf(series.stage.root)).toEqual([])
    expect(readdirSync(join(series.stage.root, 'temp'))).toEqual([])
    known = [...after, made.id].sort()
    expect(backupIds(series.stage.root)).toEqual(known)
  }
  expect(killed).toBeGreaterThanOrEqual(Math.ceil(rounds / 2))
  const target = series.stage.at('target')
  await series.stage.succeed(['restore', known.at(-1)!, '--target', target])
  expect(differences(series.source, join(target, series.source))).toEqual([])
  expect(await series.stage.run(['verify', '--all'])).toMatchObject({ code: 0, stderr: '' })
  expect(known).toContain(full.id)
}, 300_000)
