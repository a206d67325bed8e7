import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  appendLog,
  cutLog,
  Database,
  hotPages,
  packedBytes,
  pageBytes,
  scatteredPages,
} from '../../bench/large-files.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const pages = fc.integer({ min: 100, max: 1_500_000 })

function rangesOf(numbers: readonly number[]): number {
  return numbers.filter((number, at) => number !== (numbers[at - 1] ?? -2) + 1).length
}

test('hot pages are one of a hundred, each once, in at most five ranges per GB of the file', () => {
  fc.assert(
    fc.property(pages, (count) => {
      const hot = hotPages(count)
      expect(new Set(hot).size).toBe(Math.round(count / 100))
      expect(hot).toEqual(hot.toSorted((a, b) => a - b))
      expect(hot[0]).toBeGreaterThanOrEqual(0)
      expect(hot.at(-1)).toBeLessThan(count)
      expect(rangesOf(hot)).toBeLessThanOrEqual(Math.max(1, (5 * count * pageBytes) / 1e9))
    }),
    { numRuns: 30 },
  )
})

test('a database of 4 GB has nineteen hot ranges all over it', () => {
  const count = Math.floor(4e9 / pageBytes)
  const hot = hotPages(count)
  expect(rangesOf(hot)).toBe(19)
  for (const quarter of [0, 1, 2, 3])
    expect(hot.some((number) => Math.floor((number * 4) / count) === quarter)).toBe(true)
})

test('scattered pages are as many, and lie apart', () => {
  fc.assert(
    fc.property(pages, (count) => {
      const scattered = scatteredPages(count)
      expect(new Set(scattered).size).toBe(Math.round(count / 100))
      expect(scattered.at(-1)).toBeLessThan(count)
      expect(rangesOf(scattered)).toBeGreaterThan(scattered.length * 0.9)
    }),
    { numRuns: 30 },
  )
})

test('rewriting changes the pages that are named and no other, and version 0 puts them back', () => {
  const path = join(directory, 'database')
  const database = new Database()
  database.write(path, 1100)
  const before = readFileSync(path)
  expect(before.length).toBe(1100 * pageBytes)
  const page = (file: Buffer, number: number) => file.subarray(number * pageBytes, (number + 1) * pageBytes)
  database.rewrite(path, [3, 700, 1099], 1)
  const after = readFileSync(path)
  const changed = Array.from({ length: 1100 }, (_, number) => number).filter(
    (number) => !page(before, number).equals(page(after, number)),
  )
  expect(changed).toEqual([3, 700, 1099])
  // from another process, as it were
  new Database().rewrite(path, changed, 0)
  expect(readFileSync(path).equals(before)).toBe(true)
})

test('no two pages are alike, and each is half of what does not pack', () => {
  const database = new Database()
  const all = Array.from({ length: 300 }, (_, number) => database.page(number, 0))
  expect(new Set(all.map((page) => page.toString('latin1'))).size).toBe(300)
  expect(new Set(all.map((page) => page.toString('latin1', pageBytes / 2))).size).toBe(300)
  const packed = zstdCompressSync(Buffer.concat(all)).length / (300 * pageBytes)
  expect(packed).toBeGreaterThan(0.5)
  expect(packed).toBeLessThan(0.75)
})

test('a log grows by exactly what is asked for, with lines it did not have, and can be cut back', () => {
  const path = join(directory, 'log')
  writeFileSync(path, '')
  appendLog(path, 3_000_000, 0)
  const before = readFileSync(path, 'utf8')
  appendLog(path, 300_000, 1)
  expect(statSync(path).size).toBe(3_300_000)
  const after = readFileSync(path, 'utf8')
  expect(after.startsWith(before)).toBe(true)
  const lines = new Set(before.split('\n'))
  const added = after.slice(before.length).split('\n').slice(1, -1)
  expect(added.length).toBeGreaterThan(1000)
  expect(added.filter((line) => lines.has(line))).toEqual([])
  expect(packedBytes(path, 3_000_000)).toBe(zstdCompressSync(after.slice(before.length)).length)
  cutLog(path, 3_000_000)
  expect(readFileSync(path, 'utf8')).toBe(before)
})
