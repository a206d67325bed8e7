import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DirectoryState, type PathRules, RestorePaths } from '../../../src/engine/plan/restore-paths.ts'
import {
  besidePath,
  decideDirectory,
  decideLeaf,
  type LinkSource,
  type RestorePolicy,
  type Seen,
  sameState,
  sameStateMeanwhile,
  unusableEntry,
} from '../../../src/engine/plan/restore-plan.ts'
import { type BytePath, comparePaths, isWithin, unsafePath } from '../../../src/model/path.ts'
import { conflictModes } from '../../../src/model/restore.ts'
import type { TocEntry } from '../../../src/model/toc.ts'

const named = (name: string) => name as BytePath
const policy = (change: Partial<RestorePolicy> = {}): RestorePolicy => ({
  conflict: 'overwrite',
  byHand: false,
  isRoot: true,
  time: '20261120T030000Z',
  ...change,
})
const file: TocEntry = {
  path: named('a/b'),
  type: 'file',
  mode: 0o644,
  uid: 1,
  gid: 2,
  userName: null,
  groupName: null,
  sizeBytes: 3,
  mtimeNs: 100n,
  ctimeNs: 100n,
  inode: 9n,
  device: 1n,
  deviceNumber: null,
  linkTarget: null,
  sha256: 'x',
  content: { kind: 'extent', holder: 0, extent: { offset: 0, compressedBytes: 1, inner: 0 } },
  xattrs: new Map(),
  acl: null,
  sparse: null,
  torn: false,
}
const seen: Seen = {
  type: 'file',
  sizeBytes: 3,
  mtimeNs: 100n,
  ctimeNs: 500n,
  inode: 77n,
  device: 1n,
  links: 1,
  mode: 0o644,
  uid: 1,
  gid: 2,
  sameContent: true,
  sameExtended: true,
}
const beside = () => named('a/b.beside')
const source: LinkSource = { path: named('a/a'), standing: null }
const hardlink: TocEntry = { ...file, type: 'hardlink', linkTarget: named('a/a') }

const leaf: [string, Partial<TocEntry>, Partial<Seen> | null, Record<(typeof conflictModes)[number], string>][] = [
  ['absent', {}, null, all('write-file')],
  ['the same', {}, {}, all('unchanged')],
  ['another mode', {}, { mode: 0o600 }, repaired('set-attributes')],
  ['another owner', {}, { uid: 5 }, repaired('set-attributes')],
  ['another time', {}, { mtimeNs: 101n }, repaired('set-attributes')],
  ['other extended attributes', {}, { sameExtended: false }, repaired('set-attributes')],
  ['older content', {}, { sameContent: false, mtimeNs: 99n }, replaced('write-file', 'write-file')],
  ['content of the same time', {}, { sameContent: false }, replaced('write-file', 'write-file')],
  ['newer content', {}, { sameContent: false, mtimeNs: 101n }, replaced('write-file', 'keep newer')],
  ['a directory', {}, { type: 'directory', sameContent: false }, all('refuse type-conflict')],
  ['a symlink', {}, { type: 'symlink', sameContent: false, mtimeNs: 1n }, replaced('write-file', 'write-file')],
  ['a symlink of another mode', { type: 'symlink' }, { type: 'symlink', mode: 0o777 }, all('unchanged')],
  ['absent', { type: 'fifo' }, null, all('make-special')],
  ['absent', { type: 'symlink' }, null, all('make-symlink')],
]
function all(step: string) {
  return { overwrite: step, keep: step, 'keep-newer': step, rename: step }
}
function repaired(step: string) {
  return { ...all(step), keep: 'keep exists' }
}
function replaced(step: string, newer: string) {
  return { overwrite: step, keep: 'keep exists', 'keep-newer': newer, rename: 'write-beside' }
}

const cases = leaf.flatMap(([what, change, there, steps]) =>
  conflictModes.map((conflict) => [change.type ?? 'file', what, conflict, steps[conflict], change, there] as const),
)

test.each(cases)('decides for a %s over what is %s, on conflict %s: %s', (_, __, conflict, expected, change, there) => {
  const entry = { ...file, ...change }
  const step = decideLeaf(entry, there === null ? null : { ...seen, ...there }, policy({ conflict }), null, beside)
  expect(`${step.kind}${'because' in step ? ` ${step.because}` : ''}`).toBe(expected)
  if ('replaces' in step) {
    const overwritten = there !== null && step.kind !== 'write-beside'
    expect(step.replaces === null).toBe(!overwritten)
  }
})

test('tells a hard link that stands from one that has come apart', () => {
  const standing: LinkSource = { path: named('a/a'), standing: { inode: 77n, device: 1n } }
  expect(decideLeaf(hardlink, seen, policy(), standing, beside)).toMatchObject({ kind: 'unchanged' })
  expect(decideLeaf(hardlink, { ...seen, inode: 78n }, policy(), standing, beside)).toMatchObject({
    kind: 'make-hardlink',
    to: 'a/a',
    replaces: { inode: 78n },
  })
  expect(decideLeaf(hardlink, { ...seen, device: 2n }, policy({ conflict: 'keep' }), standing, beside).kind).toBe(
    'keep',
  )
  expect(decideLeaf(hardlink, seen, policy({ conflict: 'rename' }), source, beside).kind).toBe('make-hardlink')
  expect(decideLeaf(hardlink, null, policy(), source, beside)).toMatchObject({ kind: 'make-hardlink', replaces: null })
  expect(decideLeaf(hardlink, null, policy(), null, beside).kind).toBe('write-file')
})

test.each([
  [null, 'overwrite', 'make-directory'],
  [{}, 'overwrite', 'unchanged'],
  [{ mode: 0o700 }, 'overwrite', 'set-attributes'],
  [{ mode: 0o700 }, 'keep-newer', 'set-attributes'],
  [{ mode: 0o700 }, 'keep', 'keep'],
  [{ mode: 0o700 }, 'rename', 'keep'],
  [{ type: 'symlink' }, 'overwrite', 'refuse'],
  [{ type: 'file' }, 'rename', 'refuse'],
] as const)('decides for a directory over %o, on conflict %s: %s', (there, conflict, expected) => {
  const entry: TocEntry = { ...file, type: 'directory', sha256: null, sizeBytes: 0, content: { kind: 'none' } }
  const directory = there === null ? null : { ...seen, type: 'directory' as const, ...there }
  expect(decideDirectory(entry, directory, policy({ conflict })).kind).toBe(expected)
})

test('does not hold an owner against a file that another user than root cannot give one', () => {
  const setuid = { ...file, mode: 0o4755 }
  const theirs = { ...seen, uid: 1000, gid: 1000 }
  expect(decideLeaf(file, theirs, policy({ isRoot: false }), null, beside).kind).toBe('unchanged')
  // Without its owner a setuid bit would mean somebody else.
  const bare = { ...theirs, mode: 0o755 }
  expect(decideLeaf(setuid, bare, policy({ isRoot: false }), null, beside).kind).toBe('unchanged')
  expect(decideLeaf(setuid, { ...bare, uid: 1 }, policy({ isRoot: false }), null, beside).kind).toBe('set-attributes')
})

test.each([
  [{}, true, null],
  [{ type: 'unknown' }, true, 'unknown-type'],
  [{ type: 'char-device', deviceNumber: { major: 1, minor: 1 } }, false, 'needs-root'],
  [{ type: 'char-device', deviceNumber: { major: 1, minor: 1 } }, true, null],
  [{ type: 'block-device' }, true, 'data-missing'],
  [{ type: 'fifo' }, false, null],
  [{ type: 'symlink' }, true, 'malformed-path'],
  [{ type: 'hardlink' }, true, 'link-target-missing'],
  [{ content: { kind: 'none' } }, true, 'data-missing'],
  [{ content: { kind: 'none' }, sizeBytes: 0 }, true, null],
  [{ content: { kind: 'none' }, sparse: [[3, 0]] }, true, null],
  [{ content: { kind: 'none' }, sparse: [[0, 3]] }, true, 'data-missing'],
] as const)('says what an entry itself rules out: %o, root %s: %s', (change, isRoot, expected) => {
  expect(unusableEntry({ ...file, ...change } as TocEntry, false, isRoot)).toBe(expected)
})

test('a file whose chunks are listed outside its line has its data', () => {
  expect(unusableEntry({ ...file, content: { kind: 'none' } } as TocEntry, true, true)).toBeNull()
})

test('notices every change of what stands, but for a directory what comes into it', () => {
  expect(sameState(null, null)).toBe(true)
  expect(sameState(null, seen)).toBe(false)
  expect(sameState(seen, null)).toBe(false)
  for (const change of [{ sizeBytes: 4 }, { mtimeNs: 1n }, { ctimeNs: 1n }, { inode: 1n }, { type: 'fifo' as const }])
    expect(sameState(seen, { ...seen, ...change })).toBe(false)
  const directory = { ...seen, type: 'directory' as const }
  expect(sameState(directory, { ...directory, mtimeNs: 1n, ctimeNs: 1n, sizeBytes: 1 })).toBe(true)
  expect(sameState(directory, { ...directory, inode: 1n })).toBe(false)
  // Replacing one of its names changes the change time of a file.
  expect(sameStateMeanwhile({ ...seen, links: 2 }, { ...seen, ctimeNs: 1n, links: 1 })).toBe(true)
  expect(sameStateMeanwhile({ ...seen, links: 2 }, { ...seen, mtimeNs: 1n })).toBe(false)
  expect(sameStateMeanwhile(seen, { ...seen, ctimeNs: 1n })).toBe(false)
})

test('finds a name beside that is never longer than 255 bytes and never cuts a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), fc.nat(1000), (text, attempt) => {
      const name = Buffer.from(text).toString('latin1').replaceAll('/', '_').slice(0, 255)
      const path = besidePath(named(`d/${name}`), '20261120T030000Z', attempt)
      expect(path.startsWith('d/')).toBe(true)
      expect(path.length - 2).toBeLessThanOrEqual(255)
      const kept = path.slice(2, path.indexOf('.restored-2026'))
      expect(name.startsWith(kept)).toBe(true)
    }),
  )
})

const nothingThere: PathRules = {
  look: () => 'absent',
  targetIsNew: false,
  followed: new Set(),
  forbidden: [],
  caseInsensitive: false,
}

test('never lets two entries of an archive make one path a link and a directory', () => {
  const names = fc.constantFrom('a', 'b', 'a.b', 'A', '..', '.', '', '\xff')
  const entries = fc.array(fc.record({ path: fc.array(names, { minLength: 1, maxLength: 4 }), leaf: fc.boolean() }), {
    maxLength: 25,
  })
  fc.assert(
    fc.property(entries, fc.boolean(), (given, caseInsensitive) => {
      const fold = (path: string) => (caseInsensitive ? path.toLowerCase() : path)
      const sorted = given
        .map(({ path, leaf }) => ({ path: named(path.join('/')), leaf }))
        .sort((one, other) => comparePaths(one.path, other.path))
      const paths = new RestorePaths({ ...nothingThere, caseInsensitive })
      const leaves = new Set<string>()
      const directories = new Set<string>()
      for (const { path, leaf } of sorted) {
        const verdict = paths.judge(path, 0, !leaf)
        if (verdict.kind !== 'usable') continue
        expect(unsafePath(path)).toBeNull()
        expect(paths.resolve(verdict.parent)).toBeNull()
        expect(verdict.parent.path).toBe(path.split('/').slice(0, -1).join('/'))
        if (!leaf) paths.descend(path, verdict.parent, { isNew: true, refused: null })
        for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
          directories.add(fold(path.slice(0, at)))
        ;(leaf ? leaves : directories).add(fold(path))
      }
      for (const path of leaves) {
        expect(directories.has(path)).toBe(false)
        for (const other of leaves) expect(other !== path && isWithin(named(other), named(path))).toBe(false)
      }
    }),
  )
})

test('looks at every directory once at most, and at none below one that is not there', () => {
  const looked: string[] = []
  const there: Record<string, DirectoryState> = { a: 'directory', 'a/s': 'symlink', f: 'other' }
  const look = (path: BytePath) => {
    looked.push(path)
    return there[path] ?? 'absent'
  }
  const paths = new RestorePaths({ ...nothingThere, look })
  const verdicts = ['a/n/o/p', 'a/n/q', 'a/s/x', 'a/s/y/z', 'f/x'].map((path) => {
    const verdict = paths.judge(named(path), 0, false)
    if (verdict.kind === 'refused') return verdict.because
    return verdict.kind === 'usable' ? paths.resolve(verdict.parent) : verdict.kind
  })
  expect(verdicts).toEqual([null, null, 'parent-is-symlink', 'parent-is-symlink', 'parent-is-not-a-directory'])
  expect(looked).toEqual(['a', 'a/n', 'a/s', 'f'])
})

test('refuses what differs only in case from what came before, with all below it', () => {
  const paths = new RestorePaths({ ...nothingThere, caseInsensitive: true })
  const judge = (path: string, directory: boolean) => {
    const verdict = paths.judge(named(path), 0, directory)
    if (verdict.kind === 'usable' && directory) paths.descend(named(path), verdict.parent, null)
    return verdict.kind === 'refused' ? verdict.because : verdict.kind
  }
  expect(judge('Dir', true)).toBe('usable')
  expect(judge('Dir/README', false)).toBe('usable')
  expect(judge('Dir/readme', false)).toBe('case-clash')
  expect(judge('dir', true)).toBe('case-clash')
  expect(judge('dir/x', false)).toBe('case-clash')
})

test('takes a path that two services share from the first', () => {
  const paths = new RestorePaths(nothingThere)
  expect(paths.judge(named('etc'), 0, true).kind).toBe('usable')
  expect(paths.judge(named('etc'), 1, true).kind).toBe('covered')
  expect(paths.judge(named('etc/a'), 1, false).kind).toBe('usable')
  expect(paths.judge(named('etc/a'), 0, false).kind).toBe('covered')
})

test('what has other names is written anew where only attributes would change; so is what is one file with another entry', () => {
  const decided = (change: Partial<Seen>) =>
    decideLeaf(file, { ...seen, ...change }, policy(), null, () => named('beside')).kind
  expect(decided({ mode: 0o600 })).toBe('set-attributes')
  expect(decided({ mode: 0o600, links: 2 })).toBe('write-file')
  expect(decided({ links: 2 })).toBe('unchanged')
  expect(decided({ links: 2, isAnothers: true })).toBe('write-file')
})
