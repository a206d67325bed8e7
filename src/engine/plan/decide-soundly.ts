import type { CatalogEntry } from '../../model/backup.ts'
import type { RetentionBackup, RetentionDecision, RetentionPolicy } from '../../model/retention.ts'
import { decideRetention } from './retention.ts'
import { soundnessOf } from './soundness.ts'

/**
 * What `decideRetention` decides where what stays in the place of others is looked at first: what is not whole, or
 * needs what is not, counts as damaged and takes no good one's place. `isWhole` is asked only about what stays while
 * something else goes.
 */
export function decideSoundly(
  backups: readonly RetentionBackup[],
  entries: ReadonlyMap<string, CatalogEntry>,
  isWhole: (id: string) => boolean,
  policy: RetentionPolicy,
  now: number,
): { readonly backups: readonly RetentionBackup[]; readonly decisions: readonly RetentionDecision[] } {
  const listed = [...entries.values()]
  const broken = new Set<string>()
  const looked = new Set<string>()
  for (;;) {
    const { isGood } = soundnessOf(listed, broken)
    const judged = backups.map((backup) => {
      const entry = entries.get(backup.id)
      const isSpoilt = entry !== undefined && backup.state !== 'gone' && backup.state !== 'damaged' && !isGood(entry)
      return isSpoilt ? { ...backup, state: 'damaged' as const } : backup
    })
    const decisions = decideRetention(judged, policy, now)
    const before = broken.size
    if (decisions.some(({ keep }) => !keep))
      for (const [at, { backup, keep }] of decisions.entries()) {
        if (!keep || judged[at]?.state === 'gone' || looked.has(backup)) continue
        looked.add(backup)
        if (!isWhole(backup)) broken.add(backup)
      }
    if (broken.size === before) return { backups: judged, decisions }
  }
}
