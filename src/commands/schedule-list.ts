import { printable } from '../model/path.ts'
import type { DescribedSchedule } from '../model/schedule.ts'
import { formatAge } from '../model/units.ts'
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
    else for (const line of [...table(schedules, context.now(), out.width), ...places(schedules)]) out.fact(line)
    return 0
  },
}

function table(schedules: readonly DescribedSchedule[], now: number, width: number): string[] {
  const cells = (text: (listed: DescribedSchedule) => string): string[] => schedules.map(text)
  return tableLines(
    [
      { title: 'id', cells: cells(({ schedule }) => schedule.id) },
      { title: 'next', cells: cells((listed) => nextText(listed, now)) },
      { title: 'last', cells: cells((listed) => lastText(listed, now)) },
      { title: 'times', flexible: true, dispensable: 0, cells: cells(({ words }) => printable(words)) },
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

function nextText({ schedule, next: [next] }: DescribedSchedule, now: number): string {
  if (!schedule.enabled) return 'off'
  return next === undefined ? 'never' : `in ${formatAge(Date.parse(next.at) - now)}`
}

function lastText({ schedule, last }: DescribedSchedule, now: number): string {
  const [run] = schedule.lastRuns
  return run === undefined || last === null ? '-' : `${last}, ${formatAge(now - Date.parse(run.startedAt))} ago`
}

function places(schedules: readonly DescribedSchedule[]): string[] {
  return schedules.flatMap(({ schedule, place }) =>
    place === undefined ? [] : [`${schedule.id}: ${printable(place)}`],
  )
}
