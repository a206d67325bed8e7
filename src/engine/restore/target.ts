import { randomBytes } from 'node:crypto'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { RestoreJob } from '../archive/restore-job.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'
import type { OpenPlace } from './open-directories.ts'
import type { Place } from './places.ts'

/** Opens the directories a restore goes to. Whoever opened them closes them. @throws E_IO. */
export function openPlaces(files: Files, places: readonly Place[]): OpenPlace[] {
  const open: OpenPlace[] = []
  for (const place of places) {
    try {
      open.push({ ...place, fd: files.open(place.base, 'directory') })
    } catch (error) {
      for (const { fd } of open) letGo(files, fd)
      throw explainIo(error, 'open', place.base)
    }
  }
  return open
}

/** Closes the places, and what the workers had open below them. */
export async function closeDirectories(files: Files, pool: WorkerPool, open: readonly OpenPlace[]): Promise<void> {
  // As many jobs at once as there are idle threads: each gets one.
  const job: RestoreJob = { kind: 'restore', task: 'close', run: '', places: [] }
  await Promise.allSettled(Array.from({ length: pool.started }, () => pool.run(job)))
  for (const { fd } of open) letGo(files, fd)
}

const letter = /[a-z]/i
const probedNames = 32

/**
 * Whether a directory takes two names that differ in case for one, as far as the names in it tell; nothing is
 * written. False where no name has a letter.
 */
export function foldsCase(files: Files, directory: number): boolean {
  let names: BytePath[]
  try {
    names = files.names(files.childOf(directory, '.' as BytePath))
  } catch {
    return false // it may be entered but not read
  }
  const present = new Set(names)
  let probed = 0
  for (const name of names) {
    if (!letter.test(name)) continue
    const swapped = swapCase(name)
    if (present.has(swapped)) return false
    if (isSameFile(files, directory, name, swapped)) return true
    if (++probed >= probedNames) break
  }
  return false
}

function isSameFile(files: Files, directory: number, one: BytePath, other: BytePath): boolean {
  try {
    const a = files.status(files.childOf(directory, one))
    const b = files.status(files.childOf(directory, other))
    return a !== undefined && b !== undefined && a.inode === b.inode && a.device === b.device
  } catch {
    return false
  }
}

export function swapCase(name: BytePath): BytePath {
  return name.replace(/[a-z]/gi, (char) =>
    char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase(),
  ) as BytePath
}

/**
 * By trying, in a directory the restore has just made: makes a name, looks for it in the other case, removes it. By
 * `temporaryPrefix` it is known to be the restore's, should that be killed meanwhile.
 */
export function tellsCaseApart(files: Files, directory: number, temporaryPrefix: string): boolean {
  const name = `${temporaryPrefix}-case-${randomBytes(6).toString('hex')}` as BytePath
  const probe = files.childOf(directory, name)
  try {
    files.makeDirectory(probe, 0o700)
  } catch {
    return true // it cannot be written to: then nothing is made in it either
  }
  try {
    return files.status(files.childOf(directory, swapCase(name))) === undefined
  } finally {
    files.removeDirectory(probe)
  }
}
