import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Bench, type BenchOptions } from '../../bench/bench.ts'
import type { Results } from '../../bench/results.ts'
import { lineOf, valuesOf } from '../../bench/rows.ts'
import { findTools } from '../../bench/tools/registry.ts'
import { Generator } from '../../bench/trees.ts'
import type { Workload } from '../../bench/workload.ts'
import { drill } from '../../bench/workloads/drill.ts'
import { large } from '../../bench/workloads/large.ts'
import { many } from '../../bench/workloads/many.ts'
import { mixed } from '../../bench/workloads/mixed.ts'
import { resume } from '../../bench/workloads/resume.ts'
import { versions } from '../../bench/workloads/versions.ts'

/** Every workload from end to end at a tiny size, with Holdfast alone: the peers are on few machines. Those that take longest are for the long run. */

const isLong = process.env['HOLDFAST_LONG'] === '1'

const holdfast = findTools(fileURLToPath(new URL('../../bin/holdfast', import.meta.url))).tools.filter((tool) =>
  tool.name.startsWith('holdfast'),
)

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

async function run(workload: Workload, options: Partial<BenchOptions>) {
  const bench = new Bench({
    work: join(directory, 'work'),
    rounds: 1,
    trees: [],
    sizeBytes: null,
    files: null,
    skip: [],
    settleMs: 0,
    tools: holdfast,
    signal: new AbortController().signal,
    tell: () => {},
    ...options,
  })
  await workload.run(bench)
  const { measurements, sizes, checks, failures, figures, notes } = bench
  // the rows look at nothing else
  const results = { measurements, sizes, figures } as unknown as Results
  const empty = workload.rows.filter((row) => lineOf(row, results, []).subject === null).map((row) => row.title)
  const worst = (title: string) =>
    Math.max(
      ...workload.rows.flatMap((row) => (row.title === title ? valuesOf(results, row.quantity, 'holdfast') : [])),
    )
  return {
    worst,
    empty,
    failures,
    notes,
    failed: checks.filter((check) => !check.ok),
    checks: checks.map((one) => one.what),
  }
}

function makeTree(name: string, files: Readonly<Record<string, number>>): string {
  const tree = join(directory, name)
  for (const [path, seed] of Object.entries(files)) new Generator(seed).writeFile(join(tree, path), 5000)
  mkdirSync(join(tree, 'empty'))
  return tree
}

test('mixed fills every row, and an unchanged incremental stores nothing and restores to the same', async () => {
  const { empty, failures, failed, checks } = await run(mixed, { trees: [makeTree('tree', { a: 1, 'b/c': 2 })] })
  expect({ empty, failures, failed }).toEqual({ empty: [], failures: [], failed: [] })
  expect(checks).toContain(
    'diff -r --no-dereference of source and the tree restored from the unchanged incremental is silent',
  )
  expect(checks).toContain('unchanged: it says itself that no file’s content was stored')
})

test.runIf(isLong)('versions fills every row, and every version restores to what it was', async () => {
  const trees = [
    makeTree('1', { a: 1, 'b/c': 2 }),
    makeTree('2', { a: 1, 'b/c': 3, d: 4 }),
    makeTree('3', { a: 5, 'b/c': 3, d: 4 }),
    makeTree('4', { a: 5, b: 6 }),
  ]
  const { empty, failures, failed, checks } = await run(versions, { trees })
  expect({ empty, failures, failed }).toEqual({ empty: [], failures: [], failed: [] })
  for (const version of [1, 2, 3, 4])
    expect(checks).toContain(`diff -r --no-dereference of version ${version} and what was restored of it is silent`)
})

test('a version that came back wrong fails its check', async () => {
  const trees = [makeTree('1', { a: 1 }), makeTree('2', { a: 2 })]
  const real = holdfast[0]!
  const wrong = {
    ...real,
    restore: (...[place, source, target]: Parameters<typeof real.restore>) => real.restore(place, source, target),
  }
  const { failed } = await run(versions, { trees, tools: [wrong] })
  expect(failed).toMatchObject([{ what: expect.stringContaining('version 1') }])
})

test.runIf(isLong)('large fills every row, and what changed in place comes back', async () => {
  const { empty, failures, failed, checks } = await run(large, { sizeBytes: 12e6 })
  expect({ empty, failures, failed }).toEqual({ empty: [], failures: [], failed: [] })
  for (const step of ['restore', 'restore-log', 'restore-first'])
    expect(checks).toContainEqual(expect.stringMatching(`^${step}: the file of \\d+ bytes came back`))
})

test.runIf(isLong)('many fills every row, and leaves out all files where their first backup is left out', async () => {
  const { empty, failures, failed } = await run(many, { files: 1000 })
  expect({ empty, failures, failed }).toEqual({ empty: [], failures: [], failed: [] })
  const skipped = await run(many, { files: 1000, skip: ['full-all'] })
  expect(skipped.failures).toEqual([])
  expect(skipped.empty).toContain('all files: unchanged incremental backup')
})

test('versions that are not to be had are named, not invented', async () => {
  writeFileSync(join(directory, 'npm'), '#!/bin/sh\nexit 7\n', { mode: 0o755 })
  const path = process.env['PATH'] ?? ''
  process.env['PATH'] = `${directory}:${path}`
  try {
    const { notes, failures } = await run(versions, {})
    expect(failures).toEqual([])
    expect(notes).toContainEqual(expect.stringMatching(/^Not measured: npm pack \S+ failed \(exit 7\)/))
  } finally {
    process.env['PATH'] = path
  }
})

test('drill fills every row: the same backup restored and drilled', async () => {
  const { empty, failures, failed, checks } = await run(drill, { trees: [makeTree('tree', { a: 1, 'b/c': 2 })] })
  expect({ empty, failures, failed }).toEqual({ empty: [], failures: [], failed: [] })
  expect(checks).toEqual(['the drill passes, and nothing differs'])
})

test('resume fills every row: what was in place when it was killed is not written again, and undo puts back all', async () => {
  const { empty, failures, failed, checks, worst } = await run(resume, { files: 1000 })
  expect({ empty, failures, failed }).toEqual({ empty: [], failures: [], failed: [] })
  expect(checks).toContain('killed or not, every content, mode and time is restored in the end')
  expect(checks).toContain('undone, every content, mode and time is what it was before the restore')
  expect(worst('… of what was in place, written again')).toBeLessThanOrEqual(0.01)
})
