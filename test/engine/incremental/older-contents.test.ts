import { hash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lookUpContent } from '../../../src/engine/archive/content-table.ts'
import type { Lineage } from '../../../src/engine/archive/lineage.ts'
import { OlderContents } from '../../../src/engine/incremental/older-contents.ts'
import { comparePaths, pathFromText } from '../../../src/model/path.ts'
import type { TocEntry } from '../../../src/model/toc.ts'
import { tocEntry } from '../../commands/pretend-engine.ts'
import { madeUp, scratch } from '../archive/archive-kit.ts'
import { write } from './incremental-kit.ts'

const room = scratch('older-contents')
let lineage: Lineage

/** Ordinals of the archive itself, of one it needs that is there, and of one that is not. */
const [own, there, gone] = [7, 3, 5]
const place = { offset: 1, compressedBytes: 2, inner: 3 }
const sha256Of = (name: string): string => hash('sha256', name)

function file(name: string, holder: number, more: Partial<TocEntry> = {}): TocEntry {
  const content = { kind: 'extent', holder, extent: place } as const
  return tocEntry(name, { sizeBytes: 100, sha256: sha256Of(name), content, ...more })
}

function large(name: string, holders: readonly number[], sizeBytes: number, inode: bigint): TocEntry {
  const chunks = holders.map((holder) => ({ ...place, holder, length: sizeBytes / holders.length, sha256: null }))
  return file(name, 0, { sizeBytes, inode, content: { kind: 'chunks', chunks } })
}

const many = Array.from({ length: 3000 }, (_, at) => file(`many/${at}`, 0))

beforeAll(async () => {
  const dependencies = [there, gone].map((i) => ({
    i,
    id: '0'.repeat(32),
    file: `${i}/x`,
    size: 1,
    root: 'a'.repeat(64),
  }))
  const empty = { sizeBytes: 0, content: { kind: 'none' } as const }
  const entries = [
    ...many,
    ...[
      file('here', 0),
      file('older', there),
      file('lost', gone),
      file('torn', 0, { torn: true }),
      file('empty', 0, empty),
    ],
    file('a-lost-copy', gone, { sha256: sha256Of('here') }),
    ...[large('large', [0, there], 20 << 20, 11n), large('large-lost', [0, gone], 30 << 20, 12n)],
  ]
  const inOrder = entries.sort((a, b) => comparePaths(a.path, b.path))
  const step = await write({ directory: room.path, ordinal: own, dependencies }, async (writer) => {
    for (const entry of inOrder) writer.entry(entry)
  })
  lineage = step.lineage
})
afterAll(() => {
  lineage.close()
  room.remove()
})

function foundIn(contents: OlderContents, name: string): TocEntry | null {
  const number = lookUpContent(contents.shared(), sha256Of(name))
  return number === 0 ? null : contents.find(number, sha256Of(name), 100)
}

test('finds what an older backup holds by its hash, on every page, and where it lies', () => {
  const contents = new OlderContents(lineage, null)
  for (const { path } of many) expect(foundIn(contents, path)?.path).toBe(path)
  expect(foundIn(contents, 'here')?.content).toMatchObject({ kind: 'extent' })
  expect(foundIn(contents, 'older')?.content).toMatchObject({ holder: there })
  expect(foundIn(contents, 'lost')?.content).toMatchObject({ holder: gone })
  expect(foundIn(contents, 'nowhere')).toBeNull()
})

test('everything it offers can be had: what is torn, empty or in an archive that is gone is not in the table', () => {
  const contents = new OlderContents(lineage, new Set([own, there]))
  const isOffered = (name: string): boolean => lookUpContent(contents.shared(), sha256Of(name)) !== 0
  expect(['lost', 'torn', 'empty'].filter(isOffered)).toEqual([])
  for (const name of ['here', 'older', 'many/0', 'many/2999']) expect(foundIn(contents, name)).not.toBeNull()
})

test('where one of two equal contents is gone, the other is found', () => {
  const contents = new OlderContents(lineage, new Set([own, there]))
  expect(foundIn(contents, 'here')).toMatchObject({ path: 'here', content: { holder: own } })
})

test('a large file is likely the one of the same inode, else of the same size, if all of it can be read', () => {
  const now = (inode: bigint, sizeBytes: number) => madeUp(pathFromText('new'), 'file', null, { inode, sizeBytes })
  const all = new OlderContents(lineage, null)
  expect(all.likely(now(12n, 20 << 20))?.path).toBe('large-lost')
  expect(all.likely(now(99n, 20 << 20))?.path).toBe('large')
  expect(all.likely(now(99n, 21 << 20))).toBeNull()
  const some = new OlderContents(lineage, new Set([own, there]))
  expect(some.likely(now(12n, 20 << 20))?.path).toBe('large')
  expect(some.likely(now(12n, 30 << 20))).toBeNull()
})
