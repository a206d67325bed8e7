import type { CatalogEntry } from '../../model/backup.ts'
import type { RunSummary } from '../../model/jobs.ts'
import { formatBytes, formatCount, formatDuration } from '../../model/units.ts'
import { levelMeanings, verifyLevels } from '../../model/verify-level.ts'
import { type Plotted, sparkline } from './bars.ts'
import { wrap } from './cut.ts'
import type { Glyphs, State } from './glyphs.ts'
import { agoText, momentText, shortId } from './ids.ts'
import { type Line, lineOf, type Span, span } from './line.ts'
import { plainText } from './plain.ts'
import { stateOfRun, wordOfRun } from './run-words.ts'

/** What is known of verifications: of each backup the newest, and the runs. Pure. */

export function stateOfProof({ missing, verified }: CatalogEntry): State {
  if (missing === true) return 'unknown'
  if (verified === null) return 'pending'
  return verified.ok ? 'ok' : 'failed'
}

export function resultOfProof(entry: CatalogEntry): Span {
  if (entry.missing === true) return span('gone', 'failed')
  if (entry.verified === null) return span('never', 'dim')
  return entry.verified.ok ? span('whole', 'ok') : span('DAMAGED', 'failed')
}

export type ProofOrder = 'newest' | 'unverified' | 'damaged'

export const proofOrders: readonly { readonly value: ProofOrder; readonly label: string }[] = [
  { value: 'newest', label: 'newest first' },
  { value: 'unverified', label: 'oldest unverified first' },
  { value: 'damaged', label: 'damaged first' },
]

/** @param backups newest first. */
export function inProofOrder(backups: readonly CatalogEntry[], order: ProofOrder): readonly CatalogEntry[] {
  switch (order) {
    case 'newest':
      return backups
    case 'unverified':
      // Never verified comes before longest ago; of these the oldest. What is gone cannot be verified at all.
      return backups
        .toReversed()
        .sort((a, b) => Number(a.missing === true) - Number(b.missing === true) || compare(since(a), since(b)))
    case 'damaged':
      return backups.toSorted((a, b) => Number(b.verified?.ok === false) - Number(a.verified?.ok === false))
  }
}

function since({ verified }: CatalogEntry): string {
  return verified?.at ?? ''
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** `27 whole, 12 never verified, 1 damaged`: nothing of what there is none of, but for what is whole. */
export function proofCounts(backups: readonly CatalogEntry[]): Line {
  const counts: Record<'whole' | 'never' | 'damaged' | 'gone', number> = { whole: 0, never: 0, damaged: 0, gone: 0 }
  for (const { missing, verified } of backups)
    counts[missing === true ? 'gone' : verified === null ? 'never' : verified.ok ? 'whole' : 'damaged']++
  return [
    span(`${formatCount(counts.whole)} whole`),
    ...(counts.never === 0 ? [] : [span(`, ${formatCount(counts.never)} never verified`)]),
    ...(counts.gone === 0 ? [] : [span(', '), span(`${formatCount(counts.gone)} gone`, 'failed')]),
    ...(counts.damaged === 0 ? [] : [span(', '), span(`${formatCount(counts.damaged)} DAMAGED`, 'failed')]),
  ]
}

/** What is known of one backup, and what that does not say, in as many lines as it takes. */
export function proofLines(entry: CatalogEntry, now: number, columns: number, glyphs: Glyphs): readonly Line[] {
  const { id, verified, missing, sizeBytes } = entry
  const text = (shown: string, look?: 'dim' | 'failed'): Line[] =>
    wrap(shown, columns - 2).map((line) => lineOf(span(` ${line}`, look)))
  if (missing === true) return text(`${id} is listed, but gone from archives/`, 'failed')
  if (verified === null) return text(`${id}, ${formatBytes(sizeBytes)} stored: never verified`)
  const { level, at, ok } = verified
  const known = verifyLevels.find((one) => one === level)
  const head = `${id} ${glyphs.dot} ${plainText(level)} on ${momentText(at)}, ${agoText(at, now)}`
  if (!ok) return text(`${head}: DAMAGED; the report of that run says what and where`, 'failed')
  const meaning = known === undefined ? null : levelMeanings[known]
  return [
    ...text(meaning === null ? `${head}: whole` : `${head}: ${meaning.proves}`),
    ...(meaning === null || meaning.blindSpot === null ? [] : text(`not seen: ${meaning.blindSpot}`, 'dim')),
  ]
}

/** What a run of a verification was about, taken apart: `full`, `all 12 backups`. */
export function aboutOf({ about }: Pick<RunSummary, 'about'>): { readonly level: string; readonly what: string } {
  const [, level = '', what = ''] = /^([a-z]+): ([\s\S]*)$/.exec(about) ?? []
  return level === '' ? { level: '', what: plainText(about) } : { level, what: plainText(what) }
}

/** Exit code of a run that found damage. */
const damageCode = 4

export function stateOfVerification({ state, exitCode }: RunSummary): State {
  return exitCode === damageCode ? 'failed' : stateOfRun(state)
}

/** `whole`, `DAMAGED`, or how the run itself ended. */
export function wordOfVerification({ state, exitCode }: RunSummary): string {
  if (exitCode === damageCode) return 'DAMAGED'
  return state === 'done' ? 'whole' : wordOfRun(state)
}

/** How long the last verifications took, the newest at the right, and what the highest of the marks stands for. */
export function verificationPlot(runs: readonly RunSummary[], columns: number, glyphs: Glyphs): string {
  const ended = runs.filter(({ state }) => state !== 'running').slice(0, columns)
  if (ended.length === 0) return ''
  const values = ended.toReversed().map(
    (run): Plotted => ({
      value: run.durationMs ?? 0,
      failed: run.durationMs === null || stateOfVerification(run) === 'failed',
    }),
  )
  const longest = Math.max(0, ...values.map(({ value, failed }) => (failed === true ? 0 : value)))
  const scale = longest === 0 ? '' : ` up to ${formatDuration(longest)}`
  return `${sparkline(values, columns, glyphs)}${scale}`
}

/** What waits to be started, in one line: `3 marked; V starts them as one job: 7f3k, 9abc and 1 more`. */
export function waitingText(marked: readonly CatalogEntry[], columns: number): string {
  const head = `${formatCount(marked.length)} marked; V starts them as one job: `
  const text = (shown: number): string => {
    const rest = marked.length - shown
    const ids = marked.slice(0, shown).map(({ id }) => shortId(id))
    return `${head}${ids.join(', ')}${rest > 0 ? ` and ${formatCount(rest)} more` : ''}`
  }
  let shown = Math.min(marked.length, Math.ceil(columns / shortIdColumns))
  while (shown > 1 && text(shown).length > columns) shown--
  return text(shown)
}

/** The least that one more of them takes. */
const shortIdColumns = 6
