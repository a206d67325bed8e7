import { type BytePath, displayPath } from '../../model/path.ts'
import type { TargetLook } from '../../model/planned-restore.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from '../platform/explain-io.ts'
import { findPlaces, realPathOfNearest } from './places.ts'

/**
 * What stands where a restore would go, before it is planned.
 *
 * @throws E_TARGET where it is no directory, or lies inside the repository; E_IO.
 */
export function lookAtTarget(files: Files, path: BytePath, repositoryRoot: BytePath): TargetLook {
  const { targetIsNew } = findPlaces(files, { kind: 'directory', path }, [], repositoryRoot)
  const common = { path: displayPath(path), freeBytes: freeBytesFor(files, path) }
  if (targetIsNew) return { ...common, state: 'new' }
  try {
    return { ...common, state: files.names(path).length === 0 ? 'empty' : 'used' }
  } catch (error) {
    throw explainIo(error, 'look into', path)
  }
}

/** On the file system it lies on, or will. */
function freeBytesFor(files: Files, path: BytePath): number | null {
  try {
    return files.fileSystem(realPathOfNearest(files, path).base).freeBytes
  } catch {
    return null // applying will say so
  }
}
