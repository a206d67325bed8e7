import { existsSync, mkdirSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { alone } from '../../src/engine/archive/lineage.ts'
import { encodeTocLine } from '../../src/engine/archive/toc-line.ts'
import type { TocEntry } from '../../src/model/toc.ts'
import {
  apply,
  archiveOf,
  archiveOfEntries,
  contentOf,
  files,
  type GivenEntry,
  isRoot,
  leftovers,
  named,
  prepare,
  refusedOf,
  restore,
  treeOf,
  user,
  useScratch,
} from '../engine/restore/scratch.ts'

/** Archives that are authentic, and made by someone who means harm: whoever holds the key may have been broken into. */

const scratch = useScratch()

const file = (path: string, content = 'evil'): GivenEntry => ({ path, type: 'file', content })
const directory = (path: string): GivenEntry => ({ path, type: 'directory', mode: 0o755 })
const symlink = (path: string, linkTarget: string): GivenEntry => ({ path, type: 'symlink', linkTarget })

test.each([
  ['an absolute path', '/etc/evil', 'absolute-path'],
  ['a path out of the target', '../evil', 'escapes-target'],
  ['a path out of the target from further down', 'a/../../evil', 'escapes-target'],
  ['a path with an empty name', 'a//evil', 'malformed-path'],
  ['a path that ends in a slash', 'a/', 'malformed-path'],
  ['a path with a dot', 'a/./evil', 'malformed-path'],
  ['a path with a NUL', 'a\0evil', 'malformed-path'],
])('refuses %s and restores the rest', async (_, path, because) => {
  const sorted = [file(path), file('good', 'good')].sort((a, b) => (a.path < b.path ? -1 : 1))
  const { plan, outcome } = await restore(scratch, [await archiveOfEntries(scratch, sorted)])
  expect(refusedOf(plan)).toEqual([`${path}: ${because}`])
  expect(outcome).toMatchObject({ written: 1, refused: 1 })
  expect([...treeOf(scratch.at('target')).keys()]).toEqual(['', 'good'])
  expect(existsSync(scratch.at('evil'))).toBe(false)
})

test('does not write through a symlink that the same archive brings', async () => {
  mkdirSync(scratch.at('outside'))
  const reader = await archiveOfEntries(scratch, [
    symlink('link', scratch.at('outside')),
    file('link/evil'),
    directory('link/sub'),
    file('link/sub/evil'),
    file('linked not'),
  ])
  const { plan, outcome } = await restore(scratch, [reader])
  expect(refusedOf(plan)).toEqual([
    'link/evil: below-a-link-of-this-archive',
    'link/sub: below-a-link-of-this-archive',
    'link/sub/evil: below-a-link-of-this-archive',
  ])
  expect(outcome.refused).toBe(3)
  expect(files.names(scratch.at('outside'))).toEqual([])
  expect(readlinkSync(scratch.at('target/link'))).toBe(scratch.at('outside'))
})

test('does not write below a plain file, a FIFO or a hard link of the same archive', async () => {
  const reader = await archiveOfEntries(scratch, [file('a'), file('a/x'), { path: 'b', type: 'fifo' }, file('b/x')])
  const { plan } = await restore(scratch, [reader])
  expect(refusedOf(plan)).toEqual(['a/x: below-a-link-of-this-archive', 'b/x: below-a-link-of-this-archive'])
})

test('refuses the second of two entries with one path, be it a directory that would become a symlink', async () => {
  mkdirSync(scratch.at('outside'))
  const reader = await archiveOfEntries(scratch, [
    directory('d'),
    symlink('d', scratch.at('outside')),
    file('d/x'),
    file('e', 'first'),
    file('e', 'second'),
  ])
  const { plan } = await restore(scratch, [reader])
  expect(refusedOf(plan)).toEqual(['d: duplicate-path', 'e: duplicate-path'])
  expect(files.names(scratch.at('outside'))).toEqual([])
  expect(contentOf(scratch.at('target/d/x'))).toBe('evil')
  expect(contentOf(scratch.at('target/e'))).toBe('first')
})

test('does not write through a symlink that stands in the target', async () => {
  mkdirSync(scratch.at('outside'))
  mkdirSync(scratch.at('target'))
  symlinkSync(scratch.at('outside'), scratch.at('target/listed'))
  symlinkSync(scratch.at('outside'), scratch.at('target/unlisted'))
  writeFileSync(scratch.at('target/plain'), '')
  const reader = await archiveOfEntries(scratch, [
    directory('listed'),
    file('listed/x'),
    file('plain/x'),
    file('unlisted/x'),
  ])
  const { plan } = await restore(scratch, [reader])
  expect(refusedOf(plan)).toEqual([
    'listed: type-conflict',
    'listed/x: parent-is-symlink',
    'plain/x: parent-is-not-a-directory',
    'unlisted/x: parent-is-symlink',
  ])
  expect(files.names(scratch.at('outside'))).toEqual([])
})

test('does not follow a directory that is swapped for a symlink between plan and apply', async () => {
  mkdirSync(scratch.at('outside'))
  mkdirSync(scratch.at('target/d'), { recursive: true })
  const reader = await archiveOfEntries(scratch, [directory('d'), file('d/x'), symlink('d/y', 'x'), file('e', 'good')])
  const plan = await prepare(scratch, [reader])
  renameSync(scratch.at('target/d'), scratch.at('target/moved'))
  symlinkSync(scratch.at('outside'), scratch.at('target/d'))
  const outcome = await apply(plan, [reader])
  expect(files.names(scratch.at('outside'))).toEqual([])
  expect(outcome.problems.map(({ path, because }) => `${path}: ${because}`)).toContain('d/x: parent-is-symlink')
  expect(outcome.problems.map(({ path, because }) => `${path}: ${because}`)).toContain('d/y: parent-is-symlink')
  expect(files.status(scratch.at('outside'))?.mode).toBe(0o755)
  expect(contentOf(scratch.at('target/e'))).toBe('good')
})

test('leaves a file alone that came between plan and apply', async () => {
  mkdirSync(scratch.at('target'))
  const reader = await archiveOfEntries(scratch, [file('a'), symlink('b', 'x'), { path: 'c', type: 'fifo' }])
  const plan = await prepare(scratch, [reader])
  for (const name of ['a', 'b', 'c']) writeFileSync(scratch.at(`target/${name}`), 'theirs')
  const outcome = await apply(plan, [reader])
  expect(outcome).toMatchObject({ written: 0, refused: 3 })
  for (const name of ['a', 'b', 'c']) expect(contentOf(scratch.at(`target/${name}`))).toBe('theirs')
  expect(leftovers(scratch.at('target'))).toEqual([])
})

test('never touches what stands above the entries it restores', async () => {
  mkdirSync(scratch.at('target'), { mode: 0o700 })
  mkdirSync(scratch.at('target/a'), { mode: 0o710 })
  const reader = await archiveOfEntries(scratch, [directory('a'), { ...directory('a/b'), mode: 0o777 }, file('a/b/x')])
  await restore(scratch, [reader], { select: (path) => path === 'a/b/x' })
  expect(files.status(scratch.at('target'))?.mode).toBe(0o700)
  expect(files.status(scratch.at('target/a'))?.mode).toBe(0o710)
  expect(files.status(scratch.at('target/a/b'))?.mode).toBe(0o755)
})

test('never restores the files an archive has for itself', async () => {
  const reader = await archiveOfEntries(scratch, [directory('.bka'), file('.bka/evil'), file('a')])
  const { plan } = await restore(scratch, [reader])
  expect(plan.header.counts).toMatchObject({ create: 1, refuse: 0 })
  expect(files.names(scratch.at('target'))).toEqual(['a'])
})

test('does not let a hard link reach out of the archive', async () => {
  writeFileSync(scratch.at('secret'), 'secret')
  const reader = await archiveOf(scratch, emptySource, [named('/')], (writer) => {
    writer.entry(tocEntry('h', 'hardlink', { linkTarget: named(`../${'secret'}`) }))
    writer.entry(tocEntry('i', 'hardlink', { linkTarget: named(scratch.at('secret')) }))
  })
  const { plan } = await restore(scratch, [reader])
  // The data is the archive's own, here none; the first name of a group carries it.
  expect(plan.header.counts).toMatchObject({ create: 2 })
  expect(contentOf(scratch.at('target/h'))).toBe('')
  expect(files.status(scratch.at('secret'))?.links).toBe(1)
})

test('refuses entries that promise data the archive does not hold', async () => {
  const reader = await archiveOf(scratch, emptySource, [named('/')], (writer) => {
    writer.entry(tocEntry('a', 'file', { sizeBytes: 10 }))
    // The writer itself names no archive that it does not depend on.
    const elsewhere = { kind: 'extent', holder: 9, extent: { offset: 0, compressedBytes: 10, inner: 0 } } as const
    const b = tocEntry('b', 'file', { sizeBytes: 10, content: elsewhere })
    writer.toc.line(b.path, encodeTocLine(b), 10, false)
    writer.entry(tocEntry('c', 'symlink', { sha256: null }))
  })
  const { plan } = await restore(scratch, [reader])
  expect(refusedOf(plan)).toEqual(['a: data-missing', 'b: data-missing', 'c: malformed-path'])
})

test('leaves nothing of a file whose place in the archive is wrong, and restores the rest', async () => {
  const good = await archiveOfEntries(scratch, [file('good', 'good')])
  const entry = [...alone(good).entries()][0] as TocEntry
  const lie = (path: string, change: Partial<TocEntry>): TocEntry => ({ ...entry, path: named(path), ...change })
  const reader = await archiveOf(scratch, emptySource, [named('/')], (writer) => {
    const extent = { offset: 0, compressedBytes: 1 << 20, inner: 0 }
    const beyond = { offset: 1 << 30, compressedBytes: 10, inner: 0 }
    const chunk = { ...extent, holder: 0, length: 4, sha256: null }
    writer.entry(lie('a', { content: { kind: 'extent', holder: 0, extent } }))
    writer.entry(lie('b', { content: { kind: 'extent', holder: 0, extent: beyond } }))
    writer.entry(lie('c', { content: { kind: 'chunks', chunks: [chunk] } }))
    writer.entry(lie('d', { sparse: [[9, 4]], sizeBytes: 5, content: { kind: 'chunks', chunks: [chunk] } }))
    writer.entry(
      lie('e', {
        sparse: [
          [2, 2],
          [0, 2],
        ],
        content: { kind: 'extent', holder: 0, extent },
      }),
    )
    writer.entry(tocEntry('f', 'file', {}))
    writer.entry(tocEntry('g', 'hardlink', { ...lie('g', {}), type: 'hardlink', linkTarget: named('b') }))
  })
  const { outcome } = await restore(scratch, [reader])
  expect(outcome.damaged).toEqual(['a', 'b', 'c', 'd', 'e', 'g'])
  expect([...treeOf(scratch.at('target')).keys()]).toEqual(['', 'f'])
})

test.runIf(isRoot)('makes no device for another user than root', async () => {
  const reader = await archiveOfEntries(scratch, [
    { path: 'disk', type: 'block-device', deviceNumber: { major: 8, minor: 0 } },
  ])
  const plan = await prepare(scratch, [reader], { user: { uid: 65534, gid: 65534 } })
  expect(refusedOf(plan)).toEqual(['disk: needs-root'])
})

test('refuses what would lie inside the repository, also in place', async () => {
  const stored = scratch.at('repository').slice(1)
  const reader = await archiveOfEntries(scratch, [file(stored), file(`${stored}/metadata.json`)].slice(1))
  const plan = await prepare(scratch, [reader], { target: { kind: 'in-place' } })
  expect(refusedOf(plan)).toEqual([`${stored}/metadata.json: inside-repository`])
})

test('tells a table of contents that is out of order', async () => {
  const reader = await archiveOf(scratch, emptySource, [named('/')], (writer) => {
    writer.entry(tocEntry('b', 'file', {}))
    writer.entry(tocEntry('a', 'file', {}))
  })
  await expect(prepare(scratch, [reader])).rejects.toMatchObject({ code: 'E_DAMAGED' })
  expect(files.names(scratch.at('repository')).filter((name) => name.startsWith('plan'))).toEqual([])
})

const emptySource = { async *scan() {} }
const hashOfNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

function tocEntry(path: string, type: TocEntry['type'], change: Partial<TocEntry>): TocEntry {
  return {
    path: named(path),
    type,
    mode: 0o644,
    ...user,
    userName: null,
    groupName: null,
    sizeBytes: 0,
    mtimeNs: 1n,
    ctimeNs: 1n,
    inode: 1n,
    device: 1n,
    deviceNumber: null,
    linkTarget: null,
    sha256: hashOfNothing,
    content: { kind: 'none' },
    xattrs: new Map(),
    acl: null,
    sparse: null,
    torn: false,
    ...change,
    ...(change.path ? { path: named(path) } : {}),
  }
}
