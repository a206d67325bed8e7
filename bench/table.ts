import type { Results } from './results.ts'
import { type Bar, type Cell, type Line, lineOf, type Quantity, type Row, valuesOf } from './rows.ts'
import { holdfastName, holdfastPassphraseName } from './tools/holdfast.ts'

/** The results as Markdown: for the terminal and for docs/performance.md. Pure. */

export function renderTable(results: Results, rows: readonly Row[]): string {
  const peers = results.tools.map((tool) => tool.name).filter((name) => !isHoldfast(name))
  const lines = rows
    .map((row) => lineOf(row, results, peers))
    .filter((line) => line.subject !== null || line.peers.size)
  const header = ['', holdfastName, ...peers, 'bar', 'met?']
  const cells = lines.map((line) => [
    line.row.title,
    cellText(line.row.quantity, line.subject),
    ...peers.map((name) => cellText(line.row.quantity, line.peers.get(name) ?? null)),
    line.row.bars.map((bar) => barText(bar, line.row.quantity)).join('; '),
    verdictText(line),
  ])
  return [facts(results), alignedTable([header, ...cells]), footnotes(results, rows)].join('\n\n')
}

function facts(results: Results): string {
  const { machine, tree } = results
  const facts = [
    `${results.at}; ${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)} of memory, Linux ${machine.kernel}, ${machine.fileSystem}, load before the run ${machine.load.toFixed(2)}; ${rounds(results)}.`,
    `Source: ${tree.what}, ${tree.entries.toLocaleString('en-US')} entries, ${formatBytes(tree.bytes)}.`,
    ...results.tools.map(
      (tool) => `* \`${tool.name}\`: ${tool.version}${tool.encrypted ? '' : ', **not encrypted**'}; ${tool.how}`,
    ),
    ...results.missing.map((tool) => `* \`${tool.name}\` was not there: install ${tool.install}`),
  ]
  return facts.join('\n')
}

function rounds(results: Results): string {
  const warmedUp = results.measurements.some((one) => one.warmUp)
  return `${results.rounds} ${results.rounds === 1 ? 'round' : 'rounds'} ${warmedUp ? 'after a warm-up' : 'without a warm-up'}`
}

function footnotes(results: Results, rows: readonly Row[]): string {
  const notes = [
    'Medians; in brackets the ratio to Holdfast, above 1 where Holdfast is faster, smaller or reads less. Two stars: the moonshot was met too.',
    `All caches are warm, for all alike: nothing is dropped, and every tool reads what the one before it read. Before each measurement the disk is synchronised. A process that does nothing takes ${formatSeconds(results.floor.wallSeconds)} and shows ${formatBytes(results.floor.peakBytes)} of peak memory here: a floor under every figure.`,
    widestSpread(results, rows),
    ...results.notes,
    ...results.checks.map(
      (check) =>
        `${check.ok ? 'Checked' : '**FAILED CHECK**'}, ${check.tool}: ${check.what}${check.detail && `: ${check.detail}`}`,
    ),
    ...results.failures.map((one) => `**FAILED**, ${one.tool}, ${one.step}, round ${one.round}: ${one.what}`),
  ]
  return notes
    .filter((note) => note !== '')
    .map((note) => `* ${note.replaceAll('\n', ' ')}`)
    .join('\n')
}

/** How far the rounds of one figure lie apart at worst: how much to trust the rest. */
function widestSpread(results: Results, rows: readonly Row[]): string {
  let worst = { spread: 0, text: '' }
  for (const row of rows) {
    if (row.quantity.kind !== 'wall') continue
    for (const tool of new Set(results.measurements.map((one) => one.tool))) {
      const values = valuesOf(results, row.quantity, tool)
      if (values.length < 2) continue
      const spread = Math.max(...values) / Math.min(...values)
      if (spread > worst.spread) worst = { spread, text: `${tool}, ${row.title}` }
    }
  }
  return worst.text === ''
    ? ''
    : `Slowest to fastest round of one figure, at worst: ${worst.spread.toFixed(2)} (${worst.text}).`
}

function cellText(quantity: Quantity, cell: Cell | null): string {
  if (cell === null) return '–'
  const value = formatQuantity(quantity, cell.median)
  return cell.ratio === null ? value : `${value} (${formatRatio(cell.ratio)})`
}

function barText(bar: Bar, quantity: Quantity): string {
  if (bar.kind === 'limit') return `≤ ${formatQuantity(quantity, bar.most)}`
  return `≥ ${formatRatio(bar.least)} ${bar.against.length > 1 ? `the best of ${bar.against.join(', ')}` : bar.against[0]}`
}

function verdictText(line: Line): string {
  const verdicts = line.verdicts.map(({ ratio, verdict }) => {
    const stars = verdict === 'moonshot' ? 'met \\*\\*' : verdict === 'missed' ? '**missed**' : verdict
    return ratio === null ? stars : `${stars} ${formatRatio(ratio)}`
  })
  if (line.yardstick !== null) {
    const ratio = line.yardstick.ratio === null ? '' : ` (${formatRatio(line.yardstick.ratio)})`
    verdicts.push(`${line.row.yardstick?.title}: ${formatQuantity(line.row.quantity, line.yardstick.median)}${ratio}`)
  }
  return verdicts.join('; ')
}

export function formatQuantity(quantity: Quantity, value: number): string {
  switch (quantity.kind) {
    case 'wall':
    case 'cpu':
      return formatSeconds(value)
    case 'worst':
      return formatQuantity(quantity.of, value)
    case 'quotient':
      return quantity.as === 'percent' ? `${Number((value * 100).toPrecision(3))} %` : formatRatio(value)
    default:
      return formatBytes(value)
  }
}

export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  return seconds < 100 ? `${seconds.toFixed(seconds < 10 ? 2 : 1)} s` : `${Math.round(seconds)} s`
}

/** Powers of ten, three digits. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`
}

function formatRatio(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio).toLocaleString('en-US') : ratio.toFixed(ratio < 10 ? 2 : 1)}×`
}

function isHoldfast(name: string): boolean {
  return name === holdfastName || name === holdfastPassphraseName
}

function alignedTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)))
  const text = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [text(rows[0]!), rule, ...rows.slice(1).map(text)].join('\n')
}

const begin = (workload: string) => `<!-- bench ${workload}: begin -->`
const end = (workload: string) => `<!-- bench ${workload}: end -->`

/**
 * `page` with the table of one workload put between its two marks.
 *
 * @throws Error where the page has no such marks.
 */
export function replaceTable(page: string, workload: string, table: string): string {
  const from = page.indexOf(begin(workload))
  const to = page.indexOf(end(workload))
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no place for ${workload}: ${begin(workload)}`)
  return `${page.slice(0, from)}${begin(workload)}\n${table}\n${page.slice(to)}`
}
