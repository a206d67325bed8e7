import { closeSync, mkdirSync, openSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CatalogPort, chooseBackup, listBackups } from '../../src/engine/catalog.ts'
import type { Repository } from '../../src/engine/repository.ts'
import type { CatalogEntry } from '../../src/model/backup.ts'
import type { Files } from '../../src/model/ports.ts'
import { backupIds, Stage } from './stage.ts'

/** What somebody who set out to break Holdfast once broke. */

let stage: Stage
beforeAll(async () => {
  stage = new Stage()
  mkdirSync(stage.at('source'))
  writeFileSync(stage.at('source', 'file'), 'content')
  await stage.succeed(['init'])
})
afterAll(() => stage.remove())

test('a directory nested 3,000 deep is backed up with what lies at its end', async () => {
  const deep = stage.at('deep')
  mkdirSync(deep)
  const here = process.cwd()
  process.chdir(deep)
  try {
    for (let depth = 0; depth < 3000; depth++) {
      mkdirSync('x')
      process.chdir('x')
    }
    closeSync(openSync('end', 'w'))
  } finally {
    process.chdir(here)
  }
  const { code, last } = await stage.json(['create', deep])
  expect([code, (last['backup'] as { files: number }).files]).toEqual([0, 1])
}, 60_000)

test('latest is the newest of two backups within one second, whatever their random ends', async () => {
  const older = entry('2026-11-21T01-20-04Z-full-zzzz', '2026-11-21T01:20:04.164Z')
  const newer = entry('2026-11-21T01-20-04Z-full-aaaa', '2026-11-21T01:20:04.801Z')
  const archives = stage.makeDirectory('archives')
  for (const { id } of [older, newer]) mkdirSync(`${archives}/${id}`)
  const files = { names: (path: string) => readdirSync(path) } as unknown as Files // all that a list of known ids reads
  const catalog = { read: async () => ({ state: 'ok', value: { backups: [older, newer] } }) } as unknown as CatalogPort
  const { backups } = await listBackups(files, { archives } as unknown as Repository, catalog)
  expect(chooseBackup(backups, 'latest')).toBe(newer)
})

function entry(id: string, createdAt: string): CatalogEntry {
  return { id, createdAt, type: 'full', services: ['paths'], deps: [] } as unknown as CatalogEntry // what ordering reads
}

test('verify --all tells a backup that has lost its manifest after a rebuild has taken it from the list', async () => {
  await stage.succeed(['create', stage.at('source')])
  const [lost] = backupIds(stage.root)
  if (lost === undefined) throw new Error('no backup to lose')
  rmSync(stage.at('repository', 'archives', lost, 'manifest.json'))
  expect((await stage.run(['rebuild'])).code).toBe(3)
  const { code, stdout } = await stage.run(['verify', '--all', '--level', 'scrub'])
  expect(code).toBe(4)
  expect(stdout).toContain(`${lost}  scrub: DAMAGED`)
  rmSync(stage.at('repository', 'archives', lost), { recursive: true })
}, 60_000)

test.each(['/', '/dev/zero'])('a restore plan that is no file is refused: %s', async (plan) => {
  const { code, last } = await stage.json(['restore', '--plan', plan, '--yes'])
  expect([code, last['code']]).toEqual([2, 'E_USAGE'])
})

test('a PATH that is a symbolic link to a directory is told, for what lies there is not in the backup', async () => {
  symlinkSync('source', stage.at('link'))
  const { code, stdout, stderr } = await stage.run(['create', stage.at('link')])
  expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('is not in the backup')])
  expect((await stage.run(['create', stage.at('link'), stage.at('source')])).code).toBe(0)
})
