import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NoRoom, requireRoom } from '../../bench/machine.ts'
import { entriesOf, makeSmallFiles } from '../../bench/small-files.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('makes as many files as asked for, each of 100 bytes and no two alike, also beside those made before', () => {
  const parts = [join(directory, 'tree', 'a'), join(directory, 'tree', 'b')]
  makeSmallFiles(parts[0]!, 0, 600, join(directory, 'a.complete'))
  makeSmallFiles(parts[1]!, 600, 100, join(directory, 'b.complete'))
  const all = readdirSync(join(directory, 'tree'), { recursive: true, withFileTypes: true })
  const contents = all
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  expect(contents.filter((content) => content.length === 100)).toHaveLength(700)
  expect(new Set(contents).size).toBe(700)
  expect(readdirSync(parts[0]!, { recursive: true })).toHaveLength(entriesOf(600))
})

test('a tree that is complete is used again, one that is not is made anew', () => {
  const [tree, done] = [join(directory, 'tree'), join(directory, 'tree.complete')]
  mkdirSync(join(tree, 'half-made'), { recursive: true })
  expect(makeSmallFiles(tree, 0, 10, done)).toBe(true)
  expect(readdirSync(tree)).toEqual(['0000'])
  expect(makeSmallFiles(tree, 0, 10, done)).toBe(false)
})

test('what does not fit the disk is refused with what it needs and what there is', () => {
  expect(() => requireRoom(directory, 'a tree', { bytes: 1, files: 1 })).not.toThrow()
  const bytes = 1e18
  expect(() => requireRoom(directory, 'a tree', { bytes, files: 1 })).toThrow(NoRoom)
  expect(() => requireRoom(directory, 'a tree', { bytes, files: 1 })).toThrow(
    /a tree needs 1000000000000000000 bytes of disk; \d+ are free/,
  )
})
