import { execFileSync } from 'node:child_process'
import { createHash, hash, randomBytes } from 'node:crypto'
import { mkdirSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compressFrame, defaultLevel } from '../../../src/engine/archive/codec.ts'
import { alone } from '../../../src/engine/archive/lineage.ts'
import { type BytePath, joinPath } from '../../../src/model/path.ts'
import type { TocEntry } from '../../../src/model/toc.ts'
import {
  archiveOf,
  archiveOfEntries,
  backUp,
  contentOf,
  files,
  isRoot,
  leftovers,
  named,
  put,
  restore,
  treeOf,
  useScratch,
} from './scratch.ts'

const scratch = useScratch()

/** A tree with everything that a backup tool has ever got wrong. */
function makeNastyTree(top: BytePath): void {
  const at = (name: string) => joinPath(top, named(name))
  files.makeDirectory(top, 0o755)
  put(at('plain'), 'content')
  put(at('empty'), '')
  put(at('not\xffutf8\n'), 'bytes in its name')
  put(at('\xc3\xa4\xf0\x9f\x98\x80'), 'text in its name')
  put(at('-leading dash'), 'x')
  put(at('n'.repeat(255)), 'the longest name')
  files.setTime(at('plain'), 1_234_567_890_123_456_789n)
  files.setTime(at('empty'), -5_000_000_001n)
  files.makeDirectory(at('empty directory'), 0o711)
  files.makeSymlink(named('../\xfe'), at('dangling'))
  files.setTime(at('dangling'), 987_654_321n)
  put(at('linked a'), 'one file')
  files.makeHardlink(at('linked a'), at('linked b'))
  files.makeDirectory(at('links'), 0o755)
  files.makeHardlink(at('linked a'), at('links/c'))
  files.makeSpecial(at('fifo'), 'fifo', 0o620, { major: 0, minor: 0 })
  if (isRoot) {
    files.makeSpecial(at('null'), 'char-device', 0o666, { major: 1, minor: 3 })
    files.makeSpecial(at('disk'), 'block-device', 0o660, { major: 7, minor: 250 })
    files.setOwner(at('plain'), 12345, 54321)
    put(at('theirs with setuid'), 'x')
    files.setOwner(at('theirs with setuid'), 99, 98)
    files.setMode(at('theirs with setuid'), 0o6755)
    files.setXattr(at('theirs with setuid'), 'trusted.key', Buffer.from('value'))
    files.setOwner(at('dangling'), 7, 8)
  }
  put(at('setuid'), 'x', 0o4711)
  put(at('hardly anybody may read it'), 'x', isRoot ? 0 : 0o400)
  files.setXattr(at('plain'), 'user.bytes', Uint8Array.of(0, 10, 61, 255))
  files.setXattr(at('empty directory'), 'user.empty', new Uint8Array(0))
  execFileSync('setfacl', ['-m', 'u:1234:rw,g:99:r', Buffer.from(at('plain'), 'latin1').toString()])
  execFileSync('setfacl', ['-m', 'd:u:1234:rwx,u:77:x', Buffer.from(at('links'), 'latin1').toString()])
  put(at('links/inherited nothing'), 'x')
  execFileSync('setfacl', ['-b', at('links/inherited nothing')])
  files.makeDirectory(at('read-only'), 0o755)
  put(at('read-only/inside'), 'x', 0o400)
  files.setMode(at('read-only'), 0o555)

  const sparse = files.open(at('sparse'), 'create')
  files.write(sparse, Buffer.from('start'), 0)
  files.write(sparse, Buffer.from('middle'), 1 << 20)
  files.truncate(sparse, 3 << 20)
  files.close(sparse)
  const hole = files.open(at('only a hole'), 'create')
  files.truncate(hole, 5_000_000)
  files.close(hole)
  const large = files.open(at('large'), 'create')
  files.write(large, randomBytes(20 << 20), 0)
  files.close(large)
  const largeSparse = files.open(at('large and sparse'), 'create')
  for (const megabyte of [1, 9, 30]) files.write(largeSparse, randomBytes(3 << 20), megabyte << 20)
  files.truncate(largeSparse, 40 << 20)
  files.close(largeSparse)

  let deep = top
  while (deep.length < 9_000) {
    deep = joinPath(deep, named(`d\xfe${'x'.repeat(120)}`))
    files.makeDirectory(deep, 0o750)
  }
  put(joinPath(deep, named('at the bottom')), 'deep')
  files.makeHardlink(joinPath(deep, named('at the bottom')), joinPath(deep, named('once more')))
  files.setTime(deep, 42n)
  files.setTime(at('links'), 1n)
  files.setTime(top, 1_000_000_000_000_000_001n)
}

test('gives back a tree with everything in it, attribute by attribute', async () => {
  const source = scratch.at('source')
  makeNastyTree(source)
  const before = treeOf(source)
  const reader = await backUp(scratch, source)
  const { plan, outcome } = await restore(scratch, [reader])
  expect(plan.header.counts).toMatchObject({ overwrite: 0, unchanged: 0, metadata: 0, keep: 0, refuse: 0 })
  expect(outcome).toMatchObject({ refused: 0, failed: 0, problems: [], damaged: [], warnings: [] })
  expect(outcome.written).toBe(plan.header.counts.create)
  const restored = joinPath(scratch.at('target'), named(source.slice(1)))
  const after = treeOf(restored)
  expect([...after.keys()]).toEqual([...before.keys()])
  for (const [path, facts] of before)
    expect({ path, ...(after.get(path) as object) }).toEqual({ path, ...(facts as object) })
  expect(leftovers(scratch.at('target'))).toEqual([])
  for (const name of ['sparse', 'only a hole', 'large and sparse']) {
    const then = files.status(joinPath(source, named(name)))?.allocatedBytes ?? 0
    expect(files.status(joinPath(restored, named(name)))?.allocatedBytes).toBeLessThanOrEqual(then)
  }
})

test('finds nothing to do where everything is as it was', async () => {
  const source = scratch.at('source')
  makeNastyTree(source)
  const reader = await backUp(scratch, source)
  const first = await restore(scratch, [reader])
  const again = await restore(scratch, [reader])
  expect(again.plan.header.counts).toMatchObject({ create: 0, overwrite: 0, metadata: 0, keep: 0, refuse: 0 })
  expect(again.plan.header.counts.unchanged).toBe(first.plan.header.counts.create)
  expect(again.plan.header.bytesToWrite).toBe(0)
  expect(again.outcome.written).toBe(0)
})

test('restores in place what was changed, removed and added to, and nothing else', async () => {
  const source = scratch.at('source')
  mkdirSync(source)
  symlinkSync(source, scratch.at('alias'))
  files.makeDirectory(joinPath(source, named('d')), 0o755)
  for (const name of ['a', 'b', 'd/c', 'd/e']) put(joinPath(source, named(name)), `content of ${name}`)
  files.makeHardlink(joinPath(source, named('a')), joinPath(source, named('a2')))
  for (const name of ['d', '']) files.setTime(joinPath(source, named(name)), 77_000_000_007n)
  // Backed up by way of a symlink: in place that is followed, for it lies above what was asked for.
  const reader = await backUp(scratch, scratch.at('alias/d'), scratch.at('alias/a'), scratch.at('alias/a2'))
  const before = treeOf(source)
  files.removeFile(joinPath(source, named('d/c')))
  files.setMode(joinPath(source, named('d/e')), 0o600)
  const fd = files.open(joinPath(source, named('a')), 'read-write')
  files.write(fd, Buffer.from('CONTENT'), 0)
  files.close(fd)
  files.setTime(source, 77_000_000_007n)
  const { plan, outcome } = await restore(scratch, [reader], { target: { kind: 'in-place' } })
  expect(plan.header.counts).toEqual({
    create: 1,
    overwrite: 2,
    metadata: 1 + 1,
    unchanged: 0,
    keep: 0,
    delete: 0,
    refuse: 0,
  })
  expect(outcome).toMatchObject({ written: 3, metadata: 2, problems: [] })
  files.setTime(source, 77_000_000_007n)
  expect(treeOf(source)).toEqual(before)
})

test('a file with so many chunks that they are listed outside its line comes back whole', async () => {
  const [like] = [
    ...alone(await archiveOfEntries(scratch, [{ path: 'huge', type: 'file', content: 'x' }])).entries(),
  ] as [TocEntry]
  const pieces = Array.from({ length: 1200 }, (_, at) => Buffer.from(`piece ${at} `.repeat(50)))
  const whole = Buffer.concat(pieces)
  const compression = { compression: 'zstd', level: defaultLevel.zstd } as const
  const reader = await archiveOf(scratch, { async *scan() {} }, [named('/')], (writer) => {
    const chunks = pieces.map((piece) => {
      const bytes = compressFrame(piece, compression)
      const offset = writer.frames([{ bytes, rawBytes: piece.length }])
      const place = { holder: 0, offset, compressedBytes: bytes.length, inner: 0 }
      return { ...place, length: piece.length, sha256: hash('sha256', piece) }
    })
    const sha256 = createHash('sha256').update(whole).digest('hex')
    writer.entry({ ...like, sizeBytes: whole.length, sha256, content: { kind: 'chunks', chunks } })
  })
  const { outcome } = await restore(scratch, [reader])
  expect(outcome).toMatchObject({ written: 1, refused: 0, failed: 0, damaged: [] })
  expect(contentOf(scratch.at('target/huge'))).toBe(whole.toString('latin1'))
})
