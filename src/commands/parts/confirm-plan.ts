import { BackupError } from '../../model/errors.ts'
import { printable } from '../../model/path.ts'
import type { PlannedRestore } from '../../model/planned-restore.ts'
import type { Context } from './command-spec.ts'
import { type Given, quoted } from './given.ts'
import { planFields } from './plan-text.ts'

/** Asks where something on disk may be lost. Throws E_CONFIRM where nobody said yes. */
export async function confirmPlan(plan: PlannedRestore, given: Given, { out, terminal, host }: Context): Promise<void> {
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
