import { expect, test } from 'vitest'
import { compareEntries, type Difference } from '../../../src/engine/plan/compare.ts'
import { joinRenames } from '../../../src/engine/plan/renames.ts'
import { comparePaths } from '../../../src/model/path.ts'
import type { TocEntry } from '../../../src/model/toc.ts'
import { tocEntry } from '../../commands/pretend-engine.ts'

const [one, other] = ['11'.repeat(32), '22'.repeat(32)]

async function told(before: readonly TocEntry[], after: readonly TocEntry[], most?: number): Promise<string[]> {
  const inOrder = (entries: readonly TocEntry[]) => [...entries].sort((a, b) => comparePaths(a.path, b.path)).values()
  const lines: string[] = []
  for await (const difference of joinRenames(compareEntries(inOrder(before), inOrder(after)), most))
    lines.push(lineOf(difference))
  return lines
}

function lineOf({ change, from, path, attributes }: Difference): string {
  return [change, ...(from === null ? [] : [from]), path, ...attributes].join(' ')
}

test('a file removed here and added there with the same content is one difference, at its new place', async () => {
  const before = [tocEntry('a', { sha256: one }), tocEntry('b', { sha256: other })]
  const after = [tocEntry('b', { sha256: other }), tocEntry('z/a', { sha256: one })]
  expect(await told(before, after)).toEqual(['renamed a z/a'])
  expect(await told(after, before)).toEqual(['renamed z/a a'])
})

test('among files of the same content the inode decides, whatever the order of names', async () => {
  const before = [tocEntry('a', { inode: 1n }), tocEntry('b', { inode: 2n }), tocEntry('c', { inode: 3n })]
  const after = [tocEntry('x', { inode: 3n }), tocEntry('y', { inode: 9n }), tocEntry('z', { inode: 1n })]
  expect(await told(before, after)).toEqual(['renamed c x', 'renamed b y', 'renamed a z'])
})

test('the same inode number on another device is not the same inode', async () => {
  const before = [tocEntry('a', { inode: 1n, device: 7n }), tocEntry('b', { inode: 1n, device: 8n })]
  expect(await told(before, [tocEntry('x', { inode: 1n, device: 8n })])).toEqual(['removed a', 'renamed b x'])
})

test('one removed file becomes one added file, not several', async () => {
  expect(await told([tocEntry('a')], [tocEntry('x'), tocEntry('y')])).toEqual(['renamed a x', 'added y'])
})

test('a renaming tells the attributes that changed with it', async () => {
  expect(await told([tocEntry('a')], [tocEntry('x', { mode: 0o600, mtimeNs: 5n })])).toEqual(['renamed a x mode mtime'])
})

test.each<[string, Partial<TocEntry>, Partial<TocEntry>]>([
  ['empty files', { sizeBytes: 0 }, { sizeBytes: 0 }],
  ['files of other content', { sha256: one }, { sha256: other }],
  ['directories', { type: 'directory', sha256: null }, { type: 'directory', sha256: null }],
  ['symbolic links', { type: 'symlink', sha256: null }, { type: 'symlink', sha256: null }],
])('%s are not renamed', async (_what, old, now) => {
  expect(await told([tocEntry('a', old)], [tocEntry('x', now)])).toEqual(['removed a', 'added x'])
})

test('a removed name of a hard link may be renamed like any file', async () => {
  const linkTarget = tocEntry('a').path
  const before = [tocEntry('a'), tocEntry('b', { type: 'hardlink', linkTarget })]
  const after = [tocEntry('a'), tocEntry('c', { type: 'hardlink', linkTarget })]
  expect(await told(before, after)).toEqual(['renamed b c'])
})

test('beyond the most that may wait, differences are told as they come', async () => {
  const before = ['a', 'b', 'c'].map((path) => tocEntry(path, { sha256: one }))
  const after = ['d', 'e', 'f'].map((path) => tocEntry(path, { sha256: one }))
  expect(await told(before, after, 4)).toEqual(['removed b', 'removed c', 'renamed a d', 'added e', 'added f'])
  expect(await told(before, after, 6)).toEqual(['renamed a d', 'renamed b e', 'renamed c f'])
  expect(await told(before, after, 1)).toEqual(
    [...'abc'].map((at) => `removed ${at}`).concat([...'def'].map((at) => `added ${at}`)),
  )
})

test.each<[string, Partial<TocEntry>, Partial<TocEntry>, string[]]>([
  ['another type', {}, { type: 'directory', sha256: null }, ['changed a type']],
  ['other content of the same size', { sha256: one }, { sha256: other }, ['changed a content']],
  ['more content', { sha256: one }, { sha256: other, sizeBytes: 6 }, ['changed a content size']],
  [
    'another target',
    { type: 'symlink', sha256: null, linkTarget: tocEntry('x').path },
    { type: 'symlink', sha256: null, linkTarget: tocEntry('y').path },
    ['changed a content'],
  ],
  ['a file that became a further name', {}, { type: 'hardlink', linkTarget: tocEntry('b').path }, []],
  ['another mode only', {}, { mode: 0o600 }, ['metadata a mode']],
])('what changed says why: %s', async (_what, before, after, expected) => {
  expect(await told([tocEntry('a', before)], [tocEntry('a', after)])).toEqual(expected)
})
