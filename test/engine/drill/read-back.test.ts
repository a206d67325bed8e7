import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alone } from '../../../src/engine/archive/lineage.ts'
import { type ReadBack, readBack } from '../../../src/engine/drill/compare-tree.ts'
import { readAccountNames } from '../../../src/engine/platform/account-names.ts'
import { joinPath, pathFromText, storedPathOf } from '../../../src/model/path.ts'
import { backUp, files, isRoot, pool, restore, useScratch } from '../restore/scratch.ts'

const scratch = useScratch()

/** Backs a tree up, restores it, does something to what was restored, and reads it back. */
async function after(harm: (tree: string) => void): Promise<ReadBack> {
  const source = scratch.at('source')
  mkdirSync(join(source, 'directory', 'empty'), { recursive: true })
  writeFileSync(join(source, 'file'), 'content', { mode: 0o640 })
  writeFileSync(join(source, 'directory', 'a'), 'linked')
  linkSync(join(source, 'directory', 'a'), join(source, 'directory', 'b'))
  linkSync(join(source, 'directory', 'a'), join(source, 'c'))
  writeFileSync(join(source, 'directory!'), '') // sorts after what is below `directory`
  symlinkSync('file', join(source, 'link'))
  files.setXattr(joinPath(source, pathFromText('file')), 'user.mark', Buffer.from('red'))
  const reader = await backUp(scratch, source)
  await restore(scratch, [reader])
  harm(join(scratch.at('target'), storedPathOf(source)))
  return readBack(files, pool(), scratch.at('target'), [alone(reader)], {
    names: readAccountNames(files),
    isRoot,
    signal: new AbortController().signal,
  })
}

const told = ({ differences }: ReadBack) =>
  differences.map(({ path, aspect }) => `${path.split('/source')[1]} ${aspect}`)

test('nothing differs in what was restored as it was recorded', async () => {
  const found = await after(() => {})
  expect(found).toMatchObject({ files: 5, leftOut: 0, differences: [] })
  expect(found.bytes).toBe('content'.length + 'linked'.length)
  expect(found.entries).toBe(9)
})

test.each<[string, (tree: string) => void, string[]]>([
  ['a byte', (tree) => patch(join(tree, 'file'), 'Content'), ['/file content']],
  ['a byte more', (tree) => patch(join(tree, 'file'), 'content!'), ['/file content']],
  ['a mode', (tree) => chmodSync(join(tree, 'file'), 0o644), ['/file mode']],
  ['a time', (tree) => utimesSync(join(tree, 'file'), 1, 1), ['/file mtime']],
  ['the time of a directory', (tree) => utimesSync(join(tree, 'directory', 'empty'), 1, 1), ['/directory/empty mtime']],
  ['the time of a symbolic link', (tree) => lutimesSync(join(tree, 'link'), 1, 1), ['/link mtime']],
  ['an extended attribute', (tree) => setMark(tree, 'blue'), ['/file xattrs']],
  ['a file that is gone', (tree) => unlinkSync(join(tree, 'file')), [' mtime', '/file missing']],
  [
    'a directory that is gone',
    (tree) => rmSync(join(tree, 'directory', 'empty'), { recursive: true }),
    ['/directory mtime', '/directory/empty missing'],
  ],
  ['a file too many', (tree) => writeFileSync(join(tree, 'z'), ''), [' mtime', '/z extra']],
  [
    'a tree too many',
    (tree) => mkdirSync(join(tree, 'more', 'and'), { recursive: true }),
    [' mtime', '/more extra', '/more/and extra'],
  ],
  ['another type', (tree) => retype(tree), [' mtime', '/file type']],
  ['another target', (tree) => retarget(tree), [' mtime', '/link target', '/link mtime']],
  ['a hard link that is a copy', (tree) => unlink(tree), [' mtime', '/directory/a link', '/directory/b link']],
  [
    'a name too many of a file',
    (tree) => linkSync(join(tree, 'file'), join(tree, 'directory', 'empty', 'x')),
    ['/directory/empty mtime', '/directory/empty/x extra', '/file link'],
  ],
])('%s is found', async (_, harm, expected) => {
  expect(told(await after(harm)).toSorted()).toEqual(expected.toSorted())
})

test.skipIf(!isRoot)('another owner and another access control list are found', async () => {
  const found = await after((tree) => {
    chownSync(join(tree, 'file'), 12, 34)
    execFileSync('setfacl', ['-m', 'u:12:rwx', join(tree, 'directory')])
  })
  expect(told(found)).toEqual(['/directory mode', '/directory acl', '/file owner'])
})

function patch(path: string, content: string): void {
  const { mtimeNs } = files.status(pathFromText(path)) ?? { mtimeNs: 0n }
  writeFileSync(path, content)
  files.setTime(pathFromText(path), mtimeNs)
}

function setMark(tree: string, value: string): void {
  files.setXattr(pathFromText(join(tree, 'file')), 'user.mark', Buffer.from(value))
}

function retype(tree: string): void {
  unlinkSync(join(tree, 'file'))
  symlinkSync('content', join(tree, 'file'))
}

function retarget(tree: string): void {
  unlinkSync(join(tree, 'link'))
  symlinkSync('directory', join(tree, 'link'))
}

/** A copy with all attributes of the other names. */
function unlink(tree: string): void {
  execFileSync('cp', ['-p', join(tree, 'c'), join(tree, 'copy')])
  renameSync(join(tree, 'copy'), join(tree, 'c'))
}
