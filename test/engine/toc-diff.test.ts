import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { Lineage } from '../../src/engine/archive/lineage.ts'
import { ArchiveReader } from '../../src/engine/archive/reader.ts'
import { noKeys } from '../../src/engine/keys/slots.ts'
import { compareEntries, type Difference } from '../../src/engine/plan/compare.ts'
import { compareContents } from '../../src/engine/toc-diff.ts'
import type { Change, DiffWatch } from '../../src/model/diff.ts'
import { type BytePath, pathFromText } from '../../src/model/path.ts'
import type { SourceEntry } from '../../src/model/source.ts'
import { engineAt, plainly } from '../engine-kit.ts'
import { files, listSource, madeUp, poolOf, scratch } from './archive/archive-kit.ts'
import { pack } from './incremental/incremental-kit.ts'

const { path: directory, remove } = scratch('toc-diff')
const pool = poolOf(1)
afterAll(async () => {
  await pool.close()
  remove()
})

const during = { signal: new AbortController().signal, listen: () => {} }

async function all(differences: AsyncIterable<Difference>): Promise<Difference[]> {
  const list: Difference[] = []
  for await (const difference of differences) list.push(difference)
  return list
}

function bruteForce(before: Lineage | null, after: Lineage | null): Promise<Difference[]> {
  return all(compareEntries(before?.entries() ?? [].values(), after?.entries() ?? [].values()))
}

/** Links and directories by turns. */
function tree(change: (at: number) => { mode?: number; target?: string } | null): SourceEntry[] {
  const entries: SourceEntry[] = []
  for (let at = 0; at < 9000; at++) {
    const changed = change(at)
    if (changed === null) continue
    const path = pathFromText(`d${Math.floor(at / 900)}/f${String(at).padStart(5, '0')}`)
    const target = pathFromText(changed.target ?? `to-${at}`)
    if (at % 2 === 0) entries.push(madeUp(path, 'symlink', null, {}, target))
    else entries.push(madeUp(path, 'directory', null, { mode: changed.mode ?? 0o755 }))
  }
  return entries
}

test('tells the same as a comparison of all entries, and reads only pages that differ', async () => {
  const same = tree(() => ({}))
  const changed = tree((at) => {
    if (at === 100) return null
    if (at === 4000) return { target: 'another' }
    return at === 7001 ? { mode: 0o700 } : {}
  })
  changed.push(madeUp(pathFromText('z-new'), 'directory'))
  const first = await pack(listSource(same), null, pool, directory)
  const second = await pack(listSource(changed), first.lineage, pool, directory)
  const newer = new Lineage(second.lineage.top, () => new ArchiveReader(files, first.lineage.top.place, noKeys))
  onTestFinished(() => {
    for (const lineage of [first.lineage, newer]) lineage.close()
  })
  expect(first.lineage.top.root.toc.pages.length).toBeGreaterThan(8)
  const wanted = await bruteForce(first.lineage, newer)
  expect(wanted.map(({ path, change }) => [path, change])).toEqual([
    ['d0/f00100', 'removed'],
    ['d4/f04000', 'changed'],
    ['d7/f07001', 'metadata'],
    ['z-new', 'added'],
  ])
  let read = 0
  for (const lineage of [first.lineage, newer]) {
    const pageLines = lineage.pageLines.bind(lineage)
    lineage.pageLines = (reference) => {
      read++
      return pageLines(reference)
    }
  }
  let passed = 0
  const differences = await all(
    compareContents(first.lineage, newer, (entries) => {
      passed += entries
      return undefined
    }),
  )
  expect(differences).toEqual(wanted)
  expect(passed).toBe(same.length + changed.length)
  expect(read).toBeLessThan(first.lineage.top.root.toc.pages.length)
  expect(await all(compareContents(null, newer, () => undefined))).toEqual(await bruteForce(null, newer))
  expect(await all(compareContents(first.lineage, null, () => undefined))).toEqual(
    await bruteForce(first.lineage, null),
  )
})

interface Home {
  readonly engine: ReturnType<typeof engineAt>
  readonly tree: string
}

function homeOf(name: string): Home {
  const home = join(directory, name)
  mkdirSync(join(home, 'tree'), { recursive: true })
  return { engine: engineAt({ root: join(home, 'repository'), home, key: 'ab'.repeat(32) }), tree: join(home, 'tree') }
}

async function diff(
  { engine }: Home,
  from: string,
  to: string | null,
  watch?: DiffWatch,
): Promise<{ changes: Change[]; counts: Readonly<Record<string, number>> }> {
  const changes: Change[] = []
  const against = to === null ? ({ kind: 'live' } as const) : ({ kind: 'backup', id: to } as const)
  const { counts } = await engine.diff(
    { backup: from, services: [], against },
    async (change) => void changes.push(change),
    watch,
  )
  return { changes, counts }
}

test('compares backups with one another and with the disk, and tells how far it is', async () => {
  const home = homeOf('watched')
  for (let at = 0; at < 300; at++) writeFileSync(join(home.tree, `f${at}`), `${at}`)
  const first = (await home.engine.create(plainly({ type: 'full', paths: [home.tree] }), during)).backup
  appendFileSync(join(home.tree, 'f7'), 'more')
  rmSync(join(home.tree, 'f8'))
  writeFileSync(join(home.tree, 'new'), 'new')
  const second = (await home.engine.create(plainly({ type: 'incremental', paths: [home.tree] }), during)).backup
  const told: [number, number][] = []
  const watch = {
    signal: during.signal,
    progress: (done: number, total: number) => void told.push([done, total]),
    renamesAmong: 10,
  }
  const wanted = [
    ['f7', 'changed'],
    ['f8', 'removed'],
    ['new', 'added'],
  ].map(([name, change]) => [`${home.tree.slice(1)}/${name}` as BytePath, change])
  const between = await diff(home, first.id, second.id, watch)
  expect(between.changes.map(({ path, change }) => [path, change])).toEqual(wanted)
  expect(told.at(-1)).toEqual([602, 602])
  const live = await diff(home, first.id, null, watch)
  expect(live.changes.map(({ path, change }) => [path, change])).toEqual(wanted)
  expect(live.counts).toMatchObject({ changed: 1, removed: 1, added: 1 })
  expect((await diff(home, second.id, null)).changes).toEqual([])
})

test('a comparison ends when nobody wants it any more, also in the midst of a large file', async () => {
  const home = homeOf('stopped')
  writeFileSync(join(home.tree, 'large'), Buffer.alloc(64 * 1024 * 1024))
  const { id } = (await home.engine.create(plainly({ type: 'full', paths: [home.tree] }), during)).backup
  writeFileSync(join(home.tree, 'large'), Buffer.alloc(64 * 1024 * 1024, 1))
  const controller = new AbortController()
  const running = diff(home, id, null, { signal: controller.signal, progress: () => {}, renamesAmong: 10 })
  setImmediate(() => controller.abort())
  await expect(running).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
})
