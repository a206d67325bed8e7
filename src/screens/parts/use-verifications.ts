import { useEffect, useState } from 'react'
import type { RunSummary } from '../../model/jobs.ts'
import { useConsole, useIsActive, useLoaded } from '../house/console-context.ts'
import { runPage } from '../store/console-store.ts'
import type { Loaded } from '../store/loaded.ts'
import { Poller } from '../store/poller.ts'

/** Read when one begins or ends; by the clock only in case the others were so many that it was not seen. */
const restMs = 300_000
const restShare = 600

/** The newest verifications, newest first, however many other runs lie between them. */
export function useVerifications(): Loaded<readonly RunSummary[]> {
  const { jobs, store, now } = useConsole()
  const isActive = useIsActive()
  const [verifications] = useState(
    () =>
      new Poller<readonly RunSummary[]>({
        doing: 'reading the verifications',
        read: () => jobs.runs({ limit: runPage, before: null, kinds: ['verify'] }),
        same: (before, after) => JSON.stringify(before) === JSON.stringify(after),
        pauseMs: () => restMs,
        idleShare: restShare,
        now,
      }),
  )
  const { value } = useLoaded(store.runs)
  const seen = (value ?? [])
    .filter(({ kind }) => kind === 'verify')
    .map(({ id, state }) => `${id} ${state}`)
    .join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: `seen` is what tells that there is something new
  useEffect(() => {
    if (isActive && verifications.snapshot().value !== null) void verifications.refresh()
  }, [seen, isActive, verifications])
  return useLoaded(verifications)
}
