import type { ListedRestore, UndoableRestore } from '../../model/undo.ts'
import { backupIds, type Repository } from '../repository.ts'
import type { Session } from '../session.ts'
import { safetiesOf } from './forget-records.ts'
import { isUnderWay, readRecords, type UndoRecord } from './record.ts'

/** Restores that can be taken back, or could, newest first; at the end those whose record cannot be read. */
export function undoableRestores(session: Session): ListedRestore[] {
  const { files } = session.world
  const repository = session.repository()
  const there = new Set(backupIds(files, repository))
  const { records, unreadable } = readRecords(files, repository)
  return [
    ...records.map((record) => describe(session, repository, record, there)),
    ...unreadable.map(({ restore, problem }) => ({ id: restore, state: 'unreadable' as const, problem })),
  ]
}

function describe(
  { world: { files } }: Session,
  repository: Repository,
  record: UndoRecord,
  there: ReadonlySet<string>,
): UndoableRestore {
  const { restore, startedAt, backup, target, inPlace } = record
  const safety = safetiesOf(record)
  const about = { id: restore, at: startedAt, backup, target, inPlace, safety }
  if (isUnderWay(files, repository, restore)) return { ...about, state: 'running' }
  if (record.state !== 'undone' && safety.some((id) => !there.has(id))) return { ...about, state: 'expired' }
  const states = { restoring: 'interrupted', restored: 'restored', undoing: 'half-undone', undone: 'undone' } as const
  return { ...about, state: states[record.state] }
}
