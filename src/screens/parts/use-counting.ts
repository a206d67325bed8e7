import { useEffect, useRef, useState } from 'react'
import type { Estimate, EstimateOptions } from '../../model/create.ts'
import { useConsole, useIsActive } from '../house/console-context.ts'
import { troubleOf } from '../store/loaded.ts'
import type { Counting } from '../text/create-lines.ts'

/** So long nothing else must be chosen before it begins: a path that is being typed is not walked letter by letter. */
const restMs = 300
const redrawMs = 250

/**
 * Counts what a create would take, while a person chooses. Another choice ends the counting at once, and so does leaving
 * the screen; what was counted stays until something else is chosen.
 *
 * @param options null where there is nothing to count.
 */
export function useCounting(options: EstimateOptions | null, why: string): Counting {
  const { engine } = useConsole()
  const isActive = useIsActive()
  // Choices that say the same are the same, whatever object they stand in.
  const wanted = options === null ? null : JSON.stringify(options)
  const latest = useRef(options)
  latest.current = options
  const ended = useRef<string | null>(null)
  const [told, tell] = useState<{ readonly of: string; readonly counting: Counting } | null>(null)
  useEffect(() => {
    const asked = latest.current
    if (wanted === null || asked === null || !isActive || ended.current === wanted) return
    const controller = new AbortController()
    const { signal } = controller
    let soFar: Estimate | null = null
    let redraw: ReturnType<typeof setTimeout> | null = null
    const end = (counting: Counting): void => {
      if (signal.aborted) return
      if (redraw !== null) clearTimeout(redraw)
      // What failed is tried again when somebody comes back to it.
      if (counting.kind === 'counted') ended.current = wanted
      tell({ of: wanted, counting })
    }
    const begin = setTimeout(() => {
      engine
        .estimate(asked, {
          signal,
          listen(estimate) {
            soFar = estimate
            if (signal.aborted || ended.current === wanted) return
            redraw ??= setTimeout(() => {
              redraw = null
              tell({ of: wanted, counting: { kind: 'counting', soFar } })
            }, redrawMs)
          },
        })
        .then(
          (estimate) => end({ kind: 'counted', estimate }),
          (error: unknown) => end({ kind: 'failed', trouble: troubleOf(error, 'counting') }),
        )
    }, restMs)
    return () => {
      controller.abort()
      clearTimeout(begin)
      if (redraw !== null) clearTimeout(redraw)
    }
  }, [wanted, isActive, engine])
  if (wanted === null) return { kind: 'nothing', why }
  return told?.of === wanted ? told.counting : { kind: 'counting', soFar: null }
}
