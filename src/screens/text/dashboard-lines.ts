import type { CatalogEntry } from '../../model/backup.ts'
import type { RunSummary } from '../../model/jobs.ts'
import type { StatusReport } from '../../model/status.ts'
import { formatAge, formatBytes, formatCount, formatDuration, formatNumberOf } from '../../model/units.ts'
import { bar, sparkline } from './bars.ts'
import { besides, boxLines } from './boxes.ts'
import { wrap } from './cut.ts'
import { type Glyphs, lookOf } from './glyphs.ts'
import { ageText, agoText, shortId, shortMoment } from './ids.ts'
import { fitLine, type Line, lineOf, lineWidth, type Span, span } from './line.ts'
import { plainMessage, plainText } from './plain.ts'
import { stateOfRun, wordOfKind, wordOfRun } from './run-words.ts'
import { countRisks, growthPerDay, type Service } from './service-risk.ts'

/** The upper part of the dashboard: is everything safe, what needs me. Pure. */

export interface Safety {
  readonly status: StatusReport
  readonly services: readonly Service[]
  /** What needs somebody, the worst first. */
  readonly attention: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What the repository says is wrong, and the runs that went wrong last. */
export function attentionOf(status: StatusReport, runs: readonly RunSummary[]): readonly string[] {
  const seen = new Set<string>()
  const failed: string[] = []
  for (const run of runs) {
    if (run.state === 'running' || seen.has(run.kind)) continue
    seen.add(run.kind)
    if (stateOfRun(run.state) !== 'failed') continue
    const why = run.error === null ? (run.meaning ?? '') : run.error.message
    const when = shortMoment(run.endedAt ?? run.startedAt)
    failed.push(`${wordOfKind(run.kind)} ${wordOfRun(run.state)} ${when}Z${why === '' ? '' : `: ${why}`}`)
  }
  return [...failed, ...status.alerts.map(({ message }) => message)]
}

/** Two boxes side by side, or a few lines; never more than `rows`. */
export function safetyLines(safety: Safety, columns: number, rows: number, glyphs: Glyphs): readonly Line[] {
  if (columns < 90 || rows < 7) return stacked(safety, columns, rows, glyphs)
  const left = Math.floor(columns / 2)
  const right = columns - left
  const height = Math.min(rows, 8)
  const attention = attentionLines(safety.attention, right - 4, height - 2, glyphs)
  return besides(
    boxLines(protectionTitle(safety), protectionLines(safety, left - 4, glyphs).map(indented), left, height, glyphs),
    left,
    boxLines(attentionTitle(safety), attention.map(indented), right, height, glyphs),
    glyphs,
  )
}

function indented(line: Line): Line {
  return [span(' '), ...line]
}

function protectionTitle({ status, attention }: Safety): Line {
  return status.ok && attention.length === 0
    ? lineOf('Protection: ', span('everything is safe', 'ok'))
    : lineOf('Protection')
}

function attentionTitle({ attention }: Safety): Line {
  return attention.length === 0
    ? lineOf('Needs attention')
    : lineOf('Needs attention ', span(String(attention.length), 'warning'), span('  a all'))
}

/** One item a line where all fit so; else the first ones, and how many there are more. */
function attentionLines(attention: readonly string[], columns: number, rows: number, glyphs: Glyphs): Line[] {
  if (attention.length === 0) return [lineOf(span(glyphs.ok, 'ok'), ' nothing')]
  const mark = span(`${glyphs.warning} `, 'warning')
  const texts = attention.slice(0, rows + 1).map((text) => wrap(plainMessage(text), columns - 2))
  const all = texts.reduce((sum, lines) => sum + lines.length, 0)
  if (all <= rows)
    return texts.flatMap((lines) => lines.map((text, at) => (at === 0 ? lineOf(mark, text) : lineOf(`  ${text}`))))
  const shown = attention.length <= rows ? attention.length : rows - 1
  return [
    ...attention.slice(0, shown).map((text) => fitLine(lineOf(mark, plainMessage(text)), columns, glyphs.cut)),
    ...(shown < attention.length ? [lineOf(span(`  ${attention.length - shown} more`, 'dim'))] : []),
  ]
}

function protectionLines(safety: Safety, columns: number, glyphs: Glyphs): Line[] {
  const { services } = safety
  const { inRpo } = countRisks(services)
  const label = (text: string): string => text.padEnd(10)
  const share = inRpo === null ? 'nothing to back up yet' : `${Math.floor(inRpo * 100)}%`
  const barColumns = Math.max(0, columns - 10 - share.length - 2)
  return [
    lineOf(...riskSpans(services, glyphs)),
    inRpo === null
      ? lineOf(label('In RPO'), span(share, 'dim'))
      : lineOf(label('In RPO'), span(bar(inRpo, barColumns, glyphs), inRpo === 1 ? 'ok' : 'warning'), `  ${share}`),
    lineOf(label('Newest'), newestText(safety, glyphs)),
    lineOf(label('Verified'), ...verifiedSpans(safety, glyphs)),
    [span(label('Runs')), ...runSpans(safety, columns - 10, glyphs)],
    lineOf(label('Next'), nextText(safety)),
  ]
}

function stacked(safety: Safety, columns: number, rows: number, glyphs: Glyphs): readonly Line[] {
  const { inRpo } = countRisks(safety.services)
  const room = columns - 1
  const lines: Line[] = [
    lineOf(
      ' ',
      ...riskSpans(safety.services, glyphs),
      ...(inRpo === null ? [] : [`   in RPO ${Math.floor(inRpo * 100)}%`]),
      `   newest ${newestText(safety, glyphs)}`,
    ),
    lineOf(' verified ', ...verifiedSpans(safety, glyphs), '   runs ', ...runSpans(safety, room - 44, glyphs)),
  ]
  const attention = attentionLines(safety.attention, room - 1, Math.max(1, Math.min(3, rows - lines.length)), glyphs)
  if (safety.attention.length > 0) lines.push(...attention.map(indented))
  return lines.slice(0, rows).map((line) => fitLine(line, room, glyphs.cut))
}

function riskSpans(services: readonly Service[], glyphs: Glyphs): (Span | string)[] {
  const { ok, warning, failed } = countRisks(services)
  return [
    span(`${glyphs.ok} ${formatCount(ok)} ok`, 'ok'),
    '  ',
    span(`${glyphs.warning} ${formatCount(warning)} at risk`, warning > 0 ? 'warning' : 'dim'),
    '  ',
    span(`${glyphs.failed} ${formatCount(failed)} failed`, failed > 0 ? 'failed' : 'dim'),
    ` of ${formatCount(services.length)}`,
  ]
}

function newestText({ status, services, now }: Safety, glyphs: Glyphs): string {
  if (status.lastGood === null) return 'none yet'
  const ages = services.filter(({ lastGood }) => lastGood !== null).map(({ lastGood }) => lastGood!)
  const oldest = ages.length < 2 ? null : ages.sort()[0]!
  return `${agoText(status.lastGood, now)}${oldest === null ? '' : ` ${glyphs.dot} oldest ${ageText(oldest, now)}`}`
}

function nextText({ status: { nextRun, schedules, daemon }, now }: Safety): string {
  if (nextRun === null)
    return schedules > 0 && daemon === null ? 'no daemon runs the schedules' : 'nothing is scheduled'
  return `in ${formatAge(Math.max(60_000, Date.parse(nextRun) - now))}, ${shortMoment(nextRun)}Z`
}

function verifiedSpans({ status, now }: Safety, glyphs: Glyphs): (Span | string)[] {
  const { verified } = status
  if (verified === null) return [span('none yet', 'warning')]
  return [
    span(glyphs.ok, 'ok'),
    ` ${agoText(verified.at, now)} ${glyphs.dot} ${plainMessage(verified.level)} ${glyphs.dot} ${shortId(verified.id)}`,
  ]
}

/** The last thirty runs by how long they took; a cross is one that failed. */
function runSpans({ status }: Safety, columns: number, glyphs: Glyphs): Span[] {
  const runs = status.runs.filter(({ outcome }) => outcome !== 'running')
  if (runs.length === 0) return [span('none yet', 'dim')]
  const values = runs.map(({ outcome, durationMs }) => ({
    value: durationMs ?? 0,
    failed: outcome === 'failed' || outcome === 'died' || outcome === 'interrupted',
  }))
  const longest = Math.max(...values.map(({ value }) => value))
  const share = status.successRate === null ? '' : ` ${Math.floor(status.successRate * 100)}%`
  const scale = ` ${glyphs.levels.at(-1)} ${formatDuration(longest)}`
  const room = columns - share.length
  const withScale = Math.min(30, values.length) + lineWidth([span(scale)]) <= room
  const plot = sparkline(values.slice(-30), Math.max(4, withScale ? room - lineWidth([span(scale)]) : room), glyphs)
  return [span(plot), span(share), ...(withScale ? [span(scale, 'dim')] : [])]
}

/** A run that has ended, in one line. */
export function activityLine(run: RunSummary, columns: number, glyphs: Glyphs): Line {
  const state = stateOfRun(run.state)
  const took = run.durationMs === null ? '' : ` in ${formatDuration(run.durationMs)}`
  const what = run.error === null ? plainText(run.about) : plainMessage(run.error.message)
  return fitLine(
    lineOf(
      '  ',
      span(`${glyphs[state]} `, lookOf(state)),
      span(`${shortMoment(run.endedAt ?? run.startedAt)}Z `, 'dim'),
      `${wordOfKind(run.kind)} ${wordOfRun(run.state)}${took}: ${what}`,
      ...(run.committed === null ? [] : [span(` ${glyphs.arrow} ${shortId(run.committed)}`, 'dim')]),
    ),
    columns - 1,
    glyphs.cut,
  )
}

/** What the repository takes and how long the disk lasts. */
export function repositoryLine(
  status: StatusReport,
  backups: readonly CatalogEntry[] | null,
  now: number,
  columns: number,
  glyphs: Glyphs,
): Line {
  const { repositoryBytes, freeBytes, root } = status
  const growth = backups === null ? null : growthPerDay(backups, now)
  const days = growth === null || growth <= 0 ? null : freeBytes / growth
  const used = repositoryBytes + freeBytes === 0 ? 0 : repositoryBytes / (repositoryBytes + freeBytes)
  const facts = [
    `${formatBytes(repositoryBytes)} in ${formatNumberOf(status.backups, 'backup')}`,
    `${formatBytes(freeBytes)} free`,
    ...(days === null ? [] : [`full in ${lasting(days)}`]),
  ]
  const text = facts.join(` ${glyphs.dot} `)
  const left: Line = lineOf(
    ' ',
    span(bar(used, 12, glyphs), days !== null && days < 30 ? 'warning' : undefined),
    ` ${text}`,
  )
  const where = `  ${plainMessage(root)}`
  return lineWidth(left) + lineWidth([span(where)]) < columns
    ? [...left, span(where, 'dim')]
    : fitLine(left, columns - 1, glyphs.cut)
}

function lasting(days: number): string {
  if (days < 1) return 'less than a day'
  if (days < 100) return `~${Math.floor(days)} d`
  if (days < 730) return `~${Math.floor(days / 30)} months`
  return `~${Math.floor(days / 365)} y`
}
