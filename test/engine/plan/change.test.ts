import { describe, expect, test } from 'vitest'
import { isRacy, judgeChange, racySince } from '../../../src/engine/plan/change.ts'
import type { Attributes, SourceEntry } from '../../../src/model/source.ts'
import type { TocEntry } from '../../../src/model/toc.ts'
import { tocEntry } from '../../commands/pretend-engine.ts'

const second = 1_000_000_000n
const calm = { racyNs: 1000n * second, paranoid: false }
const before: Partial<TocEntry> = { sizeBytes: 5, mtimeNs: 10n * second, ctimeNs: 20n * second, inode: 7n }

function now(more: Partial<Attributes>, type: SourceEntry['type'] = 'file'): SourceEntry {
  const { path, mode, uid, gid, device, deviceNumber } = tocEntry('a')
  const times = { sizeBytes: 5, mtimeNs: 10n * second, ctimeNs: 20n * second, inode: 7n }
  const attributes = { mode, uid, gid, device, deviceNumber, allocatedBytes: 0, links: 1, ...times, ...more }
  return { path, type, attributes, linkTarget: null, content: { kind: 'disk', path } }
}

describe('times prove nothing', () => {
  test('from two seconds before the older backup began', () => {
    expect(racySince(100_000, 900_000)).toBe(98n * second)
  })

  test('from the present on, where the clock has been set back: the times between were given out twice', () => {
    expect(racySince(900_000, 100_000)).toBe(98n * second)
  })

  test.each([
    ['both before', 999n, 999n, false],
    ['mtime since', 1000n, 999n, true],
    ['ctime since', 999n, 1000n, true],
  ])('%s: %s and %s is %s', (_what, mtime, ctime, racy) => {
    const times = { mtimeNs: mtime * second, ctimeNs: ctime * second }
    expect(isRacy(times, calm)).toBe(racy)
    expect(isRacy(times, { ...calm, paranoid: true })).toBe(true)
  })
})

test.each<[string, Partial<Attributes>, Partial<TocEntry>, string]>([
  ['only its mode or owner', { mode: 0o600, uid: 5 }, {}, 'metadata'],
  ['its ctime', { ctimeNs: 21n * second }, {}, 'read'],
  ['its mtime', { mtimeNs: 9n * second }, {}, 'read'],
  ['its size', { sizeBytes: 6 }, {}, 'read'],
  ['its inode', { inode: 8n }, {}, 'read'],
  ['nothing, but it was torn', {}, { torn: true }, 'read'],
  ['nothing, but its times prove nothing', { mtimeNs: 1001n * second }, { mtimeNs: 1001n * second }, 'read'],
  ['its type: it was a directory', {}, { type: 'directory' }, 'new'],
  ['its type: it was a further name', {}, { type: 'hardlink' }, 'metadata'],
])('a file of which changed %s', (_what, attributes, old, verdict) => {
  expect(judgeChange(now(attributes), tocEntry('a', { ...before, ...old }), calm)).toBe(verdict)
})

test('what is no file, and a further name of one, is described anew', () => {
  for (const type of ['directory', 'symlink', 'fifo', 'hardlink'] as const)
    expect(judgeChange(now({}, type), tocEntry('a', { ...before, type }), calm)).toBe('new')
})
