import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorTable } from '../../src/model/errors.ts'

const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading, ...lines] = section.trim().split('\n')
      return [heading, lines.join('\n')]
    }),
)

test('every error code has its heading, in the order of the table, and no other heading is there', () => {
  expect([...sections.keys()]).toEqual(Object.keys(errorTable))
})

test.each(Object.entries(errorTable))('%s is explained: exit code, whether to try again, what to do', (code, row) => {
  const section = sections.get(code) ?? ''
  expect(section).toMatch(new RegExp(`^Exit ${row.exitCode}\\. \\S`))
  expect(section).toMatch(/^What to do: \S.{5,}/m)
  expect(/\bTry again\b/.test(section)).toBe(row.retryable)
})
