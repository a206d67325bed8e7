import type { During } from '../model/during.ts'
import { BackupError } from '../model/errors.ts'
import type { RunEvent } from '../model/event.ts'
import { displayPath, printable } from '../model/path.ts'
import {
  choiceWarnings,
  type PlannedRestore,
  type RestoreOptions,
  type RestoreOutcome,
} from '../model/planned-restore.ts'
import { conflictModes } from '../model/restore.ts'
import { formatBytes, formatCount, formatDuration, formatNumberOf, parseDuration } from '../model/units.ts'
import type { CommandSpec, Context } from './parts/command-spec.ts'
import { pathFields } from './parts/fields.ts'
import { type Given, quoted, usage } from './parts/given.ts'
import { servicesOption } from './parts/grammar.ts'
import { planFacts, planFields, saysNotSaved } from './parts/plan-text.ts'
import { because } from './parts/unsupported.ts'

const selecting = [
  'at',
  'latest-with',
  'services',
  'path',
  'target',
  'in-place',
  'on-conflict',
  'delete-extra',
  'map-owner',
  'save-plan',
] as const
/** What the configuration allows too; V8 ends the process where it is asked for more threads than there may be. */
const mostWorkers = 256

export const restore: CommandSpec = {
  words: 'restore',
  about:
    'Restores a backup: plans it, shows the plan, and does exactly that. Without --target and --in-place it goes into the new directory ./restore-ID.',
  operands: [{ name: 'ID|latest', required: false }],
  options: [
    {
      name: 'at',
      value: 'TIME',
      about:
        'of every service the newest sound backup at or before it, as in "2026-11-20 03:00" in the configured zone',
    },
    { name: 'latest-with', value: 'PATH', about: 'this path alone, from the newest sound backup that holds it' },
    servicesOption,
    { name: 'path', value: 'GLOB', repeats: true, about: 'only what matches this gitignore pattern' },
    { name: 'target', value: 'DIR', about: 'below this directory, made if need be' },
    { name: 'in-place', about: 'where it came from' },
    { name: 'dry-run', about: 'show the plan and stop' },
    { name: 'save-plan', value: 'FILE', about: 'keep the plan, to be applied later with --plan; writes nothing else' },
    { name: 'plan', value: 'FILE', about: 'apply a kept plan, or refuse where the target has changed since' },
    { name: 'plan-ttl', value: 'TIME', about: 'how old a kept plan may be, as in 30m, 2h, 1d (15m)' },
    {
      name: 'on-conflict',
      value: 'HOW',
      choices: conflictModes,
      about: 'what to do with what is there (overwrite in place, else keep)',
    },
    {
      name: 'map-owner',
      value: 'FROM=TO',
      repeats: true,
      about: 'give what belonged to FROM to TO: app=web, app:staff=web:www, :staff=:www, names or numbers; needs root',
    },
    { name: 'delete-extra', about: 'remove what restored directories hold beyond the backup' },
    { name: 'workers', value: 'N', about: 'how many work at once' },
    { name: 'yes', about: 'do not ask' },
    { name: 'confirm', value: 'HOST', about: 'do not ask, if this machine has that name' },
    { name: 'last', value: 'PATH', about: '', unsupported: because.last },
    { name: 'tenant', value: 'T', about: '', unsupported: because.tenants },
  ],
  examples: [
    ['holdfast restore latest --dry-run', 'what it would do'],
    ['holdfast restore --at "2026-11-20 03:00"', 'everything as it was then'],
    ['holdfast restore --latest-with /etc/app.conf --in-place', 'a file that was deleted'],
    ["holdfast restore latest --path '/etc/**' --target /tmp/look", 'some of it, elsewhere'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const options = restoreOptions(given)
    const { out } = context
    const planning = new PlanningEvents(context.during(), out.json && !given.has('dry-run') && !given.has('save-plan'))
    const plan = await (await context.engine()).planRestore(options, planning)
    try {
      for (const fact of planFacts(plan)) if (!out.quiet) out.fact(fact)
      for (const notice of plan.notices) if (!saysNotSaved(notice)) out.notice(notice)
      for (const warning of choiceWarnings(plan.chosen ?? null)) out.warning(warning)
      const file = given.text('save-plan')
      if (file !== null) {
        await plan.save(file)
        out.fact(`plan saved: ${printable(file)}`)
      }
      if (given.has('dry-run') || file !== null) {
        out.result('restore', { plan: planFields(plan) })
        if (out.quiet) out.fact(plan.id)
        else out.fact('dry run: nothing was written')
        return plan.counts.refuse > 0 || choiceWarnings(plan.chosen ?? null).length > 0 ? 3 : 0
      }
      await confirm(plan, given, context)
      const during = context.during()
      const outcome = await plan.apply(planning.before(out.json ? during : withoutRepeats(plan, during)))
      tell(outcome, plan, context)
      return outcome.exitCode
    } finally {
      await plan.drop()
    }
  },
}

function restoreOptions(given: Given): RestoreOptions {
  const [backup] = given.operands
  const file = given.text('plan')
  const ttl = given.text('plan-ttl')
  const ttlMs = ttl === null ? null : parseDuration(ttl)
  if (ttl !== null && ttlMs === null) throw usage(`--plan-ttl cannot be ${quoted(ttl)}`, 'write it as 30m, 2h or 1d')
  const workers = given.count('workers', 1, mostWorkers)
  if (file !== null) {
    const other = backup === undefined ? selecting.find((name) => given.has(name)) : `the backup ${quoted(backup)}`
    if (other !== undefined) {
      const named = backup === undefined ? `--${other}` : other
      throw usage(`--plan cannot stand beside ${named}`, 'the plan says what is restored and where; leave out the rest')
    }
    return { source: { kind: 'plan', file, ttlMs }, target: null, conflict: null, workers }
  }
  if (ttl !== null) throw usage('--plan-ttl goes with --plan', 'holdfast restore --plan FILE --plan-ttl 2h')
  const directory = given.text('target')
  if (directory !== null && given.has('in-place'))
    throw usage('--target and --in-place cannot be given together', 'choose one')
  if (given.has('delete-extra') && directory === null && !given.has('in-place'))
    throw usage('--delete-extra goes with --in-place or --target', 'a new directory holds nothing to delete')
  return {
    source: sourceOf(given),
    target:
      directory !== null ? { kind: 'directory', path: directory } : given.has('in-place') ? { kind: 'in-place' } : null,
    conflict: given.choice('on-conflict', conflictModes),
    ...(given.has('map-owner') ? { owners: given.texts('map-owner') } : {}),
    ...(given.has('delete-extra') ? { deleteExtra: true } : {}),
    workers,
  }
}

function sourceOf(given: Given): RestoreOptions['source'] {
  const [backup] = given.operands
  const [time, path] = [given.text('at'), given.text('latest-with')]
  const services = given.list('services')
  const paths = given.texts('path')
  const named = [
    ...(backup === undefined ? [] : [`the backup ${quoted(backup)}`]),
    ...(time === null ? [] : ['--at']),
    ...(path === null ? [] : ['--latest-with']),
  ]
  const [first, second] = named
  if (first !== undefined && second !== undefined)
    throw usage(`${first} and ${second} cannot be given together`, 'each of them says which backup; choose one')
  if (time !== null) return { kind: 'at', time, services, paths }
  if (path !== null) {
    if (paths.length > 0)
      throw usage('--latest-with and --path cannot be given together', '--latest-with names the path itself')
    if (path.replace(/^\/+/, '') === '') throw usage('--latest-with needs a path below /', 'name what is missed')
    return { kind: 'last', path, services }
  }
  if (backup === undefined)
    throw usage('restore needs a backup', 'name an id, latest for the newest one, --at TIME or --latest-with PATH')
  return { kind: 'backup', backup, services, paths }
}

/** Asks where something on disk may be lost. Throws E_CONFIRM where nobody said yes. */
async function confirm(plan: PlannedRestore, given: Given, { out, terminal, host }: Context): Promise<void> {
  const named = given.text('confirm')
  const refuse = (message: string, hint: string): never => {
    out.event({ kind: 'plan', plan: planFields(plan) })
    throw new BackupError('E_CONFIRM', message, hint)
  }
  if (named !== null && named !== host)
    refuse(
      `--confirm names ${quoted(named)}, but this machine is ${quoted(host)}`,
      'nothing was written; is it the right machine?',
    )
  if (named !== null || given.has('yes')) return
  const { overwrite, metadata, delete: deleted } = plan.counts
  const losing = overwrite + metadata + deleted > 0
  if (!plan.inPlace && deleted === 0 && (!losing || !terminal.interactive)) return
  if (!terminal.interactive || out.json)
    return refuse(
      plan.inPlace ? 'restoring in place must be confirmed' : 'deleting must be confirmed',
      `look at the plan, then add --yes or --confirm ${host}`,
    )
  const where = plan.inPlace ? `in place on ${printable(host)}` : `over what is in ${printable(plan.target)}`
  const answer = (await terminal.ask(`restore ${where}? type y or ${printable(host)} to go on: `)).trim()
  if (answer !== host && !/^y(es)?$/i.test(answer)) refuse('not confirmed', 'nothing was written')
}

function tell(outcome: RestoreOutcome, plan: PlannedRestore, { out }: Context): void {
  const { id, written, unchanged, kept, deleted, refused, bytes, undo, durationMs, warnings, damaged, target } = outcome
  out.result('restore', {
    restore: {
      ...{
        id,
        plan: outcome.plan,
        written,
        unchanged,
        kept,
        deleted,
        refused,
        bytes,
        undo,
        durationMs,
        warnings,
        target,
      },
      damaged: damaged.map(pathFields),
    },
    exitCode: outcome.exitCode,
  })
  for (const path of damaged) out.warning(`${displayPath(path)}: damaged, not restored`)
  const rate = durationMs > 0 ? `, ${formatBytes((bytes * 1000) / durationMs)}/s` : ''
  const facts = [
    `restore ${id}`,
    `into: ${printable(target)}`,
    `written: ${formatCount(written)}, ${formatBytes(bytes)}`,
    `the same already: ${formatCount(unchanged)}`,
  ]
  if (kept > 0) facts.push(`kept as they are: ${formatCount(kept)}`)
  if (deleted > 0) facts.push(`deleted: ${formatCount(deleted)}`)
  if (refused > 0) facts.push(`refused: ${formatCount(refused)}, listed in the plan above`)
  if (damaged.length > 0) facts.push(`damaged: ${formatNumberOf(damaged.length, 'file')}, not restored`)
  if (warnings > 0) facts.push(`warnings: ${formatCount(warnings)}, all in the log of run ${id}`)
  if (undo) facts.push(`to take it back: holdfast undo ${id}`)
  else if (deleted > 0) facts.push('what was overwritten or deleted is not saved: there is no undo yet')
  else if (plan.inPlace && plan.counts.overwrite > 0)
    facts.push('what was overwritten is not saved: there is no undo yet')
  facts.push(`took: ${formatDuration(durationMs)}${rate}`)
  out.outcome(id, facts)
}

/** For people the plan has told its notices already, a few lines above. */
function withoutRepeats(plan: PlannedRestore, during: During): During {
  const told = new Set([...plan.notices, ...choiceWarnings(plan.chosen ?? null)])
  return {
    signal: during.signal,
    listen(event) {
      const isTold = 'message' in event && (told.has(event.message) || saysNotSaved(event.message))
      if (!isTold || (event.kind !== 'notice' && event.kind !== 'warning')) during.listen(event)
    },
  }
}

/** What planning tells is held back until the restore's own first event: a script takes the restore's id from that. */
class PlanningEvents implements During {
  readonly signal: AbortSignal
  readonly #during: During
  readonly #holdsBack: boolean
  #held: RunEvent[] = []

  constructor(during: During, holdsBack: boolean) {
    this.signal = during.signal
    this.#during = during
    this.#holdsBack = holdsBack
  }

  listen(event: RunEvent): void {
    if (!this.#holdsBack) this.#during.listen(event)
    else if (event.kind === 'notice' || event.kind === 'warning') this.#held.push(event)
  }

  /** The listener of what follows, which hears what was held back after its own first event. */
  before(next: During): During {
    return {
      signal: next.signal,
      listen: (event) => {
        next.listen(event)
        const held = this.#held
        this.#held = []
        for (const one of held) next.listen(one)
      },
    }
  }
}
