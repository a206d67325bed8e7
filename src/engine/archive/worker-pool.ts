import { Worker } from 'node:worker_threads'
import { BackupError } from '../../model/errors.ts'
import { type PlainError, revive } from '../platform/thread-error.ts'

export interface PoolSettings {
  readonly count: number
  /** Module of another `Files` for the workers; null is the disk. */
  readonly filesModule: string | null
}

interface Waiting {
  readonly job: unknown
  readonly transfer: ArrayBuffer[]
  resolve(result: unknown): void
  reject(error: unknown): void
}

export interface WorkerReply {
  readonly result?: unknown
  readonly error?: PlainError
}

/** Left to itself, V8 lets 48 MiB of dead objects gather in every thread before it looks for them. */
const maxYoungGenerationSizeMb = 16

/**
 * A few threads that each do one job at a time, in the order jobs come. A thread that dies fails the job it had and
 * every job after it: a backup with a hole is no backup.
 */
export class WorkerPool {
  readonly count: number
  readonly #filesModule: string | null
  readonly #idle: Worker[] = []
  readonly #all: Worker[] = []
  readonly #queue: Waiting[] = []
  /** Jobs that others depend on; they go before the queue. */
  readonly #urgent: Waiting[] = []
  readonly #busy = new Map<Worker, Waiting>()
  #broken: BackupError | null = null

  /** Threads start when there is work for them, or with `start`. */
  constructor({ count, filesModule }: PoolSettings) {
    this.count = count
    this.#filesModule = filesModule
  }

  /** Threads that run. */
  get started(): number {
    return this.#all.length
  }

  /** Starts all threads, so that the first jobs need not wait for it. */
  start(): void {
    while (this.#all.length < this.count) this.#startOne()
  }

  /** Runs a job on the next free thread. `transfer` are buffers that move instead of being copied. */
  run<Result>(job: { readonly kind: string }, transfer: ArrayBuffer[] = []): Promise<Result> {
    return this.#enqueue(this.#queue, job, transfer)
  }

  /** The same before all jobs that still wait: for a short job that the next ones depend on. */
  runUrgent<Result>(job: { readonly kind: string }): Promise<Result> {
    return this.#enqueue(this.#urgent, job, [])
  }

  async close(): Promise<void> {
    this.#broken ??= new BackupError('E_INTERNAL', 'the worker threads are closed')
    for (const waiting of this.#waiting()) waiting.reject(this.#broken)
    await Promise.all(this.#all.map((worker) => worker.terminate()))
  }

  #enqueue<Result>(queue: Waiting[], job: unknown, transfer: ArrayBuffer[]): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== null) {
        reject(this.#broken)
        return
      }
      queue.push({ job, transfer, resolve: resolve as (result: unknown) => void, reject })
      this.#next()
    })
  }

  #startOne(): void {
    const url = new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
    const worker = new Worker(url, {
      workerData: { filesModule: this.#filesModule },
      stdin: false,
      resourceLimits: { maxYoungGenerationSizeMb },
    })
    worker.on('message', (reply: WorkerReply) => this.#settle(worker, reply))
    worker.on('error', (error) =>
      this.#fail(new BackupError('E_INTERNAL', `a worker thread failed: ${error.message}`, '', error)),
    )
    worker.on('exit', (code) => {
      if (this.#busy.has(worker)) this.#fail(new BackupError('E_INTERNAL', `a worker thread ended with ${code}`))
    })
    this.#all.push(worker)
    this.#idle.push(worker)
  }

  #next(): void {
    while (this.#urgent.length + this.#queue.length > 0) {
      if (this.#idle.length === 0 && this.#all.length < this.count) this.#startOne()
      if (this.#idle.length === 0) return
      const worker = this.#idle.shift() as Worker
      const waiting = (this.#urgent.shift() ?? this.#queue.shift()) as Waiting
      this.#busy.set(worker, waiting)
      worker.postMessage(waiting.job, waiting.transfer)
    }
  }

  /** All jobs no thread has begun; they wait no more. */
  #waiting(): Waiting[] {
    return [...this.#urgent.splice(0), ...this.#queue.splice(0)]
  }

  #settle(worker: Worker, reply: WorkerReply): void {
    const waiting = this.#busy.get(worker)
    this.#busy.delete(worker)
    this.#idle.push(worker)
    if (waiting !== undefined) {
      if (reply.error === undefined) waiting.resolve(reply.result)
      else waiting.reject(revive(reply.error))
    }
    this.#next()
  }

  #fail(error: BackupError): void {
    this.#broken ??= error
    for (const waiting of [...this.#busy.values(), ...this.#waiting()]) waiting.reject(this.#broken)
    this.#busy.clear()
  }
}
