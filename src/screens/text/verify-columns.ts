import type { CatalogEntry } from '../../model/backup.ts'
import type { RunSummary } from '../../model/jobs.ts'
import { formatBytes, formatDuration } from '../../model/units.ts'
import { shortType } from './backup-words.ts'
import { type Column, stateColumn } from './columns.ts'
import { type Glyphs, lookOf } from './glyphs.ts'
import { ageText, shortId, shortMoment } from './ids.ts'
import { span } from './line.ts'
import { plainText } from './plain.ts'
import { aboutOf, resultOfProof, stateOfProof, stateOfVerification, wordOfVerification } from './verify-lines.ts'

/** Backups by how well they are proven, and the runs that proved them. Pure. */

export function columnsOfBackups(glyphs: Glyphs, now: number): readonly Column<CatalogEntry>[] {
  return [
    stateColumn(glyphs, stateOfProof),
    { title: 'ID', width: 4, upTo: 8, priority: 0, cut: 'start', cell: ({ id }) => shortId(id) },
    { title: 'SERVICE', width: 10, upTo: 24, priority: 0, cell: ({ services }) => plainText(services.join(', ')) },
    { title: 'MADE', width: 11, priority: 0, cell: ({ createdAt }) => shortMoment(createdAt) },
    { title: 'SIZE', width: 8, align: 'right', priority: 3, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
    { title: 'TYPE', width: 4, priority: 4, cell: ({ type }) => shortType(type) },
    { title: 'RESULT', width: 7, priority: 0, cell: resultOfProof },
    { title: 'LEVEL', width: 7, priority: 0, cell: ({ verified }) => plainText(verified?.level ?? '') },
    { title: 'VERIFIED', width: 11, priority: 1, cell: ({ verified }) => shortMoment(verified?.at ?? '') },
    {
      title: 'AGE',
      width: 4,
      align: 'right',
      priority: 2,
      cell: ({ verified }) => (verified === null ? '' : ageText(verified.at, now)),
    },
  ]
}

export function columnsOfRuns(glyphs: Glyphs): readonly Column<RunSummary>[] {
  return [
    stateColumn(glyphs, stateOfVerification),
    { title: 'WHEN', width: 11, priority: 0, cell: ({ startedAt }) => shortMoment(startedAt) },
    { title: 'LEVEL', width: 7, priority: 0, cell: (run) => aboutOf(run).level },
    {
      title: 'RESULT',
      width: 8,
      upTo: 19,
      priority: 0,
      cell: (run) => span(wordOfVerification(run), lookOf(stateOfVerification(run))),
    },
    {
      title: 'TOOK',
      width: 12,
      align: 'right',
      priority: 1,
      cell: ({ durationMs }) => (durationMs === null ? '' : formatDuration(durationMs)),
    },
    { title: 'WHAT', width: 12, upTo: 150, priority: 0, cell: (run) => aboutOf(run).what },
  ]
}
