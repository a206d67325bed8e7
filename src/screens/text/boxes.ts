import type { Trouble } from '../store/loaded.ts'
import { wrap } from './cut.ts'
import type { Glyphs } from './glyphs.ts'
import { fillLine, fitLine, type Line, lineOf, lineWidth, span } from './line.ts'
import { plainMessage } from './plain.ts'

/** Parts of screens that are lines: boxes, what stands there where there is nothing, what went wrong. Pure. */

/** Lines in a border, exactly `rows` high with it; what does not fit is left out. */
export function boxLines(
  title: Line,
  lines: readonly Line[],
  columns: number,
  rows: number,
  glyphs: Glyphs,
): readonly Line[] {
  const { border, cut } = glyphs
  const inner = columns - 2
  const titled = fitLine([span(' '), ...title, span(' ')], inner - 1, cut)
  const body = Array.from({ length: Math.max(0, rows - 2) }, (_, at) => [
    span(border.vertical),
    ...fillLine(lines[at] ?? [], inner, cut),
    span(border.vertical),
  ])
  return [
    lineOf(
      border.topLeft + border.horizontal,
      ...titled,
      border.horizontal.repeat(Math.max(0, inner - 1 - lineWidth(titled))) + border.topRight,
    ),
    ...body,
    lineOf(border.bottomLeft + border.horizontal.repeat(inner) + border.bottomRight),
  ]
}

/** Two blocks side by side; the left one is filled to its width. */
export function besides(
  left: readonly Line[],
  leftColumns: number,
  right: readonly Line[],
  glyphs: Glyphs,
): readonly Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => [
    ...fillLine(left[at] ?? [], leftColumns, glyphs.cut),
    ...(right[at] ?? []),
  ])
}

/** Why there is nothing to see, and the next key. */
export function emptyLines(why: string, next: string, columns: number): readonly Line[] {
  return [
    [],
    ...wrap(why, columns - 4).map((text) => lineOf(`  ${text}`)),
    ...(next === '' ? [] : wrap(next, columns - 4).map((text) => lineOf(span(`  ${text}`, 'dim')))),
  ]
}

/** What failed, why, what was changed, what to do next. */
export function troubleLines(trouble: Trouble, next: string, columns: number, glyphs: Glyphs): readonly Line[] {
  const { doing, code, message, hint } = trouble
  const text = (shown: string, indent: string): Line[] =>
    wrap(shown, columns - indent.length - 1).map((line) => lineOf(indent + line))
  return [
    lineOf(span(` ${glyphs.failed} ${doing} failed`, 'failed'), span(`  ${code}`, 'dim')),
    ...text(plainMessage(message), '   '),
    ...(hint === '' ? [] : text(`what to do: ${plainMessage(hint)}`, '   ')),
    lineOf(span('   nothing was changed', 'dim'), ...(next === '' ? [] : [`; ${next}`])),
  ]
}

/** Exactly so many lines: cut, or filled with empty ones. */
export function exactly(lines: readonly Line[], rows: number): readonly Line[] {
  return Array.from({ length: Math.max(0, rows) }, (_, at) => lines[at] ?? [])
}
