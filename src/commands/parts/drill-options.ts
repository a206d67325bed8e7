import { parseDuration } from '../../model/units.ts'
import { type Given, quoted, usage } from './given.ts'
import type { OptionSpec } from './grammar.ts'

/** The options of a drill that a schedule has as well. */

const defaultTimeoutMs = 15 * 60_000

export const drillOptions: readonly OptionSpec[] = [
  {
    name: 'check',
    value: 'CMD',
    about:
      'run with sh -c where it was restored; HOLDFAST_DRILL_DIR and HOLDFAST_DRILL_BACKUP are set, our key is not; exit 0 means that it is good. It is logged as given: put no secret in it',
  },
  {
    name: 'timeout',
    value: 'TIME',
    about: 'how long the check may take, as in 90s, 30m (15m); then all of it is killed',
  },
  { name: 'scratch', value: 'DIR', about: "restore below this directory (the repository's temp, else the system's)" },
]

/** @throws E_USAGE */
export function givenCheck(given: Given): { readonly command: string; readonly timeoutMs: number } | null {
  const command = given.text('check')
  const timeout = given.text('timeout')
  const timeoutMs = timeout === null ? defaultTimeoutMs : parseDuration(timeout)
  if (timeoutMs === null || timeoutMs === 0)
    throw usage(`--timeout cannot be ${quoted(timeout ?? '')}`, 'write it as 90s, 30m or 2h')
  if (timeout !== null && command === null) throw usage('--timeout goes with --check', 'it says how long that may take')
  return command === null ? null : { command, timeoutMs }
}
