import type { RestoreOptions } from '../model/planned-restore.ts'
import { parseDuration } from '../model/units.ts'
import { carryOutPlan } from './parts/carry-out-plan.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { conflictFrom } from './parts/conflict-words.ts'
import { type Given, quoted, usage } from './parts/given.ts'
import { servicesOption } from './parts/grammar.ts'
import { PlanningEvents } from './parts/plan-events.ts'
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
  'last',
  'no-undo',
  'resume',
  'save-plan',
] as const
/** What an interrupted restore has been asked for already. */
const resumed = selecting.filter((name) => name !== 'resume' && name !== 'save-plan')
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
      value: '[PATH=]HOW',
      repeats: true,
      about:
        'what to do with what is there: overwrite (in place the default), keep (else), keep-newer, rename; for a path and all below it also skip',
    },
    {
      name: 'map-owner',
      value: 'FROM=TO',
      repeats: true,
      about: 'give what belonged to FROM to TO: app=web, app:staff=web:www, :staff=:www, names or numbers; needs root',
    },
    {
      name: 'last',
      value: 'PATH',
      repeats: true,
      about: 'a file without which a service does not start: gone before anything is replaced, written after all else',
    },
    { name: 'no-undo', about: 'save nothing of what is replaced: quicker, and nothing takes it back' },
    { name: 'resume', value: 'ID', about: 'go on with this interrupted restore, or with the last one: latest' },
    { name: 'delete-extra', about: 'remove what restored directories hold beyond the backup' },
    { name: 'workers', value: 'N', about: 'how many work at once' },
    { name: 'yes', about: 'do not ask' },
    { name: 'confirm', value: 'HOST', about: 'do not ask, if this machine has that name' },
    { name: 'tenant', value: 'T', about: '', unsupported: because.tenants },
  ],
  examples: [
    ['holdfast restore latest --dry-run', 'what it would do'],
    ['holdfast restore --at "2026-11-20 03:00"', 'everything as it was then'],
    ['holdfast restore --latest-with /etc/app.conf --in-place', 'a file that was deleted'],
    ["holdfast restore latest --path '/etc/**' --target /tmp/look", 'some of it, elsewhere'],
    ['holdfast restore --resume latest', 'go on after an interruption'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const options = await restoreOptions(given)
    const { out } = context
    const planning = new PlanningEvents(context.during(), out.json && !given.has('dry-run') && !given.has('save-plan'))
    const plan = await (await context.engine()).planRestore(options, planning)
    return carryOutPlan(plan, given, context, planning)
  },
}

async function restoreOptions(given: Given): Promise<RestoreOptions> {
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
  const resume = given.text('resume')
  if (resume !== null) {
    const other = backup === undefined ? resumed.find((name) => given.has(name)) : `the backup ${quoted(backup)}`
    if (other !== undefined)
      throw usage(
        `--resume cannot stand beside ${backup === undefined ? `--${other}` : other}`,
        'an interrupted restore is gone on with as it was asked for; leave out the rest',
      )
    const source = { kind: 'resume', restore: resume === 'latest' ? null : resume } as const
    return { source, target: null, conflict: null, workers }
  }
  const directory = given.text('target')
  if (directory !== null && given.has('in-place'))
    throw usage('--target and --in-place cannot be given together', 'choose one')
  if (given.has('delete-extra') && directory === null && !given.has('in-place'))
    throw usage('--delete-extra goes with --in-place or --target', 'a new directory holds nothing to delete')
  return {
    source: sourceOf(given),
    target:
      directory !== null ? { kind: 'directory', path: directory } : given.has('in-place') ? { kind: 'in-place' } : null,
    ...(await conflictFrom(given.texts('on-conflict'))),
    ...(given.has('map-owner') ? { owners: given.texts('map-owner') } : {}),
    ...(given.has('delete-extra') ? { deleteExtra: true } : {}),
    ...(given.has('last') ? { last: given.texts('last') } : {}),
    ...(given.has('no-undo') ? { undo: false } : {}),
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
