import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { zstd } from '../../src/engine/platform/zstd.ts'
import type { CreateOptions, CreateOutcome } from '../../src/model/create.ts'
import type { During } from '../../src/model/during.ts'
import type { Engine } from '../../src/model/engine.ts'
import { pathFromText } from '../../src/model/path.ts'
import { engineAt, plainly } from '../engine-kit.ts'
import { compareTrees, type Described, describeTree } from '../oracles/describe-tree.ts'
import { makeTree } from './trees.ts'

const disk = createDiskFiles()
let home: string
let source: string
let engine: Engine
const during: During = { signal: new AbortController().signal, listen: () => {} }

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-consolidate-'))
  source = join(home, 'source')
  engine = engineAt({ root: join(home, 'backup'), home, key: 'cd'.repeat(32) })
  await engine.init({ passphrase: null })
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(home, { recursive: true })
})

function create(type: CreateOptions['type']): Promise<CreateOutcome> {
  return engine.create(plainly({ type, paths: [source] }), during)
}

async function restored(id: string): Promise<Map<string, Described>> {
  const target = join(home, `restored-${id}`)
  const plan = await engine.planRestore(
    {
      source: { kind: 'backup', backup: id, services: [], paths: [] },
      target: { kind: 'directory', path: target },
      conflict: null,
      workers: 1,
    },
    during,
  )
  expect((await plan.apply(during)).exitCode).toBe(0)
  return describeTree(disk, pathFromText(join(target, source)))
}

const now = () => describeTree(disk, pathFromText(source))
const differences = (a: Map<string, Described>, b: Map<string, Described>) =>
  compareTrees(a, b, (_path, attribute) => attribute === 'holes')

test('frames of which everything lives are copied as they are compressed: the compressor sees no content', async () => {
  makeTree(source, 300)
  await create('full')
  mkdirSync(join(source, 'zz-new'))
  writeFileSync(join(source, 'zz-new', 'file'), 'new')
  const { backup } = await create('incremental')
  const tree = now()
  rmSync(source, { recursive: true })
  const compress = vi.spyOn(zstd(), 'compress')
  const outcome = await engine.consolidate({ backup: backup.id }, during)
  const compressed = compress.mock.calls.map(([raw]) => Buffer.from(raw).toString('latin1'))
  // The root directory has another time: its frame, the first, is put together anew. Of the others not one.
  const withContent = compressed.filter((raw) => raw.includes('text text text'))
  expect(withContent.length).toBeLessThanOrEqual(1)
  expect(compressed.reduce((sum, raw) => sum + raw.length, 0)).toBeLessThan(4 << 20)
  expect(outcome?.backup).toMatchObject({ type: 'full', deps: [], createdAt: backup.createdAt })
  expect(differences(tree, await restored(outcome?.backup.id ?? ''))).toEqual([])
})

test('a backup that depends on nothing is left alone', async () => {
  makeTree(source, 10)
  const { backup } = await create('full')
  expect(await engine.consolidate({ backup: backup.id }, during)).toBeNull()
  expect((await engine.list({ type: null, services: [], days: null })).backups).toHaveLength(1)
})

test('past sixteen dependencies the young archives are merged over the same full one, and everything restores', async () => {
  makeTree(source, 60)
  const { backup: full } = await create('full')
  const made = [{ id: full.id, tree: now() }]
  let most = 0
  for (let at = 0; at < 19; at++) {
    appendFileSync(join(source, `directory-${at % 3}`, `grown-${at}`), `version ${at}`)
    appendFileSync(join(source, 'large'), `${at}`)
    const { backup } = await create('incremental')
    made.push({ id: backup.id, tree: now() })
    most = Math.max(most, backup.deps.length)
  }
  expect(most).toBeLessThanOrEqual(17)
  const { backups } = await engine.list({ type: null, services: [], days: null })
  const merged = backups.filter(({ id }) => !made.some((one) => one.id === id))
  expect(merged.length).toBeGreaterThan(0)
  for (const one of merged) {
    expect(one.type).toBe('incremental')
    expect(one.deps).toContain(full.id)
    expect(one.deps.length).toBeLessThanOrEqual(8)
    const from = made.find(({ id }) => id === one.base) as { tree: Map<string, Described> }
    expect(differences(from.tree, await restored(one.id))).toEqual([])
  }
  for (const { id, tree } of made.slice(-3)) expect(differences(tree, await restored(id))).toEqual([])
  const { reports } = await engine.verify({ backups: null, level: 'full', workers: 1 }, during)
  expect(reports.flatMap(({ problems }) => problems)).toEqual([])
}, 120_000)
