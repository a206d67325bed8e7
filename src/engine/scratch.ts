import { BackupError } from '../model/errors.ts'
import { type BytePath, joinPath } from '../model/path.ts'
import { explainIo } from './platform/explain-io.ts'
import type { LockHolder } from './platform/lock.ts'
import { openWorkspace, type Repository, type World } from './repository.ts'

/** A place for what a run puts down while it reads: in the repository's temp/, or outside it where that is read-only. */
export interface Scratch {
  readonly path: BytePath
  discard(): void
}

/** Less room than this in the repository is as good as none: a plan of a million steps takes some hundred megabytes. */
const scarceBytes = 64 * 1024 * 1024

export async function openScratch(
  world: World,
  repository: Repository,
  holder: LockHolder,
  signal: AbortSignal,
): Promise<Scratch> {
  if (!world.readOnly && !isScarce(world, repository)) {
    try {
      return await openWorkspace(world, repository, holder, signal)
    } catch (error) {
      if (!(error instanceof BackupError && (error.code === 'E_IO' || error.code === 'E_NO_SPACE'))) throw error
    }
  }
  // A repository that is only to be looked at, or on read-only or full media, is what a restore may have to make do with.
  const path = joinPath(world.temporary, `holdfast-${holder.run}` as BytePath)
  try {
    world.files.makeDirectory(path, 0o700)
  } catch (error) {
    throw explainIo(error, 'make the workspace', path)
  }
  return { path, discard: () => world.files.removeTree(path) }
}

/** Whether the repository is nearly full and there is more room outside it. */
function isScarce({ files, temporary }: World, repository: Repository): boolean {
  try {
    const { freeBytes } = files.fileSystem(repository.root)
    return freeBytes < scarceBytes && files.fileSystem(temporary).freeBytes > freeBytes
  } catch {
    return false // then the one that cannot be told will say why
  }
}
