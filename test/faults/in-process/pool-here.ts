import { closeSync } from 'node:fs'
import { type DecodeJob, FrameDecoder } from '../../../src/engine/archive/decode-job.ts'
import { Packer, type PackJob } from '../../../src/engine/archive/pack-job.ts'
import { type PartJob, packPart } from '../../../src/engine/archive/part-job.ts'
import { type RestoreJob, RestoreWorker } from '../../../src/engine/archive/restore-job.ts'
import { type ScanJob, Scanner } from '../../../src/engine/archive/scan-job.ts'
import type { PoolSettings } from '../../../src/engine/archive/worker-pool.ts'
import { Digester, type DigestJob } from '../../../src/engine/drill/digest-job.ts'
import { type RemovalJob, removeSubtree } from '../../../src/engine/drill/removal-job.ts'
import { readAccountNames } from '../../../src/engine/platform/account-names.ts'
import { loadFiles } from '../../../src/engine/platform/disk-files.ts'
import { plainError, revive } from '../../../src/engine/platform/thread-error.ts'
import type { Files } from '../../../src/model/ports.ts'

type Job = PackJob | ScanJob | PartJob | DecodeJob | RestoreJob | DigestJob | RemovalJob

/**
 * Stands in for src/engine/archive/worker-pool.ts where archives are opened by the thousand: does the same jobs as
 * worker.ts, at once and in the thread that asks.
 */
export class WorkerPool {
  readonly count = 1
  readonly started = 1
  readonly #open = new Set<number>()
  readonly #perform: Promise<(job: Job) => unknown>

  constructor({ filesModule }: PoolSettings) {
    this.#perform = loadFiles(filesModule).then((files) => performer(noting(files, this.#open)))
  }

  start(): void {}

  async run(job: Job): Promise<unknown> {
    const perform = await this.#perform
    try {
      return perform(job)
    } catch (error) {
      // What comes from a thread is never the error itself.
      throw revive(plainError(error as Error))
    }
  }

  runUrgent(job: Job): Promise<unknown> {
    return this.run(job)
  }

  /** A thread that ends closes what it had open. */
  async close(): Promise<void> {
    for (const fd of this.#open) closeSync(fd)
    this.#open.clear()
  }
}

/** The same disk; what is open on it is noted in `open`. */
function noting(files: Files, open: Set<number>): Files {
  const noted: Pick<Files, 'open' | 'close'> = {
    open(path, mode) {
      const fd = files.open(path, mode)
      open.add(fd)
      return fd
    },
    close(fd) {
      open.delete(fd) // a close that fails has closed all the same (close(2))
      files.close(fd)
    },
  }
  return new Proxy(files, { get: (all, name: keyof Files) => (name in noted ? noted[name as 'open'] : all[name]) })
}

function performer(files: Files): (job: Job) => unknown {
  let packer: Packer | null = null
  const scanner = new Scanner(files)
  const restorer = new RestoreWorker(files)
  const decoder = new FrameDecoder(files)
  const digester = new Digester(files)
  return (job) => {
    switch (job.kind) {
      case 'pack':
        packer ??= new Packer(files, readAccountNames(files))
        return packer.pack(job)
      case 'scan':
        return scanner.scan(job)
      case 'part':
        return packPart(files, job)
      case 'decode':
        return decoder.decode(job)
      case 'restore':
        return restorer.perform(job)
      case 'digest':
        return digester.digest(job)
      case 'remove':
        return removeSubtree(files, job)
    }
  }
}
