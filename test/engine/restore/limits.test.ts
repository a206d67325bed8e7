import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { alone } from '../../../src/engine/archive/lineage.ts'
import { joinPath } from '../../../src/model/path.ts'
import {
  apply,
  archiveOfEntries,
  backUp,
  contentOf,
  files,
  isRoot,
  leftovers,
  named,
  prepare,
  put,
  restore,
  treeOf,
  useScratch,
} from './scratch.ts'

const scratch = useScratch()

/** Mounts need privileges that not every container has. */
const canMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0

function mountTmpfs(path: string, options: string): () => void {
  mkdirSync(path)
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
  return () => execFileSync('umount', [path])
}

test.runIf(canMount)('refuses before the first byte what the file system has no room for', async () => {
  const source = scratch.at('source')
  mkdirSync(source)
  put(joinPath(source, named('large')), randomBytes(3 << 20).toString('latin1'))
  const reader = await backUp(scratch, source)
  const umount = mountTmpfs(scratch.at('small'), 'size=2m')
  try {
    const plan = await prepare(scratch, [reader], { target: { kind: 'directory', path: scratch.at('small') } })
    await expect(apply(plan, [reader])).rejects.toMatchObject({
      code: 'E_NO_SPACE',
      message: expect.stringMatching(/needs 3145728 bytes .* has \d+ free/),
    })
    expect(files.names(scratch.at('small'))).toEqual([])
  } finally {
    umount()
  }
})

test.runIf(canMount)('stops when the disk fills up meanwhile; what was complete stays, and no half file', async () => {
  const source = scratch.at('source')
  mkdirSync(source)
  for (let at = 0; at < 30; at++) put(joinPath(source, named(`f${at}`)), randomBytes(100_000).toString('latin1'))
  put(joinPath(source, named('large')), randomBytes(9 << 20).toString('latin1'))
  const reader = await backUp(scratch, source)
  const umount = mountTmpfs(scratch.at('small'), 'size=16m')
  try {
    const plan = await prepare(scratch, [reader], { target: { kind: 'directory', path: scratch.at('small/t') } })
    writeFileSync(scratch.at('small/others'), randomBytes(11 << 20))
    const space = plan.header.space.map(({ at }) => ({ at, bytes: 0 }))
    const optimistic = { ...plan, header: { ...plan.header, space } }
    await expect(apply(optimistic, [reader])).rejects.toMatchObject({ code: 'E_NO_SPACE' })
    expect(leftovers(scratch.at('small'))).toEqual([])
    const there = scratch.at(`small/t/${source.slice(1)}`)
    const names = files.names(there)
    expect(names).not.toContain('large')
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(contentOf(joinPath(there, name))).toBe(contentOf(joinPath(source, name)))
  } finally {
    umount()
  }
})

test.runIf(canMount)('restores where the file system has no extended attributes, and says so once', async () => {
  const source = scratch.at('source')
  mkdirSync(source)
  for (const name of ['a', 'b']) {
    put(joinPath(source, named(name)), name)
    files.setXattr(joinPath(source, named(name)), 'user.one', Buffer.from('1'))
    execFileSync('setfacl', ['-m', 'u:1:r', joinPath(source, named(name))])
  }
  const reader = await backUp(scratch, source)
  mkdirSync(scratch.at('bare'))
  // procfs and ramfs have none; ramfs can be written to.
  execFileSync('mount', ['-t', 'ramfs', 'ramfs', scratch.at('bare')])
  try {
    const plan = await prepare(scratch, [reader], { target: { kind: 'directory', path: scratch.at('bare') } })
    const outcome = await apply(plan, [reader])
    expect(outcome.warnings.map(({ what, count }) => [what, count])).toEqual([
      ['extended attributes could not be restored', 2],
      ['access control lists could not be restored', 2],
    ])
    expect(contentOf(scratch.at(`bare/${source.slice(1)}/a`))).toBe('a')
  } finally {
    execFileSync('umount', [scratch.at('bare')])
  }
})

test.runIf(isRoot)('restores for another user than root what that user may, and says once what not', async () => {
  const source = scratch.at('source')
  mkdirSync(joinPath(source, named('closed/deeper')), { recursive: true })
  put(joinPath(source, named('closed/deeper/x')), 'x', 0o400)
  for (const name of ['closed/deeper', 'closed']) chmodSync(joinPath(source, named(name)), 0o500)
  put(joinPath(source, named('setuid')), 's', 0o6755)
  put(joinPath(source, named('theirs')), 't', 0o640)
  files.setOwner(joinPath(source, named('theirs')), 12, 34)
  files.setXattr(joinPath(source, named('theirs')), 'trusted.one', Buffer.from('1'))
  files.makeSymlink(named('theirs'), joinPath(source, named('link')))
  files.makeSpecial(joinPath(source, named('fifo')), 'fifo', 0o600, { major: 0, minor: 0 })
  files.makeSpecial(joinPath(source, named('null')), 'char-device', 0o666, { major: 1, minor: 3 })
  const reader = await backUp(scratch, source)
  mkdirSync(scratch.at('theirs'))
  for (const name of ['', 'theirs', 'repository']) chmodSync(joinPath(scratch.top, named(name)), 0o777)
  for (const name of files.names(scratch.at('repository'))) chmodSync(scratch.at(`repository/${name}`), 0o644)
  chownSync(scratch.at('theirs'), 65534, 65534)
  const script = fileURLToPath(new URL('./restore-as.ts', import.meta.url))
  const place = { ...reader.place, target: scratch.at('theirs'), spool: scratch.at('repository/spool') }
  const child = spawnSync(
    'setpriv',
    ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, script, JSON.stringify(place)],
    { encoding: 'utf8', cwd: '/' },
  )
  expect(child.stderr).toBe('')
  const { outcome, counts, refused, notes } = JSON.parse(child.stdout)
  expect(refused).toEqual([{ path: `${source.slice(1)}/null`, because: 'needs-root' }])
  expect(counts.refuse).toBe(1)
  expect(notes).toEqual([
    'without root this is not restored: the owner or group of 8 entries, attributes of the system (trusted, security) of 1 entry, 1 device',
  ])
  expect(outcome.problems).toEqual([])
  const warned = outcome.warnings.map(({ what }: { what: string }) => what)
  expect(warned.sort()).toEqual([
    'extended attributes of the system (trusted, security) were not restored: that needs root',
    'ownership was not restored: that needs root',
    'setuid and setgid were left out: their owner could not be restored',
  ])
  const there = (name: string) => files.status(scratch.at(join(`theirs/${source.slice(1)}`, name)))
  expect(there('setuid')).toMatchObject({ mode: 0o755, uid: 65534, gid: 65534 })
  expect(there('closed/deeper')).toMatchObject({ mode: 0o500 })
  expect(there('closed/deeper/x')).toMatchObject({ mode: 0o400, uid: 65534 })
  expect(there('link')).toMatchObject({ type: 'symlink' })
  expect(there('fifo')).toMatchObject({ type: 'fifo' })
  expect(there('null')).toBeUndefined()
})

test('goes on where one file cannot be written, and tells it', async () => {
  const reader = await archiveOfEntries(scratch, [
    { path: 'a', type: 'file', content: 'a' },
    { path: 'n'.repeat(256), type: 'file', content: 'too long a name' },
    { path: 'z', type: 'file', content: 'z' },
  ])
  const { outcome } = await restore(scratch, [reader])
  expect(outcome).toMatchObject({ written: 2, failed: 1, damaged: [] })
  expect(outcome.problems[0]?.what).toMatch(/the name is too long for the file system$/)
  expect([...treeOf(scratch.at('target')).keys()]).toEqual(['', 'a', 'z'])
})

test('leaves nothing of a file the archive has lost, nor of its links, and gives back all others', async () => {
  const source = scratch.at('source')
  mkdirSync(source)
  for (const name of ['a', 'm', 'z']) put(joinPath(source, named(name)), randomBytes(2 << 20).toString('latin1'))
  files.makeHardlink(joinPath(source, named('m')), joinPath(source, named('n')))
  const reader = await backUp(scratch, source)
  const first = await restore(scratch, [reader])
  expect(first.outcome.damaged).toEqual([])
  const there = scratch.at(`target/${source.slice(1)}`)
  writeFileSync(joinPath(there, named('m')), 'theirs')
  const { place } = reader
  const middle = alone(reader).find(named(`${source.slice(1)}/m`))?.content
  if (middle?.kind !== 'extent') throw new Error('expected one extent')
  const fd = files.open(place.path, 'read-write')
  const bytes = readFileSync(place.path)
  const at = middle.extent.offset + middle.extent.compressedBytes - 2000
  files.write(fd, Uint8Array.of((bytes[at] as number) ^ 1), at)
  files.close(fd)
  const fresh = await restore(scratch, [reader], { target: { kind: 'directory', path: scratch.at('fresh') } })
  expect([...fresh.outcome.damaged].sort()).toEqual(['m', 'n'].map((name) => `${source.slice(1)}/${name}`))
  expect(files.names(scratch.at(`fresh/${source.slice(1)}`)).sort()).toEqual(['a', 'z'])
  const over = await restore(scratch, [reader])
  expect(over.outcome.damaged).toHaveLength(2)
  // What stood there is not exchanged for nothing.
  expect(contentOf(joinPath(there, named('m')))).toBe('theirs')
  expect(contentOf(joinPath(there, named('n')))).toBe('theirs')
  expect(leftovers(scratch.top)).toEqual([])
})
