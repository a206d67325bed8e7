import { printable } from '../model/path.ts'
import type { StatusReport } from '../model/status.ts'
import { formatAge, formatBytes, formatCount, formatDuration } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { type Column, sparkline, tableLines } from './parts/table.ts'

export const status: CommandSpec = {
  words: 'status',
  about: 'Says whether everything is safe: how old the last good backup of each service is, and what needs attention.',
  operands: [],
  options: [],
  examples: [
    ['holdfast status', 'for people'],
    ['holdfast status --quiet || mail -s backup root', 'for cron: exit 3 when something needs attention'],
  ],
  exits: [0, 1, 2, 3],
  onInterrupt: 'at-once',
  async run(_given, context) {
    const { out } = context
    const report = await (await context.engine()).status()
    out.result('status', { status: report })
    if (!out.json) out.outcome(summaryLine(report), statusFacts(report, context.now(), out.width, context.unicode))
    return report.ok ? 0 : 3
  },
}

function summaryLine({ ok, problems }: StatusReport): string {
  return ok ? 'safe' : `needs attention: ${problems.map(printable).join('; ')}`
}

function statusFacts(report: StatusReport, now: number, width: number, unicode: boolean): string[] {
  const { services, trend, verified, successRate, runs } = report
  const facts = [report.ok ? 'safe: nothing needs attention' : 'needs attention']
  for (const problem of report.problems) facts.push(`  ${printable(problem)}`)
  facts.push(
    `repository: ${printable(report.root)}, ${formatBytes(report.repositoryBytes)}, ${formatBytes(report.freeBytes)} free`,
  )
  facts.push(`backups: ${formatCount(report.backups)}`)
  if (report.lastGood !== null) facts.push(`last good: ${report.lastGood} (${ago(report.lastGood, now)})`)
  else facts.push('last good: none yet')
  facts.push(
    verified === null
      ? 'last verified: none yet'
      : `last verified: ${verified.id}, level ${printable(verified.level)} (${ago(verified.at, now)})`,
  )
  facts.push(`last proven restorable: ${provenText(report, now)}`)
  facts.push(`next run: ${report.nextRun ?? whyNone(report)}`)
  if (report.daemon !== null) facts.push(`daemon: ${daemonText(report.daemon, now)}`)
  const considered = Math.min(30, runs.length)
  if (successRate !== null)
    facts.push(`last ${considered === 1 ? 'run' : `${considered} runs`}: ${Math.floor(successRate * 100)} % ended well`)
  const sizes = trend.map(({ sizeBytes }) => sizeBytes).slice(-40)
  if (sizes.length > 1) {
    const ends = `${formatBytes(sizes[0]!)} to ${formatBytes(sizes.at(-1)!)}`
    facts.push(`size of the last ${sizes.length}: ${sparkline(sizes, unicode)}  ${ends}`)
  }
  if (services.length > 0) facts.push('', ...serviceTable(services, now, width))
  return facts
}

function provenText({ lastProven, services }: StatusReport, now: number): string {
  if (lastProven === null) return 'never (holdfast drill)'
  const { id, at, rtoMs, level } = lastProven
  const took = rtoMs === null ? '' : ` in ${formatDuration(rtoMs)}`
  const never = services.filter((service) => service.lastProven === null).map(({ name }) => printable(name))
  const others = never.length === 0 ? '' : `; never: ${never.join(', ')}`
  return `${id}, ${level}${took} (${ago(at, now)})${others}`
}

function whyNone({ daemon, schedules }: StatusReport): string {
  if (schedules === 0) return 'none: nothing is scheduled'
  return daemon === null ? 'none: no daemon runs (holdfast --daemon)' : 'none'
}

function daemonText({ pid, since }: NonNullable<StatusReport['daemon']>, now: number): string {
  const who = pid === null ? 'it runs' : `process ${pid}`
  return since === null ? who : `${who}, since ${printable(since)} (${ago(since, now)})`
}

function serviceTable(services: StatusReport['services'], now: number, width: number): string[] {
  const cells = (text: (service: StatusReport['services'][number]) => string): string[] => services.map(text)
  return tableLines(
    [
      { title: 'service', flexible: true, cells: cells(({ name }) => printable(name)) },
      {
        title: 'state',
        cells: cells(({ overdue, lastGood }) => (lastGood === null ? 'NEVER' : overdue ? 'OVERDUE' : 'ok')),
      },
      {
        title: 'age',
        align: 'right',
        cells: cells(({ ageHours }) => (ageHours === null ? '-' : formatAge(ageHours * 3_600_000))),
      },
      {
        title: 'allowed',
        align: 'right',
        dispensable: 2,
        cells: cells(({ allowedHours }) => formatAge(allowedHours * 3_600_000)),
      },
      { title: 'backups', align: 'right', dispensable: 1, cells: cells(({ backups }) => formatCount(backups)) },
      ...provenColumn(services, now),
      { title: 'last good', dispensable: 3, cells: cells(({ lastGoodId }) => lastGoodId ?? '-') },
    ],
    width,
  )
}

/** How long ago each was proven restorable; none where no service ever was. */
function provenColumn(services: StatusReport['services'], now: number): Column[] {
  if (services.every(({ lastProven }) => lastProven === null)) return []
  const text = ({ lastProven }: StatusReport['services'][number]): string =>
    lastProven === null ? 'never' : formatAge(now - Date.parse(lastProven.at))
  return [{ title: 'proven', align: 'right', dispensable: 2, cells: services.map(text) }]
}

function ago(at: string, now: number): string {
  const age = formatAge(now - Date.parse(at))
  return age === 'now' ? 'just now' : `${age} ago`
}
