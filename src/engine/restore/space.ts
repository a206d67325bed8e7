import { type BytePath, displayPath, pathFromJson } from '../../model/path.ts'
import type { PlannedRestore } from '../../model/planned-restore.ts'
import type { Files } from '../../model/ports.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'

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
