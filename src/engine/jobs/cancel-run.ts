import { BackupError } from '../../model/errors.ts'
import { type BytePath, joinPath, pathFromText } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import { readText } from '../platform/json-file.ts'
import type { Processes } from '../platform/processes.ts'
import type { Repository } from '../repository.ts'
import { readRun, runLogPath } from '../run-log.ts'

/**
 * Asks the process of a run to stop. A process id alone proves nothing, since the system gives it away again: the run
 * must live, and the process it names must be the one that holds the lock of this log. Whoever follows a run has its log
 * open too.
 */
export function cancelRun(
  files: Files,
  repository: Repository,
  processes: Processes,
  id: string,
  how: 'interrupt' | 'kill' = 'interrupt',
): void {
  const { state, pid } = readRun(files, repository, id)
  if (state !== 'running') return
  const log = files.status(runLogPath(repository, id))
  if (pid === null || log === undefined || !holdsLock(files, pid, log)) throw outOfReach(id, null)
  try {
    processes[how](pid)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return // it has just ended
    throw outOfReach(id, error)
  }
}

/** proc_pid_fdinfo(5): of a descriptor that holds a lock, a line says so. */
const lockLine = /^lock:\s.*\bFLOCK\b/m

function holdsLock(files: Files, pid: number, { device, inode }: FileStatus): boolean {
  const descriptors = pathFromText(`/proc/${pid}/fd`)
  const details = pathFromText(`/proc/${pid}/fdinfo`)
  let names: BytePath[]
  try {
    names = files.names(descriptors)
  } catch {
    return false // gone, another user's, or in another container
  }
  return names.some((name) => {
    try {
      const open = files.statusFollowing(joinPath(descriptors, name))
      if (open?.device !== device || open.inode !== inode) return false
      return lockLine.test(readText(files, joinPath(details, name)) ?? '')
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
