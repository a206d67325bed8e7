import { expect, test } from 'vitest'
import { listKeys } from '../../src/screens/house/command-list.tsx'
import { globalKeys } from '../../src/screens/house/global-keys.tsx'
import { whyNeverBound } from '../../src/screens/keys/key-press.ts'
import type { KeySpec, KeyTable } from '../../src/screens/keys/key-table.ts'
import { confirmKeys } from '../../src/screens/parts/confirm-dialog.tsx'
import { logKeys } from '../../src/screens/parts/log-view.tsx'
import { menuKeys } from '../../src/screens/parts/menu.tsx'
import { tableKeys } from '../../src/screens/parts/table.tsx'
import { fieldKeys } from '../../src/screens/parts/text-field.ts'
import { textKeys } from '../../src/screens/parts/text-overlay.tsx'
import { filterKeys } from '../../src/screens/parts/use-filter-text.ts'
import { screens } from '../../src/screens/registry.ts'

const tables: readonly [name: string, table: KeyTable][] = [
  ...screens.map(({ id, keys }): [string, KeyTable] => [id, keys]),
  ['global', globalKeys],
  ['table', tableKeys],
  ['filter', filterKeys],
  ['log', logKeys],
  ['field', fieldKeys],
  ['menu', menuKeys],
  ['text', textKeys],
  ['confirm', confirmKeys],
  ['list', listKeys],
]

function specs(table: KeyTable): readonly (readonly [string, KeySpec])[] {
  return Object.entries(table)
}

test.each(tables)('binds no key that must never be bound: %s', (_name, table) => {
  for (const [id, { keys }] of specs(table))
    for (const key of keys) expect({ id, key, why: whyNeverBound(key) }).toEqual({ id, key, why: null })
})

// Of `global`, `back` and `quit` share q: one works on the dashboard, the other everywhere else.
test.each(tables.filter(([name]) => name !== 'global'))('binds no key twice: %s', (_name, table) => {
  const keys = specs(table).flatMap(([, spec]) => spec.keys)
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
})

test.each(tables)('says of every key what it does: %s', (_name, table) => {
  for (const [id, { label, about, hint, keys }] of specs(table)) {
    expect(keys.length, id).toBeGreaterThan(0)
    expect(label, id).toMatch(/^\S.{0,18}$/)
    expect(about, id).toMatch(/^\S.{3,}[^.]$/)
    if (hint !== undefined) expect([1, 2, 3, 4, 5, 6, 7, 8, 9]).toContain(hint)
  }
})

test.each(screens.map(({ id, keys }): [string, KeyTable] => [id, keys]))(
  'a lower-case key of a screen never changes anything without a dialog: %s',
  (_name, table) => {
    // What is above 1 is an upper-case letter; of level 1 only what opens a question may be lower case.
    for (const [id, { keys, danger = 0 }] of specs(table))
      if (danger > 1) for (const key of keys) expect({ id, key }).toEqual({ id, key: key.toUpperCase() })
  },
)

test.each(screens.map((screen) => [screen.id, screen] as const))(
  'a screen does not take the keys that work everywhere: %s',
  (_name, { keys }) => {
    const everywhere = ['?', ':', 'q', 'ctrl-c', 'ctrl-l', 'ctrl-z', ...'123456789']
    const taken = specs(keys).flatMap(([, spec]) => spec.keys)
    expect(taken.filter((key) => everywhere.includes(key))).toEqual([])
  },
)

test('digits lead where they are said to', () => {
  const digits = { dashboard: 1, backups: 2, schedules: 3, cleanup: 4, verify: 5, activity: 6, settings: 7 }
  for (const { id, digit } of screens)
    expect({ id, digit }).toEqual({ id, digit: (digits as Record<string, number>)[id] ?? null })
})

test('every screen stands in the registry once', () => {
  const ids = screens.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})
