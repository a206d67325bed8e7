import { type BytePath, comparePaths, displayPath } from '../../model/path.ts'
import { type PlanHeader, restorePlanVersion } from '../../model/restore-plan.ts'
import { formatNumberOf } from '../../model/units.ts'
import { jsonPath } from '../archive/toc-pages.ts'
import type { Places } from './places.ts'
import type { PlanSummary } from './plan-tally.ts'
import type { RestoreRequest } from './request.ts'

const planLifetimeMs = 15 * 60 * 1000

/**
 * What a plan says before its steps. Its fields stand as in their schema: a plan that is loaded then has the hash it
 * was saved with. `unseen` are paths something was chosen for, and the backup has none of them.
 */
export function planHeader(
  request: RestoreRequest,
  { places, targetIsNew }: Places,
  { notes, unreadable, saves, ...summary }: PlanSummary,
  unseen: readonly BytePath[],
): PlanHeader {
  const { id, backup, repositoryId, archives, target, conflict, choices, owners = [], choice, user, now } = request
  const { asked, deleteExtra = false, earlier = null } = request
  return {
    v: restorePlanVersion,
    kind: 'holdfast-restore-plan',
    id,
    backup,
    repositoryId,
    target: target.kind === 'in-place' ? target : { kind: 'directory', path: jsonPath(target.path) },
    archives: archives.map(({ service, backup: own = backup, createdAt, lineage: { top } }) => ({
      ...{ service, id: top.root.id, root: top.rootSha256 },
      ...(own === backup ? {} : { backup: own }),
      ...(createdAt === undefined ? {} : { createdAt }),
    })),
    ...(choice == null ? {} : { chosen: choice.chosen }),
    places: places.map(({ prefix, base }) => ({ prefix: jsonPath(prefix), base: jsonPath(base) })),
    targetIsNew,
    ...(asked.patterns.length === 0 ? {} : { paths: [...asked.patterns] }),
    ...(asked.below === null ? {} : { below: jsonPath(asked.below) }),
    ...(deleteExtra ? { deleteExtra: true as const } : {}),
    ...(asked.last.length === 0 ? {} : { last: [...asked.last] }),
    conflict,
    ...(choices.size === 0 ? {} : { choices: choicesInOrder(choices) }),
    ...(owners.length === 0 ? {} : { owners: [...owners] }),
    uid: user.uid,
    ...(earlier?.kind === 'taken-back' ? { undoes: earlier.id, attempts: earlier.attempts } : {}),
    ...(earlier?.kind === 'gone-on-with' ? { resumes: earlier.id } : {}),
    ...(saves === null ? {} : { saves }),
    ...summary,
    notes: [...(choice?.notes ?? []), ...(request.notes ?? []), ...notes, ...unseenNotes(unseen)],
    unreadable,
    createdAt: now,
    expiresAt: new Date(Date.parse(now) + planLifetimeMs).toISOString(),
  }
}

/** As a plan holds them. */
export function choicesInOrder(choices: RestoreRequest['choices']): NonNullable<PlanHeader['choices']> {
  return [...choices].sort(([a], [b]) => comparePaths(a, b)).map(([path, choice]) => ({ path: jsonPath(path), choice }))
}

function unseenNotes([first, ...more]: readonly BytePath[]): string[] {
  if (first === undefined) return []
  const others = more.length === 0 ? '' : ` and ${formatNumberOf(more.length, 'other path')}`
  return [`something was chosen for ${displayPath(first)}${others}, which the backup does not hold`]
}
