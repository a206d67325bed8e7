import type { CatalogEntry } from '../../model/backup.ts'
import { instantOf } from '../../model/instant.ts'
import type { RetentionBackup } from '../../model/retention.ts'

/** What the catalog may not say of a backup. */
export interface RetentionFacts {
  /**
   * Where more than their names is known: for `paths` of the command line it must say what paths they are, or a backup
   * of one takes the place of another's.
   */
  readonly services?: readonly string[]
  /** Where the catalog was made without the key. */
  readonly warnings?: number
}

/** A line of the catalog as retention sees it. */
export function retentionBackupOf(entry: CatalogEntry, facts: RetentionFacts = {}): RetentionBackup {
  return {
    id: entry.id,
    type: entry.type,
    createdAt: instantOf(entry.createdAt),
    services: facts.services ?? entry.services,
    schedule: entry.schedule?.id ?? null,
    needs: entry.deps,
    state: stateOf(entry, facts.warnings),
    verified: entry.verified?.ok === true,
    pinned: entry.pinned,
    legalHold: entry.legalHold ?? null,
    expiringSince: entry.expiringSince == null ? null : instantOf(entry.expiringSince),
  }
}

/** A warning of a backup means that something asked for is missing or torn. */
function stateOf({ missing, verified, warnings }: CatalogEntry, known = 0): RetentionBackup['state'] {
  if (missing === true) return 'gone'
  if (verified?.ok === false) return 'damaged'
  return (warnings ?? known) > 0 ? 'incomplete' : 'good'
}
