import type { CatalogEntry } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import { type BytePath, joinPath } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import type { CatalogPort } from './catalog.ts'
import { seizeBackup } from './hold.ts'
import { type Needs, refuseIfNeeded } from './needs.ts'
import { lockPins, refuseIfPinned } from './pin-file.ts'
import { explainIfIo, explainIo } from './platform/explain-io.ts'
import { syncDirectory } from './platform/json-file.ts'
import { openWorkspace, type Repository, type Workspace, type World } from './repository.ts'
import type { Run } from './run.ts'
import type { HeldServices } from './service-locks.ts'

/**
 * The one way in which backups go. The catalog says first that they are being deleted; each leaves archives/ in one
 * step; then the catalog forgets them; then their bytes are freed. Killed anywhere, each is whole and listed, or gone:
 * one that is marked and gone is no trouble to anybody who lists, and the next deletion strikes it out.
 */

export interface Removal {
  readonly deleted: readonly CatalogEntry[]
  /** What stayed: E_PINNED, E_NEEDED, E_BUSY where it is in use. */
  readonly left: readonly { readonly entry: CatalogEntry; readonly because: BackupError }[]
}

export interface RemovalParts {
  readonly world: World
  readonly repository: Repository
  readonly catalog: CatalogPort
  readonly needs: Needs
  readonly run: Run
  /** Services that are locked, those of what is to go among them: nobody adds a backup to one or deletes one. */
  readonly services: HeldServices
  onDeleted?(entry: CatalogEntry): void
}

/**
 * Deletes the backups in this order, which must be one in which none goes before what needs it. One that is pinned,
 * in use or needed stays; what goes wrong with the disk ends it, and so does the run's signal, after what is begun is
 * finished.
 *
 * @throws E_CATALOG where the catalog is damaged or missing: nothing is touched then; E_IO, E_BUSY, E_INTERRUPTED.
 */
export async function removeBackups(parts: RemovalParts, batch: readonly CatalogEntry[]): Promise<Removal> {
  const { world, repository, run, services } = parts
  let workspace: Workspace | null = null
  try {
    workspace = await openWorkspace(world, repository, run.holder, run.signal)
    return await remove(parts, batch, workspace)
  } catch (error) {
    throw explainIfIo(error, 'delete from', repository.archives)
  } finally {
    services.release()
    discard(workspace) // what takes long, and need keep nobody waiting
  }
}

async function remove(parts: RemovalParts, batch: readonly CatalogEntry[], workspace: Workspace): Promise<Removal> {
  const { world, repository, catalog, needs } = parts
  const { files } = world
  const marked = new Set(batch.map(({ id }) => id))
  const archives = new Map(batch.map(({ id }) => [id, needs.archivesOf(id)]))
  const { deleted, left, trouble } = await takeOut(parts, batch, marked, workspace)
  if (deleted.length > 0) await syncDirectory(files, repository.archives)
  for (const { id } of deleted)
    for (const archive of archives.get(id) ?? [])
      removeIfThere(files, joinPath(repository.headers, archive as BytePath))
  const gone = new Set(deleted.map(({ id }) => id))
  const forget = () =>
    catalog.updateExisting((backups) =>
      backups.filter(({ id }) => !gone.has(id)).map((entry) => (marked.has(entry.id) ? withoutMark(entry) : entry)),
    )
  try {
    await forget()
  } catch (error) {
    if (!isFull(error)) throw error
    discard(workspace) // which makes room
    await forget()
  }
  if (trouble !== null) throw trouble.error
  return { deleted, left }
}

/** It undoes no deletion and hides no error: what is left is swept by the next run. */
function discard(workspace: Workspace | null): void {
  try {
    workspace?.discard()
  } catch {}
}

interface TakenOut extends Removal {
  /** What ended it early. */
  readonly trouble: { readonly error: unknown } | null
}

async function takeOut(
  parts: RemovalParts,
  batch: readonly CatalogEntry[],
  marked: ReadonlySet<string>,
  workspace: Workspace,
): Promise<TakenOut> {
  const { world, repository, needs, run, onDeleted } = parts
  const deleted: CatalogEntry[] = []
  const left: { entry: CatalogEntry; because: BackupError }[] = []
  let trouble: TakenOut['trouble'] = null
  const pins = await lockPins(world, repository, run)
  try {
    await mark(parts, marked)
    try {
      for (const entry of batch) {
        run.signal.throwIfAborted()
        const because = takeOutOne(world, repository, needs, entry, workspace)
        if (because === null) {
          needs.forget(entry.id)
          deleted.push(entry)
          onDeleted?.(entry)
        } else left.push({ entry, because })
      }
    } catch (error) {
      trouble = { error }
    }
    return { deleted, left, trouble }
  } finally {
    pins.release()
  }
}

/**
 * Also takes away marks of a deletion that died, of what stays now. On a full disk nothing can be written down first,
 * and it is then above all that something must go.
 */
async function mark({ catalog, run, services }: RemovalParts, marked: ReadonlySet<string>): Promise<void> {
  try {
    await catalog.updateExisting((backups) =>
      backups.map((entry) => {
        if (marked.has(entry.id)) return { ...entry, deleting: true }
        return entry.deleting === true && services.holds(entry) ? withoutMark(entry) : entry
      }),
    )
  } catch (error) {
    if (!isFull(error)) throw error
    const message =
      'the disk is full, so that it is not written down first what goes; should this run be killed, holdfast rebuild puts the list right'
    run.tell({ kind: 'notice', message })
  }
}

/** Why it stays; null where it is gone. */
function takeOutOne(
  { files }: World,
  repository: Repository,
  needs: Needs,
  { id }: CatalogEntry,
  workspace: Workspace,
): BackupError | null {
  if (files.status(repository.backup(id)) === undefined) return null
  try {
    refuseIfNeeded(needs, id)
    refuseIfPinned(files, repository, id)
  } catch (error) {
    if (error instanceof BackupError && (error.code === 'E_NEEDED' || error.code === 'E_PINNED')) return error
    throw error
  }
  const seizure = seizeBackup(files, repository, id)
  if (seizure.kind === 'in-use')
    return new BackupError('E_BUSY', `${id} is in use by ${seizure.by}`, 'wait until it has been read')
  try {
    files.rename(repository.backup(id), joinPath(workspace.path, id as BytePath))
  } catch (error) {
    throw explainIo(error, 'delete', repository.backup(id))
  } finally {
    seizure.release()
  }
  return null
}

function withoutMark(entry: CatalogEntry): CatalogEntry {
  const { deleting: _, ...rest } = entry
  return rest
}

function removeIfThere(files: Files, path: BytePath): void {
  if (files.status(path) !== undefined) files.removeFile(path)
}

function isFull(error: unknown): boolean {
  return error instanceof BackupError && error.code === 'E_NO_SPACE'
}
