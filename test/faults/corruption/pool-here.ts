import { type DecodeJob, FrameDecoder } from '../../../src/engine/archive/decode-job.ts'
import { Packer, type PackJob } from '../../../src/engine/archive/pack-job.ts'
import { type PartJob, packPart } from '../../../src/engine/archive/part-job.ts'
import { type RestoreJob, RestoreWorker } from '../../../src/engine/archive/restore-job.ts'
import { type ScanJob, Scanner } from '../../../src/engine/archive/scan-job.ts'
import { readAccountNames } from '../../../src/engine/platform/account-names.ts'
import { createDiskFiles } from '../../../src/engine/platform/disk-files.ts'
import { plainError, revive } from '../../../src/engine/platform/thread-error.ts'

type Job = PackJob | ScanJob | PartJob | DecodeJob | RestoreJob

/**
 * Stands in for src/engine/archive/worker-pool.ts where archives are opened by the thousand: does the same jobs as
 * worker.ts, at once and in the thread that asks, so that none of them waits for a thread to start.
 */
export class WorkerPool {
  readonly count = 1
  readonly started = 1
  readonly #files = createDiskFiles()
  readonly #packer = new Packer(this.#files, readAccountNames(this.#files))
  readonly #scanner = new Scanner(this.#files)
  readonly #restorer = new RestoreWorker(this.#files)
  readonly #decoder = new FrameDecoder(this.#files)

  start(): void {}

  async run(job: Job): Promise<unknown> {
    try {
      return this.#perform(job)
    } catch (error) {
      // What comes from a thread is never the error itself.
      throw revive(plainError(error as Error))
    }
  }

  runUrgent(job: Job): Promise<unknown> {
    return this.run(job)
  }

  async close(): Promise<void> {}

  #perform(job: Job): unknown {
    switch (job.kind) {
      case 'pack':
        return this.#packer.pack(job)
      case 'scan':
        return this.#scanner.scan(job)
      case 'part':
        return packPart(this.#files, job)
      case 'decode':
        return this.#decoder.decode(job)
      case 'restore':
        return this.#restorer.perform(job)
    }
  }
}
