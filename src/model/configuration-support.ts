import type { KeyRow } from './configuration-answers.ts'
import { backupRows } from './configuration-backup-answers.ts'
import { operationsRows } from './configuration-operations-answers.ts'

/** Every key's row: see configuration-answers.ts for what a row means. */
export const keyRows: readonly KeyRow[] = [...backupRows, ...operationsRows]

/** The row that speaks for a key, given as its parts; null for a key nobody thought of. */
export function rowFor(path: readonly (string | number)[]): KeyRow | null {
  let best: KeyRow | null = null
  for (const row of keyRows) {
    const parts = row.key.split('.')
    if (parts.length > path.length || !parts.every((part, at) => part === '*' || part === String(path[at]))) continue
    if (best === null || precision(row) > precision(best)) best = row
  }
  return best
}

/** Part by part, a name goes before a `*`; then the deeper row goes before the shorter one. */
function precision(row: KeyRow): string {
  return row.key
    .split('.')
    .map((part) => (part === '*' ? 1 : 2))
    .join('')
}
