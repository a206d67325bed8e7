import type { JobRequest, RunSummary } from '../../model/jobs.ts'
import type { Clock } from '../../model/ports.ts'
import type { ListedSchedule } from '../../model/schedule.ts'
import type { Alert } from '../../model/status.ts'
import type { Supervisor } from '../platform/supervisor.ts'
import type { ScheduledRequest } from '../schedule-run.ts'
import type { SchedulesPort } from '../schedules-port.ts'
import type { DaemonLog } from './daemon-log.ts'

/** What the daemon works with. The real one is made in open-daemon.ts; the simulated year hands in a machine of its own. */
export interface DaemonWorld {
  readonly clock: WaitingClock
  readonly runs: ScheduledRuns
  readonly log: Pick<DaemonLog, 'debug' | 'info' | 'warning' | 'error'>
  readonly supervisor: Supervisor
  /** The configuration at hand. @throws E_CONFIG, E_KEY_MISSING, …: then the one before stays. */
  load(): Promise<DaemonGround>
}

export interface WaitingClock extends Clock {
  /** Never rejects: an aborted signal only ends it early. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** What one reading of the configuration gives. */
export interface DaemonGround {
  /** All there are, that of the cleanup (`cleanupScheduleId`) among them where a policy lets anything go. @throws E_DAMAGED where schedules.json cannot be read. */
  schedules(): Promise<readonly ListedSchedule[]>
  /** Those of the configuration alone, as if none had ever run. */
  readonly configured: readonly ListedSchedule[]
  /** Another text whenever somebody wrote schedules.json. */
  stamp(): string
  readonly notes: Pick<SchedulesPort, 'knowConfigured' | 'noteRun' | 'noteRetry' | 'noteOutcome' | 'strikeRuns'>
  /** Every service that a schedule without a selection backs up. */
  readonly services: readonly string[]
  /** What needs a person now. */
  alerts(): Promise<readonly Alert[]>
}

/** A schedule's lock: nobody else runs it while it is held, and the run that it is handed to holds it until it ends. */
export interface Hold {
  readonly lock: number
  release(): void
}

/** Runs in processes of their own, which a dead daemon leaves running. */
export interface ScheduledRuns {
  /** Null where somebody else runs this schedule. */
  hold(schedule: string): Promise<Hold | null>
  newId(request: ScheduledRequest): string
  /** Resolves once the run exists. Before that, `off` calls it off, and `kill` ends its process. @throws as Jobs.start. */
  start(request: JobRequest, run: string, hold: Hold, off: AbortSignal, kill: AbortSignal): Promise<void>
  /** Waits for its end. @throws E_UNKNOWN_ID where it never began, E_IO. */
  follow(run: string): Promise<void>
  /** What is known of it now. @throws E_UNKNOWN_ID, E_IO. */
  read(run: string): Promise<RunSummary>
  /** Asks it to stop cleanly. */
  cancel(run: string): Promise<void>
  /** Ends its process at once. */
  kill(run: string): Promise<void>
}
