import { printable } from '../../model/path.ts'
import type { DescribedSchedule, ListedSchedule, Schedule } from '../../model/schedule.ts'
import { shellWord } from '../../model/shell-word.ts'
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
    ifMissed: schedule.if_missed,
    jitterSeconds: schedule.jitter_seconds,
  }
}

/** What it does, and when it does that next. */
export function scheduleFacts({ schedule, words, next }: DescribedSchedule): string[] {
  const services = schedule.services.length === 0 ? 'all services' : schedule.services.map(printable).join(', ')
  return [
    `${schedule.type} of ${services}`,
    `${words}, on the clock of ${printable(schedule.tz)}`,
    ...next.map(({ text }, at) => `${at === 0 ? 'next' : '    '}  ${text}`),
  ]
}

/** As it can be pasted into a shell. */
export function commandOf(schedule: Schedule, options: readonly string[]): string {
  const { name, cron, tz, type, services, compression, retention, if_missed, jitter_seconds } = schedule
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
    ...(jitter_seconds === 0 ? [] : ['--jitter', `${jitter_seconds}s`]),
    ...(if_missed === 'run-once' ? [] : ['--if-missed', if_missed]),
    ...options,
  ]
  return words.map(shellWord).join(' ')
}
