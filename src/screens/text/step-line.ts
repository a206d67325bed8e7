import type { Glyphs } from './glyphs.ts'
import { type Line, lineOf, span, spreadLine } from './line.ts'

/** The steps of a wizard in one line: those behind, the present one, those to come. Pure. */
export function stepLine(
  steps: readonly string[],
  current: number,
  note: string,
  columns: number,
  { ok, cursor, crumb, cut }: Glyphs,
): Line {
  const pieces = steps.flatMap((step, at) => {
    const between = at === 0 ? [span(' ')] : [span(` ${crumb} `, 'dim')]
    if (at < current) return [...between, span(`${ok} ${step}`, 'ok')]
    return [...between, at === current ? span(`${cursor} ${step}`, 'bold') : span(step, 'dim')]
  })
  return spreadLine(lineOf(...pieces), lineOf(span(`${note} `, 'dim')), columns, cut)
}
