import { execFileSync, spawnSync } from 'node:child_process'
import { linkSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { beforeEach, expect, test } from 'vitest'
import { alone } from '../../../src/engine/archive/lineage.ts'
import type { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { checkDrift } from '../../../src/engine/restore/drift.ts'
import { loadPlan, savePlan } from '../../../src/engine/restore/plan-file.ts'
import { selectPaths } from '../../../src/engine/restore/select-paths.ts'
import { type BytePath, joinPath } from '../../../src/model/path.ts'
import {
  apply,
  backUp,
  files,
  isRoot,
  named,
  now,
  prepare,
  put,
  type RequestChange,
  refusedOf,
  restore,
  stepsOf,
  treeOf,
  user,
  useScratch,
} from './scratch.ts'

/** What a restore with deleteExtra removes, and what it leaves alone. */

const scratch = useScratch()
const canMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0
let source: BytePath
let reader: ArchiveReader
const at = (name: string) => joinPath(source, named(name))
const inPlace = (change: RequestChange = {}): RequestChange => ({
  target: { kind: 'in-place' },
  deleteExtra: true,
  ...change,
})
const removed = (plan: Parameters<typeof stepsOf>[0]) =>
  stepsOf(plan)
    .filter((step) => step.startsWith(`remove ${source.slice(1)}`))
    .map((step) => step.slice('remove '.length + source.length))

beforeEach(async () => {
  source = scratch.at('source')
  mkdirSync(at('d/inner'), { recursive: true })
  mkdirSync(at('z'))
  for (const name of ['a', 'm', 'd/c', 'd/inner/deep', 'z/last']) put(at(name), `ours: ${name}`)
  symlinkSync('a', at('link'))
  reader = await backUp(scratch, source)
})

test('makes the restored tree what was backed up, whatever came into it since', async () => {
  const before = treeOf(source)
  mkdirSync(at('d/new/newer/newest'), { recursive: true })
  mkdirSync(at('0'))
  for (const name of ['A', 'b', 'd/\xff', 'd/new/x', 'd/new/newer/newest/y', 'zz']) put(at(name), 'extra')
  put(at('d/inner.txt'), 'sorts between a directory and what it holds')
  linkSync(at('a'), at('d/second-name-of-a'))
  symlinkSync('/', at('d/new/root'))
  execFileSync('mkfifo', [at('pipe')])
  writeFileSync(at('m'), 'theirs')

  const { plan, outcome } = await restore(scratch, [reader], inPlace())

  expect(treeOf(source)).toEqual(before)
  // The one whose name is not UTF-8 is not among those that can be shown.
  expect(removed(plan)).toEqual([
    '0',
    'A',
    'b',
    'd/inner.txt',
    'd/new',
    'd/new/newer',
    'd/new/newer/newest',
    'd/new/newer/newest/y',
    'd/new/root',
    'd/new/x',
    'd/second-name-of-a',
    'pipe',
    'zz',
  ])
  expect(plan.header.counts).toMatchObject({ delete: 14, overwrite: 1, create: 0, refuse: 0 })
  expect(outcome).toMatchObject({ deleted: 14, refused: 0, failed: 0 })
})

test('deletes nothing where it was not asked to', async () => {
  put(at('extra'), 'extra')
  const { plan } = await restore(scratch, [reader], { target: { kind: 'in-place' } })
  expect(plan.header.counts.delete).toBe(0)
  expect(files.status(at('extra'))).toBeDefined()
})

test('below a target it removes what lies in restored directories, and nothing beside them', async () => {
  await restore(scratch, [reader])
  put(scratch.at('target/beside'), 'not below a restored directory')
  put(scratch.at(`target${source}/d/extra`), 'extra')
  const { outcome } = await restore(scratch, [reader], { deleteExtra: true })
  expect(outcome.deleted).toBe(1)
  expect(files.names(scratch.at('target')).includes(named('beside'))).toBe(true)
  expect(files.status(scratch.at(`target${source}/d/extra`))).toBeUndefined()
})

test('removes only below directories that are selected', async () => {
  for (const name of ['extra', 'd/extra', 'z/extra']) put(at(name), 'extra')
  const { plan } = await restore(scratch, [reader], inPlace({ select: selectPaths([at('d')]) }))
  expect(removed(plan)).toEqual(['d/extra'])
  expect(files.names(source).includes(named('extra'))).toBe(true)
})

test('leaves alone what the backup leaves out by its patterns, with the directories that hold it, and says so', async () => {
  mkdirSync(at('d/logs'))
  put(at('d/logs/now.log'), 'a log')
  const excluding = Object.create(reader)
  const left = { ...reader.root.source, exclude: ['*.log'] }
  Object.defineProperty(excluding, 'root', { value: { ...reader.root, source: left } })
  mkdirSync(at('later'))
  put(at('later/too.log'), 'a log')
  put(at('later/extra'), 'extra')
  const plan = await prepare(scratch, [excluding], inPlace())
  expect(removed(plan)).toEqual(['later/extra'])
  expect(plan.header.notes.join()).toContain('and 1 other path: left alone, because the backup leaves it out')
})

test('leaves alone what lies in a cache where the backup leaves caches out', async () => {
  mkdirSync(at('d/cache'))
  for (const name of ['d/cache/CACHEDIR.TAG', 'd/cache/x', 'd/extra']) put(at(name), 'extra')
  const caching = Object.create(reader)
  const source = { ...reader.root.source, excludeCaches: true }
  Object.defineProperty(caching, 'root', { value: { ...reader.root, source } })
  expect(removed(await prepare(scratch, [caching], inPlace()))).toEqual(['d/extra'])
})

test('leaves sockets alone', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve))
  try {
    const plan = await prepare(scratch, [reader], inPlace())
    expect(removed(plan)).toEqual([])
    expect(plan.header.notes.join()).toContain('sockets are in no backup')
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test('refuses to remove the repository, and every directory above it', async () => {
  mkdirSync(at('holds/repository'), { recursive: true })
  put(at('holds/repository/precious'), 'a backup')
  const { plan } = await restore(scratch, [reader], inPlace({ repositoryRoot: at('holds/repository') }))
  expect(refusedOf(plan)).toEqual([`${at('holds').slice(1)}: inside-repository`])
  expect(files.status(at('holds/repository/precious'))).toBeDefined()
})

test.runIf(canMount)('never crosses a mount point, not even one of the same file system', async () => {
  const outside = scratch.at('outside')
  mkdirSync(outside)
  put(joinPath(outside, named('precious')), 'elsewhere')
  mkdirSync(at('new/mounted'), { recursive: true })
  const mounts = [at('new/mounted'), at('z')]
  for (const mount of mounts) execFileSync('mount', ['--bind', outside, mount])
  try {
    const plan = await prepare(scratch, [reader], inPlace())
    expect(removed(plan)).toEqual([])
    expect(plan.header.notes.join()).toContain('another file system is mounted there')
  } finally {
    for (const mount of mounts) execFileSync('umount', [mount])
  }
})

test('what has changed since the plan is not removed, and told', async () => {
  mkdirSync(at('new/full'), { recursive: true })
  for (const name of ['extra', 'new/gone', 'new/full/stays']) put(at(name), 'extra')
  const plan = await prepare(scratch, [reader], inPlace())
  writeFileSync(at('extra'), 'somebody needs it after all')
  files.removeFile(at('new/full/stays'))
  put(at('new/full/came'), 'came since')
  const problems: string[] = []
  const outcome = await apply(plan, [reader], {
    onProblem: ({ path, because }) => problems.push(`${path.slice(source.length)} ${because}`),
  })
  expect(readFileSync(at('extra'), 'utf8')).toBe('somebody needs it after all')
  expect(files.status(at('new/full/came'))).toBeDefined()
  expect(problems.sort()).toEqual([
    'extra changed-since-the-plan',
    'new changed-since-the-plan',
    'new/full changed-since-the-plan',
    'new/full/stays changed-since-the-plan',
  ])
  expect(outcome).toMatchObject({ deleted: 1, refused: 4 })
})

test('a directory swapped for a symlink since the plan is not followed', async () => {
  const outside = scratch.at('outside')
  mkdirSync(outside)
  put(joinPath(outside, named('x')), 'elsewhere')
  mkdirSync(at('new'))
  linkSync(joinPath(outside, named('x')), at('new/x')) // the very same file, so that only the way there tells
  const plan = await prepare(scratch, [reader], inPlace())
  renameSync(at('new'), scratch.at('aside'))
  symlinkSync(outside, at('new'))
  const outcome = await apply(plan, [reader])
  expect(outcome).toMatchObject({ deleted: 0, refused: 2 })
  expect(files.status(joinPath(outside, named('x')))).toBeDefined()
})

test.runIf(isRoot)('what cannot be removed is told, and the rest is', async ({ skip }) => {
  for (const name of ['immutable', 'other']) put(at(name), 'extra')
  if (spawnSync('chattr', ['+i', at('immutable')]).status !== 0) return skip()
  try {
    const { outcome } = await restore(scratch, [reader], inPlace())
    expect(outcome).toMatchObject({ deleted: 1, failed: 1 })
    expect(outcome.problems[0]?.path).toBe(at('immutable').slice(1))
  } finally {
    execFileSync('chattr', ['-i', at('immutable')])
  }
})

test('removes nothing that a backup with gaps may only have failed to read', async () => {
  put(at('extra'), 'extra')
  const gaps = Object.create(reader)
  Object.defineProperty(gaps, 'root', { value: { ...reader.root, stats: { ...reader.root.stats, warnings: 1 } } })
  const plan = await prepare(scratch, [gaps], inPlace())
  expect(removed(plan)).toEqual([])
  expect(plan.header.notes.join()).toContain('could not read everything')
})

test('what is chosen by hand to be kept keeps what lies in it', async () => {
  for (const name of ['d/extra', 'z/extra']) put(at(name), 'extra')
  const choices = new Map([[at('d').slice(1) as BytePath, 'keep' as const]])
  const plan = await prepare(scratch, [reader], inPlace({ choices }))
  expect(removed(plan)).toEqual(['z/extra'])
})

test('a saved plan holds what is removed, and drifts where that has changed', async () => {
  put(at('extra'), 'extra')
  const plan = await prepare(scratch, [reader], inPlace())
  const key = Buffer.alloc(32, 7)
  await savePlan(files, plan, key, scratch.at('plan.json'))
  const loaded = loadPlan(files, scratch.at('plan.json'), key, scratch.at('repository/loaded'), {
    repositoryId: 'repository-1',
    now,
  })
  expect(removed(loaded)).toEqual(['extra'])
  const archives = [{ service: 'service-0', lineage: alone(reader) }]
  const check = () => checkDrift(files, loaded, { archives, repositoryRoot: scratch.at('repository'), user })
  expect(check).not.toThrow()
  writeFileSync(at('extra'), 'changed')
  expect(check).toThrow(/1 path has changed since the plan was made/)
})
