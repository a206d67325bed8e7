import { cutEnd, padEnd } from './cut.ts'
import { startOf, widthOf } from './width.ts'

/** One line of a screen, as pieces of one look each. Screens are made of these, so that a width is always exact. */

export type Look = 'ok' | 'warning' | 'failed' | 'running' | 'bold' | 'dim' | 'cursor' | 'title'

export interface Span {
  readonly text: string
  readonly look?: Look
}

export type Line = readonly Span[]

export function span(text: string, look?: Look): Span {
  return look === undefined ? { text } : { text, look }
}

export function lineOf(...pieces: readonly (Span | string)[]): Line {
  return pieces.map((piece) => (typeof piece === 'string' ? { text: piece } : piece))
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0)
}

export function lineText(line: Line): string {
  return line.map(({ text }) => text).join('')
}

/** No wider than `columns`; what was cut off is marked. */
export function fitLine(line: Line, columns: number, mark: string): Line {
  if (lineWidth(line) <= columns) return line
  const fitted: Span[] = []
  let left = columns
  for (const [at, piece] of line.entries()) {
    const width = widthOf(piece.text)
    const more = at + 1 < line.length && lineWidth(line.slice(at + 1)) > 0
    if (width < left || (width === left && !more)) {
      fitted.push(piece)
      left -= width
      continue
    }
    const cut = width > left ? cutEnd(piece.text, left, mark) : `${startOf(piece.text, left - widthOf(mark))}${mark}`
    fitted.push({ ...piece, text: cut })
    break
  }
  return fitted
}

/** Exactly `columns` wide, for what lies over something else or ends in a border. */
export function fillLine(line: Line, columns: number, mark: string): Line {
  const fitted = fitLine(line, columns, mark)
  const missing = columns - lineWidth(fitted)
  return missing <= 0 ? fitted : [...fitted, { text: ' '.repeat(missing) }]
}

/** `left` at the left edge, `right` at the right one; where both do not fit, `left` is cut. */
export function spreadLine(left: Line, right: Line, columns: number, mark: string): Line {
  const fittedRight = fitLine(right, columns, mark)
  const room = columns - lineWidth(fittedRight)
  if (lineWidth(fittedRight) === 0) return fitLine(left, columns, mark)
  return [...fillLine(left, room, mark), ...fittedRight]
}

/** One text in one look, padded to a width. */
export function padded(text: string, columns: number, look?: Look): Span {
  return span(padEnd(text, columns), look)
}
