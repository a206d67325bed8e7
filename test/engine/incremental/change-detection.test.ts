import { afterAll, expect, test } from 'vitest'
import { attributesOf } from '../../../src/engine/archive/entry-attributes.ts'
import { describe as described } from '../../../src/engine/archive/large-file.ts'
import type { Lineage } from '../../../src/engine/archive/lineage.ts'
import { pathOfLine } from '../../../src/engine/archive/parse-toc-line.ts'
import { ChangeDetection } from '../../../src/engine/incremental/change-detection.ts'
import type { Piece } from '../../../src/engine/plan/pieces.ts'
import { type BytePath, comparePaths } from '../../../src/model/path.ts'
import type { Attributes, SourceEntry } from '../../../src/model/source.ts'
import type { TocContent, TocEntry } from '../../../src/model/toc.ts'
import { seeded } from '../../e2e/trees.ts'
import { listSource, madeUp, poolOf, scratch } from '../archive/archive-kit.ts'
import { calm, names, pack, write } from './incremental-kit.ts'

const room = scratch('change-detection')
afterAll(() => room.remove())

const racyNs = calm.racyNs
/** Ordinals of the old archive, of those it needs that are there, and of one that is not. */
const [own, there, gone, chunksOnly] = [7, 3, 5, 4]
/** Larger files lie in two chunks, of which the first is in the old archive itself. */
const chunkedBytes = 80_000

interface Old {
  readonly source: SourceEntry
  readonly torn: boolean
  /** 0 is the old archive itself. */
  readonly holder: number
}

class Random {
  readonly next: () => number

  constructor(seed: number) {
    this.next = seeded(seed)
  }

  upTo(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  oneIn(count: number): boolean {
    return this.upTo(count) === 0
  }
}

function fileEntry(path: BytePath, random: Random): SourceEntry {
  const racy = random.oneIn(60) ? racyNs + BigInt(random.upTo(10)) : null
  const attributes: Partial<Attributes> = {
    sizeBytes: random.upTo(100_000),
    inode: BigInt(1 + random.upTo(1_000_000)),
    ...(racy === null ? {} : random.oneIn(2) ? { mtimeNs: racy } : { ctimeNs: racy }),
  }
  const entry = madeUp(path, 'file', null, attributes)
  return { ...entry, content: { kind: 'disk', path } }
}

function anyEntry(path: BytePath, random: Random): SourceEntry {
  if (random.oneIn(8)) return madeUp(path, 'directory')
  if (random.oneIn(8)) return madeUp(path, 'symlink', null, {}, `to-${random.upTo(3)}` as BytePath)
  return fileEntry(path, random)
}

function edited({ source }: Old, random: Random): SourceEntry {
  const { path, attributes } = source
  const more: Partial<Attributes>[] = [
    { mode: 0o600 },
    { mtimeNs: attributes.mtimeNs + 1n },
    { ctimeNs: attributes.ctimeNs + 1n },
    { sizeBytes: attributes.sizeBytes + 1 },
    { inode: attributes.inode + 1n },
    { uid: 12345 },
  ]
  if (random.oneIn(6)) return anyEntry(path, random)
  const chosen = more[random.upTo(more.length)]
  return { ...source, attributes: { ...attributes, ...chosen } }
}

/** What the model says of a new entry, knowing the old listing as a map and nothing of pages. */
function modelOf(now: SourceEntry, old: Old | undefined, usable: boolean, paranoid: boolean): string {
  if (old === undefined) return 'read as new'
  const isFile = now.type === 'file'
  const racy = now.attributes.mtimeNs >= racyNs || now.attributes.ctimeNs >= racyNs
  const looksTheSame = JSON.stringify(comparable(now)) === JSON.stringify(comparable(old.source))
  if (looksTheSame && !isFile && !racy) return 'kept'
  const heldThere = usable || old.holder !== gone
  if (looksTheSame && isFile && !racy && !paranoid && !old.torn && heldThere) return 'kept'
  if (!isFile || old.source.type !== 'file' || !heldThere) return 'read as new'
  const [a, b] = [now.attributes, old.source.attributes]
  const sameTimes = a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.sizeBytes === b.sizeBytes
  return sameTimes && a.inode === b.inode && !racy && !paranoid && !old.torn ? 'described' : 'read beside the old'
}

function comparable({ type, attributes, linkTarget }: SourceEntry): unknown[] {
  const { mode, uid, gid, sizeBytes, mtimeNs, ctimeNs, inode, device } = attributes
  const size = type === 'file' ? sizeBytes : 0
  return [type, linkTarget, mode, uid, gid, size, String(mtimeNs), String(ctimeNs), String(inode), String(device)]
}

function tocEntryOf({ source, torn, holder }: Old): TocEntry {
  const { sizeBytes } = source.attributes
  return {
    ...described(source, attributesOf(source.attributes, source.type), names),
    sha256: source.type === 'file' ? 'ab'.repeat(32) : null,
    content: source.type === 'file' && sizeBytes > 0 ? contentOf(sizeBytes, holder) : { kind: 'none' },
    ...{ xattrs: new Map(), acl: null, sparse: null, torn },
  }
}

function contentOf(sizeBytes: number, holder: number): TocContent {
  const place = { offset: 1, compressedBytes: 2, inner: 3 }
  if (sizeBytes < chunkedBytes) return { kind: 'extent', holder, extent: place }
  const [first, second] = [40_000, sizeBytes - 40_000]
  const chunk = (length: number, of: number) => ({ ...place, holder: of, length, sha256: 'cd'.repeat(32) })
  return { kind: 'chunks', chunks: [chunk(first, 0), chunk(second, holder)] }
}

/** Every name that pieces speak of, in order, with what becomes of it. */
function spelledOut(pieces: readonly Piece[], lineage: Lineage): string[] {
  return pieces.flatMap((piece) => verdictsOf(piece, lineage))
}

function verdictsOf(piece: Piece, lineage: Lineage): string[] {
  switch (piece.kind) {
    case 'read':
      return [`${piece.entry.path} ${piece.old === null ? 'read as new' : 'read beside the old'}`]
    case 'described':
      return [`${piece.entry.path} described`]
    case 'lines':
      return piece.lines.map(({ path }) => `${path} kept`)
    case 'page':
      return pathsOf(lineage, piece.page).map((path) => `${path} kept`)
  }
}

function pathsOf(lineage: Lineage, page: number): BytePath[] {
  const { pages } = lineage.top.root.toc
  return lineage.pageLines(pages[page] as (typeof pages)[number]).lines.map(pathOfLine)
}

const inOrder = <Entry extends { path: BytePath }>(entries: Iterable<Entry>): Entry[] =>
  [...entries].sort((a, b) => comparePaths(a.path, b.path))

test.each(Array.from({ length: 40 }, (_, at) => at + 1))(
  'every name has the verdict of a naive model, and every page without a change is taken over: listing %i',
  async (seed) => {
    const random = new Random(seed)
    const [usable, paranoid] = [!random.oneIn(3), random.oneIn(5)]
    const count = random.oneIn(6) ? random.upTo(3) : 200 + random.upTo(3000)
    const old = new Map<BytePath, Old>()
    for (let at = 0; at < count; at++) {
      const path = `${random.oneIn(3) ? 'd/' : ''}${random.upTo(10_000)}${random.oneIn(9) ? '\xff' : ''}` as BytePath
      const source = anyEntry(path, random)
      const isChunked = source.attributes.sizeBytes >= chunkedBytes
      const holder = random.oneIn(300) ? gone : random.oneIn(4) ? (isChunked ? chunksOnly : there) : 0
      old.set(path, { source, torn: random.oneIn(400), holder: source.type === 'file' ? holder : 0 })
    }
    const dependencies = [there, chunksOnly, gone].map((i) => ({
      i,
      id: '0'.repeat(32),
      file: `${i}/x`,
      size: 1,
      root: 'a'.repeat(64),
    }))
    const { lineage } = await write({ directory: room.path, ordinal: own, dependencies }, async (writer) => {
      for (const { source, torn, holder } of inOrderOfPath(old)) writer.entry(tocEntryOf({ source, torn, holder }))
    })
    try {
      const now = new Map([...old].map(([path, { source }]) => [path, source]))
      const known = [...old.keys()]
      for (let edits = random.upTo(12); edits > 0; edits--) {
        const path = known[random.upTo(known.length)] ?? ('none' as BytePath)
        const there = old.get(path)
        if (there === undefined || random.oneIn(3)) {
          const added = `${path}-${edits}` as BytePath
          now.set(added, anyEntry(added, random))
        } else if (random.oneIn(2)) now.delete(path)
        else now.set(path, edited(there, random))
      }
      const listing = inOrder(now.values())
      const ordinals = usable ? null : new Set([own, there, chunksOnly])
      const pieces: Piece[] = []
      const refuse = (error: Error): void => {
        throw error
      }
      const changes = new ChangeDetection(lineage, names, { racyNs, paranoid }, ordinals, refuse)
      for (const entry of listing) changes.add(entry, pieces)
      changes.finish(pieces)

      const verdict = (entry: SourceEntry) => modelOf(entry, old.get(entry.path), usable, paranoid)
      expect(spelledOut(pieces, lineage)).toEqual(listing.map((entry) => `${entry.path} ${verdict(entry)}`))

      const wholePages = lineage.top.root.toc.pages.flatMap((_page, page) => {
        const paths = pathsOf(lineage, page)
        const [first, last] = [paths[0] as BytePath, paths.at(-1) as BytePath]
        const within = listing.filter(({ path }) => comparePaths(path, first) >= 0 && comparePaths(path, last) <= 0)
        return within.length === paths.length && within.every((entry) => verdict(entry) === 'kept') ? [page] : []
      })
      const taken = pieces.filter((piece) => piece.kind === 'page')
      expect(taken.map(({ page }) => page)).toEqual(wholePages)
      for (const { page, files, bytes, holders } of taken) {
        const before = pathsOf(lineage, page).map((path) => old.get(path) as Old)
        const stored = before.filter(({ source }) => source.type === 'file')
        const filled = stored.filter(({ source }) => source.attributes.sizeBytes > 0)
        expect(files).toBe(stored.length)
        expect(bytes).toBe(stored.reduce((sum, { source }) => sum + source.attributes.sizeBytes, 0))
        const needed = new Set([own, ...filled.map(({ holder }) => (holder === 0 ? own : holder))])
        expect([...holders].sort()).toEqual([...needed].sort())
      }
    } finally {
      lineage.close()
    }
  },
)

function inOrderOfPath(old: ReadonlyMap<BytePath, Old>): Old[] {
  return [...old.values()].sort((a, b) => comparePaths(a.source.path, b.source.path))
}

test('after random insertions and deletions only the pages about them are stored, and the listing is complete', async () => {
  const pool = poolOf(1)
  const random = new Random(77)
  const pathAt = (at: number) => `entry-${String(at).padStart(6, '0')}` as BytePath
  const paths = Array.from({ length: 6000 }, (_, at) => pathAt(at))
  const source = (some: Iterable<BytePath>) =>
    listSource([...some].sort(comparePaths).map((path) => madeUp(path, 'directory')))
  const full = await pack(source(paths), null, pool, room.path)
  try {
    for (let round = 0; round < 15; round++) {
      const edits = 1 + random.upTo(3)
      const now = new Set(paths)
      for (let edit = 0; edit < edits; edit++) {
        const path = pathAt(random.upTo(paths.length))
        if (random.oneIn(2)) now.delete(path)
        else now.add(`${path}-inserted` as BytePath)
      }
      const { lineage, written } = await pack(source(now), full.lineage, pool, room.path)
      const { pages } = lineage.top.root.toc
      lineage.close()
      const own = pages.filter((page) => page[5] === undefined)
      // A page at its least or most number of entries may move its end into the next.
      expect(own.length).toBeLessThanOrEqual(3 * edits)
      expect(written.entries).toBe(now.size)
      expect(pages.reduce((sum, page) => sum + page[3], 0)).toBe(now.size)
      const kept = pages.filter((page) => page[5] !== undefined).map((page) => page[4])
      const before = full.lineage.top.root.toc.pages.map((page) => page[4])
      expect(kept).toEqual(before.filter((sha256) => kept.includes(sha256)))
      expect(kept.length).toBeGreaterThanOrEqual(before.length - 2 * edits)
    }
  } finally {
    full.lineage.close()
    await pool.close()
  }
})
