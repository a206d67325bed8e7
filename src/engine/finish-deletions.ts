import { joinPath } from '../model/path.ts'
import type { CatalogPort, Listing } from './catalog.ts'
import type { Needs } from './needs.ts'
import type { Repository, World } from './repository.ts'

const archiveId = /^[0-9a-f]{32}$/

/**
 * Does what deletions left undone that died after a backup was out of archives/: the catalog forgets it, and the copies
 * of headers that are no archive's any more go. What they left in temp/ is swept by every run.
 *
 * @throws E_CATALOG, E_NO_SPACE, E_IO.
 */
export async function finishDeletions(
  { files }: World,
  repository: Repository,
  catalog: CatalogPort,
  needs: Needs,
  { backups, deleted }: Listing,
): Promise<void> {
  if (deleted.length === 0) return
  const ids = new Set(deleted.map(({ id }) => id))
  // A header is kept after its backup has come into archives/: what is here now and no archive's then is an orphan.
  const kept = files.status(repository.headers) === undefined ? [] : files.names(repository.headers)
  needs.look(new Map(backups.map((entry) => [entry.id, entry])))
  const archives = needs.allArchives()
  for (const name of archives === null ? [] : kept) {
    const path = joinPath(repository.headers, name)
    if (archiveId.test(name) && !archives?.has(name) && files.status(path) !== undefined) files.removeFile(path)
  }
  await catalog.updateExisting((entries) => entries.filter(({ id, deleting }) => deleting !== true || !ids.has(id)))
}
