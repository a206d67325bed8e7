import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PathChoices } from '../../../src/engine/plan/path-choices.ts'
import { type BytePath, isWithin } from '../../../src/model/path.ts'
import { conflictModes, type PathChoice, pathChoices } from '../../../src/model/restore.ts'

const named = (name: string) => name as BytePath
const choices = (of: Record<string, PathChoice>) => new Map(Object.entries(of).map(([path, one]) => [named(path), one]))

test.each([
  ['nothing is chosen', {}, 'a/b', { conflict: 'keep', byHand: false, skipped: false }],
  ['the path itself', { 'a/b': 'overwrite' }, 'a/b', { conflict: 'overwrite', byHand: true, skipped: false }],
  ['a directory above it', { a: 'rename' }, 'a/b/c', { conflict: 'rename', byHand: true, skipped: false }],
  ['the nearest above it', { a: 'rename', 'a/b': 'keep-newer' }, 'a/b/c', { conflict: 'keep-newer', byHand: true }],
  ['a name that only begins like it', { a: 'overwrite' }, 'ab', { conflict: 'keep', byHand: false, skipped: false }],
  ['a path below it', { 'a/b/c': 'overwrite' }, 'a/b', { conflict: 'keep', byHand: false, skipped: false }],
  ['a directory that is skipped', { a: 'skip' }, 'a/b', { skipped: true }],
  ['what is taken back in', { a: 'skip', 'a/b': 'restore' }, 'a/b/c', { conflict: 'keep', byHand: false }],
  ['all that is skipped', { '': 'skip' }, 'a', { skipped: true }],
  ['all but this', { '': 'skip', a: 'restore' }, 'a', { conflict: 'keep', byHand: false, skipped: false }],
] as const)('decides by what was chosen for: %s', (_, given, path, expected) => {
  const decided = new PathChoices('keep', choices(given))
  expect({ ...decided.conflictAt(named(path)), skipped: decided.isSkipped(named(path)) }).toMatchObject(expected)
})

test('the choice nearest above a path holds, whatever else is chosen', () => {
  const path = fc
    .array(fc.constantFrom('a', 'b', 'ab', '\xff'), { maxLength: 4 })
    .map((parts) => named(parts.join('/')))
  const given = fc.array(fc.tuple(path, fc.constantFrom(...pathChoices)), { maxLength: 8 })
  fc.assert(
    fc.property(given, path, fc.constantFrom(...conflictModes), (pairs, asked, conflict) => {
      const all = new Map(pairs)
      const decided = new PathChoices(conflict, all)
      const above = [...all.keys()].filter((one) => isWithin(asked, one)).sort((a, b) => b.length - a.length)
      const holds = above[0] === undefined ? 'restore' : (all.get(above[0]) as PathChoice)
      expect(decided.isSkipped(asked)).toBe(holds === 'skip')
      if (holds === 'skip') return
      expect(decided.conflictAt(asked)).toEqual(
        holds === 'restore' ? { conflict, byHand: false } : { conflict: holds, byHand: true },
      )
    }),
  )
})

test('remembers the choices for paths that never came; the root is no such path', () => {
  const decided = new PathChoices('keep', choices({ '': 'skip', a: 'restore', 'a/b': 'keep', c: 'skip' }))
  decided.see(named('a'))
  decided.see(named('b'))
  expect(decided.unseen).toEqual(['a/b', 'c'])
  decided.see(named('c'))
  decided.see(named('a/b'))
  expect(decided.unseen).toEqual([])
})
