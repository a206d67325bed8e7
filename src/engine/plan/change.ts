import type { SourceEntry } from '../../model/source.ts'
import type { TocEntry } from '../../model/toc.ts'

/** Whether an entry is what an older backup says it was. */

export interface ChangeRules {
  /**
   * Times from here on prove nothing: what was changed again within the same tick of the clock has the same time.
   * Nanoseconds since 1970.
   */
  readonly racyNs: bigint
  /** Nothing is believed but the content itself. */
  readonly paranoid: boolean
}

export type ChangeVerdict =
  /** Its content is that of the older backup; the rest of its line is written anew. */
  | 'metadata'
  /** It must be read; the content may turn out to be the same. */
  | 'read'
  /** Nothing of the older backup applies. */
  | 'new'

/** A clock counts in ticks, and file systems round: what was changed within this before a backup may change unseen. */
const racyMarginNs = 2_000_000_000n

/**
 * From when on times prove nothing: two seconds before the older backup began. Where the clock has been set back
 * since, from the present on: the times between were given out twice.
 */
export function racySince(olderStartMs: number, nowMs: number): bigint {
  return BigInt(Math.min(olderStartMs, nowMs)) * 1_000_000n - racyMarginNs
}

export function isRacy({ mtimeNs, ctimeNs }: { mtimeNs: bigint; ctimeNs: bigint }, rules: ChangeRules): boolean {
  return rules.paranoid || mtimeNs >= rules.racyNs || ctimeNs >= rules.racyNs
}

/**
 * For an entry whose line differs from the older one of the same path, or cannot be believed. A changed ctime alone
 * asks for reading: mtime can be set, ctime cannot.
 */
export function judgeChange(now: SourceEntry, old: TocEntry, rules: ChangeRules): ChangeVerdict {
  const isFile = (type: TocEntry['type']): boolean => type === 'file' || type === 'hardlink'
  if (!isFile(now.type) || !isFile(old.type) || now.type === 'hardlink') return 'new'
  const { sizeBytes, mtimeNs, ctimeNs, inode } = now.attributes
  const same = sizeBytes === old.sizeBytes && mtimeNs === old.mtimeNs && ctimeNs === old.ctimeNs && inode === old.inode
  return same && !old.torn && !isRacy(now.attributes, rules) ? 'metadata' : 'read'
}
