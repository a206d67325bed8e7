import { type BytePath, joinPath } from '../../model/path.ts'
import type { FileStatus, Files } from '../../model/ports.ts'
import { letGo } from '../platform/let-go.ts'

/** One name of what was restored, as it lies on disk. */
export interface Found {
  /** Below the scratch place, as a backup stores it. */
  readonly path: BytePath
  readonly status: FileStatus
  /** Good for any call until the next is asked for, however deep it lies. */
  readonly at: BytePath
}

/**
 * Everything below a directory that was just made, in the order of a table of contents: parents first, sorted by
 * bytes. Nothing is followed. Errors are Node's.
 */
export function* walkBack(files: Files, top: BytePath): Generator<Found> {
  const fd = files.open(top, 'directory')
  try {
    yield* below(files, fd, '' as BytePath)
  } finally {
    letGo(files, fd)
  }
}

function* below(files: Files, directory: number, prefix: BytePath): Generator<Found> {
  // Every char is a byte: the order of strings is that of bytes.
  const names = files.names(files.childOf(directory, '.' as BytePath)).sort()
  for (const name of names) {
    const at = files.childOf(directory, name)
    const status = files.status(at)
    if (status === undefined) continue
    const path = prefix === '' ? name : joinPath(prefix, name)
    yield { path, status, at }
    if (status.type !== 'directory') continue
    const inner = files.open(at, 'directory')
    try {
      yield* below(files, inner, path)
    } finally {
      letGo(files, inner)
    }
  }
}
