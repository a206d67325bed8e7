import { useMemo, useRef, useState } from 'react'
import type { RunSummary } from '../../model/jobs.ts'
import { useConsole, useLoaded } from '../house/console-context.ts'
import { runPage } from '../store/console-store.ts'
import { troubleOf } from '../store/loaded.ts'

export interface AllRuns {
  /** Newest first: the latest, kept up to date, and as many older ones as were asked for. */
  readonly runs: readonly RunSummary[]
  /** There are no older ones. */
  readonly isAll: boolean
  /** Reads one more page of older ones; while it does, asking again changes nothing. */
  more(): void
}

/** Runs, page by page: what is old has ended and never changes. */
export function useAllRuns(): AllRuns {
  const { jobs, store, say } = useConsole()
  const { value } = useLoaded(store.runs)
  const [older, setOlder] = useState<readonly RunSummary[]>([])
  const [oldest, setOldest] = useState<string | null>(null)
  const isReading = useRef(false)
  const seen = useRef<ReadonlyMap<string, RunSummary>>(new Map())
  const taken = useRef(older)
  const runs = useMemo(() => {
    const latest = value ?? []
    // So much has run since that there may be some in between: what is older is read anew.
    const isTorn = latest.length === runPage && seen.current.size > 0 && !latest.some(({ id }) => seen.current.has(id))
    const all = new Map(isTorn ? [] : seen.current)
    for (const run of taken.current === older ? latest : [...older, ...latest]) all.set(run.id, run)
    taken.current = older
    seen.current = all
    return [...all.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
  }, [value, older])
  return {
    runs,
    isAll: runs.length < runPage || (oldest !== null && runs.at(-1)?.id === oldest),
    more() {
      const last = runs.at(-1)
      if (isReading.current || last === undefined) return
      isReading.current = true
      jobs
        .runs({ limit: runPage, before: last.id, kinds: null })
        .then(
          (page) => {
            if (page.length < runPage) setOldest((page.at(-1) ?? last).id)
            setOlder(page)
          },
          (error: unknown) => say(troubleOf(error, 'reading older runs').message),
        )
        .finally(() => {
          isReading.current = false
        })
    },
  }
}
