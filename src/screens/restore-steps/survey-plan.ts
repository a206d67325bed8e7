import type { PlannedRestore, PlannedStep } from '../../model/planned-restore.ts'
import { isBlocked } from '../text/restore-words.ts'

/** What a person must know of a plan and its counts alone do not say. */
export interface Survey {
  /** Refused, and somebody must say what becomes of them; in the order of paths. */
  readonly blocked: readonly PlannedStep[]
  /** There may be more of them than were looked at. */
  readonly isPartial: boolean
  /** Refused whatever is chosen: unsafe names, and the second of two alike. */
  readonly never: number
  /** Entries whose very names are lost. */
  readonly lost: number
  /** Bytes that files which are there are written over with; null where there are too many to count. */
  readonly overwriteBytes: number | null
  readonly space: PlannedRestore['space']
}

const most = 20_000
const page = 1000

/** @throws what the plan's steps throw. */
export async function surveyPlan(plan: PlannedRestore, signal: AbortSignal): Promise<Survey> {
  const { counts, bytesToWrite } = plan
  const refused = counts.refuse === 0 ? nothing : await firstSteps(plan, 'refuse', signal)
  const blocked = refused.steps.filter(isBlocked)
  return {
    blocked,
    isPartial: refused.steps.length < refused.total,
    never: refused.steps.length - blocked.length,
    lost: Math.max(0, counts.refuse - refused.total),
    overwriteBytes: await overwrittenBytes(plan, bytesToWrite, signal),
    space: plan.space,
  }
}

const nothing = { steps: [], total: 0 }

/** What is not written over is created: the fewer of the two are counted. */
async function overwrittenBytes(plan: PlannedRestore, all: number, signal: AbortSignal): Promise<number | null> {
  const { create, overwrite } = plan.counts
  if (overwrite === 0) return 0
  if (create === 0) return all
  const fewer = create < overwrite ? 'create' : 'overwrite'
  if (plan.counts[fewer] > most) return null
  const { steps } = await firstSteps(plan, fewer, signal)
  const bytes = steps.reduce((sum, step) => sum + step.bytes, 0)
  return fewer === 'overwrite' ? bytes : all - bytes
}

async function firstSteps(
  plan: PlannedRestore,
  action: PlannedStep['action'],
  signal: AbortSignal,
): Promise<{ readonly steps: readonly PlannedStep[]; readonly total: number }> {
  const found: PlannedStep[] = []
  for (;;) {
    signal.throwIfAborted()
    const { steps, total } = await plan.steps({ from: found.length, count: page, actions: [action], text: null })
    found.push(...steps)
    if (steps.length === 0 || found.length >= Math.min(total, most)) return { steps: found, total }
  }
}
