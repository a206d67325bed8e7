import { type BytePath, joinPath } from '../../model/path.ts'
import type { WorkerPool } from '../archive/worker-pool.ts'
import type { DigestJob, Digests, WrittenFile } from './digest-job.ts'
import type { Found } from './walk-back.ts'

/** Contents of what was restored, hashed in the workers, many files a job, and held against what was recorded. */

const jobBytes = 8 << 20
const jobFiles = 256
/** Longer paths are too long for a call that begins at the root. */
const longestPath = 3500

interface Pending extends WrittenFile {
  /** Below the scratch place. */
  readonly name: BytePath
  readonly expected: readonly string[]
}

export class ContentCheck {
  readonly #pool: WorkerPool
  readonly #top: BytePath
  readonly #differs: (path: BytePath, what: string) => void
  readonly #underWay = new Set<Promise<void>>()
  #pending: Pending[] = []
  #pendingBytes = 0
  #failure: unknown = null
  /** Of what was read so far. */
  bytes = 0

  /** `differs` is called for each file whose content is another one. */
  constructor(pool: WorkerPool, top: BytePath, differs: (path: BytePath, what: string) => void) {
    this.#pool = pool
    this.#top = top
    this.#differs = differs
  }

  /** Any of the hashes is right. Resolves before it is read, as long as not too much is under way. */
  async take({ path: name, at, status }: Found, expected: readonly string[]): Promise<void> {
    const path = joinPath(this.#top, name)
    const { sizeBytes } = status
    if (path.length > longestPath) {
      // `at` is good until the next entry is asked for.
      const [digest] = await this.#digest([{ path: at, sizeBytes }])
      this.#judge({ name, path, sizeBytes, expected }, digest)
      return
    }
    this.#pending.push({ name, path, sizeBytes, expected })
    this.#pendingBytes += sizeBytes
    if (this.#pendingBytes >= jobBytes || this.#pending.length >= jobFiles) await this.#submit()
  }

  /** @throws what a worker threw. */
  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure
  }

  /** Waits for all that was taken. @throws what a worker threw. */
  async finish(): Promise<void> {
    await this.#submit()
    await Promise.all(this.#underWay)
    this.throwIfFailed()
  }

  /** Nothing is asked of the disk any more when it resolves, however the comparison has ended. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  async #submit(): Promise<void> {
    const batch = this.#pending
    if (batch.length === 0) return
    this.#pending = []
    this.#pendingBytes = 0
    while (this.#underWay.size >= 2 * this.#pool.count) await Promise.race(this.#underWay)
    const running: Promise<void> = this.#digest(batch.map(({ path, sizeBytes }) => ({ path, sizeBytes })))
      .then((digests) => {
        for (const [at, one] of batch.entries()) this.#judge(one, digests[at])
      })
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => this.#underWay.delete(running))
    this.#underWay.add(running)
  }

  #digest(files: readonly WrittenFile[]): Promise<Digests> {
    const job: DigestJob = { kind: 'digest', files }
    return this.#pool.run<Digests>(job)
  }

  #judge({ name, sizeBytes, expected }: Pending, digest: Digests[number] | undefined): void {
    this.bytes += sizeBytes
    if (digest === undefined || 'unreadable' in digest)
      this.#differs(name, `it cannot be read back: ${digest?.unreadable ?? 'no answer'}`)
    else if (!expected.includes(digest.sha256)) this.#differs(name, 'its content')
  }
}
