import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BytePath, isWithin, pathFromText, rootPath } from '../../../src/model/path.ts'
import {
  allMarked,
  isEverything,
  isMarked,
  isNothing,
  type Marks,
  markedAmount,
  markState,
  marksFor,
  noneMarked,
  scopeChoices,
  toggled,
  wholePaths,
} from '../../../src/screens/text/restore-scope.ts'

const at = (text: string): BytePath => pathFromText(text)

test('everything is marked, until a path is taken out', () => {
  const marks = toggled(allMarked, at('etc/ssl'))
  expect(markState(marks, rootPath)).toBe('partly')
  expect(markState(marks, at('etc'))).toBe('partly')
  expect(markState(marks, at('etc/ssl'))).toBe('off')
  expect(markState(marks, at('etc/ssl/private'))).toBe('off')
  expect(markState(marks, at('etc/ssl2'))).toBe('on')
  expect(isEverything(toggled(marks, at('etc/ssl')))).toBe(true)
})

test('a directory that is partly marked becomes marked as a whole, and nothing of it stays apart', () => {
  const partly = toggled(noneMarked, at('srv/www/index.html'))
  expect(markState(partly, at('srv'))).toBe('partly')
  const whole = toggled(partly, at('srv'))
  expect(wholePaths(whole)).toEqual(['srv'])
  expect(isNothing(toggled(whole, at('srv')))).toBe(true)
})

test('paths that lie in one another are one mark', () => {
  expect(wholePaths(marksFor([at('a/b/c'), at('a'), at('d')]))).toEqual(['a', 'd'])
})

test('a plan is told to leave out all but what is marked', () => {
  expect([...scopeChoices(allMarked)]).toEqual([])
  expect([...scopeChoices(marksFor([at('a/b')]))]).toEqual([
    ['', 'skip'],
    ['a/b', 'restore'],
  ])
  expect([...scopeChoices(toggled(allMarked, at('a/b')))]).toEqual([['a/b', 'skip']])
})

test('names no whole paths where a part of one is left out', () => {
  expect(wholePaths(toggled(marksFor([at('a')]), at('a/b')))).toBeNull()
  expect(wholePaths(allMarked)).toBeNull()
})

test('adds what is marked and takes away what is not', () => {
  const amounts: Record<string, { files: number; bytes: number }> = {
    '': { files: 10, bytes: 1000 },
    a: { files: 4, bytes: 400 },
    'a/b': { files: 1, bytes: 50 },
  }
  const of = (path: BytePath) => amounts[path] ?? null
  expect(markedAmount(allMarked, of)).toEqual({ files: 10, bytes: 1000 })
  const without = toggled(allMarked, at('a'))
  expect(markedAmount(without, of)).toEqual({ files: 6, bytes: 600 })
  expect(markedAmount(toggled(without, at('a/b')), of)).toEqual({ files: 7, bytes: 650 })
  expect(markedAmount(marksFor([at('unknown')]), of)).toBeNull()
})

const parts = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 0, maxLength: 3 })
const paths = parts.map((names) => at(names.join('/')))

test('after any toggles a path is marked as the last toggle at or above it said', () => {
  fc.assert(
    fc.property(fc.array(paths, { maxLength: 12 }), paths, (toggles, asked) => {
      let marks: Marks = allMarked
      let expected = true
      for (const path of toggles) {
        const becomes = markState(marks, path) !== 'on'
        if (isWithin(asked, path)) expected = becomes
        marks = toggled(marks, path)
      }
      expect(isMarked(marks, asked)).toBe(expected)
      // No mark repeats what the one above it says.
      for (const [path, mark] of marks) {
        if (path === rootPath) continue
        const others = new Map([...marks].filter(([other]) => other !== path))
        expect(isMarked(others, path)).toBe(!mark)
      }
    }),
  )
})
