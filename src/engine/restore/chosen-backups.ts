import { instantOf } from '../../model/instant.ts'
import { pathFromJson } from '../../model/path.ts'
import type { ChosenBackups } from '../../model/planned-restore.ts'
import type { PlanHeader } from '../../model/restore-plan.ts'

/** How a plan's backups were found, as it tells it; null where somebody named the one there is. */
export function chosenBackups({ backup, archives, chosen }: PlanHeader): ChosenBackups | null {
  if (chosen === undefined) return null
  const { by, at, text, path, lacking } = chosen
  return {
    ...{ by, at, text, lacking },
    path: path === undefined ? null : pathFromJson(path),
    backups: archives.map(({ service, backup: own = backup, createdAt = at }) => ({
      ...{ service, backup: own, createdAt },
      distanceMs: instantOf(at) - instantOf(createdAt),
    })),
  }
}

/** An instant as it stands in names of files and backups: `2026-11-20T03-00-00Z`. */
export function fileTime(at: string): string {
  return `${at.slice(0, 19).replaceAll(':', '-')}Z`
}
