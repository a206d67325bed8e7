import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { planFacts, planFields } from '../../../src/commands/parts/plan-text.ts'
import type { During } from '../../../src/model/during.ts'
import type { Engine } from '../../../src/model/engine.ts'
import { pathFromText, storedPathOf } from '../../../src/model/path.ts'
import type { PlannedRestore, RestoreOptions } from '../../../src/model/planned-restore.ts'
import type { PathChoice } from '../../../src/model/restore.ts'
import { engineAt, plainly } from '../../engine-kit.ts'

/** A plan as the console holds it: made through the engine, looked at, saved, applied by another process. */

const top = mkdtempSync(join(tmpdir(), 'holdfast-planned-'))
const source = join(top, 'source')
const during: During = { signal: new AbortController().signal, listen: () => {} }
const settings = { root: join(top, 'repository'), home: top, key: 'cd'.repeat(32) }
let engine: Engine
let target = ''
let count = 0

const stored = (name: string) => storedPathOf(pathFromText(join(source, name)))
const at = (name: string) => join(target, source, name)
const choices = (of: Record<string, PathChoice>) =>
  new Map(Object.entries(of).map(([name, choice]) => [name === '' ? stored('') : stored(name), choice]))

beforeAll(async () => {
  mkdirSync(join(source, 'd'), { recursive: true })
  for (const name of ['a', 'b', 'd/c']) writeFileSync(join(source, name), `ours: ${name}`)
  engine = engineAt(settings)
  await engine.create(plainly({ type: 'full', paths: [source] }), during)
})
beforeEach(() => {
  target = join(top, `target-${count++}`)
  mkdirSync(join(target, source, 'd'), { recursive: true })
  for (const name of ['a', 'b', 'd/c']) writeFileSync(at(name), 'theirs')
})
afterAll(() => rmSync(top, { recursive: true, force: true }))

function plan(more: Partial<RestoreOptions> & { paths?: readonly string[] } = {}): Promise<PlannedRestore> {
  const { paths = [], ...options } = more
  return engine.planRestore(
    {
      source: { kind: 'backup', backup: 'latest', services: [], paths },
      target: { kind: 'directory', path: target },
      conflict: 'keep',
      workers: 1,
      ...options,
    },
    during,
  )
}

async function saved(planned: PlannedRestore): Promise<string> {
  const file = join(top, `${planned.id}.json`)
  await planned.save(file)
  await planned.drop()
  return file
}

function load(file: string): Promise<PlannedRestore> {
  return engineAt(settings).planRestore(
    { source: { kind: 'plan', file, ttlMs: null }, target: null, conflict: null, workers: 1 },
    during,
  )
}

const contents = () => ['a', 'b', 'd/c'].map((name) => readFileSync(at(name), 'utf8'))
const every = { from: 0, count: 100, actions: null, text: null }

test('what was chosen by path is saved with the plan, shown with it, and done by whoever applies it', async () => {
  const chosen = choices({ a: 'overwrite', d: 'skip', 'd/c': 'rename' })
  const planned = await plan({ choices: chosen })
  const { hash, counts } = planned
  expect(counts).toMatchObject({ overwrite: 1, create: 1, keep: 2 }) // the directory of all is one of them
  const { steps } = await planned.steps(every)
  const file = await saved(planned)
  const loaded = await load(file)
  expect([...loaded.choices]).toEqual([...chosen])
  expect([loaded.hash, loaded.counts, loaded.conflict]).toEqual([hash, counts, 'keep'])
  expect((await loaded.steps(every)).steps).toEqual(steps)
  expect(planFacts(loaded)).toContain('decided by hand: 3 paths and what lies below')
  expect(planFields(loaded)).toMatchObject({
    choices: [
      { path: stored('a'), choice: 'overwrite' },
      { path: stored('d'), choice: 'skip' },
      { path: stored('d/c'), choice: 'rename' },
    ],
  })
  await loaded.apply(during)
  expect(contents()).toEqual(['ours: a', 'theirs', 'theirs'])
  const [beside] = steps.flatMap(({ as }) => (as === null ? [] : [as]))
  expect(readFileSync(join(target, beside ?? ''), 'utf8')).toBe('ours: d/c')
})

test('a saved plan does not care for what becomes of paths that are skipped, and refuses where a chosen one changes', async () => {
  const file = await saved(await plan({ choices: choices({ '': 'skip', a: 'overwrite' }) }))
  writeFileSync(at('b'), 'changed since')
  writeFileSync(at('d/c'), 'changed since')
  await (await load(file)).drop()
  writeFileSync(at('a'), 'changed since')
  await expect(load(file)).rejects.toMatchObject({ code: 'E_PLAN_DRIFTED', message: expect.stringContaining('1 path') })
})

test('a saved plan whose choices were edited is refused', async () => {
  const file = await saved(await plan({ choices: choices({ a: 'skip' }) }))
  writeFileSync(file, readFileSync(file, 'utf8').replace('"choice":"skip"', '"choice":"keep"'))
  await expect(load(file)).rejects.toMatchObject({ code: 'E_PLAN_ALTERED' })
})

test('to skip all that was named is a plan without steps; to name what the backup does not hold is a mistake', async () => {
  const empty = await plan({ paths: [join(source, 'd')], choices: choices({ d: 'skip' }) })
  expect(await empty.steps(every)).toEqual({ steps: [], total: 0 })
  await empty.apply(during)
  expect(contents()).toEqual(['theirs', 'theirs', 'theirs'])
  await expect(plan({ paths: [join(source, 'absent')], choices: choices({ d: 'skip' }) })).rejects.toMatchObject({
    code: 'E_UNKNOWN_PATH',
  })
})

test('a choice takes in nothing that was not named', async () => {
  const planned = await plan({ paths: [join(source, 'd')], choices: choices({ a: 'overwrite', d: 'overwrite' }) })
  expect((await planned.steps(every)).steps.map(({ path }) => path)).toEqual([stored('d'), stored('d/c')])
  await planned.drop()
})

test('tells until when a plan may be applied and whether there is room, and no steps once it is dropped', async () => {
  const planned = await plan({ conflict: 'overwrite' })
  expect(Date.parse(planned.expiresAt)).toBeGreaterThan(Date.now())
  expect(planned.space).toEqual([
    { at: expect.any(String), neededBytes: expect.any(Number), freeBytes: expect.any(Number) },
  ])
  expect(planned.space[0]?.neededBytes).toBeGreaterThan(0)
  await planned.drop()
  await expect(planned.steps(every)).rejects.toThrow('after it was dropped')
})
