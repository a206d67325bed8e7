import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CatalogEntry } from '../model/backup.ts'
import type { DrillRecord } from '../model/drill.ts'
import { BackupError } from '../model/errors.ts'
import { instantOf, isoOf } from '../model/instant.ts'
import type { RunSummary } from '../model/jobs.ts'
import { displayPath } from '../model/path.ts'
import type { FileSystemStatus } from '../model/ports.ts'
import { cleanupScheduleId, type ListedSchedule } from '../model/schedule.ts'
import type { Alert, StatusReport } from '../model/status.ts'
import { listBackups, turnEvery } from './catalog.ts'
import { knownDrills } from './drill/drill-ledger.ts'
import type { Standing, WatchedSchedule, WatchedService } from './plan/absence.ts'
import { type Judgement, judge } from './plan/alerts.ts'
import { lastProven } from './plan/drill-alerts.ts'
import { due, notedInstants } from './plan/due.ts'
import { policyFrom } from './plan/retention-policy.ts'
import { letsGo } from './plan/retention-rules.ts'
import { type Soundness, soundnessOf } from './plan/soundness.ts'
import type { Repository } from './repository.ts'
import { runsNewestFirst } from './run-log.ts'
import { daemonOf } from './running-daemon.ts'
import { configuredListing, scheduledWithCleanup } from './schedules.ts'
import type { Session } from './session.ts'
import { undoableRestores } from './undo/undoable.ts'

/** Is everything safe. Reads only, and tells also where schedules.json or the catalog cannot be read. */

const recentRuns = 30
const trendLength = 30
const defaultRpoHours = 25

/** What needs a person now. @throws E_NO_REPOSITORY, E_IO. */
export async function currentAlerts(session: Session): Promise<readonly Alert[]> {
  return (await survey(session)).alerts
}

/** @throws E_NO_REPOSITORY, E_IO. */
export async function reportStatus(session: Session): Promise<StatusReport> {
  const { repository, backups, soundness, schedules, runs, disk, drills, standings, alerts, now } =
    await survey(session)
  const present = backups.filter((entry) => entry.type !== 'safety' && soundness.isThere(entry))
  const ended = runs.filter(({ state }) => state !== 'running')
  const good = ended.filter(({ state }) => state === 'done' || state === 'warnings')
  const verified = present.find((entry) => entry.verified?.ok === true)
  const daemon = daemonOf(session.world.files, repository)
  const enabled = schedules.map(({ schedule }) => schedule).filter((one) => one.enabled && one.id !== cleanupScheduleId)
  const next = daemon === null ? null : due(enabled, notedInstants(enabled), now).next
  return {
    ok: alerts.length === 0,
    root: displayPath(repository.root),
    alerts,
    problems: alerts.map(({ message }) => message),
    daemon,
    schedules: enabled.length,
    backups: present.length,
    services: standings.map((standing) => ({
      ...serviceStatus(standing),
      lastProven: lastProven(drills, standing.service.name),
    })),
    lastGood: present.find(soundness.isGood)?.createdAt ?? null,
    lastProven: lastProven(drills, null),
    nextRun: next === null ? null : isoOf(next),
    repositoryBytes: present.reduce((sum, entry) => sum + entry.sizeBytes, 0),
    freeBytes: disk.freeBytes,
    runs: runs.map(({ id, kind, state, startedAt, endedAt, durationMs }) => ({
      id,
      command: kind,
      outcome: state,
      at: endedAt ?? startedAt,
      durationMs,
    })),
    successRate: ended.length === 0 ? null : good.length / ended.length,
    trend: present
      .slice(0, trendLength)
      .map(({ id, createdAt, sizeBytes }) => ({ id, createdAt, sizeBytes }))
      .reverse(),
    verified:
      verified?.verified == null ? null : { id: verified.id, level: verified.verified.level, at: verified.verified.at },
  }
}

interface Survey extends Judgement {
  readonly repository: Repository
  /** Newest first. */
  readonly backups: readonly CatalogEntry[]
  readonly soundness: Soundness
  readonly schedules: readonly ListedSchedule[]
  /** The last ones, newest last. */
  readonly runs: readonly RunSummary[]
  readonly disk: FileSystemStatus
  /** Newest last. */
  readonly drills: readonly DrillRecord[]
  readonly now: number
}

/**
 * All that is looked at, and what is to be said of it. Of 10,000 backups it takes about a quarter of a second, nearly
 * all of it for reading the catalog and looking for each manifest.
 */
async function survey(session: Session): Promise<Survey> {
  const { world, parts } = session
  const { files } = world
  const { settings, sources } = parts.configured
  const repository = session.repository()
  const { backups, problems } = await listBackups(files, repository, session.catalog(repository))
  const now = world.clock.now()
  const { schedules, problem } = await readableSchedules(session)
  const runs: RunSummary[] = []
  for (const run of runsNewestFirst(files, repository)) {
    runs.unshift(run)
    if (runs.length === recentRuns) break
  }
  const disk = files.fileSystem(repository.root)
  const soundness = soundnessOf(backups, await withoutManifest(session, repository, backups))
  const policy = policyFrom(
    sources,
    schedules.map(({ schedule }) => schedule),
  )
  const { drills, problem: drillProblem } = knownDrills(files, repository)
  const judgement = judge({
    now,
    services: watchedServices(
      session,
      backups.filter((entry) => entry.type !== 'safety' && soundness.isThere(entry)),
    ),
    backups,
    soundness,
    schedules: schedules.map((one) => watched(one, now)),
    running: new Set(runs.filter(({ state }) => state === 'running').map(({ id }) => id)),
    catalogProblems: drillProblem === null ? problems : [...problems, drillProblem],
    schedulesProblem: problem,
    disk,
    keepsAll: !policy.sets.some(letsGo),
    verification: settings.verification,
    drills,
    restores: undoableRestores(session),
  })
  return { repository, backups, soundness, schedules, runs, disk, drills, now, ...judgement }
}

/** Where schedules.json cannot be read, those of the configuration go on. */
async function readableSchedules(
  session: Session,
): Promise<{ readonly schedules: readonly ListedSchedule[]; readonly problem: string | null }> {
  try {
    return { schedules: await scheduledWithCleanup(session), problem: null }
  } catch (error) {
    if (!(error instanceof BackupError && error.code === 'E_DAMAGED')) throw error
    return { schedules: configuredListing(session), problem: error.message }
  }
}

/** One of the configuration that nobody has noted yet is listed as if it began now: how long it stands there is not known. */
function watched({ schedule, origin }: ListedSchedule, now: number): WatchedSchedule {
  const since = instantOf(schedule.activeSince ?? schedule.createdAt)
  return { ...schedule, since: origin === 'configuration' && since >= now ? null : since }
}

/** Those that are configured, and those that a backup holds. */
function watchedServices({ parts }: Session, present: readonly CatalogEntry[]): WatchedService[] {
  const configured = new Map(parts.configured.services.map((service) => [service.name, service]))
  const names = new Set([...configured.keys(), ...present.flatMap(({ services }) => services)])
  return [...names].sort().map((name) => {
    const settings = configured.get(name)
    return {
      name,
      rpoHours: settings?.rpoHours ?? defaultRpoHours,
      hasRpo: settings?.hasRpo ?? false,
      isConfigured: settings !== undefined,
    }
  })
}

async function withoutManifest(
  { world }: Session,
  repository: Repository,
  backups: readonly CatalogEntry[],
): Promise<ReadonlySet<string>> {
  const without = new Set<string>()
  for (const [at, { id, missing }] of backups.entries()) {
    if (at % turnEvery === turnEvery - 1) await nextTurn()
    if (missing === true) continue
    if (world.files.status(repository.manifest(id)) === undefined) without.add(id)
  }
  return without
}

function serviceStatus({
  service: { name, rpoHours },
  last,
  ageMs,
  allowed,
  isOverdue,
  count,
}: Standing): Omit<StatusReport['services'][number], 'lastProven'> {
  const hours = (ms: number) => ms / 3_600_000
  return {
    name,
    lastGood: last?.createdAt ?? null,
    lastGoodId: last?.id ?? null,
    ageHours: ageMs === null ? null : hours(ageMs),
    rpoHours,
    allowedHours: hours(allowed.ms),
    because: allowed.because,
    overdue: isOverdue,
    backups: count,
  }
}
