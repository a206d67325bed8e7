import type { CatalogEntry } from '../../model/backup.ts'
import { BackupError } from '../../model/errors.ts'
import { type BytePath, comparePaths, displayPath, parentOf, storedPathOf } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { TocEntry } from '../../model/toc.ts'
import { formatNumberOf } from '../../model/units.ts'
import { openArchive, openBackup } from '../inspect.ts'
import { sameState } from '../plan/restore-plan.ts'
import { letGo } from '../platform/let-go.ts'
import type { Repository } from '../repository.ts'
import { codeOf } from '../restore/look.ts'
import { OpenDirectories } from '../restore/open-directories.ts'
import { type Place, pathOnDisk, placeOf, placesOf } from '../restore/places.ts'
import type { RestorePlan } from '../restore/request.ts'
import type { SpooledStep } from '../restore/step-line.ts'
import { openPlaces } from '../restore/target.ts'
import type { Session } from '../session.ts'
import { savedSteps } from './replaced-source.ts'

const toldPaths = 5

/**
 * Holds a safety backup against what the plan will replace, name by name. What is not in it as the plan saw it is all
 * right only where it has changed since: the restore will not touch it then.
 *
 * @throws E_IO where something that will be replaced was not saved.
 */
export async function requireSaved(
  session: Session,
  repository: Repository,
  plan: RestorePlan,
  places: readonly Place[],
  entry: CatalogEntry,
): Promise<void> {
  const { files } = session.world
  const keys = await session.keys(repository, entry.encrypted)
  const { manifest, archives } = openBackup(files, repository, entry, [], keys)
  const open = openPlaces(files, placesOf(plan.header))
  const directories = new OpenDirectories(files, open)
  const lost: BytePath[] = []
  try {
    for (const [at, archive] of archives.entries()) {
      const lineage = openArchive(files, repository, manifest, archive, keys)
      try {
        for (const step of unsaved(files, plan, places[at] as Place, lineage.entries())) // an archive for each place
          if (stands(files, directories, step)) lost.push(step.path)
      } finally {
        lineage.close()
      }
    }
  } finally {
    directories.close()
    for (const { fd } of open) letGo(files, fd)
  }
  if (lost.length === 0) return
  const more = lost.length > toldPaths ? ` and ${lost.length - toldPaths} more` : ''
  throw new BackupError(
    'E_IO',
    `${formatNumberOf(lost.length, 'path')} that would be replaced cannot be saved before: ${lost.slice(0, toldPaths).map(displayPath).join(', ')}${more}`,
    'nothing was changed; the warnings say why; make them readable, leave them out, or add --no-undo to go on without a way back',
  )
}

function* unsaved(files: Files, plan: RestorePlan, place: Place, entries: Generator<TocEntry>): Generator<SpooledStep> {
  const all = placesOf(plan.header)
  const mine = (path: BytePath) => {
    const { prefix, base } = placeOf(all, parentOf(path))
    return prefix === place.prefix && base === place.base
  }
  let head = entries.next()
  for (const step of savedSteps(files, plan)) {
    if (!mine(step.path) || step.replaces?.type === 'socket') continue // no archive holds a socket; its service makes it anew
    const path = storedPathOf(pathOnDisk(all, step.path))
    while (head.done !== true && comparePaths(head.value.path, path) < 0) head = entries.next()
    if (head.done === true || head.value.path !== path || !isWhatWasSeen(head.value, step)) yield step
  }
}

function isWhatWasSeen({ inode, mtimeNs, sizeBytes, type, torn }: TocEntry, { replaces }: SpooledStep): boolean {
  if (replaces === null || torn || inode !== replaces.inode) return false
  return (
    type === 'directory' || (mtimeNs === replaces.mtimeNs && (type === 'symlink' || sizeBytes === replaces.sizeBytes))
  )
}

function stands(files: Files, directories: OpenDirectories, { path, replaces }: SpooledStep): boolean {
  let status: FileStatus | undefined
  try {
    status = files.status(directories.child(path))
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return false
    throw error
  }
  return status !== undefined && sameState(replaces, status)
}
