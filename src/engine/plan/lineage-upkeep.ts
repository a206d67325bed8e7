/** When a backup depends on too many older ones, and what of them it goes on to depend on. */

export interface MemberShare {
  readonly ordinal: number
  /** Bytes of the archive. */
  readonly storedBytes: number
  /** Bytes of content it holds, and how many of them the backup still uses. */
  readonly contentBytes: number
  readonly usedBytes: number
}

/** As many archives may a backup depend on; a consolidation brings the number down to half of it at least. */
export const mostDependencies = 16
const leastUsedShare = 0.4
/** An archive is merged with the younger ones while it is not larger than so many times all of them together. */
const tierFactor = 2

/**
 * The archives to be kept, from those of a backup, the oldest first and its own last; null where nothing is to be done.
 * The small young ones are merged, as the levels of a log-structured merge tree are (O'Neil et al., 1996): each byte is
 * then rewritten a number of times that grows with the logarithm of all. The full one goes when little of it is used.
 */
export function chooseKept(members: readonly MemberShare[]): ReadonlySet<number> | null {
  const [full, ...younger] = members
  if (full === undefined || members.length - 1 <= mostDependencies) return null
  if (full.usedBytes < leastUsedShare * full.contentBytes) return new Set()
  const kept = [full, ...younger]
  let merged = 0
  for (let last = kept.at(-1); last !== undefined && kept.length > 1; last = kept.at(-1)) {
    if (kept.length <= mostDependencies / 2 && last.storedBytes > tierFactor * merged) break
    merged += last.storedBytes
    kept.pop()
  }
  return new Set(kept.map(({ ordinal }) => ordinal))
}
