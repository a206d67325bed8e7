import type { DrillCard, DrillLimit } from '../../model/drill.ts'
import { printable } from '../../model/path.ts'
import { formatBytes, formatCount, formatDuration, formatNumberOf } from '../../model/units.ts'

/** The score card of a drill, as lines for people. */

const differenceLimit = 20

export function cardFacts(card: DrillCard): string[] {
  const { restored, compared, check, limits, notes, kept } = card
  const missed = limits.filter(({ met }) => !met)
  const verdict = !card.ok ? 'FAILED' : missed.length > 0 ? 'passed, with a limit missed' : 'passed'
  const facts = [
    `drill of ${card.backup}: ${verdict}`,
    `services: ${card.services.map(printable).join(', ')}`,
    `restored: ${restored.ok ? 'ok' : 'NOT WHOLE'}, ${formatNumberOf(restored.written, 'entry', 'entries')}, ${formatBytes(restored.bytes)} in ${formatDuration(restored.durationMs)}`,
  ]
  if (restored.damaged > 0) facts.push(`  damaged: ${formatCount(restored.damaged)}`)
  const what = `${formatNumberOf(compared.entries, 'entry', 'entries')}, ${formatBytes(compared.bytes)} read back in ${formatDuration(compared.durationMs)}`
  facts.push(`compared: ${compared.ok ? 'ok' : `DIFFERENT (${formatCount(compared.different)})`}, ${what}`)
  for (const { path, what } of compared.differences.slice(0, differenceLimit))
    facts.push(`  ${printable(path)}: ${printable(what)}`)
  if (compared.different > differenceLimit)
    facts.push(`  and ${formatCount(compared.different - differenceLimit)} more`)
  facts.push(...checkFacts(check))
  facts.push(
    `recovery time: ${formatDuration(card.rtoMs)}, of which the restore ${formatDuration(restored.durationMs)}`,
  )
  const gap = card.widestGapMs === null ? '' : `; the widest gap between backups ${formatDuration(card.widestGapMs)}`
  facts.push(`what would be lost: ${formatDuration(card.ageMs)}${gap}`)
  for (const limit of limits) facts.push(limitFact(limit))
  for (const note of notes) facts.push(`note: ${printable(note)}`)
  if (kept !== null) facts.push(`kept: ${printable(kept)}`)
  return facts
}

function checkFacts(check: DrillCard['check']): string[] {
  if (check === null) return ['check: none was given']
  const took = `in ${formatDuration(check.durationMs)}`
  const end = check.timedOut
    ? `TIMED OUT ${took}`
    : check.ok
      ? `ok ${took}`
      : `FAILED ${took}, ${check.exitCode === null ? 'ended by a signal' : `exit ${check.exitCode}`}`
  return [`check: ${end}`, ...check.output.map((line) => `  ${printable(line)}`)]
}

const limitWords: Readonly<Record<DrillLimit['kind'], string>> = {
  rto: 'recovery time',
  'rpo-age': 'age of the newest backup',
  'rpo-gap': 'gap between backups',
}

function limitFact({ service, kind, allowedMs, measuredMs, met }: DrillLimit): string {
  const measured = `${formatDuration(measuredMs)} of ${formatDuration(allowedMs)} allowed`
  return `limit of ${printable(service)}, ${limitWords[kind]}: ${met ? 'met' : 'MISSED'}, ${measured}`
}
