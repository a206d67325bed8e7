import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { printable } from '../model/path.ts'
import type { PlannedRestore } from '../model/planned-restore.ts'
import type { Files } from '../model/ports.ts'
import type { UndoOptions } from '../model/undo.ts'
import { openPlanning } from './planning.ts'
import { backupIds, type Repository } from './repository.ts'
import { prepareRestore } from './restore/prepare.ts'
import { selectEverything } from './restore/select-paths.ts'
import type { Session } from './session.ts'
import { ChangedPaths } from './undo/changed-paths.ts'
import { chooseRecord } from './undo/choose-record.ts'
import { safetiesOf } from './undo/forget-records.ts'
import { attemptsOf, isUnderWay, readRecords, type UndoRecord } from './undo/record.ts'

/** Taking a restore back: a restore of what was saved before it, and what it made goes. */

/** Something of it stands. */
const standing = ['restoring', 'restored', 'undoing'] as const satisfies readonly UndoRecord['state'][]

/**
 * Plans to put everything back as it was before the first attempt at a restore; null where there is nothing to take
 * back. What has changed since that restore is saved before it is replaced.
 *
 * @throws E_UNKNOWN_ID, E_USAGE where it has left no way back, E_ARCHIVE_MISSING where its safety backup is gone,
 * E_BUSY while it is under way, E_PLAN_ALTERED where its record was changed.
 */
export async function planUndo(session: Session, options: UndoOptions, during: During): Promise<PlannedRestore | null> {
  const { world } = session
  const { files } = world
  const repository = session.repository()
  const record = chooseRecord(session, repository, options.restore, standing)
  if (record === null && options.restore === null)
    throw new BackupError('E_UNKNOWN_ID', 'there is no restore that can be undone', 'holdfast undo lists restores')
  if (record === null || record.state === 'undone') return null
  const { restore } = record
  if (isUnderWay(files, repository, restore))
    throw new BackupError('E_BUSY', `the restore ${restore} is under way`, 'stop it, or wait for its end')
  const safeties = safetiesOf(record)
  requireThere(record, safeties, new Set(backupIds(files, repository)))
  return openPlanning(session, during, options.workers, async (ground) => {
    const { id, opened, planKey, pool, spoolPath, signal } = ground
    const attemptOf: number[] = []
    for (const [attempt, { safety }] of record.attempts.entries()) {
      if (safety === null) continue
      const before = opened.archives.length
      await opened.safety(safety, restore)
      for (let at = before; at < opened.archives.length; at++) attemptOf.push(attempt)
    }
    const changed = new ChangedPaths(files, attemptsOf(files, repository, record, planKey.key))
    try {
      const request = {
        id,
        backup: safeties[0] ?? record.backup,
        repositoryId: planKey.repositoryId,
        archives: opened.archives,
        repositoryRoot: repository.root,
        target: { kind: 'in-place' },
        select: selectEverything,
        asked: { patterns: [], below: null, last: record.attempts[0]?.header.last ?? [] },
        conflict: 'overwrite',
        choices: new Map(),
        saves: true,
        notes: newerInto(files, repository, record),
        earlier: { kind: 'taken-back', id: restore, attempts: record.attempts.length, changed, attemptOf },
        user: { uid: world.uid, gid: world.gid },
        now: new Date(world.clock.now()).toISOString(),
      } as const
      return await prepareRestore(files, pool, request, spoolPath, { signal })
    } finally {
      changed.close()
    }
  })
}

/** Restores into the same target that began later stay: what they wrote is a change since. */
function newerInto(files: Files, repository: Repository, { restore, target }: UndoRecord): string[] {
  const { records } = readRecords(files, repository) // the newest is the first
  return records
    .slice(
      0,
      records.findIndex((record) => record.restore === restore),
    )
    .filter((record) => record.target === target && record.state !== 'undone')
    .map(
      (record) =>
        `${record.restore} began later, into ${printable(target)} too, and is not taken back by this: what it wrote is a change since, saved before it is replaced`,
    )
}

function requireThere({ restore }: UndoRecord, safeties: readonly string[], there: ReadonlySet<string>): void {
  const gone = safeties.filter((id) => !there.has(id))
  if (gone.length === 0) return
  throw new BackupError(
    'E_ARCHIVE_MISSING',
    `what was saved before the restore ${printable(restore)} is gone: ${gone.join(', ')}`,
    'nothing was changed; safety backups are kept for 7 days, or as long as they are pinned',
  )
}
