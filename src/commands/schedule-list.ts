import { printable } from '../model/path.ts'
import type { DescribedSchedule } from '../model/schedule.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { scheduleFields } from './parts/schedule-text.ts'
import { tableLines } from './parts/table.ts'

export const scheduleList: CommandSpec = {
  words: 'schedule list',
  about: 'Lists the schedules: those that were added, and those of the configuration and the environment.',
  operands: [],
  options: [],
  examples: [
    ['holdfast schedule list', 'what runs when, and how it went last'],
    ['holdfast schedule list --json', 'for scripts, with the next five runs of each'],
  ],
  exits: [0, 1, 2, 4],
  onInterrupt: 'at-once',
  async run(_given, context) {
    const { out } = context
    const schedules = await (await context.engine()).describeSchedules()
    out.result('schedule list', { schedules: schedules.map(scheduleFields) })
    if (out.json) return 0
    if (out.quiet) for (const { schedule } of schedules) out.fact(schedule.id)
    else if (schedules.length === 0) out.fact('no schedules')
    else for (const line of [...table(schedules, out.width), ...places(schedules)]) out.fact(line)
    return 0
  },
}

function table(schedules: readonly DescribedSchedule[], width: number): string[] {
  const cells = (text: (listed: DescribedSchedule) => string): string[] => schedules.map(text)
  return tableLines(
    [
      { title: 'id', cells: cells(({ schedule }) => schedule.id) },
      { title: 'next', cells: cells(nextText) },
      { title: 'last', cells: cells(lastText) },
      { title: 'times', flexible: true, cells: cells(({ words }) => printable(words)) },
      { title: 'zone', dispensable: 2, cells: cells(({ schedule }) => printable(schedule.tz)) },
      { title: 'type', dispensable: 1, cells: cells(({ schedule }) => schedule.type) },
      {
        title: 'services',
        dispensable: 4,
        cells: cells(({ schedule: { services } }) =>
          services.length === 0 ? 'all' : services.map(printable).join(','),
        ),
      },
      {
        title: 'from',
        dispensable: 3,
        cells: cells(({ origin }) => (origin === 'configuration' ? 'configuration' : '-')),
      },
    ],
    width,
  )
}

function nextText({ schedule, next: [next] }: DescribedSchedule): string {
  if (!schedule.enabled) return 'off'
  return next === undefined ? 'never' : minuteText(next.at)
}

function lastText({ schedule, last }: DescribedSchedule): string {
  const [run] = schedule.lastRuns
  return run === undefined || last === null ? '-' : `${minuteText(run.startedAt)} ${last}`
}

/** `2026-11-21 02:00Z` */
function minuteText(at: string): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}Z`
}

function places(schedules: readonly DescribedSchedule[]): string[] {
  return schedules.flatMap(({ schedule, place }) =>
    place === undefined ? [] : [`${schedule.id}: ${printable(place)}`],
  )
}
