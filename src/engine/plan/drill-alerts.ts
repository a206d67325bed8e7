import type { DrillLimit, DrillRecord, Proof } from '../../model/drill.ts'
import type { Alert } from '../../model/status.ts'
import { formatDuration } from '../../model/units.ts'

/** What the drills said of services. Records are in the order they were noted, newest last. */

/** What the newest drill that passed said, of a service or of all; null where none ever did. */
export function lastProven(drills: readonly DrillRecord[], service: string | null): Proof | null {
  const record = drills.findLast(({ ok, services }) => ok && (service === null || services.includes(service)))
  return record === undefined ? null : proofOf(record)
}

export function proofOf({ id, at, ok, rtoMs, level }: DrillRecord): Proof {
  return { id, at, ok, rtoMs, level }
}

/**
 * One for each service whose newest drill failed, or took longer than the service may be away. That it was never drilled
 * is no alert; that a backup is older than its RPO is told without any drill.
 */
export function drillAlerts(drills: readonly DrillRecord[], services: readonly string[]): Alert[] {
  return services.flatMap((name): Alert[] => {
    const newest = drills.findLast((record) => record.services.includes(name))
    if (newest === undefined) return []
    if (newest.ok) return newest.limitsMissed.includes(limitText(name, 'rto')) ? [slow(name, newest)] : []
    const message = `${name}: the last drill, of ${newest.id}, failed: ${whyFailed(newest)}`
    return [{ kind: 'drill-failed', subject: name, message }]
  })
}

function slow(name: string, { id, rtoMs }: DrillRecord): Alert {
  const took = rtoMs === null ? 'longer' : `${formatDuration(rtoMs)}, longer`
  const message = `${name}: the last drill, of ${id}, took ${took} than its RTO allows`
  return { kind: 'drill-slow', subject: name, message }
}

/** A limit as the ledger names it. */
export function limitText(service: string, kind: DrillLimit['kind']): string {
  return `${service} ${kind}`
}

function whyFailed({ error, compared, check }: DrillRecord): string {
  if (error !== null) return error
  if (compared !== null && compared.different > 0) return `${compared.different} of what was restored differs`
  if (check?.timedOut === true) return 'its check took too long'
  if (check?.ok === false) return 'its check said no'
  return 'not everything could be restored'
}
