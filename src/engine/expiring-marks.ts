import type { CatalogEntry } from '../model/backup.ts'
import type { CleanupOutcome } from '../model/cleanup.ts'
import { BackupError } from '../model/errors.ts'
import type { CatalogPort } from './catalog.ts'
import type { Decided } from './cleanup-ground.ts'
import type { World } from './repository.ts'
import type { Run } from './run.ts'

const mostNotices = 100

/**
 * Marks what goes after a grace, and takes the marks off what stays after all, in one step. Where the disk is full
 * nothing is marked, and nothing is lost by that but time.
 */
export async function markExpiring(
  { clock }: World,
  catalog: CatalogPort,
  { plan, entries, decisions }: Decided,
  run: Run,
): Promise<Pick<CleanupOutcome, 'marked' | 'unmarked'>> {
  const mark = new Set(plan.mark)
  const unmark = new Set(plan.unmark)
  if (mark.size === 0 && unmark.size === 0) return { marked: 0, unmarked: 0 }
  const since = new Date(clock.now()).toISOString()
  const marked = (entry: CatalogEntry): CatalogEntry => {
    if (mark.has(entry.id)) return { ...entry, expiringSince: since }
    return unmark.has(entry.id) ? { ...entry, expiringSince: null } : entry
  }
  try {
    await catalog.updateExisting((backups) => {
      const known = new Set(backups.map(({ id }) => id))
      const unlisted = plan.mark.filter((id) => !known.has(id)).flatMap((id) => entries.get(id) ?? [])
      return [...backups, ...unlisted].map(marked)
    })
  } catch (error) {
    if (!(error instanceof BackupError && error.code === 'E_NO_SPACE')) throw error
    run.tell({ kind: 'notice', message: 'the disk is full: what goes later is not marked' })
    return { marked: 0, unmarked: 0 }
  }
  const noticed = decisions.filter(({ backup }) => mark.has(backup))
  for (const { backup, expiresAt, reasons } of noticed.slice(0, mostNotices)) {
    const when = expiresAt === null ? '' : ` after ${new Date(expiresAt).toISOString()}`
    run.tell({ kind: 'notice', message: `${backup} goes${when}: ${reasons.join('; ')}` })
  }
  if (noticed.length > mostNotices)
    run.tell({ kind: 'notice', message: `and ${noticed.length - mostNotices} more go later` })
  return { marked: mark.size, unmarked: unmark.size }
}
