import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { holdersOf } from '../../src/engine/archive/holders.ts'
import { openArchive } from '../../src/engine/inspect.ts'
import type { Keys } from '../../src/engine/keys/slots.ts'
import { readManifest } from '../../src/engine/manifest.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { openRepository } from '../../src/engine/repository.ts'
import { pathFromText } from '../../src/model/path.ts'
import { noise, Series } from '../e2e/incremental-kit.ts'
import { backupIds, manifestOf, rawKey, recoverNode, recoverPython } from '../e2e/stage.ts'
import { differences } from '../e2e/trees.ts'

/** The recovery scripts on what Holdfast itself writes: an incremental on an incremental on a full backup. */

const files = createDiskFiles()
const scripts: readonly (readonly [string, string, string])[] = [
  ['recover.py', 'python3', recoverPython],
  ['recover.mjs', process.execPath, recoverNode],
]
const mib = 1 << 20

describe.each([
  ['encrypted', true],
  ['not encrypted', false],
])('three archives, %s', (_what, encrypted) => {
  let series: Series
  let archives: string[]
  let [copy, counter] = ['', 0]

  beforeAll(async () => {
    series = new Series()
    if (!encrypted)
      writeFileSync(series.stage.at('backup_config.json'), JSON.stringify({ encryption: { enabled: false } }))
    for (let directory = 0; directory < 5; directory++) {
      mkdirSync(series.at(`directory-${directory}`))
      for (let at = 0; at < 700; at++)
        writeFileSync(series.at(`directory-${directory}`, `file-${at}`), `${directory} ${at}`)
    }
    let large = noise(1, 12 * mib)
    writeFileSync(series.at('large'), large)
    await series.made('full')
    for (const round of [1, 2]) {
      large = Buffer.concat([large.subarray(0, round * 4 * mib), noise(9, 1000), large.subarray(round * 4 * mib)])
      writeFileSync(series.at('large'), large)
      writeFileSync(series.at(`directory-${round}`, 'file-1'), `changed in ${round}`)
      await series.made('incremental')
    }
    const ids = backupIds(series.stage.root)
    archives = ids.map((id) =>
      join(series.stage.root, 'archives', id, manifestOf(series.stage.root, id).archives[0]!.file),
    )
    copy = series.stage.at('copy')
  }, 120_000)
  afterAll(() => series.remove())

  function recover([, command, script]: readonly [string, string, string], ...words: string[]) {
    const environment = { PATH: process.env['PATH'], ...(encrypted ? { BACKUP_ENCRYPTION_KEY: rawKey } : {}) }
    const done = spawnSync(command, [script, archives[2]!, ...words], { env: environment, maxBuffer: 1 << 28 })
    return { status: done.status, stdout: done.stdout, stderr: done.stderr.toString() }
  }

  /** Does something while an archive is elsewhere, or another lies in its place. */
  function without(at: number, deed: () => void, instead: string | null = null): void {
    renameSync(archives[at]!, copy)
    if (instead !== null) copyFileSync(instead, archives[at]!)
    try {
      deed()
    } finally {
      rmSync(archives[at]!, { force: true })
      renameSync(copy, archives[at]!)
    }
  }

  const target = (): string => series.stage.at(`target-${counter++}`)
  const nameOf = (at: number): string => archives[at]!.split('/').slice(-2).join('/')

  test('chunks of the newest lie in all three, and pages of it in older ones', () => {
    const repository = openRepository(files, pathFromText(series.stage.root))
    const manifest = readManifest(files, repository, backupIds(series.stage.root)[2]!)
    const keys: Keys = { secrets: [{ kind: 'raw', key: Buffer.from(rawKey, 'hex') }], slotKeys: [] }
    const lineage = openArchive(files, repository, manifest, manifest.archives[0]!, keys)
    try {
      const { root } = lineage.top
      expect(root.deps.map(({ i }) => i)).toEqual([1, 2])
      // Where pages end depends on the paths, and they on the scratch directory: which ones are shared is not certain.
      expect(root.toc.pages.some((page) => page[5] !== undefined)).toBe(true)
      const large = lineage.find(pathFromText(series.at('large').slice(1)))!
      expect([...new Set(holdersOf(large))].sort()).toEqual([1, 2, 3])
    } finally {
      lineage.close()
    }
  })

  test('an exported one brings all three along, and is refused where one of them is gone', async () => {
    const bare = series.stage.makeDirectory('bare')
    const newest = backupIds(series.stage.root)[2]!
    await series.stage.succeed(['export', newest, join(bare, 'backup.tar')])
    expect(spawnSync('tar', ['xf', 'backup.tar'], { cwd: bare }).status).toBe(0)
    const archive = join(bare, 'archives', nameOf(2))
    const environment = { PATH: process.env['PATH'], ...(encrypted ? { BACKUP_ENCRYPTION_KEY: rawKey } : {}) }
    const words = ['recovery/recover.py', archive, 'restore', 'out']
    expect(spawnSync('python3', words, { cwd: bare, env: environment }).status).toBe(0)
    expect(differences(series.source, join(bare, 'out', series.source))).toEqual([])
    const [gone, elsewhere] = [dirname(archives[0]!), series.stage.at('elsewhere')]
    renameSync(gone, elsewhere)
    const refused = await series.stage.run(['export', newest, join(bare, 'second.tar')])
    renameSync(elsewhere, gone)
    expect(refused.code).toBe(4)
    expect(refused.stderr).toContain(`${newest} needs ${basename(gone)}, which is gone`)
    expect(existsSync(join(bare, 'second.tar'))).toBe(false)
  })

  describe.each(scripts)('%s', (...script) => {
    test('restores all of it', () => {
      const path = target()
      const done = recover(script, 'restore', path)
      expect({ status: done.status, stderr: done.stderr }).toMatchObject({ status: 0 })
      const told = differences(series.source, join(path, series.source))
      // Node sets times to the microsecond.
      expect(told.filter((line) => script[0] === 'recover.py' || !/: mtime /.test(line))).toEqual([])
      const got = recover(script, 'get', series.at('large'))
      expect(got.status).toBe(0)
      expect(got.stdout.equals(readFileSync(series.at('large')))).toBe(true)
    })

    test.each([
      ['full', 0],
      ['incremental', 1],
    ])('names the %s archive that is missing, restores what it can and ends with 4', (_which, at) => {
      without(at, () => {
        const path = target()
        const done = recover(script, 'restore', path)
        expect(done.status).toBe(4)
        expect(done.stderr).toContain(`needed archive is missing: ${nameOf(at)}`)
        expect(done.stderr).not.toContain(`missing: ${nameOf(1 - at)}`)
        expect(readFileSync(join(path, series.at('directory-2', 'file-1')), 'utf8')).toBe('changed in 2')
        for (const line of differences(series.source, join(path, series.source)))
          if (/: (content|size|type) /.test(line)) throw new Error(`wrong content: ${line}`)
        const got = recover(script, 'get', series.at('large'))
        expect(got.status).toBe(4)
        expect(got.stderr).toContain(nameOf(at))
      })
    })

    test('takes no other archive for one that is needed', () => {
      const other = archives[0]!
      without(
        1,
        () => {
          const done = recover(script, 'restore', target())
          expect(done.status).toBe(4)
          expect(done.stderr).toContain(nameOf(1))
        },
        other,
      )
    })
  })
})
