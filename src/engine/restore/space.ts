import { BackupError } from '../../model/errors.ts'
import { type BytePath, displayPath, pathFromJson } from '../../model/path.ts'
import type { PlannedRestore } from '../../model/planned-restore.ts'
import type { FileSystemStatus, Files } from '../../model/ports.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'
import { explainIo } from '../platform/explain-io.ts'

/** What a plan needs of every file system it writes to, and what is free there now. */
export function spaceNow(files: Files, { space }: PlanHeader): PlannedRestore['space'] {
  return space.map(({ at, bytes }) => ({
    at: displayPath(pathFromJson(at)),
    neededBytes: bytes,
    freeBytes: freeBytesAt(files, pathFromJson(at)),
  }))
}

function freeBytesAt(files: Files, path: BytePath): number | null {
  try {
    return files.fileSystem(path).freeBytes
  } catch {
    return null // gone since it was planned; applying will say so
  }
}

/** @throws E_NO_SPACE where a plan needs more than there is; E_IO. */
export function checkSpace(files: Files, { space }: PlanHeader): void {
  for (const { at, bytes } of space) {
    const path = pathFromJson(at)
    const { freeBytes, totalBytes } = fileSystemOf(files, path)
    // Some file systems, in memory or on a network, do not tell their size.
    if (freeBytes >= bytes || totalBytes === 0) continue
    throw new BackupError(
      'E_NO_SPACE',
      `the restore needs ${bytes} bytes on the file system of ${displayPath(path)}, which has ${freeBytes} free`,
      'free some space there, choose another target, or restore less with --path',
    )
  }
}

function fileSystemOf(files: Files, path: BytePath): FileSystemStatus {
  try {
    return files.fileSystem(path)
  } catch (error) {
    throw explainIo(error, 'look at', path)
  }
}
