import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import type { RestoreOptions } from '../../../src/model/planned-restore.ts'
import type { Files } from '../../../src/model/ports.ts'
import { plainly } from '../../engine-kit.ts'
import {
  differences,
  dying,
  engine,
  home,
  newest,
  quiet,
  repository,
  restore,
  seen,
  undo,
  useHome,
} from './undo-kit.ts'

/** Restores that were interrupted, gone on with, and taken back: what was before the first attempt is there again. */

useHome()

let source = ''
let options: RestoreOptions
let before: string[] = []

beforeEach(async () => {
  source = join(home(), 'source')
  mkdirSync(source)
  for (let file = 0; file < 4; file++) writeFileSync(join(source, `${file}`), `ours ${file}`)
  utimesSync(source, 1_500_000_000, 1_500_000_000)
  const { backup } = await engine().create(plainly({ type: 'full', paths: [source] }), quiet)
  for (let file = 0; file < 4; file++) writeFileSync(join(source, `${file}`), `theirs ${file}`)
  before = seen()
  options = {
    source: { kind: 'backup', backup: backup.id, services: [], paths: [] },
    target: { kind: 'in-place' },
    conflict: 'overwrite',
    workers: 1,
  }
})

/** Before all of it is done; the restore's id. */
async function interrupted(): Promise<string> {
  await expect(restore(options, dying(createDiskFiles(), 1, new Set(['setTime'])))).rejects.toThrow()
  return await newest()
}

test('a directory of which only the time would have moved has the one it had before the first attempt', async () => {
  const id = await interrupted()
  expect(differences(before, seen())).not.toEqual([])
  expect((await restore(options)).id).toBe(id)
  expect(await undo(id)).toBe(0)
  expect(differences(before, seen())).toEqual([])
})

test('a plan to take it back is not applied once the restore was gone on with', async () => {
  rmSync(join(source, '3'))
  const id = await interrupted()
  const plan = await engine().planUndo({ restore: id, workers: 1 }, quiet)
  await restore(options)
  const restored = seen()
  await expect(plan?.apply(quiet)).rejects.toMatchObject({ code: 'E_PLAN_DRIFTED' })
  expect(differences(restored, seen())).toEqual([])
})

test('one that somebody else has gone on with meanwhile is not told to have failed', async () => {
  const id = await interrupted()
  const late = await engine().planRestore(options, quiet)
  await restore(options)
  await expect(late.apply(quiet)).rejects.toMatchObject({ code: 'E_PLAN_DRIFTED' })
  const log = readFileSync(join(repository(), 'runs', `${id}.ndjson`), 'utf8')
  expect(JSON.parse(log.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ kind: 'finished', outcome: 'done' })
})

test('a file that was written beside another is one with its other names after going on, too', async () => {
  linkSync(join(source, '1'), join(source, '1-again'))
  const { backup } = await engine().create(plainly({ type: 'full', paths: [source] }), quiet)
  rmSync(join(source, '1-again'))
  rmSync(join(source, '1'))
  writeFileSync(join(source, '1'), 'another one')
  options = { ...options, source: { kind: 'backup', backup: backup.id, services: [], paths: [] }, conflict: 'rename' }
  const { id } = await restore(options)
  const record = join(repository(), 'undo', id, 'record.json')
  writeFileSync(record, readFileSync(record, 'utf8').replace('"restored"', '"restoring"')) // as if killed before the link
  rmSync(join(source, '1-again'))
  expect((await restore(options)).id).toBe(id)
  const beside = readdirSync(source).find((name) => name.includes('restored')) ?? ''
  expect(lstatSync(join(source, beside)).ino).toBe(lstatSync(join(source, '1-again')).ino)
})

test('a name that was made to see whether case counts goes with the restore that was killed over it', async () => {
  mkdirSync(join(source, 'empty'))
  const { backup } = await engine().create(plainly({ type: 'full', paths: [source] }), quiet)
  rmSync(join(source, 'empty'), { recursive: true })
  before = seen()
  options = { ...options, source: { kind: 'backup', backup: backup.id, services: [], paths: [] } }
  await expect(restore(options, dying(createDiskFiles(), 1, new Set(['removeDirectory'])))).rejects.toThrow()
  expect(readdirSync(join(source, 'empty'))).toHaveLength(1)
  const id = await newest()
  await restore(options)
  expect(readdirSync(join(source, 'empty'))).toEqual([])
  expect(await undo(id)).toBe(0)
  expect(readdirSync(source)).not.toContain('empty')
})

test.each(['cut', 'missing', 'edited'])(
  'steps that are %s do not stand in the way of the same restore',
  async (how) => {
    const id = await interrupted()
    const steps = join(repository(), 'undo', id, '1.steps')
    if (how === 'missing') rmSync(steps)
    else if (how === 'cut') truncateSync(steps, 100)
    else appendFileSync(steps, '{}\n')
    await expect(undo(id)).rejects.toMatchObject({ code: 'E_PLAN_ALTERED' })
    const plan = await engine().planRestore(options, quiet)
    expect(plan.resumes).toBeNull()
    expect(plan.notices.join()).toContain(id)
    expect((await plan.apply(quiet)).id).not.toBe(id)
    expect(readFileSync(join(source, '3'), 'utf8')).toBe('ours 3')
  },
)

test('what was restored where a socket stood goes, and a socket that its service made there since stays', async () => {
  const listening = async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(source, '1'), resolve))
    return server
  }
  rmSync(join(source, '1'))
  rmSync(join(source, '2'))
  let server = await listening()
  try {
    const { id } = await restore(options)
    expect(await undo(id)).toBe(0)
    expect(readdirSync(source)).toEqual(['0', '3'])

    server.close()
    server = await listening()
    const again = await restore(options)
    rmSync(join(source, '1'))
    server.close()
    server = await listening()
    expect(await undo(again.id)).toBe(0)
    expect(readdirSync(source)).toEqual(['0', '1', '3'])
  } finally {
    server.close()
  }
})

test('the room that what is saved has taken is not asked for again', async () => {
  writeFileSync(join(source, '1'), randomBytes(500_000))
  const disk = createDiskFiles()
  const saved = () => readdirSync(join(repository(), 'archives')).some((name) => name.includes('safety'))
  const files: Files = {
    ...disk,
    fileSystem: (path) => ({ ...disk.fileSystem(path), freeBytes: saved() ? 100_000 : 600_000 }),
  }
  expect((await restore(options, files)).exitCode).toBe(0)
})

test('a record that names no safety backup, where one was made, takes nothing back', async () => {
  const { id } = await restore(options)
  const path = join(repository(), 'undo', id, 'record.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"safety":"[^"]+"/, '"safety":null'))
  await expect(undo(id)).rejects.toMatchObject({ code: 'E_PLAN_ALTERED' })
})

test('after more than a week a restore into a new directory can still be taken back', async () => {
  options = { ...options, target: { kind: 'directory', path: join(home(), 'new') } }
  const { id } = await restore(options)
  const clock = { ...systemClock, now: () => Date.now() + 8 * 86_400_000 }
  const plan = await engine({ clock }).planUndo({ restore: id, workers: 1 }, quiet)
  expect((await plan?.apply(quiet))?.exitCode).toBe(0)
  expect(differences(before, seen())).toEqual([])
})

test('of restores of one second the one that began last is the newest', async () => {
  let ms = Date.UTC(2026, 10, 20, 3)
  const clock = { now: () => ms++, elapsed: () => systemClock.elapsed() }
  const made: string[] = []
  for (let time = 0; time < 8; time++) {
    writeFileSync(join(source, '0'), `theirs again ${time}`)
    const plan = await engine({ clock }).planRestore(options, quiet)
    made.push((await plan.apply(quiet)).id)
  }
  expect(new Set(made.map((id) => id.slice(0, 20))).size).toBe(1)
  expect((await engine({ clock }).undoable()).map(({ id }) => id)).toEqual(made.toReversed())
})

test('a newer one into the same target is named, and is the one that is meant by none', async () => {
  const older = await restore(options)
  writeFileSync(join(source, '0'), 'theirs again')
  const newer = await restore(options)
  const elsewhere = { ...options, target: { kind: 'directory', path: join(home(), 'new') } } as const
  const other = await restore(elsewhere)
  const plan = async (restoreId: string | null) => {
    const planned = await engine().planUndo({ restore: restoreId, workers: 1 }, quiet)
    if (planned === null) throw new Error('there was nothing to take back')
    return planned
  }

  const first = await plan(older.id)
  expect(first.notices).toEqual([expect.stringContaining(`${newer.id} began later, into `)])
  await first.drop()
  for (const { id } of [other, newer, older]) {
    const latest = await plan(null)
    expect(latest).toMatchObject({ undoes: id, notices: [] })
    expect((await latest.apply(quiet)).exitCode).toBe(0)
  }
  expect(differences(before, seen())).toEqual([])
  await expect(plan(null)).rejects.toMatchObject({ code: 'E_UNKNOWN_ID' })
})

test('a record that was torn is listed and told until it is a week old, and takes nothing back', async () => {
  const { id } = await restore(options)
  const path = join(repository(), 'undo', id, 'record.json')
  truncateSync(path, 100)
  const torn = { id, state: 'unreadable', problem: expect.stringContaining('record.json cannot be understood') }
  expect(await engine().undoable()).toEqual([torn])
  expect((await engine().status()).alerts.map(({ kind, subject }) => [kind, subject])).toContainEqual([
    'restore-unfinished',
    id,
  ])
  await expect(undo(id)).rejects.toMatchObject({ code: 'E_DAMAGED' })
  // The next restore after a week forgets it.
  const clock = { ...systemClock, now: () => Date.now() + 8 * 86_400_000 }
  writeFileSync(join(source, '0'), 'theirs again')
  await (await engine({ clock }).planRestore(options, quiet)).apply(quiet)
  expect((await engine({ clock }).undoable()).map(({ id }) => id)).not.toContain(id)
})

test('what a restore left that died before it had written anything down goes with the next run, and nothing else', async () => {
  await restore(options)
  const undo = join(repository(), 'undo')
  const left = '2026-11-20T03-00-00Z-restore-2345'
  mkdirSync(join(undo, left))
  writeFileSync(join(undo, left, '.hf-replace-0123456789ab'), 'half')
  writeFileSync(join(undo, 'mine'), 'what somebody else has put there')
  writeFileSync(join(repository(), '.hf-replace-0123456789ab'), 'half')
  await (await engine().planRestore(options, quiet)).drop()
  expect(readdirSync(undo).sort()).toEqual([await newest(), 'mine'])
  expect(readdirSync(repository()).filter((name) => name.startsWith('.hf-'))).toEqual([])
})
