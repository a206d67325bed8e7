import type { CleanupPlan, RetentionBackup, RetentionDecision } from '../../model/retention.ts'
import { newestFirst } from './retention.ts'

/**
 * What a cleanup does now with what was decided: `decisions` are those of `decideRetention` for these backups at the
 * same `now`. Oldest first, and what needs a backup always before it.
 */
export function planCleanup(
  backups: readonly RetentionBackup[],
  decisions: readonly RetentionDecision[],
  now: number,
): CleanupPlan {
  const decided = new Map(decisions.map((decision) => [decision.backup, decision]))
  const ripe = (backup: RetentionBackup): boolean => {
    const expiresAt = decided.get(backup.id)?.expiresAt ?? null
    return expiresAt !== null && expiresAt <= now
  }
  const ordered = dependentsFirst(backups.filter(ripe).sort((a, b) => newestFirst(b, a))).map(({ id }) => id)

  const mark: string[] = []
  const unmark: string[] = []
  let next: number | null = null
  for (const { id, expiringSince } of backups) {
    const expiresAt = decided.get(id)?.expiresAt ?? null
    if (expiresAt === null) {
      if (expiringSince !== null) unmark.push(id)
      continue
    }
    if (expiresAt <= now) continue
    if (expiringSince === null || expiringSince > now) mark.push(id)
    if (next === null || expiresAt < next) next = expiresAt
  }
  return { delete: ordered, mark, unmark, next }
}

/** In the order given, but each backup after all those that need it. */
function dependentsFirst(oldestFirst: readonly RetentionBackup[]): RetentionBackup[] {
  const dependents = new Map<string, RetentionBackup[]>()
  for (const backup of oldestFirst) {
    for (const needed of backup.needs) {
      const known = dependents.get(needed)
      if (known === undefined) dependents.set(needed, [backup])
      else known.push(backup)
    }
  }
  const ordered: RetentionBackup[] = []
  const begun = new Set<string>()
  const enter = (backup: RetentionBackup) => {
    begun.add(backup.id)
    return { backup, before: (dependents.get(backup.id) ?? []).values() }
  }
  for (const first of oldestFirst) {
    // a stack of its own: a chain may be longer than that of calls
    const way = begun.has(first.id) ? [] : [enter(first)]
    for (let step = way.at(-1); step !== undefined; step = way.at(-1)) {
      const next = step.before.next()
      if (next.done) {
        ordered.push(step.backup)
        way.pop()
      } else if (!begun.has(next.value.id)) way.push(enter(next.value))
    }
  }
  return ordered
}
