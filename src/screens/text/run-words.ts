import type { RunKind } from '../../model/event.ts'
import type { RunState, RunSummary } from '../../model/jobs.ts'
import type { State } from './glyphs.ts'

/** How runs are called on every screen. */

export function stateOfRun(state: RunState): State {
  switch (state) {
    case 'running':
      return 'running'
    case 'done':
      return 'ok'
    case 'warnings':
    case 'interrupted':
      return 'warning'
    case 'failed':
    case 'died':
      return 'failed'
  }
}

export function wordOfRun(state: RunState): string {
  return state === 'warnings' ? 'done, with warnings' : state
}

const kindWords: Readonly<Record<RunKind, string>> = {
  create: 'backup',
  restore: 'restore',
  verify: 'verify',
  rebuild: 'rebuild',
  'keys-add': 'key added',
  delete: 'delete',
  cleanup: 'cleanup',
  consolidate: 'consolidate',
  pin: 'pin',
  unpin: 'unpin',
  drill: 'drill',
  undo: 'undo',
}

export function wordOfKind(kind: RunKind): string {
  return kindWords[kind]
}

/** When it ended, else when it began. */
export function momentOf(run: RunSummary): string {
  return run.endedAt ?? run.startedAt
}

/** A restore that may be taken back: whether it can be, its record says. */
export function isEndedRestore(run: RunSummary | null): run is RunSummary {
  return run !== null && run.kind === 'restore' && run.state !== 'running'
}

/** A restore that can be gone on with. */
export function isInterrupted(run: RunSummary | null): run is RunSummary {
  return isEndedRestore(run) && (run.state === 'died' || run.state === 'interrupted' || run.state === 'failed')
}
