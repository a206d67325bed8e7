import { BackupError } from '../../model/errors.ts'
import type { Lineage } from '../archive/lineage.ts'
import type { StreamAccess } from '../archive/stream-reader.ts'

/** An archive by its ordinal in a lineage. */
export type HolderAccess = readonly [number, StreamAccess]

/**
 * The archives that content is read from, opened; all of the lineage where `holders` is null. One that cannot be read
 * is left out: whatever lies in it turns out to be damaged.
 */
export function accessesOf(lineage: Lineage, holders: ReadonlySet<number> | null): HolderAccess[] {
  const accesses: HolderAccess[] = []
  for (const ordinal of [lineage.ordinal, ...lineage.dependencies.map(({ i }) => i)]) {
    if (holders !== null && !holders.has(ordinal)) continue
    try {
      accesses.push([ordinal, lineage.member(ordinal).access])
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
    }
  }
  return accesses
}
