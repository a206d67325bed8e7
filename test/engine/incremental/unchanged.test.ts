import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { scratch } from '../archive/archive-kit.ts'

const room = scratch('unchanged')
afterAll(() => room.remove())

interface Outcome {
  readonly pages: number
  readonly taken: number
  readonly entries: number
  readonly bytes: number
  readonly grownBytes: number
}

function backUpTwice(count: number): Outcome {
  const program = fileURLToPath(new URL('./unchanged.ts', import.meta.url))
  const out = execFileSync(process.execPath, ['--expose-gc', program, String(count), room.path], { encoding: 'utf8' })
  return JSON.parse(out) as Outcome // what the program beside this test prints
}

test('an unchanged backup of 50,000 entries takes over every page, and its memory does not grow with their number', () => {
  const few = backUpTwice(5000)
  const many = backUpTwice(50_000)
  for (const [count, { pages, taken, entries }] of [
    [5000, few],
    [50_000, many],
  ] as const) {
    expect(entries).toBe(count)
    expect(taken).toBe(pages)
  }
  expect(many.pages).toBeGreaterThan(40)
  // A reference to a page is some 150 bytes of JSON; lines of entries would be a hundred times that.
  expect(many.bytes).toBeLessThan(64 << 10)
  // Twenty bytes for each of the 45,000 entries more would be 900 KB.
  expect(many.grownBytes - few.grownBytes).toBeLessThan(900_000)
}, 90_000)
