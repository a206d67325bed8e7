import type { CreateOptions } from '../model/create.ts'
import type { DrillOptions } from '../model/drill.ts'
import type { JobRequest } from '../model/jobs.ts'
import type { BytePath } from '../model/path.ts'
import { cleanupScheduleId, type Schedule } from '../model/schedule.ts'
import type { Repository } from './repository.ts'

/** What a schedule's run is: its lock, and the deed that it stands for. */

/** Held from before a run is noted until its process is gone: nobody runs the same schedule twice at once. */
export function scheduleLock(repository: Repository, id: string): BytePath {
  return repository.lock(`schedule-${id}`)
}

export type ScheduledRequest = Extract<JobRequest, { readonly kind: 'create' | 'drill' | 'cleanup' }>

/** The job of a schedule for one of its instants. */
export function requestOf(schedule: Schedule, at: number): ScheduledRequest {
  if (schedule.id === cleanupScheduleId)
    return { kind: 'cleanup', order: { rules: { kind: 'configured' }, only: null } }
  return deedOf(schedule, at)
}

/** What a schedule of a person's stands for. */
export function deedOf(schedule: Schedule, at: number): Exclude<ScheduledRequest, { readonly kind: 'cleanup' }> {
  const { type } = schedule
  return type === 'drill'
    ? { kind: 'drill', options: drillOptionsOf(schedule, at) }
    : { kind: 'create', options: createOptionsOf(schedule, type, at) }
}

function createOptionsOf(
  { id, name, services, compression }: Schedule,
  type: CreateOptions['type'],
  at: number,
): CreateOptions {
  return {
    type,
    paths: [],
    services,
    description: `schedule ${name}`,
    compression: compression ?? null,
    exclude: [],
    excludeCaches: false,
    oneFileSystem: false,
    withoutVolumes: false,
    paranoid: false,
    acceptEmpty: false,
    estimate: false,
    schedule: byInstant(id, at),
  }
}

function drillOptionsOf({ id, services, drill }: Schedule, at: number): DrillOptions {
  const check = drill?.check
  return {
    backup: 'latest',
    services,
    check: check === undefined ? null : { command: check.command, timeoutMs: check.timeout_seconds * 1000 },
    keep: false, // nobody would ever take it away
    scratch: drill?.scratch ?? null,
    workers: null,
    schedule: byInstant(id, at),
  }
}

function byInstant(id: string, at: number) {
  return { id, at: new Date(at).toISOString() }
}
