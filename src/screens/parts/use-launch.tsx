import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { PlannedRestore } from '../../model/planned-restore.ts'
import { useConsole } from '../house/console-context.ts'
import type { KeyTable } from '../keys/key-table.ts'
import { useKeys } from '../keys/use-keys.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { shortId } from '../text/ids.ts'
import { lineOf, span } from '../text/line.ts'
import { Above, Overlay } from './overlay.tsx'
import { TroubleOverlay } from './trouble-overlay.tsx'

export interface Launch {
  launch(): void
  /** What is to be drawn over the step: that it begins, or why it did not; null where nothing was tried. */
  readonly shown: ReactNode | null
}

/** The world is not as the plan has it any more: it must be looked at once more. */
const stale: ReadonlySet<string> = new Set(['E_PLAN_DRIFTED', 'E_PLAN_EXPIRED', 'E_PLAN_ALTERED'])

const launchKeys = {
  cancel: { keys: ['escape', 'ctrl-c'], label: 'call it off', about: 'do not begin, if it has not begun yet', hint: 9 },
} as const satisfies KeyTable

/**
 * Hands the plan to a process of its own, and goes to the screen of its run. `refuse` hears where the plan does not
 * hold any more; nothing was written then.
 */
export function useLaunch(plan: PlannedRestore, refuse: (trouble: Trouble) => void): Launch {
  const { jobs, replace, back, isBuilt, say, store } = useConsole()
  const [state, setState] = useState<'idle' | 'starting' | Trouble>('idle')
  const abort = useRef(new AbortController())
  useEffect(() => () => abort.current.abort(), [])

  const begin = async (signal: AbortSignal): Promise<string> => {
    const file = jobs.planFile(plan.id)
    await plan.save(file)
    const { run } = await jobs.start(
      { kind: 'restore', plan: file, ttlMs: null, workers: null, removePlan: true },
      signal,
    )
    return run
  }

  const launch = (): void => {
    abort.current = new AbortController()
    setState('starting')
    begin(abort.current.signal).then(
      (run) => {
        void store.runs.refresh()
        if (isBuilt('run')) return replace('run', { run })
        say(`started ${shortId(run)}`)
        back()
      },
      (error: unknown) => {
        const trouble = troubleOf(error, 'starting the restore')
        setState(stale.has(trouble.code) ? 'idle' : trouble)
        if (stale.has(trouble.code)) refuse(trouble)
      },
    )
  }

  if (state === 'idle') return { launch, shown: null }
  if (state === 'starting')
    return {
      launch,
      shown: (
        <Above>
          <Starting cancel={() => abort.current.abort()} />
        </Above>
      ),
    }
  return { launch, shown: <TroubleOverlay trouble={state} onClose={() => setState('idle')} /> }
}

function Starting({ cancel }: { cancel(): void }): ReactNode {
  useKeys('dialog', 'Starting', launchKeys, { cancel }, { modal: true })
  const lines = [
    lineOf('Looking once more at everything the plan was made from,'),
    lineOf('then it begins, in a process of its own.'),
    [],
    lineOf(span('Esc', 'bold'), ' calls it off'),
  ]
  return <Overlay title="Starting" lines={lines} columns={64} />
}
