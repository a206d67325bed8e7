import { type BytePath, joinPath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import type { RemovalJob } from './removal-job.ts'

/** So many subtrees for each worker, that none is left alone with a large one for long. */
const subtreesEach = 16
const mostLevels = 32

/**
 * Takes away what a drill restored, in the workers, which have nothing else to do any more: a tree of many files takes a
 * while. What cannot be removed, and the directories above the subtrees, are left to whoever removes the place itself.
 */
export async function removeRestored(files: Files, pool: WorkerPool, tree: BytePath): Promise<void> {
  const subtrees = subtreesOf(files, tree, subtreesEach * pool.count)
  const jobs = subtrees.map((path): RemovalJob => ({ kind: 'remove', path }))
  await Promise.allSettled(jobs.map((job) => pool.run(job)))
}

/** Directories below which nearly everything lies, as many as are wanted where there are so many. */
function subtreesOf(files: Files, tree: BytePath, wanted: number): readonly BytePath[] {
  let level: readonly BytePath[] = [tree]
  for (let depth = 0; depth < mostLevels && level.length < wanted; depth++) {
    const below = level.map((directory) => directoriesIn(files, directory))
    if (below.every((inner) => inner.length === 0)) break
    level = below.flatMap((inner, at) => (inner.length === 0 ? level[at]! : inner))
  }
  return level
}

function directoriesIn(files: Files, directory: BytePath): BytePath[] {
  try {
    return files
      .names(directory)
      .map((name) => joinPath(directory, name))
      .filter((path) => files.status(path)?.type === 'directory')
  } catch {
    return [] // its removal says so
  }
}
