import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { alone } from '../../../src/engine/archive/lineage.ts'
import type { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { checkDrift } from '../../../src/engine/restore/drift.ts'
import { type LoadRequest, loadPlan, planHash, savePlan } from '../../../src/engine/restore/plan-file.ts'
import type { RestorePlan } from '../../../src/engine/restore/request.ts'
import { joinPath } from '../../../src/model/path.ts'
import {
  apply,
  backUp,
  contentOf,
  files,
  named,
  now,
  prepare,
  put,
  restore,
  treeOf,
  user,
  useScratch,
} from './scratch.ts'

const scratch = useScratch()
const key = Buffer.alloc(32, 7)
let reader: ArchiveReader
let plan: RestorePlan
let stored: string
const target = (name: string) => scratch.at(`target/${stored}/${name}`)

beforeEach(async () => {
  const source = scratch.at('source')
  stored = source.slice(1)
  mkdirSync(joinPath(source, named('d')), { recursive: true })
  for (const name of ['a', 'b', '\xff', 'd/c', 'd/gone']) put(joinPath(source, named(name)), `ours: ${name}`)
  files.makeSymlink(named('a'), joinPath(source, named('link')))
  reader = await backUp(scratch, source)
  await restore(scratch, [reader])
  writeFileSync(target('a'), 'theirs')
  files.removeFile(target('d/gone'))
  plan = await prepare(scratch, [reader])
})

const load = (change: Partial<LoadRequest & { key: Uint8Array; path: string }> = {}) =>
  loadPlan(files, scratch.at(change.path ?? 'plan.json'), change.key ?? key, scratch.at('repository/loaded'), {
    repositoryId: 'repository-1',
    now,
    ...change,
  })
const drift = (loaded: RestorePlan) =>
  checkDrift(files, loaded, {
    archives: [{ service: 'service-0', lineage: alone(reader) }],
    repositoryRoot: scratch.at('repository'),
    user,
  })
const code = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'nothing thrown'
}

test('saves a plan as one JSON document that says what will be done, and applies exactly that', async () => {
  const hash = await savePlan(files, plan, key, scratch.at('plan.json'))
  expect(hash).toBe(planHash(files, plan, key))
  const json = JSON.parse(readFileSync(scratch.at('plan.json'), 'utf8'))
  expect(json).toMatchObject({ v: 1, kind: 'holdfast-restore-plan', hash, counts: { create: 1, overwrite: 1 } })
  expect(json.steps).toHaveLength(plan.header.steps)
  expect(files.status(scratch.at('plan.json'))?.mode).toBe(0o600)
  const loaded = load()
  expect(loaded.header).toEqual(plan.header)
  expect(readFileSync(loaded.spoolPath)).toEqual(readFileSync(plan.spoolPath))
  drift(loaded)
  expect(await apply(loaded, [reader])).toMatchObject({ written: 2, problems: [] })
  expect(contentOf(target('a'))).toBe('ours: a')
})

test('saves and loads a plan without steps', async () => {
  const empty = await prepare(scratch, [reader], { select: () => false })
  await savePlan(files, empty, key, scratch.at('plan.json'))
  expect(JSON.parse(readFileSync(scratch.at('plan.json'), 'utf8')).steps).toEqual([])
  expect(await apply(load(), [reader])).toMatchObject({ written: 0, unchanged: 0 })
})

test('takes no plan of which any byte was changed, added or taken away', async () => {
  await savePlan(files, plan, key, scratch.at('plan.json'))
  const bytes = readFileSync(scratch.at('plan.json'))
  const tried = new Set<string>()
  const tryBytes = (changed: Buffer) => {
    writeFileSync(scratch.at('changed.json'), changed)
    tried.add(code(() => load({ path: 'changed.json' })))
    expect(files.status(scratch.at('repository/loaded'))).toBeUndefined()
  }
  for (let at = 0; at < bytes.length; at += 17) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] as number) ^ 1
    tryBytes(changed)
    tryBytes(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]))
  }
  tryBytes(Buffer.concat([bytes, bytes]))
  tryBytes(Buffer.concat([bytes, Buffer.from('x\n')]))
  tryBytes(bytes.subarray(0, bytes.length - 1))
  tryBytes(Buffer.alloc(0))
  // A changed repository id in the plan makes it one of another repository.
  expect(tried).toEqual(new Set(['E_PLAN_ALTERED', 'E_PLAN_FOREIGN']))
  const text = bytes.toString().replace('"bytesToWrite":', '"bytesToWrite":1')
  writeFileSync(scratch.at('changed.json'), text)
  expect(code(() => load({ path: 'changed.json' }))).toBe('E_PLAN_ALTERED')
  expect(code(() => load({ key: Buffer.alloc(32, 8) }))).toBe('E_PLAN_ALTERED')
})

test('takes no plan of another repository', async () => {
  await savePlan(files, plan, key, scratch.at('plan.json'))
  expect(code(() => load({ repositoryId: 'repository-2', key: Buffer.alloc(32, 8) }))).toBe('E_PLAN_FOREIGN')
})

test('takes a plan for fifteen minutes, or as long as it is told', async () => {
  await savePlan(files, plan, key, scratch.at('plan.json'))
  const after = (minutes: number) => new Date(Date.parse(now) + minutes * 60_000).toISOString()
  expect(code(() => load({ now: after(15.01) }))).toBe('E_PLAN_EXPIRED')
  expect(code(() => load({ now: after(5), lifetimeMs: 60_000 }))).toBe('E_PLAN_EXPIRED')
  load({ now: after(15) })
  files.removeFile(scratch.at('repository/loaded'))
  load({ now: after(600), lifetimeMs: 24 * 3_600_000 })
})

test.each([
  ['a file that is to be replaced', () => writeFileSync(target('a'), 'other'), 'a'],
  ['a file that is to be kept as it is', () => writeFileSync(target('b'), 'ours! b'), 'b'],
  ['a file that has gone', () => files.removeFile(target('b')), 'b'],
  ['a file whose name is not text', () => files.removeFile(target('\xff')), '\\xff'],
  ['a file that has come', () => writeFileSync(target('d/gone'), ''), 'd/gone'],
  ['a symlink that points elsewhere', () => relink(), 'link'],
  ['the mode of a file', () => files.setMode(target('b'), 0o400), 'b'],
])('refuses a plan when something has changed: %s', async (_, change, path) => {
  await savePlan(files, plan, key, scratch.at('plan.json'))
  change()
  const before = treeOf(scratch.at('target'))
  expect(() => drift(load())).toThrow(
    expect.objectContaining({ code: 'E_PLAN_DRIFTED', message: expect.stringContaining(`${stored}/${path}`) }),
  )
  expect(treeOf(scratch.at('target'))).toEqual(before)
})

test('lists every drift, and the directory that was swapped for a symlink', async () => {
  renameSync(target('d'), target('moved'))
  symlinkSync('moved', target('d'))
  writeFileSync(target('b'), 'other')
  expect(() => drift(plan)).toThrow(/^4 paths have changed since the plan was made: .*b, .*\/d, .*d\/c, .*d\/gone$/)
})

test('refuses a plan when the target has moved, or the backup is another one', async () => {
  const source = scratch.at('source')
  const other = await backUp(scratch, source)
  const request = {
    archives: [{ service: 'service-0', lineage: alone(other) }],
    repositoryRoot: scratch.at('repository'),
    user,
  }
  expect(code(() => checkDrift(files, plan, request))).toBe('E_PLAN_DRIFTED')
  renameSync(scratch.at('target'), scratch.at('real'))
  symlinkSync(scratch.at('real'), scratch.at('target'))
  expect(code(() => drift(plan))).toBe('E_PLAN_DRIFTED')
})

test('takes a plan to a target that is still absent, and none once it is there', async () => {
  const fresh = await prepare(scratch, [reader], { target: { kind: 'directory', path: scratch.at('new/one') } })
  drift(fresh)
  mkdirSync(scratch.at('new/one'), { recursive: true })
  expect(code(() => drift(fresh))).toBe('E_PLAN_DRIFTED')
})

function relink(): void {
  files.removeFile(target('link'))
  files.makeSymlink(named('b'), target('link'))
}
