import type { RunEnd, Schedule, ScheduleRun, Schedules } from '../model/schedule.ts'

/** What the engine needs of the store of schedules; handed in by the composition root. */
export interface SchedulesPort {
  read(): Promise<
    | { readonly state: 'ok'; readonly value: Pick<Schedules, 'schedules' | 'configured'> }
    | { readonly state: 'absent' }
    | { readonly state: 'damaged'; readonly why: string }
  >
  add(schedule: Schedule): Promise<void>
  change(id: string, change: (schedule: Schedule) => Schedule): Promise<Schedule>
  forget(id: string): Promise<Schedule>
  knowConfigured(asked: readonly Pick<Schedule, 'id' | 'cron' | 'tz'>[], since: string): Promise<void>
  noteRun(id: string, run: ScheduleRun): Promise<boolean>
  noteRetry(id: string, before: string, run: ScheduleRun): Promise<void>
  noteOutcome(id: string, run: string, outcome: RunEnd): Promise<void>
  strikeRuns(id: string, runs: readonly string[]): Promise<void>
}
