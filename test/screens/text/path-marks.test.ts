import { expect, test } from 'vitest'
import type { BytePath } from '../../../src/model/path.ts'
import {
  countMarks,
  markState,
  noMarks,
  type PathMarks,
  restoreOf,
  toggleMark,
} from '../../../src/screens/text/path-marks.ts'

function path(text: string): BytePath {
  return text as BytePath // ASCII
}

function marked(...places: readonly (readonly [service: string, path: string])[]): PathMarks {
  return places.reduce((marks, [service, at]) => toggleMark(marks, service, path(at)), noMarks)
}

test('a path is marked, lies within a mark, or holds one', () => {
  const marks = marked(['web', 'etc/ssh'], ['web', 'srv'])
  const states = ['etc', 'etc/ssh', 'etc/ssh/key', 'etc/sshd', 'srv/www/x', 'var', ''].map((at) =>
    markState(marks, 'web', path(at)),
  )
  expect(states).toEqual(['partly', 'marked', 'within', 'none', 'within', 'none', 'partly'])
  expect(markState(marks, 'mail', path('etc/ssh'))).toBe('none')
})

test('marking a directory takes over the marks below it, and taking the mark away leaves nothing', () => {
  const marks = marked(['web', 'etc/a'], ['web', 'etc/b/c'], ['web', 'etcetera'], ['web', 'etc'])
  expect(countMarks(marks)).toBe(2)
  expect(countMarks(toggleMark(marks, 'web', path('etc')))).toBe(1)
  expect(toggleMark(marked(['web', 'a']), 'web', path('a'))).toEqual(noMarks)
})

test('what lies within a mark cannot be unmarked by itself', () => {
  const marks = marked(['web', 'etc'])
  expect(toggleMark(marks, 'web', path('etc/ssh'))).toBe(marks)
})

test('a whole service holds every path of it', () => {
  const marks = marked(['web', 'etc'], ['web', ''])
  expect(countMarks(marks)).toBe(1)
  expect(markState(marks, 'web', path('any/thing'))).toBe('within')
})

test('a restore is opened with the services and paths that are marked', () => {
  expect(restoreOf('id', marked(['web', 'etc'], ['db', 'var/lib']), new Map())).toEqual({
    backup: 'id',
    services: ['web', 'db'],
    paths: ['etc', 'var/lib'],
  })
})

test('whole services are restored without naming paths', () => {
  expect(restoreOf('id', marked(['web', ''], ['db', '']), new Map())).toEqual({ backup: 'id', services: ['web', 'db'] })
})

test('a whole service beside parts of another is named by what lies at its top', () => {
  const tops = new Map([['web', [path('etc'), path('srv')]]])
  expect(restoreOf('id', marked(['web', ''], ['db', 'var/lib']), tops)).toEqual({
    backup: 'id',
    services: ['web', 'db'],
    paths: ['etc', 'srv', 'var/lib'],
  })
})
