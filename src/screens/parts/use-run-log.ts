import { useEffect, useRef, useState } from 'react'
import type { RunEvent } from '../../model/event.ts'
import type { RunSummary } from '../../model/jobs.ts'
import { useConsole, useIsActive } from '../house/console-context.ts'
import { type Trouble, troubleOf } from '../store/loaded.ts'
import { type Sample, withSample } from '../text/rate.ts'
import { type LogLine, linesOfEvent } from '../text/run-log-lines.ts'

export interface RunLog {
  readonly started: Extract<RunEvent, { kind: 'started' }> | null
  readonly lines: readonly LogLine[]
  /** Phases in their order, the newest last. */
  readonly phases: readonly string[]
  readonly progress: Extract<RunEvent, { kind: 'progress' }> | null
  readonly samples: readonly Sample[]
  /** How it ended; null while it runs. */
  readonly end: RunSummary | null
  readonly trouble: Trouble | null
}

/** A very long log is cut at its beginning; the pager has all of it. */
const mostLines = 5000
const drawMs = 250

const nothing: RunLog = {
  started: null,
  lines: [],
  phases: [],
  progress: null,
  samples: [],
  end: null,
  trouble: null,
}

/** What a run has told so far, and what it tells from now on; drawn four times a second at most. */
export function useRunLog(run: string): RunLog {
  const { jobs } = useConsole()
  const isActive = useIsActive()
  const [shown, show] = useState(nothing)
  const known = useRef(nothing)
  const wasShown = useRef(nothing)
  useEffect(() => {
    known.current = nothing
    const controller = new AbortController()
    const store = (more: Partial<RunLog>): void => {
      known.current = { ...known.current, ...more }
    }
    const gather = gatherer(store, () => known.current)
    jobs.follow(run, gather, controller.signal).then(
      (end) => store({ end }),
      (error: unknown) => store({ trouble: troubleOf(error, 'reading the log of this run') }),
    )
    return () => controller.abort()
  }, [jobs, run])
  useEffect(() => {
    if (!isActive) return
    const draw = (): void => {
      if (wasShown.current === known.current) return
      wasShown.current = known.current
      show(known.current)
      // Nothing more comes.
      if (known.current.end !== null || known.current.trouble !== null) clearInterval(timer)
    }
    const timer = setInterval(draw, drawMs)
    draw()
    return () => clearInterval(timer)
  }, [isActive])
  return shown
}

function gatherer(store: (more: Partial<RunLog>) => void, known: () => RunLog): (event: RunEvent) => void {
  // Lines are pushed onto one array, which is copied when it is handed out for the first time.
  let lines: LogLine[] = []
  let count = 0
  return (event) => {
    const { phases, samples } = known()
    if (event.kind === 'progress') {
      store({ progress: event, samples: withSample(samples, { at: Date.parse(event.at), bytes: event.doneBytes }) })
      return
    }
    const fresh = linesOfEvent(event, count)
    count += fresh.length
    lines = [...lines, ...fresh].slice(-mostLines)
    const phase =
      event.kind === 'phase' ? `${event.phase}${event.service === undefined ? '' : ` ${event.service}`}` : null
    store({
      lines,
      ...(event.kind === 'started' ? { started: event } : {}),
      ...(phase === null || phases.at(-1) === phase ? {} : { phases: [...phases, phase].slice(-50) }),
    })
  }
}
