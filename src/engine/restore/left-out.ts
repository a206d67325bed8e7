import type { Root } from '../../model/archive.ts'
import { type BytePath, isWithin, pathFromJson, storedPathOf } from '../../model/path.ts'
import type { Files } from '../../model/ports.ts'
import { excludedBy } from '../sources/files.ts'

interface Rule {
  readonly below: readonly BytePath[]
  readonly excludes: (path: BytePath, isDirectory: boolean) => boolean
  readonly excludesCaches: boolean
}

/** What backups leave out on purpose of the paths they were made of: that they do not have it says nothing. */
export class LeftOut {
  readonly #files: Files
  readonly #rules: readonly Rule[]

  constructor(files: Files, roots: readonly Root[]) {
    this.#files = files
    this.#rules = roots.map(({ source }) => ({
      below: sourcePaths(source),
      excludes: excludedBy(source.exclude ?? []),
      excludesCaches: source.excludeCaches === true,
    }))
  }

  isExcluded(path: BytePath, isDirectory: boolean): boolean {
    return this.#rules.some((rule) => isFor(rule, path) && rule.excludes(path, isDirectory))
  }

  /**
   * `directory` is open; of a cache a backup has the directory and nothing in it. A tag that does not say so, or cannot
   * be read, counts too. @throws as the kernel does.
   */
  isCache(directory: number, path: BytePath): boolean {
    if (!this.#rules.some((rule) => rule.excludesCaches && isFor(rule, path))) return false
    return this.#files.status(this.#files.childOf(directory, 'CACHEDIR.TAG' as BytePath)) !== undefined
  }
}

/** The stored paths a backup was made of. */
export function sourcePaths({ paths }: Root['source']): BytePath[] {
  return paths.map((path) => storedPathOf(pathFromJson(path)))
}

function isFor({ below }: Rule, path: BytePath): boolean {
  return below.some((source) => isWithin(path, source))
}
