import type { CatalogEntry } from '../model/backup.ts'
import type { DeleteOutcome, DeletePlan } from '../model/delete.ts'
import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { chooseBackup, type Listing, listBackups } from './catalog.ts'
import { finishDeletions } from './finish-deletions.ts'
import { Needs, refuseIfNeeded } from './needs.ts'
import { refuseIfPinned } from './pin-file.ts'
import { decideRetention } from './plan/retention.ts'
import { retentionBackupOf } from './plan/retention-backup.ts'
import { policyFrom } from './plan/retention-policy.ts'
import { removeBackups } from './remove-backups.ts'
import { backupIds, type Repository } from './repository.ts'
import { BackupDetails } from './retention-ground.ts'
import { carryOut, type Run } from './run.ts'
import { lockServices } from './service-locks.ts'
import type { Session } from './session.ts'

/** What deleting a backup would do. @throws E_UNKNOWN_ID, E_PINNED, E_NEEDED where another backup needs it. */
export async function planDelete(session: Session, wanted: string): Promise<DeletePlan> {
  const repository = session.repository()
  const { files } = session.world
  const listing = await listBackups(files, repository, session.catalog(repository))
  const entry = chooseForDeletion(session, repository, listing, wanted)
  refuseIfPinned(files, repository, entry.id)
  await refuseIfHeld(session, repository, listing, entry.id)
  refuseIfNeeded(needsOf(session, repository, listing), entry.id)
  return { backup: entry, freedBytes: freedBytes(entry) }
}

/**
 * Deletes one backup. Its services are locked, so that no backup can be made meanwhile that builds on it.
 *
 * @throws E_UNKNOWN_ID, E_PINNED also where a policy holds it, E_NEEDED, E_BUSY also where it is in use, E_CATALOG, E_IO; the backup is whole then.
 */
export async function deleteBackup(session: Session, wanted: string, during: During): Promise<DeleteOutcome> {
  const repository = session.repository()
  const { files } = session.world
  const listing = await listBackups(files, repository, session.catalog(repository))
  const entry = chooseForDeletion(session, repository, listing, wanted)
  const about = { kind: 'delete' as const, about: entry.id, ...during }
  const { run, result, exitCode } = await carryOut(session.world, repository, about, (story) =>
    carryOutDelete(session, repository, entry, story),
  )
  return { exitCode, run, id: entry.id, freedBytes: result }
}

async function carryOutDelete(session: Session, repository: Repository, entry: CatalogEntry, run: Run) {
  const { world } = session
  const catalog = session.catalog(repository)
  const services = await lockServices(world, repository, entry.services, run)
  try {
    const listing = await listBackups(world.files, repository, catalog)
    const needs = needsOf(session, repository, listing)
    await refuseIfHeld(session, repository, listing, entry.id)
    await finishDeletions(world, repository, catalog, needs, listing)
    const { left } = await removeBackups({ world, repository, catalog, needs, run, services }, [entry])
    for (const { because } of left) throw because
    const freed = freedBytes(entry)
    return { result: freed, report: { deleted: entry.id, freedBytes: freed }, warnings: false }
  } finally {
    services.release()
  }
}

/** @throws E_PINNED where a policy of the configuration holds it. */
async function refuseIfHeld(session: Session, repository: Repository, { backups }: Listing, id: string): Promise<void> {
  const configured = policyFrom(session.parts.configured.sources)
  const sets = configured.sets.filter(({ legalHold }) => legalHold)
  if (sets.length === 0) return
  const details = new BackupDetails(session, repository, await session.keys(repository, false))
  const known = backups.map((entry) => retentionBackupOf(entry, details.of(entry)))
  const decisions = decideRetention(known, { ...configured, sets }, session.world.clock.now())
  const decision = decisions.find(({ backup }) => backup === id)
  if (decision?.held === true)
    throw new BackupError(
      'E_PINNED',
      `${id} is under ${decision.reasons[0]}`,
      'to lift it, change legal_hold_enabled of that policy in the configuration',
    )
}

function needsOf({ world }: Session, repository: Repository, { backups }: Listing): Needs {
  const needs = new Needs(world.files, repository)
  needs.look(new Map(backups.map((entry) => [entry.id, entry])))
  return needs
}

function freedBytes({ missing, sizeBytes }: CatalogEntry): number {
  return missing === true ? 0 : sizeBytes
}

/** Also a backup that cannot be listed, by its whole id. */
function chooseForDeletion(
  { world }: Session,
  repository: Repository,
  { backups }: Listing,
  wanted: string,
): CatalogEntry {
  const gone = backups.find(({ id, missing }) => id === wanted && missing === true)
  if (gone !== undefined) return gone
  if (backups.some(({ id }) => id === wanted) || !backupIds(world.files, repository).includes(wanted))
    return chooseBackup(backups, wanted)
  throw new BackupError(
    'E_DAMAGED',
    `the manifest of ${wanted} cannot be read, so its services are not known`,
    `move ${wanted} out of archives/ by hand, then run: holdfast rebuild`,
  )
}
