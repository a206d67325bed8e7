import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { PlanSteps } from '../../../src/engine/restore/plan-steps.ts'
import type { RestorePlan } from '../../../src/engine/restore/request.ts'
import type { StepQuery } from '../../../src/model/planned-restore.ts'
import type { Files } from '../../../src/model/ports.ts'
import type { PlanCounts } from '../../../src/model/restore.ts'
import { archiveOfEntries, files, type GivenEntry, named, prepare, put, useScratch } from './scratch.ts'

const scratch = useScratch()
const all: StepQuery = { from: 0, count: 20_000, actions: null, text: null }
const fileName = (at: number) => `d/${String(at).padStart(5, '0')}`

/** Disk files that remember how much was read, and the most at a time. */
function measured(): { files: Files; read: { bytes: number; most: number } } {
  const read = { bytes: 0, most: 0 }
  const counting: Files = Object.create(files, {
    read: {
      value: (...given: Parameters<Files['read']>) => {
        const got = files.read(...given)
        read.bytes += got
        read.most = Math.max(read.most, given[3])
        return got
      },
    },
  })
  return { files: counting, read }
}

test('gives a page out of ten thousand steps by reading a part of them', async () => {
  const entries = Array.from({ length: 10_000 }, (_, at): GivenEntry => ({ path: fileName(at), type: 'fifo' }))
  const plan = await prepare(scratch, [await archiveOfEntries(scratch, entries)])
  const { files: counting, read } = measured()
  const steps = new PlanSteps(counting, plan)
  const spoolBytes = readFileSync(plan.spoolPath).length
  expect(plan.header.steps).toBe(10_001) // with the directory they lie in
  for (const from of [0, 255, 256, 5000, 9990]) {
    const before = read.bytes
    const page = await steps.page({ ...all, from, count: 30 })
    expect(page.total).toBe(10_000)
    const end = Math.min(10_000, from + 30)
    expect(page.steps.map(({ path }) => path)).toEqual(
      Array.from({ length: end - from }, (_, at) => fileName(from + at)),
    )
    if (from > 0) expect(read.bytes - before).toBeLessThanOrEqual(1 << 20)
  }
  expect(spoolBytes).toBeGreaterThan(1 << 20)
  expect(read.most).toBe(1 << 20)
  const texts = await steps.page({ from: 3, count: 2, actions: ['create'], text: '99' })
  const matching = Array.from({ length: 10_000 }, (_, at) => fileName(at)).filter((name) => name.includes('99'))
  expect(texts.steps.map(({ path }) => path)).toEqual(matching.slice(3, 5))
  expect(texts.total).toBe(matching.length)
  expect(await steps.page({ ...all, from: 10_000 })).toEqual({ steps: [], total: 10_000 })
  expect(await steps.page({ ...all, count: 0 })).toEqual({ steps: [], total: 10_000 })
  expect(await steps.page({ ...all, actions: ['keep', 'refuse'] })).toEqual({ steps: [], total: 0 })
})

/** One of every action. */
let plan: RestorePlan

beforeEach(async () => {
  const made = { type: 'file', content: 'ours', mtimeNs: 5n } as const
  const reader = await archiveOfEntries(scratch, [
    { path: '../escape', ...made },
    { path: 'Kept', ...made },
    { path: 'beside', ...made },
    { path: 'mode', ...made },
    { path: 'new', ...made },
    { path: 'over', ...made },
    { path: 'same', ...made },
    { path: '\xff', ...made },
  ])
  files.makeDirectory(scratch.at('target'), 0o755)
  for (const name of ['Kept', 'beside', 'over']) put(scratch.at(`target/${name}`), 'theirs')
  for (const [name, mode] of [
    ['mode', 0o600],
    ['same', 0o644],
  ] as const) {
    put(scratch.at(`target/${name}`), 'ours', mode)
    files.setTime(scratch.at(`target/${name}`), 5n)
  }
  plan = await prepare(scratch, [reader], {
    choices: new Map([
      [named('Kept'), 'keep'],
      [named('beside'), 'rename'],
    ]),
  })
})

test('says of every step what becomes of the path, what the backup has and what stands there', async () => {
  const { steps, total } = await new PlanSteps(files, plan).page(all)
  expect(total).toBe(8)
  const ours = { type: 'file', sizeBytes: 4, mtimeNs: 5n }
  const theirs = { type: 'file', sizeBytes: 6, mtimeNs: expect.any(BigInt) }
  const plain = { bytes: 0, as: null, because: null, stored: null, standing: null }
  const path = (name: string) => ({ ...plain, path: name })
  expect(steps).toEqual([
    { ...path('../escape'), action: 'refuse', kind: 'refuse', because: 'escapes-target' },
    { ...path('Kept'), action: 'keep', kind: 'keep', because: 'exists', standing: theirs },
    {
      ...path('beside'),
      action: 'create',
      kind: 'write-beside',
      bytes: 4,
      as: 'beside.restored-20261120T030000Z',
      stored: ours,
    },
    { ...path('mode'), action: 'metadata', kind: 'set-attributes', stored: ours, standing: ours },
    { ...path('new'), action: 'create', kind: 'write-file', bytes: 4, stored: ours },
    { ...path('over'), action: 'overwrite', kind: 'write-file', bytes: 4, stored: ours, standing: theirs },
    { ...path('same'), action: 'unchanged', kind: 'unchanged', standing: ours },
    { ...path('\xff'), action: 'create', kind: 'write-file', bytes: 4, stored: ours },
  ])
})

test('finds of every action as many as the plan counts, and names in any case as people read them', async () => {
  const steps = new PlanSteps(files, plan)
  const { counts } = plan.header
  for (const action of Object.keys(counts) as (keyof PlanCounts)[])
    expect([action, (await steps.page({ ...all, actions: [action] })).total]).toEqual([action, counts[action]])
  const found = async (text: string) => (await steps.page({ ...all, text })).steps.map(({ path }) => path)
  expect(await found('kept')).toEqual(['Kept'])
  expect(await found('E')).toEqual(['../escape', 'Kept', 'beside', 'mode', 'new', 'over', 'same'])
  expect(await found('\\XFF')).toEqual(['\xff'])
  expect(await found('"path"')).toEqual([])
})

test.each([
  ['a number that is none', { from: -1 }],
  ['a half', { from: 0.5 }],
  ['less than nothing', { count: -1 }],
  ['without end', { count: Number.POSITIVE_INFINITY }],
])('refuses a page that cannot be: %s', async (_, change) => {
  await expect(new PlanSteps(files, plan).page({ ...all, ...change })).rejects.toMatchObject({ code: 'E_USAGE' })
})

test.each([
  ['cut at the end of a line', (text: string) => text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)],
  ['empty', () => ''],
  ['a line of something else', (text: string) => text.replace('{"step":"keep"', '{"stop":"keep"')],
  ['a step of no known kind', (text: string) => text.replace('"step":"keep"', '"step":"burn"')],
  ['a line that is cut', (text: string) => text.replace('"path":"Kept"}', '"path":"Kept')],
  ['a time that is none', (text: string) => text.replace('"mt":"5"', '"mt":"5x"')],
  ['a name that is none', (text: string) => text.replace('"path":"Kept"', '"path":{"pb":"/"}')],
])('tells a spool that is damaged, and gives no step of it: %s', async (_, damage) => {
  const whole = readFileSync(plan.spoolPath, 'utf8')
  writeFileSync(plan.spoolPath, damage(whole))
  expect(readFileSync(plan.spoolPath, 'utf8')).not.toBe(whole)
  await expect(new PlanSteps(files, plan).page(all)).rejects.toMatchObject({ code: 'E_PLAN_ALTERED' })
})

test('tells a spool that ends in the midst of a line or is gone, and gives its steps once it is whole', async () => {
  const whole = readFileSync(plan.spoolPath)
  const steps = new PlanSteps(files, plan)
  truncateSync(plan.spoolPath, whole.length - 1)
  await expect(steps.page(all)).rejects.toMatchObject({ code: 'E_IO' })
  files.removeFile(plan.spoolPath)
  await expect(steps.page(all)).rejects.toMatchObject({ code: 'E_IO' })
  writeFileSync(plan.spoolPath, whole)
  expect((await steps.page(all)).total).toBe(8)
})
