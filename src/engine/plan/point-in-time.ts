import type { CatalogEntry } from '../../model/backup.ts'
import { instantOf } from '../../model/instant.ts'

/** What a point in time is restored from: of every service the newest backup at or before it. */

/** One thing that was backed up again and again; of `paths` there is one for each set of paths. */
export interface Lineup {
  readonly service: string
  /** Of the service `paths`: what it consists of, as stored; null of any other. */
  readonly paths: readonly string[] | null
  /** Sound as far as is known, at or before the time, newest first. */
  readonly candidates: readonly CatalogEntry[]
}

export interface Lacking {
  readonly service: string
  /** When its oldest sound backup was made, ISO 8601; null where it has none. */
  readonly firstAt: string | null
}

export interface PointRequest {
  /** Newest first. */
  readonly backups: readonly CatalogEntry[]
  /** Milliseconds since 1970. */
  readonly instant: number
  readonly services: readonly string[]
  isGood(entry: CatalogEntry): boolean
  /** The paths of a backup of the service `paths`; null where nobody can tell. */
  pathsOf(entry: CatalogEntry): readonly string[] | null
}

/** PATHs of the command line form one service of this name; others every time. */
export const pathsService = 'paths'

/** A safety backup is what a restore replaced: no state anybody asked to keep. */
export function isRestorePoint(entry: CatalogEntry): boolean {
  return entry.type !== 'safety' && entry.missing !== true && entry.deleting !== true
}

export function lineupsAt({ backups, instant, services, isGood, pathsOf }: PointRequest): {
  readonly lineups: readonly Lineup[]
  readonly lacking: readonly Lacking[]
} {
  const lineups: Lineup[] = []
  const lacking: Lacking[] = []
  for (const service of services) {
    const sound = backups.filter((one) => isRestorePoint(one) && isGood(one) && one.services.includes(service))
    const before = sound.filter(({ createdAt }) => instantOf(createdAt) <= instant)
    if (before.length === 0) lacking.push({ service, firstAt: sound.at(-1)?.createdAt ?? null })
    else if (service !== pathsService) lineups.push({ service, paths: null, candidates: before })
    else {
      const sets = byPaths(before, pathsOf)
      lineups.push(...sets)
      if (sets.length === 0) lacking.push({ service, firstAt: null })
    }
  }
  return { lineups, lacking }
}

/** Newest set first. */
function byPaths(backups: readonly CatalogEntry[], pathsOf: PointRequest['pathsOf']): Lineup[] {
  const sets = new Map<string, { paths: readonly string[]; candidates: CatalogEntry[] }>()
  for (const entry of backups) {
    const paths = pathsOf(entry)
    if (paths === null) continue
    const key = paths.join('\0')
    const known = sets.get(key)
    if (known === undefined) sets.set(key, { paths, candidates: [entry] })
    else known.candidates.push(entry)
  }
  return [...sets.values()].map(({ paths, candidates }) => ({ service: pathsService, paths, candidates }))
}

export interface Overlap {
  readonly newer: Lineup
  readonly older: Lineup
}

/**
 * Sets of paths that hold the same files at different times. One that a newer set holds entirely gives way to it; of
 * others that overlap nobody can say which is meant.
 */
export function settlePaths(lineups: readonly Lineup[]): {
  readonly kept: readonly Lineup[]
  readonly covered: readonly Lineup[]
  readonly overlap: Overlap | null
} {
  const kept: Lineup[] = []
  const covered: Lineup[] = []
  for (const lineup of lineups) {
    const { paths } = lineup
    if (paths === null) {
      kept.push(lineup)
      continue
    }
    const newer = kept.filter((one) => one.paths !== null)
    if (newer.some((one) => paths.every((path) => one.paths?.some((top) => holds(top, path))))) {
      covered.push(lineup)
      continue
    }
    const rival = newer.find((one) => one.paths?.some((a) => paths.some((b) => holds(a, b) || holds(b, a))))
    if (rival !== undefined) return { kept, covered, overlap: { newer: rival, older: lineup } }
    kept.push(lineup)
  }
  return { kept, covered, overlap: null }
}

function holds(top: string, path: string): boolean {
  return top === '' || top === path || path.startsWith(`${top}/`)
}
