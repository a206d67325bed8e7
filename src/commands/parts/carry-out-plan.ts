import { printable } from '../../model/path.ts'
import { choiceWarnings, type PlannedRestore } from '../../model/planned-restore.ts'
import type { Context } from './command-spec.ts'
import { confirmPlan } from './confirm-plan.ts'
import type { Given } from './given.ts'
import { type PlanningEvents, withoutRepeats } from './plan-events.ts'
import { planFacts, planFields } from './plan-text.ts'
import { tellRestored } from './restored.ts'

/** Shows a plan, keeps it in a file or ends there if that was asked for, asks, and does exactly what it says; the exit code. */
export async function carryOutPlan(
  plan: PlannedRestore,
  given: Given,
  context: Context,
  planning: PlanningEvents,
): Promise<number> {
  const { out } = context
  const warnings = choiceWarnings(plan.chosen ?? null)
  try {
    for (const fact of planFacts(plan)) if (!out.quiet) out.fact(fact)
    for (const notice of plan.notices) out.notice(notice)
    for (const warning of warnings) out.warning(warning)
    const file = given.text('save-plan')
    if (file !== null) {
      await plan.save(file)
      out.fact(`plan saved: ${printable(file)}`)
    }
    if (given.has('dry-run') || file !== null) {
      out.result(plan.undoes ? 'undo' : 'restore', { plan: planFields(plan) })
      if (out.quiet) out.fact(plan.id)
      else out.fact('dry run: nothing was written')
      return plan.counts.refuse > 0 || warnings.length > 0 ? 3 : 0
    }
    await confirmPlan(plan, given, context)
    const during = context.during()
    const outcome = await plan.apply(planning.before(out.json ? during : withoutRepeats(plan, during)))
    tellRestored(outcome, plan, context)
    return outcome.exitCode
  } finally {
    await plan.drop()
  }
}
