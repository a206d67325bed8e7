import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { switchTree } from '../../bench/switch-tree.ts'

let directory: string
let live: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  live = join(directory, 'live')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const long = new Date('2001-01-01')

/** Every file has the same old time, as in packages of npm. `-> target` makes a symbolic link, null a directory. */
function makeVersion(name: string, files: Readonly<Record<string, string | null>>): string {
  const version = join(directory, name)
  rmSync(version, { recursive: true, force: true })
  mkdirSync(version)
  for (const [path, content] of Object.entries(files)) {
    const full = join(version, path)
    mkdirSync(content === null ? full : dirname(full), { recursive: true })
    if (content?.startsWith('-> ')) symlinkSync(content.slice(3), full)
    else if (content !== null) {
      writeFileSync(full, content)
      utimesSync(full, long, long)
    }
  }
  return version
}

function contentsOf(root: string): Record<string, string | null> {
  return Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name)
      const content = entry.isSymbolicLink() ? `-> ${readlinkSync(path)}` : null
      return [path.slice(root.length + 1), entry.isFile() ? readFileSync(path, 'utf8') : content]
    }),
  )
}

function stamp(path: string): string {
  const { ino, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true })
  return `${ino} ${mtimeNs} ${ctimeNs}`
}

test('a file or link whose content stays keeps its inode and its times; the rest is written, added or removed', () => {
  switchTree(
    live,
    makeVersion('1', { 'a/same': 'x', 'a/changed': 'one', gone: 'g', link: '-> a', 'old/deep/file': '' }),
  )
  const [same, link] = [stamp(join(live, 'a/same')), stamp(join(live, 'link'))]
  const changed = stamp(join(live, 'a/changed'))
  const second = makeVersion('2', { 'a/same': 'x', 'a/changed': 'two', link: '-> a', 'new/file': '12345' })
  expect(switchTree(live, second)).toEqual({ added: 1, changed: 1, removed: 2, unchanged: 2, writtenBytes: 8 })
  expect(contentsOf(live)).toEqual(contentsOf(second))
  expect([stamp(join(live, 'a/same')), stamp(join(live, 'link'))]).toEqual([same, link])
  expect(stamp(join(live, 'a/changed'))).not.toBe(changed)
  expect(lstatSync(join(live, 'a/changed')).mtimeMs).toBeGreaterThan(long.getTime())
})

test('the mode follows the version without the content being written again', () => {
  const first = makeVersion('1', { script: '#!' })
  switchTree(live, first)
  const { ino } = lstatSync(join(live, 'script'))
  chmodSync(join(first, 'script'), 0o755)
  expect(switchTree(live, first)).toMatchObject({ unchanged: 1, writtenBytes: 0 })
  const status = lstatSync(join(live, 'script'))
  expect([status.ino, status.mode & 0o777]).toEqual([ino, 0o755])
})

test('from any version to any other, and once more changes nothing', () => {
  const tree = fc.dictionary(
    fc.constantFrom('a', 'b', 'c/a', 'c/b', 'd/e/f'),
    fc.constantFrom('one', 'two', '-> a', '-> b', null),
  )
  fc.assert(
    fc.property(tree, tree, (before, after) => {
      rmSync(live, { recursive: true, force: true })
      switchTree(live, makeVersion('1', before))
      const version = makeVersion('2', after)
      switchTree(live, version)
      expect(contentsOf(live)).toEqual(contentsOf(version))
      expect(switchTree(live, version)).toMatchObject({ added: 0, changed: 0, removed: 0, writtenBytes: 0 })
    }),
    { numRuns: 100 },
  )
})

test('a directory takes the place of a file, and a file of a directory', () => {
  switchTree(live, makeVersion('1', { a: 'file', 'b/c': 'x', 'b/d': 'y' }))
  const second = makeVersion('2', { 'a/c': 'x', b: 'file' })
  expect(switchTree(live, second)).toMatchObject({ added: 2, removed: 3 })
  expect(contentsOf(live)).toEqual(contentsOf(second))
})
