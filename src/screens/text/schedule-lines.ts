import { bothClocksText, readTimes, warningsOf } from '../../engine/plan/schedule-times.ts'
import type { Schedule, ScheduleListing, ScheduleRun } from '../../model/schedule.ts'
import { formatAge } from '../../model/units.ts'
import type { Plotted } from './bars.ts'
import { wrap } from './cut.ts'
import type { Glyphs } from './glyphs.ts'
import { type Line, lineOf, span } from './line.ts'
import { plainText } from './plain.ts'

/** A schedule as a person reads it: its times in words, its next runs, what may surprise. Pure. */

/** The words, the next runs and the warnings of a schedule, in `columns`. */
export function detailLines(
  schedule: Schedule,
  listing: ScheduleListing,
  now: number,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] {
  const times = readTimes(schedule, now, 5)
  if (times.kind === 'problem')
    return [
      ...wrap(plainText(times.message), columns - 4).map((text) => lineOf(span(` ${glyphs.failed} ${text}`, 'failed'))),
      ...wrap(plainText(times.hint), columns - 4).map((text) => lineOf(`   ${text}`)),
    ]
  const warnings = warningsOf(schedule, listing, now)
  return [
    lineOf(span(` ${plainText(times.words)}`, 'bold'), `, on the clock of ${plainText(schedule.tz)}`),
    ...(times.next.length === 0 ? [lineOf(span(' it never runs', 'warning'))] : []),
    ...times.next.map((at, index) =>
      lineOf(
        span(index === 0 ? ' next  ' : '       ', 'dim'),
        `${bothClocksText(at, schedule.tz)}   in ${formatAge(Math.max(0, at - now))}`,
      ),
    ),
    ...warnings.flatMap((message) =>
      wrap(plainText(message), columns - 4).map((text, at) =>
        at === 0 ? lineOf(span(` ${glyphs.warning} `, 'warning'), text) : lineOf(`   ${text}`),
      ),
    ),
  ]
}

/** For a plot: how long runs took, the newest last; what went wrong is a failure. */
export function plotOf(runs: readonly ScheduleRun[], count: number): readonly Plotted[] {
  return runs
    .slice(0, count)
    .toReversed()
    .map(({ outcome, durationMs }) => ({
      value: durationMs ?? 0,
      failed: outcome === 'failed' || outcome === 'interrupted' || outcome === null,
    }))
}
