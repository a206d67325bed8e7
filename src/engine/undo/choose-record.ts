import { BackupError } from '../../model/errors.ts'
import { printable } from '../../model/path.ts'
import type { Repository } from '../repository.ts'
import { readRun, runIds } from '../run-log.ts'
import type { Session } from '../session.ts'
import { readRecord, readRecords, recordedRestores, type UndoRecord } from './record.ts'

const fewestLetters = 4

/**
 * The record of the restore that is meant: by its id or a unique part of it; without one, the newest of `states`. Null
 * where that is none, or where the restore wrote nothing.
 *
 * @throws E_UNKNOWN_ID where no restore has that id, or several do; E_USAGE where it has left no way back; E_DAMAGED.
 */
export function chooseRecord(
  { world: { files } }: Session,
  repository: Repository,
  wanted: string | null,
  states: readonly UndoRecord['state'][],
): UndoRecord | null {
  if (wanted === null) return readRecords(files, repository).records.find(({ state }) => states.includes(state)) ?? null
  const id = oneOf(recordedRestores(files, repository), wanted)
  const record = id === null ? null : readRecord(files, repository, id)
  if (record !== null) return record
  const run = oneOf(runIds(files, repository, { before: null, kinds: ['restore'] }), wanted)
  if (run === null)
    throw new BackupError('E_UNKNOWN_ID', `there is no restore '${printable(wanted)}'`, 'holdfast undo lists them')
  const { state: ended, report } = readRun(files, repository, run)
  if (wroteNothing(report) || ended === 'died') return null // one that died before its record has changed nothing
  throw new BackupError(
    'E_USAGE',
    `the restore ${run} has left no way back`,
    'it was made with --no-undo, or its record was removed after a week without its safety backup',
  )
}

function oneOf(ids: readonly string[], wanted: string): string | null {
  if (ids.includes(wanted)) return wanted
  const found = wanted.length < fewestLetters ? [] : ids.filter((id) => id.includes(wanted))
  if (found.length > 1)
    throw new BackupError(
      'E_UNKNOWN_ID',
      `'${printable(wanted)}' fits ${found.length} restores`,
      `it fits ${found.slice(0, 3).join(', ')}`,
    )
  return found[0] ?? null
}

function wroteNothing(report: unknown): boolean {
  if (typeof report !== 'object' || report === null) return false
  const { written, deleted, metadata } = report as { written?: unknown; deleted?: unknown; metadata?: unknown } // as runRestore wrote it
  return written === 0 && deleted === 0 && (metadata ?? 0) === 0
}
