import { afterAll, expect, test } from 'vitest'
import { alone } from '../../../src/engine/archive/lineage.ts'
import { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { TocIndex } from '../../../src/engine/browse/toc-index.ts'
import { BackupError } from '../../../src/model/errors.ts'
import { type BytePath, comparePaths, parentOf, pathFromText } from '../../../src/model/path.ts'
import type { SourceEntry } from '../../../src/model/source.ts'
import { build, files, keys, listSource, madeUp, poolOf, scratch } from '../archive/archive-kit.ts'
import { backwards, expectedChildren, forwards, readOf, shownChildren } from './browse-kit.ts'

const { path: directory, remove } = scratch('children')
const pool = poolOf(1)
afterAll(async () => {
  await pool.close()
  remove()
})

/** Names that sort around the slash, and trees of all depths; some directories have no entry of their own. */
const strange = [
  'a',
  'a b',
  'a!c/x',
  'a/deep/er/still/1',
  'a/deep/er/still/2',
  'a/deep!',
  'a/z',
  'a-b/1',
  'a.b',
  'b/only/deeper/file',
  'c',
  '\xff\xfe/not-text',
  'x\ny/\x1b[31m',
].map((path) => path as BytePath)

let builds = 0

async function indexOf(paths: readonly BytePath[]): Promise<TocIndex> {
  const sorted = [...paths].sort(comparePaths)
  const isDirectory = new Set(sorted.map(parentOf))
  const entries = sorted.map((path) =>
    madeUp(path, isDirectory.has(path) ? 'directory' : 'symlink', null, {}, 'x' as BytePath),
  )
  const { place } = await build(listSource(entries), { pool, directory, name: `a${builds++}` })
  return new TocIndex(alone(new ArchiveReader(files, place, keys)))
}

/** Several pages of directories, files and subtrees that are larger than a page. */
function manyPaths(): BytePath[] {
  const paths: BytePath[] = [...strange]
  for (let at = 0; at < 30; at++) {
    const above = pathFromText(`many/d${String(at).padStart(2, '0')}`)
    if (at % 3 > 0) paths.push(above)
    const below = at === 7 ? 6000 : at % 5 === 0 ? 0 : at * 20
    for (let file = 0; file < below; file++) paths.push(pathFromText(`${above}/${file % 7}/f${file}`))
    if (below === 0 && at % 3 === 0) paths.push(above)
  }
  return paths
}

test('lists every directory whole and in order, forwards and backwards, whatever the size of a page', async () => {
  const paths = manyPaths()
  const index = await indexOf(paths)
  expect(index.pageCount).toBeGreaterThan(5)
  const sorted = [...paths].sort(comparePaths)
  const directories = new Set<BytePath>()
  for (const path of paths) for (let at = parentOf(path); at !== ''; at = parentOf(at)) directories.add(at)
  for (const at of ['' as BytePath, ...directories]) {
    const wanted = expectedChildren(sorted, at)
    for (const count of [1, 3, 1000]) {
      if (count === 1 && wanted.length > 50) continue
      expect(shownChildren(await forwards(readOf(index), at, count))).toEqual(wanted)
      expect(shownChildren(await backwards(readOf(index), at, count))).toEqual(wanted)
    }
  }
  index.lineage.close()
})

test('of what is no directory there are no children', async () => {
  const index = await indexOf(strange)
  for (const path of ['a/z', 'nothing', 'a/dee', 'zz']) {
    expect(await forwards(readOf(index), path as BytePath, 10)).toEqual([])
    expect(await backwards(readOf(index), path as BytePath, 10)).toEqual([])
  }
  index.lineage.close()
})

test('gives only what passes, and goes on from there', async () => {
  const index = await indexOf(manyPaths())
  const at = pathFromText('many/d07/3')
  const all = await forwards(readOf(index), at, 1000)
  const passes = ({ path }: { path: BytePath }): boolean => path.endsWith('1')
  const wanted = all.filter(passes)
  const first = await readOf(index)({ path: at, from: 'start', count: 5, passes })
  expect(first).toMatchObject({ children: wanted.slice(0, 5), more: true })
  const rest = await readOf(index)({ path: at, from: { after: first.children[4]!.path }, count: 5000, passes })
  expect(rest).toMatchObject({ children: wanted.slice(5), more: false })
  const last = await readOf(index)({ path: at, from: 'end', count: 3, passes })
  expect(last.children).toEqual(wanted.slice(-3))
  index.lineage.close()
})

test('numbers children by their place among all entries', async () => {
  const paths = [...strange].sort(comparePaths)
  const index = await indexOf(paths)
  for (const { path, entry, number } of await forwards(readOf(index), '' as BytePath, 100)) {
    expect(paths[number]).toSatisfy((own: string) => (entry === null ? own.startsWith(`${path}/`) : own === path))
  }
  index.lineage.close()
})

test('reads few pages for a directory of few subtrees, however much these hold', async () => {
  const index = await indexOf(manyPaths())
  const read: number[] = []
  const { lineage } = index
  const pageLines = lineage.pageLines.bind(lineage)
  lineage.pageLines = (reference) => {
    read.push(lineage.top.root.toc.pages.indexOf(reference))
    return pageLines(reference)
  }
  const { children } = await readOf(index)({ path: pathFromText('many/d07'), from: 'start', count: 100, passes: null })
  expect(children.map(({ path }) => path)).toEqual([0, 1, 2, 3, 4, 5, 6].map((at) => `many/d07/${at}`))
  // A page for where each of the seven ends, and those around them; more are between.
  expect(new Set(read).size).toBeLessThanOrEqual(9)
  lineage.close()
})

test('a page that cannot be read is told where it matters, and what the others list is shown', async () => {
  const paths = Array.from({ length: 9000 }, (_, at) => pathFromText(`flat/f${String(at).padStart(5, '0')}`))
  const index = await indexOf([...paths, pathFromText('elsewhere/x'), pathFromText('elsewhere/y')])
  const { lineage } = index
  const pageLines = lineage.pageLines.bind(lineage)
  const damagedPage = 2
  lineage.pageLines = (reference) => {
    if (lineage.top.root.toc.pages.indexOf(reference) === damagedPage)
      throw new BackupError('E_DAMAGED', 'a page fails its hash')
    return pageLines(reference)
  }
  const missing = new Set<string>()
  const first = index.firstOf(damagedPage)
  const next = index.firstOf(damagedPage + 1)
  for (const path of paths) if (comparePaths(path, first) >= 0 && comparePaths(path, next) < 0) missing.add(path)
  const wanted = paths.filter((path) => !missing.has(path))
  const at = pathFromText('flat')
  for (const count of [100, 20_000]) {
    expect((await forwards(readOf(index), at, count)).map(({ path }) => path)).toEqual(wanted)
    expect((await backwards(readOf(index), at, count)).map(({ path }) => path)).toEqual(wanted)
  }
  const lost = [{ first, entries: missing.size, message: 'a page fails its hash' }]
  for (const from of ['start', 'end'] as const)
    expect((await readOf(index)({ path: at, from, count: 20_000, passes: null })).lost).toEqual(lost)
  const elsewhere = await readOf(index)({ path: pathFromText('elsewhere'), from: 'start', count: 20, passes: null })
  expect(elsewhere).toMatchObject({ lost: [], more: false })
  expect(elsewhere.children).toHaveLength(2)
  lineage.close()
})

test('names that no path may have are shown and lead nowhere', async () => {
  const paths = ['/abs', 'a//b', 'ok', '..', '../up'] as BytePath[]
  const entries: SourceEntry[] = [...paths]
    .sort(comparePaths)
    .map((path) => madeUp(path, 'symlink', null, {}, 'x' as BytePath))
  const { place } = await build(listSource(entries), { pool, directory, name: `a${builds++}` })
  const index = new TocIndex(alone(new ArchiveReader(files, place, keys)))
  const all = [
    ...(await forwards(readOf(index), '' as BytePath, 2)),
    ...(await forwards(readOf(index), 'a' as BytePath, 2)),
  ]
  expect(all.map(({ path }) => path)).toEqual(['/abs', '..', 'a', 'ok', 'a//b'])
  expect(shownChildren(await backwards(readOf(index), '' as BytePath, 2)).map(([path]) => path)).toEqual([
    '/abs',
    '..',
    'a',
    'ok',
  ])
  index.lineage.close()
})
