import type { Glyphs } from './glyphs.ts'

/** Bars and plots as text. */

/** A share from 0 to 1 as a bar of `columns` cells, in eighths of a cell. Full only when it is done. */
export function bar(share: number, columns: number, glyphs: Glyphs): string {
  const { eighths, empty } = glyphs
  const most = share >= 1 ? columns * 8 : columns * 8 - 1
  const filled = Math.min(most, Math.max(0, Math.round(share * columns * 8)))
  const whole = Math.floor(filled / 8)
  const part = eighths[filled % 8]!
  return eighths[8]!.repeat(whole) + part + empty.repeat(Math.max(0, columns - whole - (part === '' ? 0 : 1)))
}

export interface Plotted {
  readonly value: number
  readonly failed?: boolean
}

/**
 * Values as marks of their height, from zero to the largest; a failure is a cross. All alike is half way up. The newest
 * are last, and are kept where there is not room for all.
 */
export function sparkline(values: readonly Plotted[], columns: number, glyphs: Glyphs): string {
  const shown = columns <= 0 ? [] : values.slice(-columns)
  const good = shown.filter(({ failed }) => failed !== true).map(({ value }) => value)
  const most = Math.max(...good)
  const least = Math.min(...good)
  const { levels, cross } = glyphs
  return shown
    .map(({ value, failed }) => {
      if (failed === true) return cross
      if (most === least) return levels[3]!
      return levels[Math.round((value / most) * (levels.length - 1))]!
    })
    .join('')
}
