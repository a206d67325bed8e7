import { mkdirSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import type { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { type BytePath, joinPath } from '../../../src/model/path.ts'
import type { ConflictMode, PathChoice } from '../../../src/model/restore.ts'
import {
  archiveOfEntries,
  backUp,
  contentOf,
  files,
  leftovers,
  named,
  prepare,
  put,
  refusedOf,
  restore,
  stepsOf,
  useScratch,
} from './scratch.ts'

const scratch = useScratch()
let reader: ArchiveReader
let stored: string
const target = (name: string) => scratch.at(`target/${stored}/${name}`)
const suffix = '.restored-20261120T030000Z'
const past = 1_500_000_000_000_000_001n
const later = 2_000_000_000_000_000_000n

/** `.` is the source itself, and the empty name all there is. */
function choices(of: Record<string, PathChoice>): Map<BytePath, PathChoice> {
  const path = (name: string) => named(name === '' ? '' : name === '.' ? stored : `${stored}/${name}`)
  return new Map(Object.entries(of).map(([name, choice]) => [path(name), choice]))
}

function replan(conflict: ConflictMode, of: Record<string, PathChoice>) {
  return restore(scratch, [reader], { conflict, choices: choices(of) })
}

/** What stands below the source's place in the target. */
function standing(): Record<string, string> {
  const found: Record<string, string> = {}
  const visit = (directory: string): void => {
    for (const name of files.names(target(directory)).sort()) {
      const path = directory === '.' ? name : `${directory}/${name}`
      if (files.status(target(path))?.type === 'directory') visit(path)
      else found[path] = contentOf(target(path))
    }
  }
  visit('.')
  return found
}

function backedUp(name: string): bigint {
  return files.status(joinPath(scratch.at('source'), named(name)))?.mtimeNs ?? 0n
}

const every = ['a', 'b', 'd/x', 'd/y', 'd/e/z', 'f/w']

/** In the target stands something else under every name, newer than what the backup has. */
beforeEach(async () => {
  const source = scratch.at('source')
  stored = source.slice(1)
  for (const directory of ['d/e', 'f']) mkdirSync(joinPath(source, named(directory)), { recursive: true })
  for (const name of every) {
    put(joinPath(source, named(name)), `ours: ${name}`)
    files.setTime(joinPath(source, named(name)), past)
  }
  reader = await backUp(scratch, source)
  await restore(scratch, [reader])
  for (const name of every) {
    files.removeFile(target(name))
    put(target(name), 'theirs')
    files.setTime(target(name), later)
  }
  for (const name of ['d/e', 'd', 'f', '.']) files.setTime(target(name), backedUp(name))
})

test('a choice decides for single files, over what holds for all', async () => {
  const { plan, outcome } = await replan('keep', { a: 'overwrite', b: 'rename', 'd/x': 'skip', 'd/y': 'keep-newer' })
  expect(plan.header.counts).toMatchObject({ overwrite: 1, create: 1, keep: 3, refuse: 0 })
  expect(outcome).toMatchObject({ written: 2, kept: 3, problems: [] })
  expect(standing()).toEqual({
    ...Object.fromEntries(every.map((name) => [name, 'theirs'])),
    a: 'ours: a',
    [`b${suffix}`]: 'ours: b',
  })
  expect(stepsOf(plan).filter((step) => step.includes('/d/'))).toEqual([
    `unchanged ${stored}/d/e`,
    `keep ${stored}/d/e/z exists`,
    `keep ${stored}/d/y newer`,
  ])
  expect(leftovers(scratch.at('target'))).toEqual([])
})

test('a choice for a directory holds for all below it, up to the next choice', async () => {
  const { plan } = await replan('overwrite', { d: 'keep', 'd/e': 'rename', f: 'skip' })
  expect(standing()).toEqual({
    a: 'ours: a',
    b: 'ours: b',
    'd/x': 'theirs',
    'd/y': 'theirs',
    'd/e/z': 'theirs',
    [`d/e/z${suffix}`]: 'ours: d/e/z',
    'f/w': 'theirs',
  })
  expect(stepsOf(plan).some((step) => step.includes(`${stored}/f`))).toBe(false)
})

test('skipping all but some restores these and nothing else', async () => {
  const { plan } = await replan('overwrite', { '': 'skip', 'd/e': 'restore', b: 'overwrite' })
  expect(plan.header.counts).toMatchObject({ overwrite: 2, unchanged: 1, create: 0, keep: 0 })
  expect(standing()).toEqual({
    ...Object.fromEntries(every.map((name) => [name, 'theirs'])),
    b: 'ours: b',
    'd/e/z': 'ours: d/e/z',
  })
})

test('what lies below a skipped directory gets plain directories to lie in, and a skipped one is not made', async () => {
  const { plan } = await restore(scratch, [reader], {
    target: { kind: 'directory', path: scratch.at('elsewhere') },
    choices: choices({ d: 'skip', 'd/e/z': 'restore', f: 'skip' }),
  })
  const there = (name: string) => files.status(scratch.at(`elsewhere/${stored}/${name}`))
  expect(contentOf(scratch.at(`elsewhere/${stored}/d/e/z`))).toBe('ours: d/e/z')
  expect(there('f')).toBeUndefined()
  expect(there('d/x')).toBeUndefined()
  expect(stepsOf(plan).slice(-3)).toEqual([
    `make-parent ${stored}/d`,
    `make-parent ${stored}/d/e`,
    `write-file ${stored}/d/e/z`,
  ])
})

test('a directory in the way of a file is refused, unless somebody chose to have the file beside this one', async () => {
  files.removeFile(target('a'))
  files.makeDirectory(target('a'), 0o755)
  put(target('a/inside'), 'theirs')
  const refused = await replan('rename', { b: 'overwrite' })
  expect(refusedOf(refused.plan)).toEqual([`${stored}/a: type-conflict`])
  for (const choice of ['overwrite', 'keep', 'keep-newer'] as const)
    expect(refusedOf((await replan('rename', { a: choice })).plan)).toEqual([`${stored}/a: type-conflict`])
  const { plan, outcome } = await replan('keep', { a: 'rename' })
  expect(refusedOf(plan)).toEqual([])
  expect(outcome.problems).toEqual([])
  expect(contentOf(target('a/inside'))).toBe('theirs')
  expect(contentOf(target(`a${suffix}`))).toBe('ours: a')
})

test('a directory keeps its own time where that was chosen, and gets the backup’s where not', async () => {
  files.removeFile(target('d/x'))
  files.removeFile(target('f/w'))
  for (const name of ['d', 'f']) files.setTime(target(name), backedUp(name))
  await replan('overwrite', { d: 'keep' })
  expect(standing()).toMatchObject({ 'd/x': 'ours: d/x', 'd/y': 'theirs', 'f/w': 'ours: f/w' })
  expect(files.status(target('f'))?.mtimeNs).toBe(backedUp('f'))
  expect(files.status(target('d'))?.mtimeNs).not.toBe(backedUp('d')) // what came into it moved it
})

test('a name whose hard link is skipped carries the content itself', async () => {
  const source = scratch.at('links')
  stored = source.slice(1)
  mkdirSync(source)
  put(joinPath(source, named('a')), 'one')
  for (const name of ['b', 'c']) files.makeHardlink(joinPath(source, named('a')), joinPath(source, named(name)))
  reader = await backUp(scratch, source)
  await replan('keep', { a: 'skip' })
  expect(standing()).toEqual({ b: 'one', c: 'one' })
  expect(files.status(target('b'))?.inode).toBe(files.status(target('c'))?.inode)
})

test('a path that no safe place has is told as refused, even where it is skipped', async () => {
  const hostile = await archiveOfEntries(scratch, [
    { path: '../escape', type: 'file', content: 'x' },
    { path: 'fine', type: 'file', content: 'x' },
  ])
  const plan = await prepare(scratch, [hostile], { choices: new Map([[named(''), 'skip']]) })
  expect(refusedOf(plan)).toEqual(['../escape: escapes-target'])
  expect(plan.header.counts).toMatchObject({ create: 0, refuse: 1 })
})

test('a choice for a path that the backup does not hold is told', async () => {
  const { plan } = await replan('overwrite', { 'd/gone': 'skip', a: 'keep', nowhere: 'keep' })
  expect(plan.header.notes).toEqual([
    `something was chosen for ${stored}/d/gone and 1 other path, which the backup does not hold`,
  ])
  expect((await replan('overwrite', { '.': 'keep', '': 'overwrite' })).plan.header.notes).toEqual([])
})
