import { decideRetention } from '../../src/engine/plan/retention.ts'
import { retentionBackupOf } from '../../src/engine/plan/retention-backup.ts'
import { planCleanup } from '../../src/engine/plan/retention-cleanup.ts'
import { policyFromCounts } from '../../src/engine/plan/retention-policy.ts'
import type { CatalogEntry } from '../../src/model/backup.ts'
import type { PlannedCleanup } from '../../src/model/cleanup.ts'
import type { RetentionGround } from '../../src/model/retention.ts'
import type { ListedSchedule, Schedule, ScheduleListing } from '../../src/model/schedule.ts'
import { now } from './sample.ts'

/** Schedules and a retention policy made of plain data. */

const day = 86_400_000

export function sampleSchedule(change: Partial<Schedule>): Schedule {
  return {
    id: 'nightly',
    name: 'Nightly',
    cron: '30 2 * * *',
    tz: 'Europe/Berlin',
    type: 'incremental',
    services: ['web'],
    if_missed: 'run-once',
    jitter_seconds: 0,
    enabled: true,
    createdAt: '2026-11-01T00:00:00.000Z',
    lastRuns: [],
    ...change,
  }
}

export function sampleSchedules(name = 'Nightly'): ScheduleListing {
  const lastRuns = Array.from({ length: 12 }, (_, back) => ({
    at: new Date(now - (back + 1) * day + 5_400_000).toISOString(),
    startedAt: new Date(now - (back + 1) * day + 5_400_000).toISOString(),
    run: `run-${back}`,
    outcome: back === 3 ? ('failed' as const) : ('done' as const),
    durationMs: 9000 + 700 * (back % 5),
  }))
  const schedules: ListedSchedule[] = [
    { origin: 'schedules.json', schedule: sampleSchedule({ name, lastRuns }) },
    {
      origin: 'schedules.json',
      schedule: sampleSchedule({
        id: 'hourly',
        name: 'Mail',
        cron: '15 * * * *',
        tz: 'UTC',
        services: ['mail'],
        enabled: false,
      }),
    },
    {
      origin: 'configuration',
      schedule: sampleSchedule({
        id: 'weekly',
        name: 'weekly',
        cron: '0 3 * * 0',
        tz: 'UTC',
        type: 'full',
        services: [],
      }),
    },
  ]
  return {
    schedules,
    zone: 'Europe/Berlin',
    services: [
      { name: 'web', rpoHours: 25 },
      { name: 'mail', rpoHours: 25 },
    ],
  }
}

export function sampleRetention(backups: readonly CatalogEntry[]): RetentionGround {
  return {
    policy: policyFromCounts({ keep: 5, daily: 3 }, 'UTC', 24),
    idle: [],
    backups: backups.map((backup) => retentionBackupOf(backup)),
    entries: new Map(backups.map((backup) => [backup.id, backup])),
  }
}

/** What a cleanup by that policy would do, if its grace were over. */
export function sampleCleanup(backups: readonly CatalogEntry[]): PlannedCleanup {
  const ground = sampleRetention(backups)
  const policy = { ...ground.policy, graceMs: 0 }
  const decisions = decideRetention(ground.backups, policy, now)
  const plan = planCleanup(ground.backups, decisions, now)
  const freedBytes = plan.delete.reduce((sum, id) => sum + (ground.entries.get(id)?.sizeBytes ?? 0), 0)
  return { policy: 'the configured policies', decisions, plan, freedBytes, notices: [] }
}
