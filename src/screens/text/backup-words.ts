import type { BackupType, CatalogEntry } from '../../model/backup.ts'
import { formatBytes, formatDuration, formatNumberOf } from '../../model/units.ts'
import type { FilterField } from './filter.ts'
import type { Glyphs, State } from './glyphs.ts'
import { ageText, agoText, momentText, shortId } from './ids.ts'
import { type Line, lineOf, type Span, span } from './line.ts'
import { plainText } from './plain.ts'

/** How a backup is called and judged on every screen. Pure. */

export function stateOfBackup({ missing, verified, warnings }: CatalogEntry): State {
  if (missing === true || verified?.ok === false) return 'failed'
  if ((warnings ?? 0) > 0) return 'warning'
  return verified === null ? 'pending' : 'ok'
}

/** What is wrong with it; empty where nothing is known to be. */
export function whyOfBackup({ missing, verified, warnings }: CatalogEntry): string {
  if (missing === true) return 'listed, but gone from archives/'
  if (verified?.ok === false) return 'damaged: its last verification failed'
  if ((warnings ?? 0) > 0) return `made with ${formatNumberOf(warnings ?? 0, 'warning')}`
  return ''
}

const shortTypes: Readonly<Record<BackupType, string>> = {
  full: 'full',
  incremental: 'incr',
  differential: 'diff',
  service: 'serv',
  safety: 'safe',
}

export function shortType(type: BackupType): string {
  return shortTypes[type]
}

/** `✔ 3d`, `✖ 3d`, `never`. */
export function verifiedSpan(verified: CatalogEntry['verified'], now: number, glyphs: Glyphs): Span {
  if (verified === null) return span('never', 'dim')
  const state = verified.ok ? 'ok' : 'failed'
  return span(`${glyphs[state]} ${ageText(verified.at, now)}`, state)
}

/** What keeps it whatever a cleanup says: `pin`, `hold`. */
export function keepWord({ pinned, legalHold }: CatalogEntry): string {
  if (legalHold != null) return 'hold'
  return pinned ? 'pin' : ''
}

/** All of one backup that fits three lines. */
export function backupLines(entry: CatalogEntry, now: number, glyphs: Glyphs): readonly Line[] {
  const separator = ` ${glyphs.dot} `
  const { bytes, files, durationMs, base, deps, verified, description, legalHold } = entry
  const measures = [
    `${formatBytes(entry.sizeBytes)} stored`,
    ...(entry.encrypted ? [] : ['NOT encrypted']),
    ...(bytes === null ? [] : [`of ${formatBytes(bytes)}`]),
    ...(files === null ? [] : [formatNumberOf(files, 'file')]),
    ...(durationMs === null ? [] : [`took ${formatDuration(durationMs)}`]),
  ]
  const depends =
    deps.length === 0
      ? 'depends on nothing'
      : `needs ${formatNumberOf(deps.length, 'older one', 'older ones')}${base === null ? '' : `, made against ${shortId(base)}`}`
  const proof =
    verified === null
      ? 'never verified'
      : `${verified.ok ? 'verified' : 'FAILED its verification'} ${agoText(verified.at, now)} (${plainText(verified.level)})`
  const why = whyOfBackup(entry)
  const keep = legalHold != null ? `legal hold: ${plainText(legalHold)}` : entry.pinned ? 'pinned' : ''
  const state = stateOfBackup(entry)
  const trouble = why === '' || state !== 'failed' ? '' : why
  return [
    lineOf(` ${momentText(entry.createdAt)}${separator}${measures.join(separator)}`),
    lineOf(
      ` ${[depends, proof].join(separator)}`,
      ...(trouble === '' ? [] : [span(`${separator}${trouble}`, 'failed')]),
      ...(state === 'warning' ? [span(`${separator}${why}`, 'warning')] : []),
    ),
    lineOf(
      ...(keep === '' ? [] : [span(` ${keep}`, 'bold')]),
      ...(description === null || description === ''
        ? []
        : [`${keep === '' ? ' ' : separator}${plainText(description)}`]),
    ),
  ]
}

export function backupFilterFields(now: () => number): readonly FilterField<CatalogEntry>[] {
  return [
    { name: 'service', kind: 'text', of: ({ services }) => services.join(' ') },
    { name: 'type', kind: 'text', of: ({ type }) => type },
    { name: 'status', kind: 'text', of: (entry) => statusWords[stateOfBackup(entry)] },
    {
      name: 'verified',
      kind: 'text',
      of: ({ verified }) => (verified === null ? 'never no' : verified.ok ? 'yes' : 'failed'),
    },
    { name: 'keep', kind: 'text', of: (entry) => keepWord(entry) },
    { name: 'age', kind: 'age', of: ({ createdAt }) => now() - Date.parse(createdAt) },
    { name: 'size', kind: 'size', of: ({ sizeBytes }) => sizeBytes },
    { name: 'files', kind: 'count', of: ({ files }) => files },
  ]
}

const statusWords: Readonly<Record<State, string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'failed damaged',
  running: '',
  pending: 'unverified',
  skipped: '',
  unknown: '',
}

/** What a bare word of a filter is looked for in. */
export function backupWords({ id, services, type, description }: CatalogEntry): string {
  return `${id} ${services.join(' ')} ${type} ${description ?? ''}`
}
