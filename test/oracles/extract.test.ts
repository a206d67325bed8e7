import { execFileSync } from 'node:child_process'
import { createReadStream, mkdirSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { x as extract } from 'tar'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { verifyArchive } from '../../src/engine/verify/verify-archive.ts'
import { type Compression, compressions } from '../../src/model/format.ts'
import { pathFromText } from '../../src/model/path.ts'
import { type BuiltArchive, build, files, poolOf, scratch, treeSource } from '../engine/archive/archive-kit.ts'
import { byItself } from '../engine/verify/by-itself.ts'
import { requirement } from '../requirements.ts'
import { type Attribute, compareTrees, type Described, describeTree } from './describe-tree.ts'
import { makeNastyTree } from './nasty-tree.ts'

vi.setConfig({ testTimeout: 60_000 })

/**
 * Plain archives opened by tools that know nothing of Holdfast: what they restore is the source, attribute by
 * attribute, but for what each of them is known not to represent.
 */

const needsCommand: Partial<Record<Compression, string>> = { zstd: 'zstd', xz: 'xz', bzip2: 'bzip2' }
const possible = compressions.filter((compression) => requirement(needsCommand[compression] ?? 'tar'))
const isRoot = requirement('root')
const hasAcl = requirement('setfacl')
const pool = poolOf(2)
const room = scratch('oracles')
const tree = `${room.path}/tree`
let source: Map<string, Described>
const archives = new Map<string, BuiltArchive>()

beforeAll(async () => {
  makeNastyTree(files, tree, { root: isRoot, acl: hasAcl })
  for (const compression of possible) {
    archives.set(compression, await build(treeSource(tree), { compression, pool, directory: room.path }))
  }
  source = describeTree(files, pathFromText(tree))
}, 60_000)

afterAll(async () => {
  await pool.close()
  room.remove()
})

function fileOf(compression: string): string {
  return (archives.get(compression) as BuiltArchive).place.path
}

function emptyDirectory(name: string): string {
  const path = `${room.path}/${name}`
  mkdirSync(path)
  return path
}

function restored(directory: string): Map<string, Described> {
  return describeTree(files, pathFromText(`${directory}${tree}`))
}

const nothing = (): boolean => false
const environment = { ...process.env, LC_ALL: 'C.UTF-8' }

test('the source holds every kind of thing this test is about', () => {
  const types = new Set([...source.values()].map(({ type }) => type))
  expect([...types].sort()).toEqual(
    [...(isRoot ? ['block-device', 'char-device'] : []), 'directory', 'fifo', 'file', 'symlink'].sort(),
  )
  expect([...source.values()].filter(({ holes }) => holes === 'yes').length).toBe(4)
  expect(source.get('hard-2')?.sameAs).toBe('hard-1')
})

test.each(possible)('a nasty tree in %s verifies without a finding', async (compression) => {
  const { place, promised, keys, warnings } = archives.get(compression) as BuiltArchive
  expect(warnings).toEqual([])
  const options = { signal: new AbortController().signal, onProgress: () => {}, ...byItself }
  expect(await verifyArchive(files, pool, place, promised, keys, 'full', options)).toEqual([])
})

test.skipIf(!requirement('tar')).each(possible)('GNU tar restores everything from %s', (compression) => {
  const out = emptyDirectory(`gnu-${compression}`)
  const options = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '--same-owner', '-xpf']
  execFileSync('tar', [...options, fileOf(compression), '-C', out], { env: environment, stdio: 'pipe' })
  expect(compareTrees(source, restored(out), nothing)).toEqual([])
})

/** libarchive gives names their composed form, reads -1.5 as -1 + 0.5, and leaves the escapes of attribute names. */
const beyondBsdtar = [
  'e\\xcc\\x81-decomposed: absent',
  '\\xc3\\xa9-decomposed: added',
  'time-negative: mtime -1500000000 became -500000000',
  'xattrs: xattrs user.eq=ual%25%3D=6f6464206e616d65 became user.eq%3Dual%2525%253D=6f6464206e616d65',
]

test.skipIf(!requirement('bsdtar')).each(possible)('bsdtar restores everything from %s', (compression) => {
  const out = emptyDirectory(`bsd-${compression}`)
  execFileSync('bsdtar', ['--numeric-owner', '--xattrs', '--acls', '-xpf', fileOf(compression), '-C', out], {
    env: environment,
    stdio: 'pipe',
  })
  const found = compareTrees(source, restored(out), nothing).map((line) => asciiOf(line))
  expect(found.sort()).toEqual([...beyondBsdtar].sort())
})

/** The time as Python's floats hold it. */
const floatError = 2_000n

const python = `
import gzip, sys, tarfile
with gzip.open(sys.argv[1]) as raw, tarfile.open(fileobj=raw, mode='r|') as tar:
    tar.extraction_filter = lambda member, path: member
    tar.extractall(sys.argv[2], numeric_owner=True)
`

test.skipIf(!requirement('python3'))('Python restores everything but attributes, and times to two microseconds', () => {
  const out = emptyDirectory('python')
  execFileSync('python3', ['-c', python, fileOf('gzip'), out], { env: environment, stdio: 'pipe' })
  const back = restored(out)
  const close = (path: string): boolean => {
    const difference = BigInt(source.get(path)?.mtime ?? 0) - BigInt(back.get(path)?.mtime ?? 0)
    return difference < floatError && difference > -floatError
  }
  const beyond = (path: string, attribute: string, { type }: Described): boolean =>
    attribute === 'xattrs' || (attribute === 'mtime' && (type === 'symlink' || close(path))) || aclMode(path, attribute)
  expect(compareTrees(source, back, beyond)).toEqual([])
})

/**
 * What npm's tar is known not to represent: attributes, holes, devices and FIFOs, times beyond the millisecond or
 * of links and directories, names that are not UTF-8, line feeds in names and targets, bits that the umask takes,
 * special bits of directories.
 */
function beyondNpm(path: string, attribute: Attribute | 'presence', described: Described): boolean {
  const text = `${path}\n`.slice(0, -1) + described.target
  if (/[\n]|[\xff\xe9](?![\x80-\xbf])|\xc3\x28/.test(text)) return true
  if (/^___$|^dir-_$|^new_line(\/x)?$/.test(path)) return attribute === 'presence'
  switch (attribute) {
    case 'presence':
      return described.holes === 'yes' || /device|fifo/.test(described.type)
    case 'mtime':
    case 'xattrs':
      return true
    case 'mode':
      return aclMode(path, attribute) || (Number.parseInt(described.mode, 8) & ~0o4755) !== 0
    default:
      return false
  }
}

/** The group bits of a file with an ACL are the mask, which is not restored where the ACL is not. */
function aclMode(path: string, attribute: string): boolean {
  return attribute === 'mode' && (source.get(path)?.xattrs.includes('posix_acl') ?? false)
}

test('npm tar restores names, contents, links, owners and modes', async () => {
  const out = emptyDirectory('npm')
  const unpack = extract({ cwd: out, preservePaths: true, preserveOwner: isRoot, chmod: true })
  await pipeline(createReadStream(fileOf('gzip')), createGunzip(), unpack)
  expect(compareTrees(source, restored(out), beyondNpm)).toEqual([])
})

function asciiOf(line: string): string {
  return Buffer.from(line)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`)
}
