import type { CatalogEntry } from '../../model/backup.ts'

/** What a scheduled drill rehearses: the newest good backup of each service, each backup once. */

export interface DrillTarget {
  readonly backup: CatalogEntry
  /** Those whose newest good backup it is. */
  readonly services: readonly string[]
}

export interface DrillTargets {
  /** In the order of the services. */
  readonly targets: readonly DrillTarget[]
  /** Services without a good backup: nothing of them can be proven. */
  readonly without: readonly string[]
}

/** `backups` are newest first. Pure. */
export function drillTargets(
  backups: readonly CatalogEntry[],
  services: readonly string[],
  isGood: (entry: CatalogEntry) => boolean,
): DrillTargets {
  const targets = new Map<CatalogEntry, string[]>()
  const without: string[] = []
  for (const service of new Set(services)) {
    const newest = backups.find((one) => one.type !== 'safety' && one.services.includes(service) && isGood(one))
    if (newest === undefined) without.push(service)
    else targets.set(newest, [...(targets.get(newest) ?? []), service])
  }
  return { targets: [...targets].map(([backup, held]) => ({ backup, services: held })), without }
}
