import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { sweepClaimed } from '../platform/claimed-directory.ts'
import { backupIds, type Repository } from '../repository.ts'
import type { Session } from '../session.ts'
import { readRecordIfAny, recordDirectory, recordedRestores, type UndoRecord } from './record.ts'

const keptMs = 7 * 86_400_000

/**
 * Removes records that are a week old and whose safety backups, if they had any, are gone; but for one in use. Of one
 * that cannot be read nobody knows its backups, and it takes nothing back: it only grows old.
 */
export async function forgetOldRecords({ world }: Session, repository: Repository, used: string): Promise<void> {
  const { files, clock } = world
  const there = new Set(backupIds(files, repository))
  for (const restore of recordedRestores(files, repository)) {
    if (restore === used) continue
    const directory = recordDirectory(repository, restore)
    const record = readRecordIfAny(files, repository, restore)
    const touchedMs = record === null ? lastChangeMs(files, directory) : Date.parse(record.touchedAt)
    if (clock.now() - touchedMs < keptMs) continue
    if (record !== null && safetiesOf(record).some((id) => there.has(id))) continue
    await sweepClaimed(files, directory, () => true)
  }
}

function lastChangeMs(files: Files, directory: BytePath): number {
  const status = files.status(directory)
  return status === undefined ? Number.POSITIVE_INFINITY : Number(status.mtimeNs / 1_000_000n)
}

/** Backups made before its attempts, in their order. */
export function safetiesOf({ attempts }: UndoRecord): string[] {
  return attempts.flatMap(({ safety }) => (safety === null ? [] : [safety]))
}
