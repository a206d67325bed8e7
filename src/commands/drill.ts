import type { DrillCard, DrillLimit } from '../model/drill.ts'
import { printable } from '../model/path.ts'
import { formatBytes, formatCount, formatDuration, formatNumberOf, parseDuration } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { quoted, usage } from './parts/given.ts'
import { servicesOption } from './parts/grammar.ts'

const defaultTimeoutMs = 15 * 60_000
const differenceLimit = 20
/** What the configuration allows too. */
const mostWorkers = 256

export const drill: CommandSpec = {
  words: 'drill',
  about:
    'Rehearses a restore: into a scratch place, timed, compared with what was recorded when it was backed up, and checked by a command of yours; then it is thrown away. The outcome is noted, and status and list show it. Exit 0 passed, 3 passed with a limit missed or a note, 4 the content differs, 1 the check failed.',
  operands: [{ name: 'ID|latest', required: false }],
  options: [
    servicesOption,
    {
      name: 'check',
      value: 'CMD',
      about:
        'run with sh -c where it was restored; HOLDFAST_DRILL_DIR and HOLDFAST_DRILL_BACKUP are set, our key is not; exit 0 means that it is good. It is logged as given: put no secret in it',
    },
    {
      name: 'timeout',
      value: 'TIME',
      about: 'how long the check may take, as in 90s, 30m (15m); then all of it is killed',
    },
    { name: 'scratch', value: 'DIR', about: "restore below this directory (the repository's temp, else the system's)" },
    { name: 'keep', about: 'leave what was restored, and say where' },
    { name: 'workers', value: 'N', about: 'how many work at once' },
  ],
  examples: [
    ['holdfast drill', 'the newest backup'],
    [`holdfast drill --check './try "$HOLDFAST_DRILL_DIR"' --timeout 10m`, 'and whether a server starts from it'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const command = given.text('check')
    const timeout = given.text('timeout')
    const timeoutMs = timeout === null ? defaultTimeoutMs : parseDuration(timeout)
    if (timeoutMs === null || timeoutMs === 0)
      throw usage(`--timeout cannot be ${quoted(timeout ?? '')}`, 'write it as 90s, 30m or 2h')
    if (timeout !== null && command === null)
      throw usage('--timeout goes with --check', 'it says how long that may take')
    const outcome = await (await context.engine()).drill(
      {
        backup: given.operands[0] ?? 'latest',
        services: given.list('services'),
        check: command === null ? null : { command, timeoutMs },
        keep: given.has('keep'),
        scratch: given.text('scratch'),
        workers: given.count('workers', 1, mostWorkers),
      },
      context.during(),
    )
    const { card, run, exitCode } = outcome
    out.result('drill', { drill: card, run, exitCode })
    if (!out.json) out.outcome(run, cardFacts(card))
    return exitCode
  },
}

function cardFacts(card: DrillCard): string[] {
  const { restored, compared, check, limits, notes, kept } = card
  const missed = limits.filter(({ met }) => !met)
  const verdict = !card.ok ? 'FAILED' : missed.length > 0 ? 'passed, with a limit missed' : 'passed'
  const facts = [
    `drill of ${card.backup}: ${verdict}`,
    `services: ${card.services.map(printable).join(', ')}`,
    `restored: ${restored.ok ? 'ok' : 'NOT WHOLE'}, ${formatNumberOf(restored.written, 'entry', 'entries')}, ${formatBytes(restored.bytes)} in ${formatDuration(restored.durationMs)}`,
  ]
  if (restored.damaged > 0) facts.push(`  damaged: ${formatCount(restored.damaged)}`)
  const what = `${formatNumberOf(compared.entries, 'entry', 'entries')}, ${formatBytes(compared.bytes)} read back in ${formatDuration(compared.durationMs)}`
  facts.push(`compared: ${compared.ok ? 'ok' : `DIFFERENT (${formatCount(compared.different)})`}, ${what}`)
  for (const { path, what } of compared.differences.slice(0, differenceLimit))
    facts.push(`  ${printable(path)}: ${printable(what)}`)
  if (compared.different > differenceLimit)
    facts.push(`  and ${formatCount(compared.different - differenceLimit)} more`)
  facts.push(...checkFacts(check))
  facts.push(
    `recovery time: ${formatDuration(card.rtoMs)}, of which the restore ${formatDuration(restored.durationMs)}`,
  )
  const gap = card.widestGapMs === null ? '' : `; the widest gap between backups ${formatDuration(card.widestGapMs)}`
  facts.push(`what would be lost: ${formatDuration(card.ageMs)}${gap}`)
  for (const limit of limits) facts.push(limitFact(limit))
  for (const note of notes) facts.push(`note: ${printable(note)}`)
  if (kept !== null) facts.push(`kept: ${printable(kept)}`)
  return facts
}

function checkFacts(check: DrillCard['check']): string[] {
  if (check === null) return ['check: none was given']
  const took = `in ${formatDuration(check.durationMs)}`
  const end = check.timedOut
    ? `TIMED OUT ${took}`
    : check.ok
      ? `ok ${took}`
      : `FAILED ${took}, ${check.exitCode === null ? 'ended by a signal' : `exit ${check.exitCode}`}`
  return [`check: ${end}`, ...check.output.map((line) => `  ${printable(line)}`)]
}

const limitWords: Readonly<Record<DrillLimit['kind'], string>> = {
  rto: 'recovery time',
  'rpo-age': 'age of the newest backup',
  'rpo-gap': 'gap between backups',
}

function limitFact({ service, kind, allowedMs, measuredMs, met }: DrillLimit): string {
  const measured = `${formatDuration(measuredMs)} of ${formatDuration(allowedMs)} allowed`
  return `limit of ${printable(service)}, ${limitWords[kind]}: ${met ? 'met' : 'MISSED'}, ${measured}`
}
