import type { CleanupOutcome, CleanupRules, PlannedCleanup } from '../model/cleanup.ts'
import { BackupError } from '../model/errors.ts'
import { printable } from '../model/path.ts'
import type { RetentionCounts, RetentionDecision } from '../model/retention.ts'
import { formatBytes, formatCount, formatNumberOf } from '../model/units.ts'
import type { CommandSpec, Context } from './parts/command-spec.ts'
import type { Given } from './parts/given.ts'
import { tableLines } from './parts/table.ts'

const counts = [
  ['keep', 'the newest N of each set of services'],
  ['days', 'those of the last N days'],
  ['daily', 'the newest of each of N days that have one'],
  ['weekly', 'the newest of each of N weeks'],
  ['monthly', 'the newest of each of N months'],
  ['quarterly', 'the newest of each of N quarters'],
  ['yearly', 'the newest of each of N years'],
] as const satisfies readonly (readonly [keyof RetentionCounts, string])[]
const mostCount = 100_000
const mostGraceHours = 100_000

/** Of a long list people see so many lines of what goes, and of what stays. */
const shownLines = 40

export const cleanup: CommandSpec = {
  words: 'cleanup',
  about:
    'Deletes the backups that no rule keeps: shows them and why, asks, deletes them. Without rules here, those that are configured count; where none are, the last 10 and those of 30 days are kept.',
  operands: [],
  options: [
    ...counts.map(([name, about]) => ({ name, value: 'N', about: `keep ${about}; 0 switches it off` })),
    { name: 'grace', value: 'HOURS', about: 'mark what goes, and delete it by a cleanup so much later (0)' },
    { name: 'dry-run', about: 'show the plan and stop' },
    { name: 'yes', about: 'do not ask' },
  ],
  examples: [
    ['holdfast cleanup --dry-run', 'what would go, and why'],
    ['holdfast cleanup --keep 10 --monthly 12', 'the last ten, and one of each of twelve months'],
    ['holdfast cleanup --days 90 --yes', 'without asking, for scripts'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const rules = rulesOf(given)
    const engine = await context.engine()
    const planned = await engine.planCleanup(rules)
    const plan = planFields(planned)
    if (!out.quiet) for (const line of planLines(planned, out.width)) out.fact(line)
    for (const notice of planned.notices) out.notice(notice)
    if (given.has('dry-run')) {
      out.result('cleanup', { plan })
      if (out.quiet) for (const id of planned.plan.delete) out.fact(id)
      else out.fact('dry run: nothing was deleted')
      return 0
    }
    await confirm(planned, plan, given, context)
    const outcome = await engine.cleanup({ rules, only: planned.plan.delete }, context.during())
    tell(outcome, plan, context)
    return outcome.exitCode
  },
}

function rulesOf(given: Given): CleanupRules {
  const said: RetentionCounts = {}
  for (const [name] of counts) {
    const count = given.count(name, 0, mostCount)
    if (count !== null) said[name] = count
  }
  const graceHours = given.count('grace', 0, mostGraceHours) ?? 0
  return { kind: 'by-hand', counts: Object.keys(said).length === 0 ? null : said, graceHours }
}

interface PlanFields {
  readonly delete: readonly { readonly id: string; readonly reasons: readonly string[] }[]
  readonly keep: readonly { readonly id: string; readonly reasons: readonly string[] }[]
  readonly freedBytes: number
}

/** What goes now, in the order in which it goes; what goes later stays for now, and its reasons say so. */
function planFields({ plan, decisions, freedBytes }: PlannedCleanup): PlanFields {
  const known = new Map(decisions.map((decision) => [decision.backup, decision]))
  const going = new Set(plan.delete)
  return {
    delete: plan.delete.map((id) => ({ id, reasons: known.get(id)?.reasons ?? [] })),
    keep: decisions
      .filter(({ backup }) => !going.has(backup))
      .map((decision) => ({ id: decision.backup, reasons: reasonsToStay(decision) })),
    freedBytes,
  }
}

function reasonsToStay({ keep, reasons, expiresAt }: RetentionDecision): readonly string[] {
  if (keep || expiresAt === null) return reasons
  return [`expiring: goes after ${new Date(expiresAt).toISOString()}`, ...reasons]
}

function planLines(planned: PlannedCleanup, width: number): string[] {
  const { delete: going, keep: staying, freedBytes } = planFields(planned)
  const lines = [`rules: ${printable(planned.policy)}`]
  if (going.length > 0) lines.push(...rowsOf('goes', going, width))
  if (staying.length > 0) lines.push(...rowsOf('stays', staying, width))
  const later = staying.length - planned.decisions.filter(({ keep }) => keep).length
  lines.push(`to be deleted: ${formatCount(going.length)}, frees ${formatBytes(freedBytes)}`)
  lines.push(
    `stay: ${formatCount(staying.length)}${later > 0 ? `, ${formatCount(later)} of them until their grace is over` : ''}`,
  )
  return lines
}

function rowsOf(title: string, rows: PlanFields['delete'], width: number): string[] {
  const shown = rows.slice(0, shownLines)
  const table = tableLines(
    [
      { title, cells: shown.map(({ id }) => id) },
      { title: 'because', flexible: true, cells: shown.map(({ reasons }) => reasons.map(printable).join('; ')) },
    ],
    width,
  )
  const more = rows.length - shown.length
  return more === 0 ? table : [...table, `and ${formatCount(more)} more; --json lists all`]
}

async function confirm(
  { plan, freedBytes }: PlannedCleanup,
  fields: PlanFields,
  given: Given,
  { out, terminal }: Context,
): Promise<void> {
  if (given.has('yes') || plan.delete.length === 0) return
  const refuse = (message: string, hint: string): never => {
    out.event({ kind: 'plan', plan: fields })
    throw new BackupError('E_CONFIRM', message, hint)
  }
  if (!terminal.interactive || out.json) refuse('deleting must be confirmed', 'look at the plan, then add --yes')
  const what = `${formatNumberOf(plan.delete.length, 'backup')}, ${formatBytes(freedBytes)}`
  const answer = (await terminal.ask(`delete ${what}, for good? type y to go on: `)).trim()
  if (!/^y(es)?$/i.test(answer)) refuse('not confirmed', 'nothing was deleted')
}

function tell(outcome: CleanupOutcome, plan: PlanFields, { out }: Context): void {
  const { deleted, left, marked, unmarked, freedBytes, run, exitCode } = outcome
  out.result('cleanup', { plan, deleted, left, marked, unmarked, freedBytes, run, exitCode })
  const facts = [`deleted: ${formatNumberOf(deleted.length, 'backup')}`, `freed: ${formatBytes(freedBytes)}`]
  if (marked > 0) facts.push(`marked to go later: ${formatCount(marked)}`)
  if (unmarked > 0) facts.push(`no longer marked: ${formatCount(unmarked)}`)
  if (left.length > 0) facts.push(`left as they are: ${formatCount(left.length)}, see the warnings`)
  for (const line of out.quiet ? deleted : facts) out.fact(line)
}
