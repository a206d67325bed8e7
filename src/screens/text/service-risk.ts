import type { CatalogEntry } from '../../model/backup.ts'
import type { Alert, StatusReport } from '../../model/status.ts'
import { formatAge } from '../../model/units.ts'
import type { Plotted } from './bars.ts'
import type { State } from './glyphs.ts'

/** How safe each service is, by what the engine says of it. Pure. */

type ServiceStatus = StatusReport['services'][number]

export interface Service extends ServiceStatus {
  /** The newest backup of it; null where there is none, or the list is not there yet. */
  readonly newest: CatalogEntry | null
  /** Its newest backup that was verified. */
  readonly verified: CatalogEntry['verified']
  /** Stored bytes of its newest backups, the newest last; of a backup of several services all of it. */
  readonly sizes: readonly Plotted[]
  readonly risk: State
  /** Why, in a few words; empty where there is nothing to say. */
  readonly why: string
}

const plotted = 14
const order: readonly State[] = ['failed', 'warning', 'running', 'ok']

/**
 * All services, those most at risk first.
 *
 * @param backups newest first; null while they are not known.
 * @param running what the runs that run now say they are about.
 */
export function servicesByRisk(
  status: StatusReport,
  backups: readonly CatalogEntry[] | null,
  running: readonly string[],
): readonly Service[] {
  const known = new Map<string, { newest: CatalogEntry; verified: CatalogEntry['verified']; sizes: Plotted[] }>()
  for (const entry of backups ?? []) {
    if (entry.type === 'safety' || entry.missing === true) continue
    for (const name of entry.services) {
      const one = known.get(name)
      if (one === undefined)
        known.set(name, { newest: entry, verified: entry.verified, sizes: [{ value: entry.sizeBytes }] })
      else {
        one.verified ??= entry.verified
        if (one.sizes.length < plotted) one.sizes.push({ value: entry.sizeBytes })
      }
    }
  }
  return status.services
    .map((service): Service => {
      const { newest = null, verified = null, sizes = [] } = known.get(service.name) ?? {}
      const danger = dangerOf(service, newest, status.alerts)
      const isRunning = running.some((about) => about.split(/[\s,]+/).includes(service.name))
      return {
        ...service,
        newest,
        verified,
        sizes: sizes.toReversed(),
        risk: danger?.risk ?? (isRunning ? 'running' : 'ok'),
        why: danger?.why ?? ((newest?.warnings ?? 0) > 0 ? 'the newest has warnings' : ''),
      }
    })
    .sort(
      (a, b) =>
        order.indexOf(a.risk) - order.indexOf(b.risk) ||
        lateness(b) - lateness(a) ||
        (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    )
}

function dangerOf(
  { name, allowedHours }: ServiceStatus,
  newest: CatalogEntry | null,
  alerts: readonly Alert[],
): { risk: State; why: string } | null {
  const has = (kind: Alert['kind'], subject: string): boolean =>
    alerts.some((alert) => alert.kind === kind && alert.subject === subject)
  if (has('no-backup', name)) return { risk: 'failed', why: 'never backed up' }
  if (newest !== null && has('damaged', newest.id)) return { risk: 'failed', why: 'the newest is damaged' }
  if (has('overdue', name)) return { risk: 'warning', why: `older than ${formatAge(allowedHours * 3_600_000)}` }
  if (has('incomplete', name)) return { risk: 'warning', why: 'only incomplete ones' }
  return null
}

/** How much of its time is used up; a service that was never backed up has used all of it. */
function lateness({ ageHours, allowedHours }: ServiceStatus): number {
  return ageHours === null ? Number.POSITIVE_INFINITY : ageHours / Math.max(1, allowedHours)
}

export interface Counts {
  readonly ok: number
  readonly warning: number
  readonly failed: number
  /** Share of the services whose last backup is as young as it must be, 0 to 1; null without services. */
  readonly inRpo: number | null
}

export function countRisks(services: readonly Service[]): Counts {
  const count = (...risks: readonly State[]): number => services.filter(({ risk }) => risks.includes(risk)).length
  const late = services.filter(({ overdue, lastGood }) => overdue || lastGood === null).length
  return {
    ok: count('ok', 'running'),
    warning: count('warning'),
    failed: count('failed'),
    inRpo: services.length === 0 ? null : 1 - late / services.length,
  }
}

const dayMs = 24 * 3_600_000
const growthDays = 14

/** Bytes a day that backups added lately; null where there are none of more than a day. */
export function growthPerDay(backups: readonly CatalogEntry[], now: number): number | null {
  let bytes = 0
  let oldest = now
  for (const { createdAt, sizeBytes, missing } of backups) {
    const at = Date.parse(createdAt)
    if (at < now - growthDays * dayMs) break
    if (missing === true) continue
    bytes += sizeBytes
    oldest = Math.min(oldest, at)
  }
  const days = (now - oldest) / dayMs
  return days < 1 ? null : bytes / days
}
