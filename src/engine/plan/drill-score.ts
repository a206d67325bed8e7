import type { CatalogEntry } from '../../model/backup.ts'
import type { DrillLimit } from '../../model/drill.ts'
import { instantOf } from '../../model/instant.ts'
import { hourMs } from './civil.ts'

/** What a drill measured, held against what is configured. */

export interface DrillGround {
  readonly backup: CatalogEntry
  readonly services: readonly string[]
  /** All, newest first. */
  readonly backups: readonly CatalogEntry[]
  /** Those that are whole, as far as is known. */
  isGood(entry: CatalogEntry): boolean
  readonly configured: readonly ConfiguredLimits[]
  /** When the drill began. */
  readonly now: number
}

export interface ConfiguredLimits {
  readonly name: string
  readonly rtoMinutes: number | null
  /** Null where none is configured. */
  readonly rpoHours: number | null
}

/** So many of a service's newest backups say how far apart they lie. */
const regarded = 30
const minuteMs = 60_000

/** Null where there are not two. */
export function widestGap(ground: DrillGround): number | null {
  const gaps = ground.services.flatMap((service) => gapOf(ground, service) ?? [])
  return gaps.length === 0 ? null : Math.max(...gaps)
}

/** Every limit that is configured for a service of the drill. `rtoMs` is null where nothing was measured. */
export function limitsOf(ground: DrillGround, rtoMs: number | null): DrillLimit[] {
  const { backup, services, configured, now } = ground
  return configured
    .filter(({ name }) => services.includes(name))
    .flatMap(({ name, rtoMinutes, rpoHours }) => {
      const limits: DrillLimit[] = []
      const hold = (kind: DrillLimit['kind'], allowedMs: number, measuredMs: number | null): void => {
        if (measuredMs !== null)
          limits.push({ service: name, kind, allowedMs, measuredMs, met: measuredMs <= allowedMs })
      }
      if (rtoMinutes !== null) hold('rto', rtoMinutes * minuteMs, rtoMs)
      if (rpoHours !== null) {
        // How old an older backup is says nothing about what would be lost today.
        const isNewest = goodOf(ground, name)[0]?.createdAt === backup.createdAt
        hold('rpo-age', rpoHours * hourMs, isNewest ? ageOf(backup, now) : null)
        hold('rpo-gap', rpoHours * hourMs, gapOf(ground, name))
      }
      return limits
    })
}

export function ageOf({ createdAt }: CatalogEntry, now: number): number {
  return Math.max(0, now - instantOf(createdAt))
}

function goodOf({ backups, isGood }: DrillGround, service: string): CatalogEntry[] {
  return backups.filter((entry) => entry.type !== 'safety' && entry.services.includes(service) && isGood(entry))
}

function gapOf(ground: DrillGround, service: string): number | null {
  const instants = goodOf(ground, service)
    .slice(0, regarded)
    .map(({ createdAt }) => instantOf(createdAt))
  let widest: number | null = null
  for (const [at, later] of instants.entries()) {
    const earlier = instants[at + 1]
    if (earlier !== undefined) widest = Math.max(widest ?? 0, later - earlier)
  }
  return widest
}
