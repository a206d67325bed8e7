import type { Progress } from '../../model/event.ts'
import { formatBytes, formatCount } from '../../model/units.ts'
import { bar, sparkline } from './bars.ts'
import type { Glyphs } from './glyphs.ts'
import { type Line, lineWidth, span } from './line.ts'

/** How fast a run is, and how it is drawn. Bytes drive it, not files. Pure. */

export interface Sample {
  readonly at: number
  readonly bytes: number
}

const windowMs = 10_000
const etaAfterMs = 5000
const points = 14

/** With one more sample; what is older than the window for the average is kept only for the plot. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  if (last !== undefined && (sample.at <= last.at || sample.bytes < last.bytes)) return samples
  return [...samples, sample].slice(-4 * points)
}

/** Bytes a second over the last ten seconds; null while that cannot be told. */
export function rateOf(samples: readonly Sample[]): number | null {
  const last = samples.at(-1)
  const first = samples.find(({ at }) => last !== undefined && last.at - at <= windowMs)
  if (last === undefined || first === undefined || last.at - first.at < 500) return null
  return ((last.bytes - first.bytes) * 1000) / (last.at - first.at)
}

/** What remains, in milliseconds; null before five seconds, and where the total or the rate is not known. */
export function etaOf(samples: readonly Sample[], progress: Progress): number | null {
  const [first, last] = [samples[0], samples.at(-1)]
  const rate = rateOf(samples)
  if (first === undefined || last === undefined || rate === null || rate <= 0) return null
  if (last.at - first.at < etaAfterMs || progress.totalBytes === null) return null
  return Math.max(0, ((progress.totalBytes - progress.doneBytes) * 1000) / rate)
}

/** `<1 min`, `4 min`, `2 h 10 min`: nobody knows the seconds. */
export function roundedDuration(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (ms < 55_000) return `${Math.max(5, Math.ceil(ms / 5000) * 5)} s`
  if (minutes < 60) return `${Math.max(1, minutes)} min`
  return `${Math.floor(minutes / 60)} h ${Math.floor((minutes % 60) / 10) * 10} min`
}

/** Rates between samples, for a plot: the newest last. */
export function ratePlot(samples: readonly Sample[], columns: number, glyphs: Glyphs): string {
  const rates = samples.slice(1).map(({ at, bytes }, index) => {
    const before = samples[index]!
    return { value: ((bytes - before.bytes) * 1000) / (at - before.at) }
  })
  return sparkline(rates, Math.min(columns, points), glyphs)
}

/**
 * Bar, share, done of total, rate, what remains. Without a total there is no bar: none is better than a false one.
 */
export function progressLine(progress: Progress, samples: readonly Sample[], columns: number, glyphs: Glyphs): Line {
  const { doneBytes, totalBytes, doneEntries } = progress
  const rate = rateOf(samples)
  const eta = etaOf(samples, progress)
  const isKnown = totalBytes !== null && totalBytes > 0 && doneBytes <= totalBytes
  const share = isKnown ? doneBytes / totalBytes : 0
  const facts: string[] = isKnown
    ? [
        `${Math.min(99, Math.floor(share * 100))}%`.padStart(3),
        `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
      ]
    : [formatBytes(doneBytes), `${formatCount(doneEntries)} entries`]
  const optional: string[] = [
    ...(rate === null ? [] : [`${formatBytes(rate)}/s`]),
    ...(eta === null ? [] : [`ETA ${roundedDuration(eta)}`]),
  ]
  const least = isKnown ? 10 : 0
  while (optional.length > 0 && [...facts, ...optional].join('  ').length + least + 2 > columns) optional.pop()
  const text = [...facts, ...optional].join('  ')
  const room = columns - text.length - 2
  const line: Line =
    isKnown && room >= 4 ? [span(bar(share, Math.min(room, 40), glyphs), 'running'), span(`  ${text}`)] : [span(text)]
  const left = columns - lineWidth(line) - 2
  const plot = left < 4 ? '' : ratePlot(samples, left, glyphs)
  return plot === '' ? line : [...line, span(`  ${plot}`, 'dim')]
}
