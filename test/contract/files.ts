import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BytePath, joinPath, pathFromText, pathToBytes } from '../../src/model/path.ts'
import type { Files } from '../../src/model/ports.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const named = (name: string) => name as BytePath

/** What the engine relies on in a file system. Run it over every implementation of Files. */
export function filesContract(title: string, createFiles: () => Files): void {
  describe(`${title} keeps the contract of Files`, () => {
    let top: BytePath
    let files: Files
    const at = (name: string) => joinPath(top, named(name))

    beforeEach(() => {
      top = pathFromText(mkdtempSync(join(tmpdir(), 'files-')))
      files = createFiles()
    })
    afterEach(() => rmSync(top, { recursive: true, force: true }))

    function put(path: BytePath, text: string): void {
      const fd = files.open(path, 'create')
      files.write(fd, pathToBytes(named(text)), null)
      files.close(fd)
    }
    function content(path: BytePath): string {
      const fd = files.open(path, 'read')
      const into = new Uint8Array(1000)
      const count = files.read(fd, into, 0, 1000, null)
      files.close(fd)
      return Buffer.from(into.subarray(0, count)).toString('latin1')
    }

    test('gives back every byte that was written, at the position asked for', () => {
      const fd = files.open(at('a'), 'create')
      files.write(fd, bytes('hello world'), null)
      files.write(fd, bytes('J'), 0)
      files.close(fd)
      const reading = files.open(at('a'), 'read')
      const into = new Uint8Array(10)
      expect(files.read(reading, into, 2, 5, 6)).toBe(5)
      expect(Buffer.from(into).toString()).toBe('\0\0world\0\0\0')
      expect(files.read(reading, into, 0, 1, null)).toBe(1)
      expect(into[0]).toBe('J'.charCodeAt(0))
      expect(files.read(reading, into, 0, 10, 11)).toBe(0)
      files.close(reading)
    })

    test('creates only what is not there, for its owner alone', () => {
      put(at('a'), 'first')
      expect(() => files.open(at('a'), 'create')).toThrow(expect.objectContaining({ code: 'EEXIST' }))
      expect(files.status(at('a'))).toMatchObject({ type: 'file', mode: 0o600, sizeBytes: 5, links: 1 })
    })

    test('appends at the end, and makes the file where it is absent', () => {
      for (const line of ['one\n', 'two\n']) {
        const fd = files.open(at('log'), 'append')
        files.write(fd, bytes(line), null)
        files.close(fd)
      }
      expect(content(at('log'))).toBe('one\ntwo\n')
      expect(files.status(at('log'))?.mode).toBe(0o600)
    })

    test('changes a file in place only where it exists', () => {
      expect(() => files.open(at('a'), 'read-write')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
      put(at('a'), 'abcdef')
      const fd = files.open(at('a'), 'read-write')
      files.write(fd, bytes('X'), 1)
      files.truncate(fd, 3)
      files.close(fd)
      expect(content(at('a'))).toBe('aXc')
    })

    test('does not open a symlink for reading or as a directory unless told to follow', () => {
      put(at('file'), 'x')
      files.makeDirectory(at('directory'), 0o700)
      files.makeSymlink(named('file'), at('to-file'))
      files.makeSymlink(named('directory'), at('to-directory'))
      expect(() => files.open(at('to-file'), 'read')).toThrow(expect.objectContaining({ code: 'ELOOP' }))
      expect(() => files.open(at('to-directory'), 'directory')).toThrow(expect.objectContaining({ code: 'ENOTDIR' }))
      files.close(files.open(at('to-file'), 'read-following'))
      files.close(files.open(at('to-directory'), 'directory-following'))
      expect(files.status(at('to-file'))?.type).toBe('symlink')
      expect(files.statusFollowing(at('to-file'))?.type).toBe('file')
      expect(files.linkTarget(at('to-file'))).toBe('file')
    })

    test('does not wait for a writer when it opens a FIFO for reading', () => {
      files.makeSpecial(at('fifo'), 'fifo', 0o600, { major: 0, minor: 0 })
      const fd = files.open(at('fifo'), 'read')
      expect(files.statusOf(fd).type).toBe('fifo')
      files.close(fd)
    })

    test('makes special files that read back as they were asked for', () => {
      files.makeSpecial(at('fifo'), 'fifo', 0o600, { major: 0, minor: 0 })
      files.makeSpecial(at('socket'), 'socket', 0o600, { major: 0, minor: 0 })
      expect(files.status(at('fifo'))).toMatchObject({ type: 'fifo', mode: 0o600 })
      expect(files.status(at('socket'))?.type).toBe('socket')
    })

    test.runIf(process.getuid?.() === 0)('makes device files with numbers past 255', () => {
      files.makeSpecial(at('null'), 'char-device', 0o600, { major: 1, minor: 3 })
      files.makeSpecial(at('disk'), 'block-device', 0o600, { major: 259, minor: 70_000 })
      expect(files.status(at('null'))).toMatchObject({ type: 'char-device', deviceNumber: { major: 1, minor: 3 } })
      expect(files.status(at('disk'))).toMatchObject({
        type: 'block-device',
        deviceNumber: { major: 259, minor: 70_000 },
      })
      expect(execFileSync('stat', ['-c', '%t %T', at('disk')], { encoding: 'utf8' })).toBe('103 11170\n')
    })

    test('says undefined of an absent name, and of one below a file', () => {
      put(at('file'), 'x')
      for (const path of [at('absent'), at('absent/below'), at('file/below')]) {
        expect(files.status(path)).toBeUndefined()
        expect(files.statusFollowing(path)).toBeUndefined()
      }
    })

    test('keeps names of any bytes as they are', () => {
      const every = Array.from({ length: 255 }, (_, byte) => byte + 1).filter((byte) => byte !== 0x2f)
      const names = [
        every.map((byte) => String.fromCharCode(byte)).join(''),
        '\xff\xfe',
        'line\nfeed',
        '-rf',
        ' ',
        '\xc3\xbc', // ü
      ].map(named)
      for (const name of names) put(joinPath(top, name), name)
      expect(files.names(top).sort()).toEqual([...names].sort())
      for (const name of names) expect(content(joinPath(top, name))).toBe(name)
      const printed = execFileSync('find', [top, '-type', 'f', '-printf', '%f\\0'])
      for (const name of names) expect(printed.includes(Buffer.from(pathToBytes(name)))).toBe(true)
      files.makeSymlink(named('to \xff'), at('link \xfe'))
      expect(files.linkTarget(at('link \xfe'))).toBe('to \xff')
      expect(files.realPath(joinPath(top, named('\xff\xfe')))).toBe(joinPath(files.realPath(top), named('\xff\xfe')))
    })

    test('reaches an entry of an open directory after the directory was renamed and its name taken by a symlink', () => {
      files.makeDirectory(at('real'), 0o700)
      files.makeDirectory(at('trap'), 0o700)
      const directory = files.open(at('real'), 'directory')
      files.rename(at('real'), at('moved'))
      files.makeSymlink(named('trap'), at('real'))
      put(files.childOf(directory, named('a')), 'safe')
      files.close(directory)
      expect(content(at('moved/a'))).toBe('safe')
      expect(files.names(at('trap'))).toEqual([])
    })

    test('renames over what is there, links, and removes', () => {
      put(at('a'), 'new')
      put(at('b'), 'old')
      files.rename(at('a'), at('b'))
      expect(content(at('b'))).toBe('new')
      files.makeHardlink(at('b'), at('c'))
      expect(files.status(at('c'))).toMatchObject({ links: 2, inode: files.status(at('b'))?.inode })
      files.removeFile(at('b'))
      files.makeDirectory(at('d'), 0o750)
      expect(files.status(at('d'))).toMatchObject({ type: 'directory', mode: 0o750 })
      files.removeDirectory(at('d'))
      expect(files.names(top)).toEqual(['c'])
      expect(() => files.removeFile(at('absent'))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    })

    test('links a symlink itself, not its target', () => {
      files.makeSymlink(named('nowhere'), at('a'))
      files.makeHardlink(at('a'), at('b'))
      expect(files.linkTarget(at('b'))).toBe('nowhere')
    })

    test('sets modification times to the nanosecond, before 1970 too, and leaves access times alone', () => {
      put(at('a'), 'x')
      files.makeSymlink(named('a'), at('link'))
      execFileSync('touch', ['-a', '-d', '2001-02-03T04:05:06Z', at('a')])
      for (const mtimeNs of [1_700_000_000_123_456_789n, 0n, -1n, -1_500_000_000n, 10_000_000_000_000_000_001n]) {
        files.setTime(at('a'), mtimeNs)
        expect(files.status(at('a'))?.mtimeNs).toBe(mtimeNs)
        const fd = files.open(at('a'), 'read')
        files.setTimeOf(fd, mtimeNs + 7n)
        expect(files.statusOf(fd).mtimeNs).toBe(mtimeNs + 7n)
        files.close(fd)
      }
      files.setTime(at('link'), 42n)
      expect(files.status(at('link'))?.mtimeNs).toBe(42n)
      expect(files.status(at('a'))?.mtimeNs).not.toBe(42n)
      expect(execFileSync('stat', ['-c', '%X', at('a')], { encoding: 'utf8' })).toBe('981173106\n')
    })

    test('sets modes with all twelve bits, and never through a symlink', () => {
      put(at('a'), 'x')
      files.setMode(at('a'), 0o4755)
      expect(files.status(at('a'))?.mode).toBe(0o4755)
      const fd = files.open(at('a'), 'read')
      files.setModeOf(fd, 0o640)
      files.close(fd)
      files.makeSymlink(named('a'), at('link'))
      expect(() => files.setMode(at('link'), 0o777)).toThrow()
      expect(files.status(at('a'))?.mode).toBe(0o640)
    })

    test.runIf(process.getuid?.() === 0)('sets owners, of the symlink itself', () => {
      put(at('a'), 'x')
      files.makeSymlink(named('a'), at('link'))
      files.setOwner(at('link'), 12, 34)
      expect(files.status(at('link'))).toMatchObject({ uid: 12, gid: 34 })
      expect(files.status(at('a'))?.uid).toBe(0)
      const fd = files.open(at('a'), 'read')
      files.setOwnerOf(fd, 4_000_000_000, 56)
      files.close(fd)
      expect(files.status(at('a'))).toMatchObject({ uid: 4_000_000_000, gid: 56 })
    })

    test('gives no extended attributes where there are none', () => {
      put(at('a'), 'x')
      expect(files.xattrs(at('a'))).toEqual(new Map())
    })

    test('keeps extended attributes byte for byte, as getfattr sees them', () => {
      put(at('a'), 'x')
      const values = new Map([
        ['user.binary', Uint8Array.of(0, 10, 61, 255, 0)],
        ['user.empty', new Uint8Array()],
        ['user.n\u00e4me', bytes('value')],
        ['user.\udcff', bytes('not UTF-8')],
      ])
      for (const [name, value] of values) files.setXattr(at('a'), name, value)
      expect(files.xattrs(at('a'))).toEqual(values)
      const shown = execFileSync('getfattr', ['--absolute-names', '-e', 'hex', '-n', 'user.binary', at('a')])
      expect(shown.toString()).toContain('user.binary=0x000a3dff00\n')
      expect(execFileSync('getfattr', ['--absolute-names', at('a')], { encoding: 'latin1' })).toContain('user.\xff')
      files.removeXattr(at('a'), 'user.empty')
      expect([...files.xattrs(at('a')).keys()]).not.toContain('user.empty')
      expect(() => files.removeXattr(at('a'), 'user.empty')).toThrow(
        expect.objectContaining({ code: 'ENODATA', syscall: 'lremovexattr' }),
      )
    })

    test('carries an ACL from one file to another, as getfacl sees it', () => {
      put(at('a'), 'x')
      put(at('b'), 'x')
      execFileSync('setfacl', ['-m', 'u:65534:rwx,m::r', at('a')])
      const acl = files.xattrs(at('a')).get('system.posix_acl_access')
      expect(acl).toBeDefined()
      files.setXattr(at('b'), 'system.posix_acl_access', acl ?? new Uint8Array())
      const shown = (path: BytePath) => execFileSync('getfacl', ['-cn', path], { encoding: 'utf8', stdio: 'pipe' })
      expect(shown(at('b'))).toBe(shown(at('a')))
      expect(shown(at('b'))).toContain('user:65534:rwx')
    })

    test('tells data from holes, and leaves the reading position where it was', () => {
      const fd = files.open(at('sparse'), 'create')
      files.write(fd, bytes('begin'), 1_048_576)
      files.truncate(fd, 4_194_304)
      files.close(fd)
      const reading = files.open(at('sparse'), 'read')
      files.read(reading, new Uint8Array(10), 0, 10, null)
      const regions = files.dataRegions(reading, 4_194_304)
      expect(regions).toHaveLength(1)
      const [offset, length] = regions[0] ?? [0, 0]
      expect(offset).toBe(1_048_576)
      expect(length).toBeLessThan(1_048_576)
      expect(files.statusOf(reading).allocatedBytes).toBeLessThan(1_048_576)
      const into = new Uint8Array(5)
      files.read(reading, new Uint8Array(1_048_566), 0, 1_048_566, null)
      files.read(reading, into, 0, 5, null)
      expect(Buffer.from(into).toString()).toBe('begin')
      files.close(reading)
    })

    test('gives one region for a file without holes, none for an empty one or a single hole', () => {
      put(at('full'), 'x'.repeat(100_000))
      const full = files.open(at('full'), 'read')
      expect(files.dataRegions(full, 100_000)).toEqual([[0, 100_000]])
      files.close(full)
      const hole = files.open(at('hole'), 'create')
      expect(files.dataRegions(hole, 0)).toEqual([])
      files.truncate(hole, 1_000_000)
      expect(files.dataRegions(hole, 1_000_000)).toEqual([])
      files.close(hole)
    })

    test('gives a lock to one open file at a time, and drops it on close', () => {
      const first = files.open(at('lock'), 'lock')
      const second = files.open(at('lock'), 'lock')
      expect(files.tryLock(first)).toBe(true)
      expect(files.tryLock(second)).toBe(false)
      files.close(first)
      expect(files.tryLock(second)).toBe(true)
      files.close(second)
    })

    test('gives a shared lock to any number, beside no exclusive one', () => {
      put(at('lock'), '')
      const readers = [files.open(at('lock'), 'read'), files.open(at('lock'), 'read')] as const
      const writer = files.open(at('lock'), 'read-write')
      expect(readers.map((fd) => files.tryShareLock(fd))).toEqual([true, true])
      expect(files.tryLock(writer)).toBe(false)
      files.close(readers[0])
      expect(files.tryLock(writer)).toBe(false)
      files.close(readers[1])
      expect(files.tryLock(writer)).toBe(true)
      const late = files.open(at('lock'), 'read')
      expect(files.tryShareLock(late)).toBe(false)
      files.close(writer)
      expect(files.tryShareLock(late)).toBe(true)
      files.close(late)
    })

    test('syncs a file, a directory and a file system without holding up the event loop', async () => {
      const fd = files.open(at('a'), 'create')
      const directory = files.open(top, 'directory')
      files.write(fd, bytes('x'), null)
      files.startWriteback(fd, 0, 1)
      const order: string[] = []
      const synced = Promise.all([files.sync(fd), files.sync(directory), files.syncFileSystem(directory)]).then(() =>
        order.push('synced'),
      )
      order.push('went on')
      await synced
      expect(order).toEqual(['went on', 'synced'])
      files.dropCache(fd)
      files.close(fd)
      files.close(directory)
      await expect(files.sync(fd)).rejects.toMatchObject({ code: 'EBADF' })
      await expect(files.syncFileSystem(fd)).rejects.toMatchObject({ code: 'EBADF', syscall: 'syncfs' })
    })

    test('tells how much room there is', () => {
      const { freeBytes, totalBytes } = files.fileSystem(top)
      expect(freeBytes).toBeGreaterThan(0)
      expect(totalBytes).toBeGreaterThanOrEqual(freeBytes)
    })

    test('removes a tree without following symlinks, and does not mind its absence', () => {
      files.makeDirectory(at('outside'), 0o700)
      put(at('outside/kept'), 'x')
      files.makeDirectory(at('tree'), 0o700)
      files.makeDirectory(at('tree/inner'), 0o700)
      put(at('tree/inner/\xff'), 'x')
      files.makeSymlink(named('../../outside'), at('tree/inner/link'))
      files.makeSpecial(at('tree/fifo'), 'fifo', 0o600, { major: 0, minor: 0 })
      files.makeSymlink(named('outside'), at('link'))
      files.removeTree(at('tree'))
      files.removeTree(at('link'))
      files.removeTree(at('absent'))
      files.removeTree(at('absent/below'))
      expect(files.names(top)).toEqual(['outside'])
      expect(content(at('outside/kept'))).toBe('x')
    })
  })
}
