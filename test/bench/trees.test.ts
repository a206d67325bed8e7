import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Generator } from '../../bench/trees.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const sizeBytes = 16 * 1024 * 1024

test('generated files are the same in every run, and no two files of one run alike', () => {
  const paths = ['a/1', 'a/2', 'b/1', 'b/2'].map((name) => join(directory, name))
  for (const pair of [paths.slice(0, 2), paths.slice(2)]) {
    const generator = new Generator(1)
    for (const path of pair) generator.writeFile(path, 100_000)
  }
  const [first, second, again, secondAgain] = paths.map((path) => readFileSync(path))
  expect(first!.equals(again!)).toBe(true)
  expect(second!.equals(secondAgain!)).toBe(true)
  expect(first!.equals(second!)).toBe(false)
})

test('generated content is of the size asked for, and packs to between half and three quarters', () => {
  const path = join(directory, 'file')
  new Generator(1).writeFile(path, sizeBytes)
  expect(statSync(path).size).toBe(sizeBytes)
  const packed = zstdCompressSync(readFileSync(path)).length / sizeBytes
  expect(packed).toBeGreaterThan(0.5)
  expect(packed).toBeLessThan(0.75)
})
