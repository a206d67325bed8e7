import { BackupError } from '../../model/errors.ts'
import type { BytePath } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { explainIo } from '../platform/explain-io.ts'
import { letGo } from '../platform/let-go.ts'

/** What is written between two syncs along the way. */
const stepBytes = 64 << 20

/**
 * Brings what a restore writes to the disk while it goes on writing, so that little is left to wait for at the end.
 * Each file system is kept open from the start: the kernel tells a descriptor of every write that failed since it was
 * opened, also of those it gave up in between (syncfs(2), Linux 5.8).
 */
export class SteadySync {
  readonly #files: Files
  readonly #places: { readonly path: BytePath; readonly fd: number; unable: boolean }[] = []
  #since = 0
  #underWay: Promise<void> | null = null
  #failure: unknown = null

  /** @throws E_IO. */
  constructor(files: Files, paths: readonly BytePath[]) {
    this.#files = files
    for (const path of paths) {
      try {
        this.#places.push({ path, fd: files.open(path, 'directory-following'), unable: false })
      } catch (error) {
        this.#closeAll()
        throw explainIo(error, 'open', path)
      }
    }
  }

  /** @throws E_IO for an earlier sync: what was written then may be lost, and going on is useless. */
  written(bytes: number): void {
    if (this.#failure !== null) throw this.#failure
    this.#since += bytes
    if (this.#since < stepBytes || this.#underWay !== null) return
    this.#since = 0
    this.#underWay = this.#sync()
      .catch((error: unknown) => {
        this.#failure = error
      })
      .finally(() => {
        this.#underWay = null
      })
  }

  /** Resolves once everything is on disk, to the places whose file system cannot be synced. @throws E_IO. */
  async finish(): Promise<readonly BytePath[]> {
    await this.#underWay
    if (this.#failure !== null) throw this.#failure
    await this.#sync()
    return this.#places.filter(({ unable }) => unable).map(({ path }) => path)
  }

  async close(): Promise<void> {
    await this.#underWay
    this.#closeAll()
  }

  #closeAll(): void {
    for (const { fd } of this.#places.splice(0)) letGo(this.#files, fd)
  }

  async #sync(): Promise<void> {
    for (const place of this.#places) {
      if (place.unable) continue
      try {
        await this.#files.syncFileSystem(place.fd)
      } catch (error) {
        if (!(error instanceof BackupError) || error.code !== 'E_PLATFORM') throw explainIo(error, 'sync', place.path)
        place.unable = true
      }
    }
  }
}
