import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { endsPage, PageCutter, pageRule, type TocPage } from '../../../src/engine/archive/toc-pages.ts'
import type { BytePath } from '../../../src/model/path.ts'

vi.setConfig({ testTimeout: 60_000 })

function pagesOf(paths: readonly string[]): TocPage[] {
  const cutter = new PageCutter()
  const pages: TocPage[] = []
  for (const path of paths) {
    const page = cutter.add(path as BytePath, `{"p":"${path}"}`, endsPage(path as BytePath))
    if (page !== null) pages.push(page)
  }
  const last = cutter.finish()
  return last === null ? pages : [...pages, last]
}

const paths = Array.from({ length: 12_000 }, (_, at) => `file-${String(at).padStart(6, '0')}`)
const pages = pagesOf(paths)

test('pages hold all lines, in order, and keep to their bounds', () => {
  expect(Buffer.concat(pages.map(({ bytes }) => bytes)).toString()).toBe(
    paths.map((path) => `{"p":"${path}"}\n`).join(''),
  )
  expect(pages.length).toBeGreaterThan(8)
  for (const { count } of pages.slice(0, -1)) {
    expect(count).toBeGreaterThanOrEqual(pageRule.leastEntries)
    expect(count).toBeLessThanOrEqual(pageRule.mostEntries)
  }
})

test('no entries, no page', () => {
  expect(pagesOf([])).toEqual([])
})

test('insertions and deletions change the pages about them and leave the others', () => {
  const known = new Set(pages.map(({ sha256 }) => sha256))
  const edit = fc.record({ at: fc.nat(paths.length - 1), isInsert: fc.boolean() })
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      const edited = new Set(paths)
      for (const { at, isInsert } of edits) {
        if (isInsert) edited.add(`${paths[at]}-inserted`)
        else edited.delete(paths[at] as string)
      }
      const changed = pagesOf([...edited].sort()).filter(({ sha256 }) => !known.has(sha256))
      // A page at the least or the most number of entries may move its end, and then the next begins elsewhere.
      expect(changed.length).toBeLessThanOrEqual(3 * edits.length)
    }),
    { numRuns: 60, seed: 1 },
  )
})
