import { expect, test } from 'vitest'
import { kinds } from '../faults/cases.ts'
import { subjects } from '../faults/corruption/subjects.ts'
import { operations } from '../faults/operations/registry.ts'
import { notTried, reliabilityPage, tableRows } from '../faults/reliability-page.ts'

/** docs/reliability.md tells of everything that is tried; its figures come from `npm run test:long`. */

const page = reliabilityPage()

test('the table of faults has a row for each operation, with calls that were counted and every kind of fault tried', () => {
  const rows = tableRows(page, 'faults')
  expect([...rows.keys()]).toEqual(operations.map(({ name }) => `\`${name}\``))
  for (const { name, kinds: wanted = kinds } of operations) {
    const row = rows.get(`\`${name}\``)!
    const [calls, ...cells] = row.split('|').slice(2, -2)
    expect([name, Number(calls) > 0]).toEqual([name, true])
    expect(cells.map((cell) => /^ (\d+) of \1 $/.test(cell))).toEqual(kinds.map((kind) => wanted.includes(kind)))
    expect(cells.filter((cell) => cell === ` ${notTried} `)).toHaveLength(kinds.length - wanted.length)
  }
})

test('the page says of each operation what is done', () => {
  for (const { name, about } of operations) expect(page).toContain(`* \`${name}\`: ${about}\n`)
})

test('the table of damage has a row for each kind of file, and nothing that was not survived', () => {
  const rows = tableRows(page, 'corruption')
  expect([...rows.keys()]).toEqual(subjects.map(({ name }) => name))
  for (const row of rows.values()) {
    const cells = row.split('|').slice(2, -2)
    expect(cells.map((cell) => /^ ([1-9]\d*) of \1 $/.test(cell))).toEqual([true, true])
  }
})
