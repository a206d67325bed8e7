import type { DeletePlan } from '../model/delete.ts'
import { BackupError } from '../model/errors.ts'
import { printable } from '../model/path.ts'
import { formatAge, formatBytes, formatCount } from '../model/units.ts'
import type { CommandSpec, Context } from './parts/command-spec.ts'
import { backupFields } from './parts/fields.ts'
import { usage } from './parts/given.ts'

export const deleteBackup: CommandSpec = {
  words: 'delete',
  about: 'Deletes one backup. One that another backup needs, or that is pinned, is refused.',
  operands: [{ name: 'ID', required: true }],
  options: [{ name: 'yes', about: 'do not ask' }],
  examples: [
    ['holdfast delete 2026-11-20T02-00-00Z-full-7f3k', 'shows what goes, asks, deletes it'],
    ['holdfast delete 7f3k --yes', 'without asking, for scripts'],
  ],
  exits: [0, 1, 2, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const [wanted = ''] = given.operands
    if (wanted === 'latest') throw usage('delete takes no latest', 'name the id: holdfast list shows them')
    const engine = await context.engine()
    const plan = await engine.planDelete(wanted)
    if (!out.quiet) for (const fact of facts(plan, context.now())) out.fact(fact)
    await confirm(plan, given.has('yes'), context)
    const outcome = await engine.delete(plan.backup.id, context.during())
    out.result('delete', {
      deleted: outcome.id,
      freedBytes: outcome.freedBytes,
      run: outcome.run,
      exitCode: outcome.exitCode,
    })
    out.outcome(outcome.id, [`deleted ${outcome.id}`, `freed: ${formatBytes(outcome.freedBytes)}`])
    return outcome.exitCode
  },
}

function facts({ backup, freedBytes }: DeletePlan, now: number): string[] {
  const files = backup.files === null ? '' : `, ${formatCount(backup.files)} files`
  return [
    `to be deleted: ${backup.id}`,
    `made: ${formatAge(now - Date.parse(backup.createdAt))} ago, ${backup.type} of ${backup.services.map(printable).join(', ')}${files}`,
    `frees: ${formatBytes(freedBytes)}`,
  ]
}

async function confirm({ backup }: DeletePlan, yes: boolean, { out, terminal }: Context): Promise<void> {
  if (yes) return
  const refuse = (message: string, hint: string): never => {
    out.event({ kind: 'plan', plan: { delete: [backupFields(backup)] } })
    throw new BackupError('E_CONFIRM', message, hint)
  }
  if (!terminal.interactive || out.json) refuse('deleting must be confirmed', 'look at the plan, then add --yes')
  const answer = (await terminal.ask('delete it for good? type y to go on: ')).trim()
  if (!/^y(es)?$/i.test(answer)) refuse('not confirmed', 'nothing was deleted')
}
