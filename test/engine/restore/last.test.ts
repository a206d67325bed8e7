import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import type { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { prepareRestore } from '../../../src/engine/restore/prepare.ts'
import { type BytePath, joinPath, storedPathOf } from '../../../src/model/path.ts'
import type { Files } from '../../../src/model/ports.ts'
import type { ConflictMode } from '../../../src/model/restore.ts'
import { apply, backUp, files, named, pool, put, requestFor, treeOf, useScratch } from './scratch.ts'

/** A file without which a service does not start: never there while anything else is half restored. */

const scratch = useScratch()
let source: BytePath
let reader: ArchiveReader
const at = (name: string) => joinPath(source, named(name))

beforeEach(async () => {
  source = scratch.at('source')
  mkdirSync(at('global'), { recursive: true })
  mkdirSync(at('base'))
  put(at('global/pg_control'), 'the way in')
  for (let file = 0; file < 20; file++) put(at(`base/${file}`), `ours ${file}`)
  reader = await backUp(scratch, source)
})

async function planned(disk: Files = files, conflict: ConflictMode = 'overwrite') {
  const patterns = [`${storedPathOf(source)}/global/pg_control`]
  const request = {
    ...requestFor(scratch, [reader]),
    target: { kind: 'in-place' } as const,
    conflict,
    asked: { patterns: [], below: null, last: patterns },
    last: (path: BytePath) => path.endsWith('pg_control'),
  }
  const { signal } = new AbortController()
  return prepareRestore(disk, pool(), request, scratch.at(`repository/${request.id}`), { signal })
}

test('it is gone before anything else changes, and comes back after all else', async () => {
  const before = treeOf(source)
  for (let file = 0; file < 20; file++) writeFileSync(at(`base/${file}`), 'theirs')
  const seen: boolean[] = []
  const watching = new Proxy(files, {
    get(target, name: keyof Files) {
      if (name === 'setTime' || name === 'syncFileSystem') seen.push(existsSync(at('global/pg_control')))
      return target[name]
    },
  })
  const plan = await planned()
  const outcome = await apply(plan, [reader], {}, watching)
  expect(outcome).toMatchObject({ refused: 0, failed: 0 })
  expect(seen[0]).toBe(false) // everything else is synced while it is away
  expect(seen.at(-1)).toBe(true)
  expect(treeOf(source)).toEqual(before)
})

test('where another file could not be restored it is not written, and that is told', async () => {
  for (let file = 0; file < 20; file++) writeFileSync(at(`base/${file}`), 'theirs')
  const plan = await planned()
  writeFileSync(at('base/7'), 'changed since the plan')
  const told: string[] = []
  const outcome = await apply(plan, [reader], { onProblem: ({ what }) => told.push(what) })
  expect(outcome.refused).toBe(2)
  expect(told.at(-1)).toBe('not written: it comes last, and not all others were restored')
  expect(existsSync(at('global/pg_control'))).toBe(false)
})

test('one that somebody has changed since the plan stays, and is told', async () => {
  const plan = await planned()
  writeFileSync(at('global/pg_control'), 'somebody else')
  const outcome = await apply(plan, [reader])
  expect(outcome.refused).toBe(1)
  expect(readFileSync(at('global/pg_control'), 'utf8')).toBe('somebody else')
})

test.each(['base/7', 'zoo'])('one with another name, %s, is one file with it again', async (other) => {
  mkdirSync(at('base'), { recursive: true })
  rmSync(at(other), { force: true })
  linkSync(at('global/pg_control'), at(other))
  reader = await backUp(scratch, source)
  const before = treeOf(source)
  for (const standing of [true, false]) {
    writeFileSync(at('base/8'), 'theirs')
    if (!standing) {
      rmSync(at(other))
      writeFileSync(at(other), 'theirs')
    }
    const outcome = await apply(await planned(), [reader])
    expect(outcome).toMatchObject({ refused: 0, failed: 0 })
    expect(treeOf(source)).toEqual(before)
    expect(lstatSync(at(other)).ino).toBe(lstatSync(at('global/pg_control')).ino)
  }
})

test('one that is to be kept is not taken away', async () => {
  writeFileSync(at('global/pg_control'), 'mine')
  const outcome = await apply(await planned(files, 'keep'), [reader])
  expect(outcome).toMatchObject({ refused: 0, failed: 0, kept: 1 })
  expect(readFileSync(at('global/pg_control'), 'utf8')).toBe('mine')
})

test('where a directory stands in its place, all else is restored', async () => {
  const before = readFileSync(at('base/7'), 'utf8')
  writeFileSync(at('base/7'), 'theirs')
  rmSync(at('global/pg_control'))
  mkdirSync(at('global/pg_control'))
  const outcome = await apply(await planned(), [reader])
  expect(outcome).toMatchObject({ refused: 1, failed: 0 })
  expect(readFileSync(at('base/7'), 'utf8')).toBe(before)
})
