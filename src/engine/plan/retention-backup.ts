import type { CatalogEntry } from '../../model/backup.ts'
import { instantOf } from '../../model/instant.ts'
import type { RetentionBackup } from '../../model/retention.ts'

/** What the catalog does not say of a backup. */
export type RetentionMarks = Pick<RetentionBackup, 'schedule' | 'legalHold' | 'expiringSince'>

/**
 * A line of the catalog as retention sees it. `services` where more than their names is known: for `paths` of the
 * command line the caller must add what paths they are, or a backup of one takes the place of another's.
 */
export function retentionBackupOf(
  entry: CatalogEntry,
  { schedule, legalHold, expiringSince }: RetentionMarks,
  services: readonly string[] = entry.services,
): RetentionBackup {
  return {
    id: entry.id,
    type: entry.type,
    createdAt: instantOf(entry.createdAt),
    services,
    schedule,
    needs: entry.deps,
    state: stateOf(entry),
    verified: entry.verified?.ok === true,
    pinned: entry.pinned,
    legalHold,
    expiringSince,
  }
}

/** A warning of a backup means that something asked for is missing or torn. */
function stateOf({ missing, verified, warnings }: CatalogEntry): RetentionBackup['state'] {
  if (missing === true) return 'gone'
  if (verified?.ok === false) return 'damaged'
  return (warnings ?? 0) > 0 ? 'incomplete' : 'good'
}
