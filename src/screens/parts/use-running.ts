import { useRef } from 'react'
import type { RunSummary } from '../../model/jobs.ts'
import { useConsole, useLoaded } from '../house/console-context.ts'
import { type Sample, withSample } from '../text/rate.ts'

export interface RunningRun {
  readonly run: RunSummary
  /** How far it had come when it was looked at, for rates. */
  readonly samples: readonly Sample[]
}

/** The runs that are running now, newest first, each with its recent past. */
export function useRunning(): readonly RunningRun[] {
  const { store, now } = useConsole()
  const { value } = useLoaded(store.runs)
  const past = useRef<ReadonlyMap<string, { readonly run: RunSummary; readonly samples: readonly Sample[] }>>(new Map())
  const running = (value ?? [])
    .filter(({ state }) => state === 'running')
    .map((run) => {
      const before = past.current.get(run.id)
      if (before?.run === run || run.progress === null) return before ?? { run, samples: [] }
      return { run, samples: withSample(before?.samples ?? [], { at: now(), bytes: run.progress.doneBytes }) }
    })
  past.current = new Map(running.map((one) => [one.run.id, one]))
  return running
}
