import type { CatalogEntry } from '../../model/backup.ts'
import type { DrillRecord } from '../../model/drill.ts'
import { instantOf } from '../../model/instant.ts'
import { printable } from '../../model/path.ts'
import type { FileSystemStatus } from '../../model/ports.ts'
import type { Alert } from '../../model/status.ts'
import type { ListedRestore } from '../../model/undo.ts'
import { formatBytes, formatDuration, formatNumberOf } from '../../model/units.ts'
import { type AbsenceGround, type Standing, standings } from './absence.ts'
import { dayMs, hourMs } from './civil.ts'
import { drillAlerts } from './drill-alerts.ts'
import { onTimeMs } from './due.ts'
import { scheduleAlerts } from './schedule-alerts.ts'
import { zonedText } from './schedule-times.ts'
import type { Broken } from './soundness.ts'

/** What needs a person now. Said by `status`, by the daemon's log and by the console alike. */

export interface AlertGround extends AbsenceGround {
  /** What is wrong with the list of backups itself, a sentence each. */
  readonly catalogProblems: readonly string[]
  /** Why the schedules cannot be read; null where they can. */
  readonly schedulesProblem: string | null
  readonly disk: FileSystemStatus
  /** No policy ever lets a backup go. */
  readonly keepsAll: boolean
  /** Backups are to be verified at all. */
  readonly verification: boolean
  /** Newest last. */
  readonly drills: readonly DrillRecord[]
  readonly restores: readonly ListedRestore[]
}

export interface Judgement {
  readonly standings: readonly Standing[]
  readonly alerts: readonly Alert[]
}

/** Below this there may be no room for the run that is under way. */
const lowSpaceShare = 0.05
/** What was added in so many days is taken for what will be added in as many. */
const growthMs = 14 * dayMs
/** A verification once a month is at most 31 days back, and may run late. */
const unverifiedMs = 35 * dayMs
/** Whoever has just begun has a week for the first verification. */
const neverVerifiedMs = 7 * dayMs

export function judge(ground: AlertGround): Judgement {
  const found = standings(ground)
  const alerts: Alert[] = [
    ...ground.catalogProblems.map((message): Alert => ({ kind: 'catalog', subject: null, message })),
    ...found.flatMap(absence),
    ...(ground.backups.length === 0 ? [about('no-backup', 'there is no backup yet')] : []),
    ...ground.soundness.broken.flatMap(brokenAlert),
    ...diskAlerts(ground),
    ...unverified(ground),
    ...drillAlerts(
      ground.drills,
      found.map(({ service }) => service.name),
    ),
    ...ground.restores.flatMap(unfinishedRestore),
    ...(ground.schedulesProblem === null ? [] : [about('schedule-unusable', ground.schedulesProblem)]),
    ...scheduleAlerts(ground.schedules, ground.drills, ground.now),
    ...backupsAhead(ground),
  ]
  return { standings: found, alerts }
}

function about(kind: Alert['kind'], message: string): Alert {
  return { kind, subject: null, message }
}

function absence({ service, last, lastComplete, ageMs, allowed, isOverdue, isIncomplete }: Standing): Alert[] {
  const { name } = service
  const tell = (kind: Alert['kind'], message: string): Alert[] => [{ kind, subject: name, message }]
  if (last === null || ageMs === null) return tell('no-backup', `${name} has never been backed up`)
  if (isIncomplete) {
    const whole =
      lastComplete === null ? 'there is no complete one' : `the last complete one is of ${lastComplete.createdAt}`
    return tell('incomplete', `${name}: the last backup is incomplete, and ${whole}`)
  }
  if (!isOverdue) return []
  const begin = `${name}: the last backup is`
  const hours = Math.floor(ageMs / hourMs)
  if (allowed.because === 'rpo') return tell('overdue', `${begin} ${hours} hours old, its RPO is ${service.rpoHours}`)
  if (allowed.run === null) {
    const most = Math.round(allowed.ms / hourMs)
    return tell('overdue', `${begin} ${ageText(ageMs)} old, and nothing says that it may be older than ${most} hours`)
  }
  const { schedule, at, tz } = allowed.run
  const none = `${printable(schedule)} has made none since ${zonedText(at, tz)}`
  return tell('overdue', `${begin} ${ageText(ageMs)} old, and ${none}`)
}

function ageText(ms: number): string {
  const hours = Math.floor(ms / hourMs)
  return hours < 72 ? formatNumberOf(hours, 'hour') : formatNumberOf(Math.floor(hours / 24), 'day')
}

function brokenAlert({ id, how, dependents }: Broken): Alert[] {
  const needed = dependents === 0 ? '' : `; ${formatNumberOf(dependents, 'backup needs', 'backups need')} it`
  const tell = (message: string): Alert[] => [{ kind: 'damaged', subject: id, message: message + needed }]
  switch (how) {
    case 'no-manifest':
      return tell(`${id} has no manifest: it is not whole`)
    case 'damaged':
      return tell(`${id} failed its last verification`)
    case 'gone':
    case 'unknown':
      // that it is gone is told of the list; what it takes along is not
      return dependents === 0 ? [] : tell(`${id} is gone`)
  }
}

function unfinishedRestore(restore: ListedRestore): Alert[] {
  const { id, state } = restore
  const tell = (message: string): Alert[] => [{ kind: 'restore-unfinished', subject: id, message }]
  if (state === 'unreadable')
    return tell(
      `${id} cannot be taken back, its record cannot be read: holdfast list --type safety shows what it saved`,
    )
  const { target } = restore
  if (state === 'half-undone') return tell(`${id}, into ${printable(target)}, is undone in part: holdfast undo ${id}`)
  if (state !== 'interrupted') return []
  return tell(
    `${id}, into ${printable(target)}, was interrupted: holdfast restore --resume ${id} goes on, holdfast undo ${id} takes it back`,
  )
}

function diskAlerts({ disk: { freeBytes, totalBytes }, keepsAll, backups, soundness, now }: AlertGround): Alert[] {
  if (freeBytes < totalBytes * lowSpaceShare) {
    const share = Math.floor((100 * freeBytes) / totalBytes)
    return [about('disk-full', `the repository's disk is nearly full: ${share} % left`)]
  }
  const recent = backups.filter((entry) => soundness.isThere(entry) && isRecent(entry, now))
  const added = recent.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const largest = recent.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0)
  const free = `the repository's disk has ${formatBytes(freeBytes)} free`
  if (keepsAll && added > 0 && added >= freeBytes)
    return [
      about('disk-filling', `${free}, ${formatBytes(added)} were added in 14 days, and no policy lets anything go`),
    ]
  if (freeBytes < 2 * largest)
    return [about('disk-filling', `${free}, and the largest backup of the last 14 days took ${formatBytes(largest)}`)]
  return []
}

function isRecent({ createdAt }: CatalogEntry, now: number): boolean {
  const at = instantOf(createdAt)
  return at > now - growthMs && at <= now + onTimeMs
}

function unverified({ verification, backups, soundness, now }: AlertGround): Alert[] {
  if (!verification) return []
  let newest = Number.NEGATIVE_INFINITY
  let oldest = Number.POSITIVE_INFINITY
  for (const entry of backups) {
    if (entry.type === 'safety' || !soundness.isThere(entry)) continue
    oldest = Math.min(oldest, instantOf(entry.createdAt))
    if (entry.verified?.ok === true) newest = Math.max(newest, instantOf(entry.verified.at))
  }
  const days = (ms: number) => formatNumberOf(Math.floor(ms / dayMs), 'day')
  if (newest === Number.NEGATIVE_INFINITY)
    return now - oldest > neverVerifiedMs
      ? [about('unverified', `no backup was ever verified, and the oldest is ${days(now - oldest)} old`)]
      : []
  return now - newest > unverifiedMs
    ? [about('unverified', `the last good verification is ${days(now - newest)} old`)]
    : []
}

function backupsAhead({ backups, soundness, now }: AlertGround): Alert[] {
  const ahead = backups.filter((entry) => soundness.isThere(entry) && instantOf(entry.createdAt) > now + onTimeMs)
  const [newest] = ahead
  if (newest === undefined) return []
  const more = ahead.length === 1 ? '' : `, and ${formatNumberOf(ahead.length - 1, 'other')} too`
  const by = formatDuration(instantOf(newest.createdAt) - now)
  return [
    {
      kind: 'clock',
      subject: newest.id,
      message: `${newest.id} is dated ${by} ahead of the clock${more}; is the clock right?`,
    },
  ]
}
