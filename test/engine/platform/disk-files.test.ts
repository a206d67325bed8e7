import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDiskFiles, loadFiles } from '../../../src/engine/platform/disk-files.ts'
import { type BytePath, joinPath, pathFromText } from '../../../src/model/path.ts'
import { filesContract } from '../../contract/files.ts'

filesContract('the disk', () => createDiskFiles())

let top: BytePath
const files = createDiskFiles()
const diskModule = new URL('../../../src/engine/platform/disk-files.ts', import.meta.url).href
const isRoot = process.getuid?.() === 0

beforeEach(() => {
  top = pathFromText(mkdtempSync(join(tmpdir(), 'disk-')))
})
afterEach(() => {
  execFileSync('rm', ['-rf', top])
})

const named = (name: string) => name as BytePath
const at = (name: string) => joinPath(top, named(name))
const openDescriptors = () => readdirSync('/proc/self/fd').length

/** Makes directories below `top` until the path is at least `length` bytes long, and gives it. */
function makeDeep(length: number, name: string): BytePath {
  let path = top
  while (path.length < length) {
    path = joinPath(path, named(name))
    files.makeDirectory(path, 0o700)
  }
  return path
}

test('reaches a path of 9,000 bytes in every call, and leaves no descriptor open', async () => {
  const before = openDescriptors()
  const deep = makeDeep(9_000, `d\xff${'x'.repeat(120)}`)
  expect(deep.length).toBeGreaterThan(9_000)
  const inDeep = (name: string) => joinPath(deep, named(name))
  const fd = files.open(inDeep('a'), 'create')
  files.write(fd, new Uint8Array(10), null)
  files.close(fd)
  expect(files.status(inDeep('a'))?.sizeBytes).toBe(10)
  expect(files.statusFollowing(inDeep('a'))?.type).toBe('file')
  expect(files.status(inDeep('absent'))).toBeUndefined()
  expect(files.status(joinPath(inDeep('absent'), named('y'.repeat(200))))).toBeUndefined()
  expect(files.fileSystem(deep).totalBytes).toBeGreaterThan(0)
  files.setTime(inDeep('a'), 5n)
  files.setMode(inDeep('a'), 0o604)
  if (isRoot) files.setOwner(inDeep('a'), 1, 2)
  expect(files.status(inDeep('a'))).toMatchObject({ mtimeNs: 5n, mode: 0o604, ...(isRoot ? { uid: 1, gid: 2 } : {}) })
  files.setXattr(inDeep('a'), 'user.a', Uint8Array.of(1))
  expect(files.xattrs(inDeep('a'))).toEqual(new Map([['user.a', Uint8Array.of(1)]]))
  files.removeXattr(inDeep('a'), 'user.a')
  files.makeSymlink(named('a'), inDeep('link'))
  expect(files.linkTarget(inDeep('link'))).toBe('a')
  expect(files.realPath(inDeep('link'))).toBe(inDeep('a'))
  expect(files.realPath(joinPath(deep, named('../..//./')))).toBe(deep.split('/').slice(0, -2).join('/'))
  files.makeHardlink(inDeep('a'), inDeep('b'))
  files.makeSpecial(inDeep('fifo'), 'fifo', 0o600, { major: 0, minor: 0 })
  files.rename(inDeep('b'), inDeep('c'))
  expect(files.names(deep).sort()).toEqual(['a', 'c', 'fifo', 'link'])
  files.removeFile(inDeep('c'))
  files.makeDirectory(inDeep('empty'), 0o700)
  files.removeDirectory(inDeep('empty'))
  files.removeTree(deep)
  expect(files.status(deep)).toBeUndefined()
  files.removeTree(joinPath(top, named(`d\xff${'x'.repeat(120)}`)))
  expect(files.names(top)).toEqual([])
  expect(openDescriptors()).toBe(before)
})

test('removes a tree 5,000 levels deep with few descriptors open', () => {
  makeDeep(10_000, 'a')
  const script = `const { createDiskFiles } = await import(${JSON.stringify(diskModule)})
    createDiskFiles().removeTree(${JSON.stringify(at('a'))})`
  const command = `ulimit -n 200; exec "$0" --input-type=module -e "$1"`
  const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, script], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(existsSync(at('a'))).toBe(false)
})

test('refuses a path with a NUL in it rather than use the part before', () => {
  writeFileSync(at('a'), 'x')
  const path = named(`${at('a')}\0b`)
  expect(() => files.status(path)).toThrow()
  expect(() => files.open(path, 'read')).toThrow()
  expect(() => files.xattrs(path)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  expect(() => files.setTime(path, 0n)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
})

test('names the path safely in an error of the C library', () => {
  expect(() => files.xattrs(at('absent\x1b[2J'))).toThrow(
    expect.objectContaining({
      message: `ENOENT: no such file or directory, llistxattr '${top}/absent\\e[2J'`,
      code: 'ENOENT',
      errno: -2,
      syscall: 'llistxattr',
    }),
  )
})

test('closes what it opens when another program is started', () => {
  writeFileSync(at('a'), 'x')
  const fd = files.open(at('a'), 'read')
  const seen = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' })
  files.close(fd)
  expect(seen).not.toContain(at('a'))
})

test('does not touch the access time of what it backs up', () => {
  writeFileSync(at('a'), 'x')
  execFileSync('touch', ['-a', '-d', '2001-02-03T04:05:06Z', at('a')])
  const fd = files.open(at('a'), 'read')
  files.read(fd, new Uint8Array(1), 0, 1, null)
  files.close(fd)
  expect(execFileSync('stat', ['-c', '%X', at('a')], { encoding: 'utf8' })).toBe('981173106\n')
})

test.runIf(isRoot)('reads the file of another user, whose access time it may not spare', () => {
  writeFileSync(at('a'), 'public')
  chmodSync(at('a'), 0o644)
  chmodSync(top, 0o755)
  const result = asNobody(`const fd = files.open(${JSON.stringify(at('a'))}, 'read')
    const into = new Uint8Array(6)
    files.read(fd, into, 0, 6, null)
    process.stdout.write(into)`)
  expect(result).toEqual({ status: 0, stdout: 'public', stderr: '' })
})

test.runIf(isRoot)('removes read-only directories of its own, and nothing of others', () => {
  mkdirSync(at('tree/locked/inner'), { recursive: true })
  writeFileSync(at('tree/locked/inner/file'), 'x')
  mkdirSync(at('theirs'))
  writeFileSync(at('theirs/file'), 'x')
  execFileSync('chown', ['-R', '65534:65534', at('tree')])
  chmodSync(at('tree/locked/inner'), 0o000)
  chmodSync(at('tree/locked'), 0o500)
  chmodSync(top, 0o777)
  const mine = asNobody(`files.removeTree(${JSON.stringify(at('tree'))})`)
  expect(mine).toEqual({ status: 0, stdout: '', stderr: '' })
  expect(existsSync(at('tree'))).toBe(false)
  const theirs = asNobody(`try { files.removeTree(${JSON.stringify(at('theirs'))}) } catch (error) {
    process.stdout.write(error.code)
  }`)
  expect(theirs.stdout).toBe('EACCES')
  expect(existsSync(at('theirs/file'))).toBe(true)
})

test.runIf(isRoot)('names the call and the code where a device file needs root', () => {
  chmodSync(top, 0o777)
  const result = asNobody(`try {
    files.makeSpecial(${JSON.stringify(at('null'))}, 'char-device', 0o600, { major: 1, minor: 3 })
  } catch (error) { process.stdout.write(error.code + ' ' + error.syscall) }`)
  expect(result.stdout).toBe('EPERM mknod')
})

test('gives no extended attributes on a file system that has none', () => {
  expect(files.xattrs(named('/proc/self/status'))).toEqual(new Map())
})

test('writes all of it or throws where the disk is full', () => {
  const fd = files.open(named('/dev/full'), 'read-write')
  expect(() => files.write(fd, new Uint8Array(10), null)).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
  files.close(fd)
})

test('gives a loop of symlinks as ELOOP, on a long path too', () => {
  const deep = makeDeep(5_000, 'x'.repeat(200))
  const loop = joinPath(deep, named('loop'))
  files.makeSymlink(named('loop'), loop)
  expect(() => files.realPath(loop)).toThrow(expect.objectContaining({ code: 'ELOOP' }))
  expect(() => files.realPath(joinPath(deep, named('absent')))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
})

test('says what is missing where the C library is out of reach, and does what Node can', async () => {
  const lesser = createDiskFiles(() => null)
  const fd = lesser.open(at('a'), 'create')
  lesser.write(fd, new Uint8Array(10), null)
  const missing = (what: string) =>
    expect.objectContaining({ code: 'E_PLATFORM', message: expect.stringContaining(what) })
  expect(() => lesser.tryLock(fd)).toThrow(missing('locks'))
  expect(() => lesser.xattrs(at('a'))).toThrow(missing('extended attributes'))
  expect(() => lesser.setXattr(at('a'), 'user.a', new Uint8Array())).toThrow(missing('extended attributes'))
  expect(() => lesser.removeXattr(at('a'), 'user.a')).toThrow(missing('extended attributes'))
  expect(() => lesser.makeSpecial(at('f'), 'fifo', 0o600, { major: 0, minor: 0 })).toThrow(missing('special files'))
  await expect(lesser.syncFileSystem(fd)).rejects.toMatchObject({ code: 'E_PLATFORM' })
  expect(lesser.dataRegions(fd, 10)).toEqual([[0, 10]])
  lesser.startWriteback(fd, 0, 10)
  lesser.dropCache(fd)
  lesser.setTime(at('a'), -5_250_000_000n)
  expect(lesser.status(at('a'))?.mtimeNs).toBe(-5_250_000_000n)
  lesser.setTimeOf(fd, 7_000_000_000n)
  expect(lesser.statusOf(fd).mtimeNs).toBe(7_000_000_000n)
  lesser.close(fd)
})

test('loads the files a module makes, and the disk where none is named', async () => {
  writeFileSync(at('files.mjs'), 'export const createFiles = () => ({ names: () => ["from the module"] })')
  writeFileSync(at('empty.mjs'), 'export {}')
  const loaded = await loadFiles(pathToFileURL(at('files.mjs')).href)
  expect(loaded.names(top)).toEqual(['from the module'])
  expect((await loadFiles(null)).names(top).sort()).toEqual(['empty.mjs', 'files.mjs'])
  await expect(loadFiles(pathToFileURL(at('empty.mjs')).href)).rejects.toMatchObject({ code: 'E_INTERNAL' })
})

test('does not remove through a symlink put in the place of the tree', () => {
  mkdirSync(at('kept'))
  writeFileSync(at('kept/file'), 'x')
  symlinkSync('kept', at('tree'))
  files.removeTree(named(`${at('tree')}`))
  expect(existsSync(at('kept/file'))).toBe(true)
  rmSync(at('kept'), { recursive: true })
})

function asNobody(body: string): { status: number | null; stdout: string; stderr: string } {
  const script = `const { createDiskFiles } = await import(${JSON.stringify(diskModule)})
    const files = createDiskFiles()
    ${body}`
  const args = [
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ]
  const { status, stdout, stderr } = spawnSync('setpriv', args, { encoding: 'utf8', cwd: '/' })
  return { status, stdout, stderr }
}
