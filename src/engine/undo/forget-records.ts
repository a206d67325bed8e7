import { backupIds, type Repository } from '../repository.ts'
import type { Session } from '../session.ts'
import { isUnderWay, readRecordIfAny, recordDirectory, recordedRestores, type UndoRecord } from './record.ts'

const keptMs = 7 * 86_400_000

/** Removes records that are a week old and whose safety backups, if they had any, are gone; but for one in use. */
export async function forgetOldRecords({ world }: Session, repository: Repository, used: string): Promise<void> {
  const { files, clock } = world
  const there = new Set(backupIds(files, repository))
  for (const restore of recordedRestores(files, repository)) {
    if (restore === used) continue
    const record = readRecordIfAny(files, repository, restore)
    if (record === null || clock.now() - Date.parse(record.touchedAt) < keptMs) continue
    if (safetiesOf(record).some((id) => there.has(id)) || isUnderWay(files, repository, restore)) continue
    files.removeTree(recordDirectory(repository, restore))
  }
}

/** Backups made before its attempts, in their order. */
export function safetiesOf({ attempts }: UndoRecord): string[] {
  return attempts.flatMap(({ safety }) => (safety === null ? [] : [safety]))
}
