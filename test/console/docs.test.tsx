import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { globalKeys } from '../../src/screens/house/global-keys.tsx'
import { shownKey } from '../../src/screens/keys/key-press.ts'
import type { KeyTable } from '../../src/screens/keys/key-table.ts'
import { screens } from '../../src/screens/registry.ts'

/**
 * docs/console.md shows the screens as the golden frames have them, and the keys as the tables do.
 * `HOLDFAST_GOLDEN=write` writes both parts anew.
 */

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const path = join(checkout, 'docs', 'console.md')
const isWriting = process.env['HOLDFAST_GOLDEN'] === 'write'

/** Golden frames, in the order of a first visit. */
const captures: readonly (readonly [title: string, frame: string])[] = [
  ['Dashboard', 'dashboard-100x30'],
  ['Backups', 'backups-80x24'],
  ['Looking into a backup', 'inspect-directory-80x24'],
  ['Restore: what is restored', 'restore-scope-80x24'],
  ['Restore: the plan', 'restore-plan-ready-100x30'],
  ['Restore: the confirmation', 'restore-confirm-80x24'],
  ['Back up', 'create-80x24'],
  ['Schedules', 'schedules-80x24'],
  ['Cleanup', 'cleanup-80x24'],
  ['Verify', 'verify-80x24'],
  ['Activity', 'activity-80x24'],
  ['One run', 'run-80x24'],
  ['Settings and keys', 'settings-80x24'],
]

function captured(): string {
  const parts = captures.map(([title, frame]) => {
    const text = readFileSync(join(checkout, 'test', 'console', 'golden', `${frame}.txt`), 'utf8')
    return `### ${title}\n\n\`\`\`\n${text.trimEnd()}\n\`\`\``
  })
  return parts.join('\n\n')
}

function keyTable(title: string, keys: KeyTable): string {
  const rows = Object.values(keys).map(
    ({ keys: names, about }) => `| ${names.map((name) => `\`${shownKey(name)}\``).join(' ')} | ${about} |`,
  )
  return [`### ${title}`, '', '| key | what it does |', '| --- | --- |', ...rows].join('\n')
}

function keyTables(): string {
  return [
    keyTable('Everywhere', globalKeys),
    ...screens.map(({ title, digit, keys }) => keyTable(digit === null ? title : `${digit} ${title}`, keys)),
  ].join('\n\n')
}

test.each([
  ['captures', captured],
  ['keys', keyTables],
] as const)('docs/console.md is true: %s', (name, made) => {
  const text = readFileSync(path, 'utf8')
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
  const wanted = `\n${made()}\n`
  if (isWriting) writeFileSync(path, text.slice(0, from) + wanted + text.slice(to))
  expect(readFileSync(path, 'utf8')).toContain(`${begin}${wanted}${end}`)
})
