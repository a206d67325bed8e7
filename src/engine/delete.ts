import type { CatalogEntry, Manifest } from '../model/backup.ts'
import type { DeleteOutcome, DeletePlan } from '../model/delete.ts'
import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, joinPath } from '../model/path.ts'
import { chooseBackup, listBackups } from './catalog.ts'
import { readManifest } from './manifest.ts'
import { lockPins, refuseIfPinned } from './pin-file.ts'
import { explainIo } from './platform/explain-io.ts'
import { syncDirectory } from './platform/json-file.ts'
import { backupIds, openWorkspace, type Repository } from './repository.ts'
import { carryOut, type Run } from './run.ts'
import { lockServices } from './service-locks.ts'
import type { Session } from './session.ts'

/** What deleting a backup would do. @throws E_UNKNOWN_ID, E_PINNED, E_NEEDED where another backup needs it. */
export async function planDelete(session: Session, wanted: string): Promise<DeletePlan> {
  const repository = session.repository()
  const entry = await chooseForDeletion(session, repository, wanted)
  refuseIfPinned(session.world.files, repository, entry.id)
  refuseIfNeeded(session, repository, entry.id)
  return { backup: entry, freedBytes: entry.missing === true ? 0 : entry.sizeBytes }
}

/**
 * Deletes one backup: it leaves archives/ in one step, then the catalog, then the disk. Its services are locked, so
 * that no backup can be made meanwhile that builds on it.
 *
 * @throws E_UNKNOWN_ID, E_PINNED, E_NEEDED, E_BUSY, E_IO; the backup is whole then.
 */
export async function deleteBackup(session: Session, wanted: string, during: During): Promise<DeleteOutcome> {
  const repository = session.repository()
  const entry = await chooseForDeletion(session, repository, wanted)
  const about = { kind: 'delete' as const, about: entry.id, ...during }
  const { run, result, exitCode } = await carryOut(session.world, repository, about, (story) =>
    carryOutDelete(session, repository, entry, story),
  )
  return { exitCode, run, id: entry.id, freedBytes: result }
}

async function carryOutDelete(session: Session, repository: Repository, entry: CatalogEntry, run: Run) {
  const { world } = session
  const held = await lockServices(world, repository, entry.services, run)
  try {
    refuseIfNeeded(session, repository, entry.id)
    const manifest = manifestIfAny(session, repository, entry.id)
    if (entry.missing !== true) await takeOutUnlessPinned(session, repository, entry.id, run)
    await session.catalog(repository).updateExisting((backups) => backups.filter(({ id }) => id !== entry.id))
    for (const { id } of manifest?.archives ?? []) removeIfThere(session, joinPath(repository.headers, id as BytePath))
    const freedBytes = entry.missing === true ? 0 : entry.sizeBytes
    return { result: freedBytes, report: { deleted: entry.id, freedBytes }, warnings: false }
  } finally {
    held.release()
  }
}

async function takeOutUnlessPinned(session: Session, repository: Repository, id: string, run: Run): Promise<void> {
  const pins = await lockPins(session.world, repository, run)
  try {
    refuseIfPinned(session.world.files, repository, id)
    await takeOut(session, repository, id, run)
  } finally {
    pins.release()
  }
}

/** Out of archives/ in one step; what a crash leaves in temp/ is swept by the next run. */
async function takeOut(session: Session, repository: Repository, id: string, run: Run): Promise<void> {
  const { files } = session.world
  const workspace = await openWorkspace(session.world, repository, run.holder, run.signal)
  try {
    files.rename(repository.backup(id), joinPath(workspace.path, id as BytePath))
    await syncDirectory(files, repository.archives)
  } catch (error) {
    throw explainIo(error, 'delete', repository.backup(id))
  } finally {
    workspace.discard()
  }
}

/** Also a backup that cannot be listed, by its whole id. */
async function chooseForDeletion(session: Session, repository: Repository, wanted: string): Promise<CatalogEntry> {
  const { files } = session.world
  const { backups } = await listBackups(files, repository, session.catalog(repository))
  const gone = backups.find(({ id, missing }) => id === wanted && missing === true)
  if (gone !== undefined) return gone
  if (backups.some(({ id }) => id === wanted) || !backupIds(files, repository).includes(wanted))
    return chooseBackup(backups, wanted)
  throw new BackupError(
    'E_DAMAGED',
    `the manifest of ${wanted} cannot be read, so its services are not known`,
    `move ${wanted} out of archives/ by hand, then run: holdfast rebuild`,
  )
}

/** @throws E_NEEDED, also where it cannot be told who needs it. */
function refuseIfNeeded(session: Session, repository: Repository, id: string): void {
  const { files } = session.world
  const dependents: string[] = []
  for (const other of backupIds(files, repository)) {
    if (other === id) continue
    let manifest: Manifest
    try {
      manifest = readManifest(files, repository, other)
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
      throw new BackupError(
        'E_NEEDED',
        `whether ${other} needs ${id} cannot be told: ${error.message}`,
        `bring ${other} back from a copy, or take it out of archives/ first`,
        error,
      )
    }
    if (manifest.deps.includes(id)) dependents.push(other)
  }
  const [first] = dependents
  if (first === undefined) return
  const which = dependents.length === 1 ? first : `${dependents.length} backups, among them ${first},`
  throw new BackupError(
    'E_NEEDED',
    `${id} is needed by ${which}`,
    `delete ${dependents.length === 1 ? 'that one' : 'those'} first; holdfast list --json tells what depends on what`,
  )
}

function manifestIfAny(session: Session, repository: Repository, id: string): Manifest | null {
  try {
    return readManifest(session.world.files, repository, id)
  } catch (error) {
    if (error instanceof BackupError) return null
    throw error
  }
}

function removeIfThere(session: Session, path: BytePath): void {
  const { files } = session.world
  if (files.status(path) !== undefined) files.removeFile(path)
}
