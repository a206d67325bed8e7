import { BackupError } from '../../model/errors.ts'
import type { RefuseReason } from '../../model/restore.ts'
import { holdersOf } from '../archive/holders.ts'
import type { PlanTally } from './plan-tally.ts'
import type { RestoreArchive } from './request.ts'
import type { TocLine } from './toc-lines.ts'

/** By archive, the ordinals of those that hold what is restored; each is opened when first needed. */
export class ContentHolders {
  readonly #archives: readonly RestoreArchive[]
  readonly #tally: PlanTally
  readonly used: readonly Set<number>[]

  constructor(archives: readonly RestoreArchive[], tally: PlanTally) {
    this.#archives = archives
    this.#tally = tally
    this.used = archives.map(() => new Set())
  }

  /** Why an entry's content cannot be read; null where the archives that hold it can. */
  unreadable({ archive, home, line, entry, listedOutside }: TocLine): RefuseReason | null {
    const { lineage } = this.#archives[archive] as RestoreArchive // one for each number
    try {
      // Where there is no other archive, it holds everything, and the list need not be read.
      const content = listedOutside && lineage.dependencies.length > 0 ? lineage.entryOf(line, home) : entry
      for (const holder of new Set(holdersOf(content))) {
        const ordinal = holder === 0 ? home : holder
        lineage.member(ordinal)
        this.used[archive]?.add(ordinal)
      }
      if (entry.content.kind === 'none') this.used[archive]?.add(home)
      return null
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
      this.#tally.unreadable(1, error.message)
      return 'data-missing'
    }
  }
}
