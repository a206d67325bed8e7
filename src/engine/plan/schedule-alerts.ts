import { parseCron } from '../../model/cron.ts'
import type { DrillRecord } from '../../model/drill.ts'
import { BackupError } from '../../model/errors.ts'
import { instantOf } from '../../model/instant.ts'
import { printable } from '../../model/path.ts'
import type { ScheduleRun } from '../../model/schedule.ts'
import type { Alert } from '../../model/status.ts'
import { formatDuration } from '../../model/units.ts'
import type { WatchedSchedule } from './absence.ts'
import { onTimeMs } from './due.ts'
import { zonedText } from './schedule-times.ts'
import { openZone } from './zone.ts'

/**
 * What is wrong with schedules, and what went wrong in their runs. Those that are switched off say nothing; a drill that
 * has failed is told of the services it was to prove, and not again of its schedule.
 */
export function scheduleAlerts(
  schedules: readonly WatchedSchedule[],
  drills: readonly DrillRecord[],
  now: number,
): Alert[] {
  const answered = new Set(drills.filter(({ ok }) => !ok).map(({ run }) => run))
  return schedules
    .filter(({ enabled }) => enabled)
    .flatMap((schedule) => {
      const why = whyUnusable(schedule)
      const unusable = why === null ? null : alert('schedule-unusable', schedule, why)
      return [unusable, failing(schedule, why === null, answered, now), ahead(schedule, now)].filter(
        (one) => one !== null,
      )
    })
}

function alert(kind: Alert['kind'], { id, name }: WatchedSchedule, message: string): Alert {
  return { kind, subject: id, message: `${printable(name)}: ${message}` }
}

function whyUnusable({ cron, tz }: WatchedSchedule): string | null {
  const reading = parseCron(cron)
  if (reading.kind === 'problem') return reading.problem.message
  if (reading.cron.neverFires !== null) return reading.cron.neverFires
  try {
    openZone(tz)
    return null
  } catch (error) {
    if (error instanceof BackupError) return error.message
    throw error
  }
}

/** A run that is tried again soon is told when that fails too. */
function failing(
  schedule: WatchedSchedule,
  isUsable: boolean,
  answered: ReadonlySet<string>,
  now: number,
): Alert | null {
  const ended = schedule.lastRuns.filter(({ outcome }) => outcome !== null)
  const good = ended.findIndex(({ outcome }) => outcome === 'done' || outcome === 'warnings')
  const failed = good === -1 ? ended : ended.slice(0, good)
  const [newest, ...before] = failed
  if (newest === undefined || answered.has(newest.run)) return null
  if (before.length === 0 && newest.retryAt !== undefined && instantOf(newest.retryAt) > now) return null
  const when = (run: ScheduleRun) => (isUsable ? zonedText(instantOf(run.at), schedule.tz) : run.at)
  const since = before.at(-1)
  const what =
    since === undefined
      ? `its last run failed, ${when(newest)}`
      : `its last ${failed.length} runs failed, the first ${when(since)}`
  return alert('schedule-failing', schedule, `${what}; see ${printable(newest.run)}`)
}

function ahead(schedule: WatchedSchedule, now: number): Alert | null {
  const latest = schedule.lastRuns.reduce(
    (most, { at, startedAt }) => Math.max(most, instantOf(at), instantOf(startedAt)),
    Number.NEGATIVE_INFINITY,
  )
  if (latest <= now + onTimeMs) return null
  return alert(
    'clock',
    schedule,
    `its last run is ${formatDuration(latest - now)} ahead of the clock; is the clock right?`,
  )
}
