import { useCallback, useEffect, useState } from 'react'
import type { PlannedRestore, PlannedStep } from '../../model/planned-restore.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import type { PlanSection } from '../text/restore-rows.ts'

/** Which steps are looked at, in sections one after the other. */
export interface StepsWanted {
  readonly sections: readonly (readonly PlannedStep['action'][])[]
  /** Part of a path; empty is all. */
  readonly text: string
}

export interface Steps {
  readonly sections: readonly PlanSection[]
  /** They are those of the plan that was asked about, not of the one before. */
  readonly areCurrent: boolean
  readonly trouble: Trouble | null
  /** False where all are there, or as many as anybody should look through. */
  readonly hasMore: boolean
  /** Always the same. */
  readOn(): void
}

const first = 500
/** Whoever looks for one among more than that looks for its name. */
const most = 64_000
const nothing = { of: null, read: [] }

/** Some of the steps of a plan. Those of the last plan stay until those of the next are there. */
export function useSteps(plan: PlannedRestore | null, { sections, text }: StepsWanted): Steps {
  const [wanted, setWanted] = useState(first)
  const [{ of, read }, setRead] = useState<{ of: PlannedRestore | null; read: readonly PlanSection[] }>(nothing)
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  useEffect(() => {
    if (plan === null) return
    let isOver = false
    readSections(plan, sections, text, wanted).then(
      (found) => {
        if (isOver) return
        setRead({ of: plan, read: found })
        setTrouble(null)
      },
      (error: unknown) => {
        if (!isOver) setTrouble(troubleOf(error, 'reading the plan'))
      },
    )
    return () => {
      isOver = true
    }
  }, [plan, sections, text, wanted])
  const isAll = read.every(({ steps, total }) => steps.length >= total)
  const readOn = useCallback(() => setWanted((before) => Math.min(most, before * 2)), [])
  return { sections: read, areCurrent: of === plan, trouble, hasMore: !isAll && wanted < most, readOn }
}

async function readSections(
  plan: PlannedRestore,
  sections: StepsWanted['sections'],
  text: string,
  wanted: number,
): Promise<readonly PlanSection[]> {
  const found: PlanSection[] = []
  let left = wanted
  for (const actions of sections) {
    const { steps, total } = await plan.steps({ from: 0, count: left, actions, text: text === '' ? null : text })
    found.push({ actions, steps, total })
    left = Math.max(0, left - steps.length)
  }
  return found
}
