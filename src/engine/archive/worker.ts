import { parentPort, workerData } from 'node:worker_threads'
import { Digester, type DigestJob } from '../drill/digest-job.ts'
import { type RemovalJob, removeSubtree } from '../drill/removal-job.ts'
import { readAccountNames } from '../platform/account-names.ts'
import { loadFiles } from '../platform/disk-files.ts'
import { plainError } from '../platform/thread-error.ts'
import { type DecodeJob, FrameDecoder, transferOf } from './decode-job.ts'
import { Packer, type PackJob, type PackResult } from './pack-job.ts'
import { type PartJob, packPart } from './part-job.ts'
import { type RestoreJob, RestoreWorker } from './restore-job.ts'
import { type ScanJob, Scanner } from './scan-job.ts'
import type { WorkerReply } from './worker-pool.ts'

/** A worker thread: does one job after another and answers each with its result or its error. */

type Job = PackJob | ScanJob | PartJob | DecodeJob | RestoreJob | DigestJob | RemovalJob

const { filesModule } = workerData as { filesModule: string | null } // set by the pool, which starts every worker
const files = await loadFiles(filesModule)
let packer: Packer | null = null
const scanner = new Scanner(files)
const restorer = new RestoreWorker(files)
const decoder = new FrameDecoder(files)
const digester = new Digester(files)

function perform(job: Job): { result: unknown; transfer: ArrayBuffer[] } {
  switch (job.kind) {
    case 'pack': {
      // Made by the first job, whose error it is where the accounts cannot be read.
      packer ??= new Packer(files, readAccountNames(files))
      const result: PackResult = packer.pack(job)
      return { result, transfer: result.frames.map((frame) => frame.bytes.buffer as ArrayBuffer) }
    }
    case 'scan': {
      const result = scanner.scan(job)
      return { result, transfer: [result.buffer] }
    }
    case 'part': {
      const result = packPart(files, job)
      return {
        result,
        transfer: [
          ...result.frames.map((frame) => frame.bytes.buffer as ArrayBuffer),
          result.raw.buffer as ArrayBuffer,
        ],
      }
    }
    case 'decode': {
      const result = decoder.decode(job)
      return { result, transfer: transferOf(result) }
    }
    case 'restore':
      return { result: restorer.perform(job), transfer: [] }
    case 'digest':
      return { result: digester.digest(job), transfer: [] }
    case 'remove':
      return { result: removeSubtree(files, job), transfer: [] }
  }
}

parentPort?.on('message', (job: Job) => {
  try {
    const { result, transfer } = perform(job)
    parentPort?.postMessage({ result } satisfies WorkerReply, transfer)
  } catch (error) {
    parentPort?.postMessage({ error: plainError(error as Error) } satisfies WorkerReply)
  }
})
