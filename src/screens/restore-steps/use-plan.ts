import { useEffect, useState } from 'react'
import type { PlannedRestore, RestoreOptions } from '../../model/planned-restore.ts'
import { useConsole } from '../house/console-context.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { type Survey, surveyPlan } from './survey-plan.ts'

/** One plan, and what it was asked for. */
export interface Planned {
  readonly plan: PlannedRestore
  readonly survey: Survey
  readonly request: RestoreOptions
  readonly ground: object
  readonly attempt: number
}

export interface Planning {
  /** The last that was made on the same ground; it stays until the next is there. */
  readonly planned: Planned | null
  /** It is what is asked for now, and its time has not run out. */
  readonly isCurrent: boolean
  readonly isExpired: boolean
  readonly isPlanning: boolean
  readonly trouble: Trouble | null
  /** Plans once more, whatever there is. */
  anew(): void
}

/** Somebody who decides row by row is not planned for at every key. */
const settleMs = 300

/**
 * The plan of what is asked for: made anew whenever that changes, and held no longer than it is looked at. `ground` is
 * another where it is asked for something else altogether: what was planned before then says nothing any more.
 */
export function usePlan(request: RestoreOptions | null, ground: object): Planning {
  const { engine, now } = useConsole()
  const [attempt, setAttempt] = useState(0)
  const [held, setPlanned] = useState<Planned | null>(null)
  const planned = held?.ground === ground ? held : null
  const [failure, setFailure] = useState<{ request: RestoreOptions; attempt: number; trouble: Trouble } | null>(null)
  const isMade = planned !== null && planned.request === request && planned.attempt === attempt
  const isFailed = failure !== null && failure.request === request && failure.attempt === attempt
  const isPlanning = request !== null && !isMade && !isFailed
  const isFirst = planned === null

  useEffect(() => {
    if (!isPlanning || request === null) return
    const controller = new AbortController()
    const { signal } = controller
    const make = async (): Promise<void> => {
      let plan: PlannedRestore | null = null
      try {
        plan = await engine.planRestore(request, { signal, listen: () => {} })
        const survey = await surveyPlan(plan, signal)
        signal.throwIfAborted()
        setPlanned({ plan, survey, request, ground, attempt })
      } catch (error) {
        if (plan !== null) drop(plan)
        if (!signal.aborted) setFailure({ request, attempt, trouble: troubleOf(error, 'planning the restore') })
      }
    }
    const timer = setTimeout(() => void make(), isFirst ? 0 : settleMs)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [engine, request, ground, attempt, isPlanning, isFirst])

  const plan = held?.plan ?? null
  useEffect(() => (plan === null ? undefined : () => drop(plan)), [plan])

  const expiresAt = planned === null ? null : Date.parse(planned.plan.expiresAt)
  const isExpired = expiresAt !== null && now() >= expiresAt
  useEndOf(isExpired ? null : expiresAt)
  return {
    planned,
    isCurrent: isMade && !isExpired,
    isExpired: isMade && isExpired,
    isPlanning,
    trouble: isFailed ? failure.trouble : null,
    anew: () => setAttempt((before) => before + 1),
  }
}

/** Nothing is lost by a plan that cannot be dropped: what it holds is swept by the next run. */
function drop(plan: PlannedRestore): void {
  plan.drop().catch(() => {})
}

/** Draws anew once the time has come. */
function useEndOf(at: number | null): void {
  const { now } = useConsole()
  const [, setPassed] = useState(0)
  useEffect(() => {
    if (at === null) return
    const timer = setTimeout(() => setPassed(at), Math.max(0, at - now()) + 1)
    return () => clearTimeout(timer)
  }, [at, now])
}
