import { BackupError } from '../../model/errors.ts'
import { type BytePath, joinPath, pathFromText } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import type { Processes } from '../platform/processes.ts'
import type { Repository } from '../repository.ts'
import { readRun, runLogPath } from '../run-log.ts'

/**
 * Asks the process of a run to stop. A process id alone proves nothing, since the system gives it away again: the run
 * must live, which its log's lock tells, and the process it names must be one that has this log open.
 */
export function cancelRun(files: Files, repository: Repository, processes: Processes, id: string): void {
  const { state, pid } = readRun(files, repository, id)
  if (state !== 'running') return
  const log = files.status(runLogPath(repository, id))
  if (pid === null || log === undefined || !hasOpen(files, pid, log)) throw outOfReach(id, null)
  try {
    processes.interrupt(pid)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return // it has just ended
    throw outOfReach(id, error)
  }
}

function hasOpen(files: Files, pid: number, { device, inode }: FileStatus): boolean {
  const directory = pathFromText(`/proc/${pid}/fd`)
  let descriptors: BytePath[]
  try {
    descriptors = files.names(directory)
  } catch {
    return false // gone, another user's, or in another container
  }
  return descriptors.some((name) => {
    try {
      const open = files.statusFollowing(joinPath(directory, name))
      return open?.device === device && open.inode === inode
    } catch {
      return false // closed meanwhile
    }
  })
}

function outOfReach(id: string, cause: unknown): BackupError {
  return new BackupError(
    'E_BUSY',
    `the run ${id} lives, but its process cannot be reached from here`,
    'it is another user’s, or on another machine or in another container: stop it there',
    cause ?? undefined,
  )
}
