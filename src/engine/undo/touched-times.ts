import { type BytePath, comparePaths, parentOf, pathFromJson, storedPathOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { jsonPath } from '../archive/toc-pages.ts'
import { changesNothing } from '../plan/restore-plan.ts'
import { aboveOf, pathOnDisk, placesOf } from '../restore/places.ts'
import type { RestorePlan } from '../restore/request.ts'
import { SpoolWriter, spoolLines } from '../restore/spool.ts'
import { decodeStep, peekStep } from '../restore/step-line.ts'

/** A directory in which a name comes or goes, and the time it had. */
export interface TouchedTime {
  /** As it lies on disk, without the leading slash. */
  readonly path: BytePath
  readonly mtimeNs: bigint
}

/**
 * Writes down the times of all directories that stand and in which a restore makes, replaces or removes a name: nothing
 * else of them changes. On disk when this resolves.
 */
export async function writeTouchedTimes(
  files: Files,
  plan: RestorePlan,
  madeAbove: readonly BytePath[],
  path: BytePath,
): Promise<void> {
  const out = new SpoolWriter(files, path)
  try {
    for (const directory of touchedDirectories(files, plan, madeAbove)) {
      const status = files.status(directory)
      if (status?.type !== 'directory') continue
      out.line(JSON.stringify([jsonPath(storedPathOf(directory)), String(status.mtimeNs)]))
    }
    await out.sync()
  } finally {
    out.close()
  }
}

/** In the order of paths. */
export function* readTouchedTimes(files: Files, path: BytePath): Generator<TouchedTime> {
  for (const batch of spoolLines(files, path)) {
    for (const line of batch) {
      const [directory, mtimeNs] = JSON.parse(line.toString('utf8')) as [string | { pb: string }, string] // as written above
      yield { path: pathFromJson(directory), mtimeNs: BigInt(mtimeNs) }
    }
  }
}

function touchedDirectories(files: Files, plan: RestorePlan, [top]: readonly BytePath[]): BytePath[] {
  const places = placesOf(plan.header)
  const touched = new Set<BytePath>()
  let last: BytePath | null = null
  for (const batch of spoolLines(files, plan.spoolPath)) {
    for (const line of batch) {
      const { kind } = peekStep(line)
      if (kind === 'set-attributes' || (changesNothing.has(kind) && kind !== 'remove')) continue
      const { path, fresh } = decodeStep(line.toString('utf8'))
      const parent = parentOf(path)
      if (fresh || parent === last) continue
      last = parent
      touched.add(aboveOf(pathOnDisk(places, path)))
    }
  }
  if (top !== undefined) touched.add(aboveOf(top))
  return [...touched].sort(comparePaths)
}
