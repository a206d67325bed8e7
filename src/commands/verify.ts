import { type VerifyProblem, type VerifyReport, verifyLevels } from '../model/engine.ts'
import { printable } from '../model/path.ts'
import { formatBytes, formatCount, formatDuration } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { usage } from './parts/given.ts'
import { because } from './parts/unsupported.ts'

const problemLimit = 20

export const verify: CommandSpec = {
  words: 'verify',
  about: 'Proves that a backup is whole: the levels read ever more of it, from structure to a restore of every file.',
  operands: [{ name: 'ID|latest', required: false }],
  options: [
    { name: 'all', about: 'every backup' },
    { name: 'level', value: 'LEVEL', choices: verifyLevels, about: 'how deep to look (full)' },
    { name: 'sample', value: 'N', about: '', unsupported: because.sample },
  ],
  examples: [
    ['holdfast verify latest', 'the newest backup, every byte of it'],
    ['holdfast verify --all --level quick', 'the structure of all of them'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const [backup] = given.operands
    const all = given.has('all')
    if (backup === undefined && !all)
      throw usage('verify needs to know what', 'name an id, latest for the newest backup, or --all')
    if (backup !== undefined && all) throw usage('a backup and --all cannot be given together', 'choose one')
    const level = given.choice('level', verifyLevels) ?? 'full'
    const outcome = await (await context.engine()).verify(
      { backup: backup ?? null, level, workers: null },
      context.during(),
    )
    const { reports, blindSpot, run, exitCode } = outcome
    const [only] = reports
    const fields = all || only === undefined ? summary(reports, level) : only
    out.result('verify', { verify: { ...fields, blindSpot }, run, exitCode })
    if (out.json) return exitCode
    for (const report of reports) for (const line of reportFacts(report)) out.fact(line)
    if (reports.length === 0) out.fact('no backups to verify')
    if (blindSpot !== null && !out.quiet) out.fact(`not seen by level ${level}: ${printable(blindSpot)}`)
    return exitCode
  },
}

function summary(reports: readonly VerifyReport[], level: string): object {
  const problems = reports.flatMap((report) => report.problems.map((problem) => ({ backup: report.id, ...problem })))
  return { id: 'all', level, ok: reports.every(({ ok }) => ok), problems, reports }
}

function reportFacts({ id, level, ok, problems, bytes, durationMs }: VerifyReport): string[] {
  const took = `${formatBytes(bytes)} in ${formatDuration(durationMs)}`
  const damage = problems.filter(({ severity }) => severity === 'damage').length
  const good = problems.length === 0 ? 'ok' : 'ok, with warnings'
  const outcome = ok ? good : damage > 0 ? `DAMAGED (${formatCount(damage)})` : 'NOT VERIFIED'
  const lines = problems.slice(0, problemLimit).map(problemLine)
  if (problems.length > problemLimit) lines.push(`  and ${formatCount(problems.length - problemLimit)} more`)
  return [`${id}  ${level}: ${outcome}  ${took}`, ...lines]
}

function problemLine({ archive, path, what, severity }: VerifyProblem): string {
  const where = path === null ? printable(archive) : `${printable(archive)}: ${printable(path)}`
  return `  ${severity.padEnd(7)}  ${where}: ${printable(what)}`
}
