import { printable } from '../model/path.ts'
import { formatBytes, formatCount, formatDuration } from '../model/units.ts'
import type { VerifyProblem, VerifyReport } from '../model/verify.ts'
import { verifyLevels } from '../model/verify-level.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { usage } from './parts/given.ts'
import { because } from './parts/unsupported.ts'

const problemLimit = 20

export const verify: CommandSpec = {
  words: 'verify',
  about: 'Proves that a backup is whole: the levels read ever more of it, from structure to a restore of every file.',
  operands: [{ name: 'ID|latest', required: false, repeats: true }],
  options: [
    { name: 'all', about: 'every backup' },
    { name: 'level', value: 'LEVEL', choices: verifyLevels, about: 'how deep to look (full)' },
    { name: 'sample', value: 'N', about: '', unsupported: because.sample },
  ],
  examples: [
    ['holdfast verify latest', 'the newest backup, every byte of it'],
    ['holdfast verify 7f3k 9abc', 'these two, in one run'],
    ['holdfast verify --all --level quick', 'the structure of all of them'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const backups = given.operands
    const all = given.has('all')
    if (backups.length === 0 && !all)
      throw usage('verify needs to know what', 'name ids, latest for the newest backup, or --all')
    if (backups.length > 0 && all) throw usage('a backup and --all cannot be given together', 'choose one')
    const level = given.choice('level', verifyLevels) ?? 'full'
    const outcome = await (await context.engine()).verify(
      { backups: all ? null : backups, level, workers: null },
      context.during(),
    )
    const { reports, blindSpot, run, exitCode } = outcome
    const [only] = reports
    const fields = backups.length === 1 && only !== undefined ? only : summary(all ? 'all' : 'several', reports, level)
    out.result('verify', { verify: { ...fields, blindSpot }, run, exitCode })
    if (out.json) return exitCode
    for (const report of reports) for (const line of reportFacts(report)) out.fact(line)
    if (reports.length === 0) out.fact('no backups to verify')
    if (blindSpot !== null && !out.quiet) out.fact(`not seen by level ${level}: ${printable(blindSpot)}`)
    return exitCode
  },
}

function summary(id: 'all' | 'several', reports: readonly VerifyReport[], level: string): object {
  const problems = reports.flatMap((report) => report.problems.map((problem) => ({ backup: report.id, ...problem })))
  return { id, level, ok: reports.every(({ ok }) => ok), problems, reports }
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
