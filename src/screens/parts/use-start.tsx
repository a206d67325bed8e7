import { type ReactNode, useState } from 'react'
import type { JobRequest } from '../../model/jobs.ts'
import { useConsole } from '../house/console-context.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { shortId } from '../text/ids.ts'
import { lineOf } from '../text/line.ts'
import { Above, Overlay } from './overlay.tsx'
import { TroubleOverlay } from './trouble-overlay.tsx'

export interface Start {
  start(request: JobRequest): void
  /** What is to be drawn in the place of the question: that it begins, or why it did not. Null where nothing was started. */
  readonly shown: ReactNode | null
}

/** Starts a job and goes on to its screen; `onClose` is called once the dialog has nothing to say any more. */
export function useStart(onClose: () => void): Start {
  const { jobs, open, isBuilt, say, store } = useConsole()
  const [state, setState] = useState<'idle' | 'starting' | Trouble>('idle')
  const start = (request: JobRequest): void => {
    setState('starting')
    jobs.start(request, new AbortController().signal).then(
      ({ run }) => {
        void store.runs.refresh()
        onClose()
        if (isBuilt('run')) open('run', { run })
        else say(`started ${shortId(run)}`)
      },
      (error: unknown) => setState(troubleOf(error, 'starting the job')),
    )
  }
  if (state === 'idle') return { start, shown: null }
  if (state === 'starting')
    return {
      start,
      shown: (
        <Above>
          <Overlay title="Starting" lines={[lineOf('It begins in a process of its own')]} columns={50} />
        </Above>
      ),
    }
  return { start, shown: <TroubleOverlay trouble={state} onClose={onClose} /> }
}
