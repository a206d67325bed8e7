import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** docs/reliability.md: its words are written by hand, its tables by long runs, row by row. */

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const path = `${checkout}docs/reliability.md`

export function reliabilityPage(): string {
  return readFileSync(path, 'utf8')
}

/** A cell of what is not asked for. */
export const notTried = '—'

/** The rows of a table by their first cell. */
export function tableRows(page: string, table: string): Map<string, string> {
  const { rows } = cut(page, table)
  return new Map(rows.map((row) => [row.split('|')[1]!.trim(), row]))
}

/** Puts rows in the place of those with the same first cell, or at the end; what is not named in `keep` goes. */
export function writeRows(table: string, rows: readonly (readonly string[])[], keep: readonly string[]): void {
  const page = reliabilityPage()
  const { before, head, after } = cut(page, table)
  const known = tableRows(page, table)
  for (const cells of rows) known.set(cells[0]!, `| ${cells.join(' | ')} |`)
  const kept = keep.flatMap((name) => known.get(name) ?? [])
  writeFileSync(path, [before, ...head, ...kept, after].join('\n'))
}

/** The date of the commit that a row tells of. */
export function commitDate(): string {
  return execFileSync('git', ['log', '-1', '--format=%cs'], { cwd: checkout, encoding: 'utf8' }).trim()
}

function cut(page: string, table: string) {
  const [begin, end] = [`<!-- table: ${table} -->`, `<!-- end: ${table} -->`]
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < 0) throw new Error(`docs/reliability.md has no table '${table}'`)
  const lines = page
    .slice(from + begin.length, to)
    .trim()
    .split('\n')
  return {
    before: `${page.slice(0, from)}${begin}\n`,
    head: lines.slice(0, 2),
    rows: lines.slice(2),
    after: `\n${page.slice(to)}`,
  }
}
