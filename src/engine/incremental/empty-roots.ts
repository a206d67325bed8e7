import { type BytePath, isWithin } from '../../model/path.ts'
import type { Source } from '../../model/source.ts'
import type { Lineage } from '../archive/lineage.ts'

/** Notes which of its roots a source had anything below: a file system that is not mounted leaves an empty directory. */
export class WatchedSource implements Source {
  readonly #source: Source
  /** Those below which nothing came yet. */
  readonly #empty: Set<BytePath>

  /** `roots` are stored paths, none within another. */
  constructor(source: Source, roots: readonly BytePath[]) {
    this.#source = source
    this.#empty = new Set(roots)
  }

  get emptyRoots(): readonly BytePath[] {
    return [...this.#empty]
  }

  async *scan(context: Parameters<Source['scan']>[0]): ReturnType<Source['scan']> {
    for await (const entries of this.#source.scan(context)) {
      if (this.#empty.size > 0) for (const { path } of entries) this.#see(path)
      yield entries
    }
  }

  #see(path: BytePath): void {
    for (const root of this.#empty) if (path !== root && isWithin(path, root)) this.#empty.delete(root)
  }
}

/** How many entries an older backup had below a stored path. */
export function countBelow(lineage: Lineage, root: BytePath): number {
  let count = 0
  for (const { path } of lineage.entries(() => {})) if (path !== root && isWithin(path, root)) count++
  return count
}
