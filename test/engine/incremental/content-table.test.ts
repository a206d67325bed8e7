import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ContentTable, lookUpContent } from '../../../src/engine/archive/content-table.ts'

const hashOf = (at: number): string => hash('sha256', String(at))

test.each([1, 700, 717, 20_000])('finds every content it was given, and no other: %i of them', (count) => {
  const table = new ContentTable(count)
  for (let at = 1; at <= count; at++) table.add(hashOf(at), at)
  for (let at = 1; at <= count; at++) expect(lookUpContent(table.shared, hashOf(at))).toBe(at)
  for (let at = count + 1; at <= count + 2000; at++) expect(lookUpContent(table.shared, hashOf(at))).toBe(0)
})

test('the first of equal contents stays', () => {
  const table = new ContentTable(2)
  table.add(hashOf(1), 5)
  table.add(hashOf(1), 6)
  expect(lookUpContent(table.shared, hashOf(1))).toBe(5)
})

test('with more contents than it was made for it forgets the later ones, and every question has an answer', () => {
  const table = new ContentTable(10)
  for (let at = 1; at <= 5000; at++) table.add(hashOf(at), at)
  const found = Array.from({ length: 5000 }, (_, at) => lookUpContent(table.shared, hashOf(at + 1)))
  const kept = found.filter((number) => number !== 0).length
  expect(kept).toBeGreaterThan(700)
  expect(found.slice(0, kept)).toEqual(Array.from({ length: kept }, (_, at) => at + 1))
  expect(found.slice(kept).every((number) => number === 0)).toBe(true)
})

test('hashes whose place is the same are told apart', () => {
  const table = new ContentTable(100)
  const hashes = Array.from({ length: 100 }, (_, at) => at.toString(16).padStart(8, '0') + 'ffffffff'.repeat(7))
  for (const [at, sha256] of hashes.entries()) table.add(sha256, at + 1)
  expect(hashes.map((sha256) => lookUpContent(table.shared, sha256))).toEqual(hashes.map((_, at) => at + 1))
})

test('a hash that shares its first 64 bits finds the other: whoever asks compares the whole', () => {
  const table = new ContentTable(1)
  table.add(`${'12'.repeat(8)}${'aa'.repeat(24)}`, 1)
  expect(lookUpContent(table.shared, `${'12'.repeat(8)}${'bb'.repeat(24)}`)).toBe(1)
})

test('another thread sees it: the words lie in shared memory', () => {
  const { shared } = new ContentTable(1)
  expect(shared.words.buffer).toBeInstanceOf(SharedArrayBuffer)
})
