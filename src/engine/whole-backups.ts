import { type BytePath, joinPath, pathFromText } from '../model/path.ts'
import type { Files } from '../model/ports.ts'
import { readManifest } from './manifest.ts'
import type { Repository } from './repository.ts'

/**
 * Whether a backup lies there as far as can be seen without reading it: its manifest can be read, and its archives
 * have the lengths that it says. Looked at once; what cannot be looked at is not whole.
 */
export class WholeBackups {
  readonly #files: Files
  readonly #repository: Repository
  readonly #known = new Map<string, boolean>()

  constructor(files: Files, repository: Repository) {
    this.#files = files
    this.#repository = repository
  }

  has(id: string): boolean {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const isWhole = this.#look(id)
    this.#known.set(id, isWhole)
    return isWhole
  }

  #look(id: string): boolean {
    try {
      const { archives } = readManifest(this.#files, this.#repository, id)
      return archives.every(({ file, size }) => {
        const path: BytePath = joinPath(this.#repository.backup(id), pathFromText(file))
        return this.#files.statusFollowing(path)?.sizeBytes === size
      })
    } catch {
      return false
    }
  }
}
