import { printable } from '../../model/path.ts'
import { type DescribedSchedule, isDrill, type ListedSchedule, type Schedule } from '../../model/schedule.ts'
import { shellWord } from '../../model/shell-word.ts'
import { formatDuration } from '../../model/units.ts'
import { retentionWords } from './retention-options.ts'

/** Schedules as JSON, as lines for people, and as the command that makes one. */

export function scheduleFields(listed: DescribedSchedule): object {
  const { schedule, origin, place, words, next, last } = listed
  const [lastRun] = schedule.lastRuns
  return {
    ...draftFields(listed),
    nextRuns: next.map(({ at }) => at),
    lastRun: lastRun === undefined ? null : { ...lastRun, state: last },
    origin,
    ...(place === undefined ? {} : { place }),
    words,
    createdAt: schedule.createdAt,
  }
}

export function draftFields({ schedule }: Pick<ListedSchedule, 'schedule'>): object {
  const { id, name, cron, tz, type, services, enabled } = schedule
  return {
    id,
    name,
    cron,
    tz,
    type,
    services,
    enabled,
    compression: schedule.compression ?? null,
    retention: schedule.retention ?? null,
    ...(isDrill(schedule) ? { drill: drillFields(schedule) } : {}),
    ifMissed: schedule.if_missed,
    jitterSeconds: schedule.jitter_seconds,
  }
}

function drillFields({ drill }: Schedule): object {
  const { check, scratch } = drill ?? {}
  return {
    check: check === undefined ? null : { command: check.command, timeoutSeconds: check.timeout_seconds },
    scratch: scratch ?? null,
  }
}

/** What it does, and when it does that next. */
export function scheduleFacts({ schedule, words, next }: DescribedSchedule): string[] {
  const { check, scratch } = schedule.drill ?? {}
  const services = schedule.services.length === 0 ? 'all services' : schedule.services.map(printable).join(', ')
  return [
    `${schedule.type} of ${services}`,
    ...(check === undefined
      ? []
      : [`check: ${printable(check.command)}, ${formatDuration(check.timeout_seconds * 1000)} at most`]),
    ...(scratch === undefined ? [] : [`below ${printable(scratch)}`]),
    `${words}, on the clock of ${printable(schedule.tz)}`,
    ...next.map(({ text }, at) => `${at === 0 ? 'next' : '    '}  ${text}`),
  ]
}

/** As it can be pasted into a shell. */
export function commandOf(schedule: Schedule, options: readonly string[]): string {
  const { name, cron, tz, type, services, compression, retention, drill, if_missed, jitter_seconds } = schedule
  const check = drill?.check
  const words = [
    'holdfast',
    'schedule',
    cron,
    ...['--type', type],
    ...(services.length === 0 ? [] : ['--services', services.join(',')]),
    ...(compression === undefined ? [] : ['--compress', compression]),
    ...['--name', name],
    ...['--tz', tz],
    ...(retention === undefined ? [] : retentionWords(retention)),
    ...(check === undefined ? [] : ['--check', check.command, '--timeout', `${check.timeout_seconds}s`]),
    ...(drill?.scratch === undefined ? [] : ['--scratch', drill.scratch]),
    ...(jitter_seconds === 0 ? [] : ['--jitter', `${jitter_seconds}s`]),
    ...(if_missed === 'run-once' ? [] : ['--if-missed', if_missed]),
    ...options,
  ]
  return words.map(shellWord).join(' ')
}
