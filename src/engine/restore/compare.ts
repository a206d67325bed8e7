import type { BytePath } from '../../model/path.ts'
import type { RestoreJob } from '../archive/restore-job.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import type { OpenPlace } from './open-directories.ts'
import { SharedWatch } from './shared-watch.ts'

/** A file on disk to be read: `same` is set where it has the size and hash it should. */
export interface Comparison {
  readonly path: BytePath
  readonly sizeBytes: number
  readonly sha256: string
  same: boolean
}

const jobBytes = 16 << 20
const jobFiles = 64

/** Reads files in the workers and compares them with what the archive says of them. @throws E_INTERRUPTED. */
export async function compareContents(
  pool: WorkerPool,
  run: string,
  places: readonly OpenPlace[],
  comparisons: readonly Comparison[],
  signal: AbortSignal,
): Promise<void> {
  const watch = new SharedWatch()
  const jobs: Comparison[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const comparison of comparisons) {
    if (bytes >= jobBytes || (jobs.at(-1)?.length ?? 0) >= jobFiles) {
      jobs.push([])
      bytes = 0
    }
    jobs.at(-1)?.push(comparison)
    bytes += comparison.sizeBytes
  }
  const compared = () =>
    Promise.all(
      jobs.map(async (group) => {
        const job: RestoreJob = { kind: 'restore', task: 'compare', run, places, files: group, watch: watch.memory }
        const same = await pool.run<boolean[]>(job)
        group.forEach((comparison, at) => {
          comparison.same = same[at] === true
        })
      }),
    )
  await watch.during(signal, compared)
}
