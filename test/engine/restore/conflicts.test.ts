import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import type { ArchiveReader } from '../../../src/engine/archive/reader.ts'
import { selectPaths } from '../../../src/engine/restore/select-paths.ts'
import { joinPath } from '../../../src/model/path.ts'
import {
  apply,
  backUp,
  contentOf,
  files,
  isRoot,
  leftovers,
  named,
  prepare,
  put,
  refusedOf,
  restore,
  stepsOf,
  treeOf,
  useScratch,
} from './scratch.ts'

const scratch = useScratch()
let reader: ArchiveReader
let stored: string
const target = (name: string) => scratch.at(`target/${stored}/${name}`)
const newer = 2_000_000_000_000_000_000n
const older = 1_000_000_000_000_000_000n

/** The target holds: equal, with other attributes (mode), newer, older; absent is not there. */
beforeEach(async () => {
  const source = scratch.at('source')
  stored = source.slice(1)
  mkdirSync(source)
  for (const name of ['absent', 'equal', 'mode', 'newer', 'older']) put(joinPath(source, named(name)), `ours: ${name}`)
  files.makeSymlink(named('ours'), joinPath(source, named('symlink')))
  for (const name of ['absent', 'equal', 'mode', 'newer', 'older'])
    files.setTime(joinPath(source, named(name)), 1_500_000_000_000_000_001n)
  files.setTime(joinPath(source, named('symlink')), 1_500_000_000_000_000_001n)
  reader = await backUp(scratch, source)
  await restore(scratch, [reader])
  files.removeFile(target('absent'))
  files.setMode(target('mode'), 0o600)
  for (const [name, time] of [
    ['newer', newer],
    ['older', older],
  ] as const) {
    writeFileSync(target(name), 'theirs')
    files.setTime(target(name), time)
  }
  files.removeFile(target('symlink'))
  files.makeSymlink(named('theirs'), target('symlink'))
  files.setTime(target('symlink'), newer)
})

test.each([
  [
    'overwrite',
    { create: 1, overwrite: 3, unchanged: 1, metadata: 2, keep: 0 },
    ['ours: newer', 'ours: older', 'ours'],
  ],
  ['keep', { create: 1, overwrite: 0, unchanged: 1, metadata: 0, keep: 5 }, ['theirs', 'theirs', 'theirs']],
  ['keep-newer', { create: 1, overwrite: 1, unchanged: 1, metadata: 2, keep: 2 }, ['theirs', 'ours: older', 'theirs']],
  ['rename', { create: 4, overwrite: 0, unchanged: 1, metadata: 1, keep: 1 }, ['theirs', 'theirs', 'theirs']],
] as const)('does what was asked with files that are there already: %s', async (conflict, counts, contents) => {
  const { plan, outcome } = await restore(scratch, [reader], { conflict })
  expect(plan.header.counts).toEqual({ ...counts, delete: 0, refuse: 0 })
  expect(outcome).toMatchObject({
    problems: [],
    written: counts.create + counts.overwrite,
    metadata: counts.metadata,
    kept: counts.keep,
    unchanged: counts.unchanged,
  })
  expect([contentOf(target('newer')), contentOf(target('older')), files.linkTarget(target('symlink'))]).toEqual(
    contents,
  )
  expect(contentOf(target('absent'))).toBe('ours: absent')
  expect(contentOf(target('equal'))).toBe('ours: equal')
  expect(files.status(target('mode'))?.mode).toBe(conflict === 'keep' ? 0o600 : 0o644)
  expect(leftovers(scratch.at('target'))).toEqual([])
  const beside = files
    .names(target('.'))
    .filter((name) => name.includes('.restored-'))
    .sort()
  const suffix = '.restored-20261120T030000Z'
  expect(beside).toEqual(conflict === 'rename' ? [`newer${suffix}`, `older${suffix}`, `symlink${suffix}`] : [])
  for (const name of beside.slice(0, 2)) {
    const original = name.slice(0, -suffix.length)
    expect(contentOf(target(name))).toBe(`ours: ${original}`)
    expect(files.status(target(name))?.mtimeNs).toBe(1_500_000_000_000_000_001n)
  }
})

test('writes beside under another name where that one is taken, and within 255 bytes', async () => {
  const source = scratch.at('long')
  mkdirSync(source)
  const name = `${'\xc3\xa4'.repeat(127)}x`
  put(joinPath(source, named(name)), 'ours')
  const long = await backUp(scratch, source)
  await restore(scratch, [long])
  const there = scratch.at(`target/${source.slice(1)}`)
  const fd = files.open(joinPath(there, named(name)), 'read-write')
  files.write(fd, Buffer.from('their'), 0)
  files.close(fd)
  await restore(scratch, [long], { conflict: 'rename' })
  await restore(scratch, [long], { conflict: 'rename' })
  const names = files.names(there).sort((a, b) => b.length - a.length)
  expect(names).toHaveLength(3)
  for (const one of names) {
    expect(one.length).toBeLessThanOrEqual(255)
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(one, 'latin1'))
  }
  expect(names.map((one) => contentOf(joinPath(there, one))).sort()).toEqual(['ours', 'ours', 'their'])
})

test('refuses a directory over a file and a file over a directory, whatever was asked', async () => {
  const source = scratch.at('types')
  mkdirSync(joinPath(source, named('d')), { recursive: true })
  put(joinPath(source, named('d/x')), '')
  put(joinPath(source, named('f')), '')
  const types = await backUp(scratch, source)
  const there = `target/${source.slice(1)}`
  mkdirSync(scratch.at(`${there}/f`), { recursive: true })
  writeFileSync(scratch.at(`${there}/d`), 'theirs')
  for (const conflict of ['overwrite', 'keep', 'keep-newer', 'rename'] as const) {
    const { plan } = await restore(scratch, [types], { conflict })
    const base = source.slice(1)
    expect(refusedOf(plan)).toEqual([
      `${base}/d: type-conflict`,
      `${base}/d/x: parent-is-not-a-directory`,
      `${base}/f: type-conflict`,
    ])
  }
  expect(contentOf(scratch.at(`${there}/d`))).toBe('theirs')
})

test('joins names of one file again that have come apart or were changed', async () => {
  const source = scratch.at('links')
  mkdirSync(source)
  put(joinPath(source, named('a')), 'one')
  for (const name of ['b', 'c']) files.makeHardlink(joinPath(source, named('a')), joinPath(source, named(name)))
  const links = await backUp(scratch, source)
  await restore(scratch, [links])
  const there = (name: string) => scratch.at(`target/${source.slice(1)}/${name}`)
  const before = treeOf(scratch.at('target'))
  // One name replaced by a copy, then all names changed at once through their common inode.
  files.removeFile(there('b'))
  put(there('b'), 'one')
  const first = await restore(scratch, [links])
  expect(first.plan.header.counts).toMatchObject({ overwrite: 1, refuse: 0 })
  expect(first.outcome.problems).toEqual([])
  expect(treeOf(scratch.at('target'))).toEqual(before)
  writeFileSync(there('c'), 'changed')
  const second = await restore(scratch, [links])
  expect(second.plan.header.counts).toMatchObject({ overwrite: 3, refuse: 0 })
  expect(second.outcome.problems).toEqual([])
  expect(treeOf(scratch.at('target'))).toEqual(before)
})

test('gives the data to the first link that is selected where its carrier is not', async () => {
  const source = scratch.at('links')
  mkdirSync(source)
  put(joinPath(source, named('a')), 'one')
  for (const name of ['b', 'c']) files.makeHardlink(joinPath(source, named('a')), joinPath(source, named(name)))
  const links = await backUp(scratch, source)
  const base = source.slice(1)
  const { plan } = await restore(scratch, [links], { select: selectPaths([`/${base}/b`, `${base}/c`]) })
  expect(stepsOf(plan).slice(-2)).toEqual([`write-file ${base}/b`, `make-hardlink ${base}/c`])
  expect(contentOf(scratch.at(`target/${base}/c`))).toBe('one')
  expect(files.status(scratch.at(`target/${base}/c`))?.links).toBe(2)
  expect(files.names(scratch.at(`target/${base}`)).sort()).toEqual(['b', 'c'])
})

test('takes all below a directory that a pattern names, and names at any depth where it has no slash', () => {
  const below = selectPaths(['/srv/app'])
  expect(below(named('srv/app'), true)).toBe(true)
  expect(below(named('srv/app/a/b'), false)).toBe(true)
  expect(below(named('srv/application'), false)).toBe(false)
  expect(below(named('x/srv/app'), false)).toBe(false)
  expect(selectPaths(['*.conf'])(named('etc/a/b.conf'), false)).toBe(true)
  expect(selectPaths(['srv/app/'])(named('srv/app'), false)).toBe(false)
  expect(selectPaths(['caf\u00e9'])(named('caf\xc3\xa9'), false)).toBe(true)
  expect(selectPaths(['ABC'])(named('abc'), false)).toBe(false)
})

test.each(['a[1].txt', 'star*', 'q?', 'back\\slash', 'ends in blanks  ', '[', 'new\nline'])(
  'takes the path that is spelled as the pattern is: %j',
  (name) => {
    const select = selectPaths([`/srv/${name}`])
    expect(select(named(`srv/${name}`), false)).toBe(true)
    expect(select(named(`srv/${name}/below`), false)).toBe(true)
    expect(select(named('srv/other'), false)).toBe(false)
    expect(selectPaths(['/srv/*', `!/srv/${name}`])(named('srv/other'), false)).toBe(true)
  },
)

test('takes everything for /, and leaves out what a later pattern takes back', () => {
  expect(selectPaths(['/'])(named('srv/a'), false)).toBe(true)
  const select = selectPaths(['/srv/[ab]', '!/srv/a'])
  expect(select(named('srv/a'), false)).toBe(false)
  expect(select(named('srv/b'), false)).toBe(true)
})

test.each(['a file', 'a directory inside the repository', 'the repository itself', 'a dangling symlink'])(
  'refuses a target that is %s',
  async (kind) => {
    const path = scratch.at('odd')
    if (kind === 'a file') writeFileSync(path, '')
    if (kind === 'a directory inside the repository') symlinkSync(scratch.at('repository'), path)
    if (kind === 'a dangling symlink') symlinkSync('nowhere', path)
    const chosen =
      kind === 'the repository itself'
        ? scratch.at('repository')
        : kind === 'a directory inside the repository'
          ? joinPath(path, named('new/one'))
          : path
    await expect(prepare(scratch, [reader], { target: { kind: 'directory', path: chosen } })).rejects.toMatchObject({
      code: 'E_TARGET',
    })
  },
)

test('stops at the first job after it was asked to, and says what stays', async () => {
  const plan = await prepare(scratch, [reader], { target: { kind: 'directory', path: scratch.at('other') } })
  const controller = new AbortController()
  controller.abort()
  await expect(apply(plan, [reader], { signal: controller.signal })).rejects.toMatchObject({ code: 'E_INTERRUPTED' })
  expect(leftovers(scratch.at('other'))).toEqual([])
})

test.runIf(isRoot)('takes from a directory no access control list it would hand down', async () => {
  const { execFileSync } = await import('node:child_process')
  mkdirSync(scratch.at('heirs'))
  execFileSync('setfacl', ['-m', 'd:u:1234:rwx', scratch.at('heirs')])
  const { outcome } = await restore(scratch, [reader], { target: { kind: 'directory', path: scratch.at('heirs') } })
  expect(outcome.warnings).toEqual([])
  expect(treeOf(scratch.at(`heirs/${stored}`))).toEqual(treeOf(scratch.at('source')))
})
