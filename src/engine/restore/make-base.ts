import { type BytePath, joinPath, nameOf, parentOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from '../platform/explain-io.ts'

/** Makes the target's directory, and those above it, where they are not there. @throws E_IO, E_NO_SPACE. */
export function makeBase(files: Files, base: BytePath): void {
  const absent: BytePath[] = []
  let at = base
  try {
    while (at !== '' && files.status(at) === undefined) {
      absent.push(nameOf(at))
      at = parentOf(at)
    }
    let path = at === '' ? ('/' as BytePath) : at
    for (const name of absent.reverse()) {
      path = joinPath(path, name)
      files.makeDirectory(path, 0o755)
    }
  } catch (error) {
    throw explainIo(error, 'make the target', base)
  }
}
