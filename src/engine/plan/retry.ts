import { type ErrorCode, errorTable } from '../../model/errors.ts'
import type { RunState } from '../../model/jobs.ts'
import { minuteMs } from './civil.ts'

/** What is tried again, and when. */

/** After the first try, the second, and so on; when they are used up, the next instant of the schedule is the next try. */
export const retryAfterMs: readonly number[] = [minuteMs, 5 * minuteMs, 15 * minuteMs, 60 * minuteMs]

export interface EndedTry {
  /** `died` also for one whose process ended before its run began. */
  readonly state: Exclude<RunState, 'running'>
  /** Of an error, where it ended with one. */
  readonly code: string | null
  /** Which try it was, from 1; null for a run by hand, which nobody repeats for its starter. */
  readonly attempt: number | null
  /** It was stopped because the daemon stops, not because a person wanted it to end. */
  readonly stoppedByUs: boolean
}

/**
 * When a run that has ended is tried again; null for never. Bounded, so that what kills its process every time does
 * so five times and not for ever.
 */
export function retryAt({ state, code, attempt, stoppedByUs }: EndedTry, now: number): number | null {
  if (attempt === null || state === 'done' || state === 'warnings') return null
  if (state === 'interrupted') return stoppedByUs ? now : null
  const canHelp = state === 'died' || (code !== null && isErrorCode(code) && errorTable[code].retryable)
  const afterMs = retryAfterMs[attempt - 1]
  return canHelp && afterMs !== undefined ? now + afterMs : null
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code)
}
