import type { Facts } from '../../model/console.ts'
import { shownKey } from '../keys/key-press.ts'
import type { BoundKey } from '../keys/key-table.ts'
import type { Layer } from '../keys/layer-stack.ts'
import { cutMiddle } from '../text/cut.ts'
import type { Glyphs } from '../text/glyphs.ts'
import { fitLine, type Line, lineOf, lineWidth, type Span, span, spreadLine } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { widthOf } from '../text/width.ts'

/** The first and the last line of every screen. Pure. */

export interface HeaderFacts {
  readonly crumbs: readonly string[]
  readonly facts: Pick<Facts, 'host' | 'user' | 'readOnly'>
  /** Runs that are running now. */
  readonly running: number
  /** Milliseconds since 1970. */
  readonly now: number
}

const name = 'HOLDFAST'
const shortestCrumb = 6

/** Where one is on the left; who, where and when on the right, from the least to the most important. */
export function headerLine({ crumbs, facts, running, now }: HeaderFacts, columns: number, glyphs: Glyphs): Line {
  const optional: Span[] = [span(`${plainText(facts.user)}@${plainText(facts.host)}`)]
  const fixed: Span[] = [
    ...(running > 0 ? [span(`${glyphs.running} ${running} running`, 'running')] : []),
    facts.readOnly ? span('READ-ONLY', 'warning') : span('rw'),
    span(`${clockText(now)} `),
  ]
  const separator = ` ${glyphs.dot} `
  const join = (pieces: readonly Span[]): Line =>
    pieces.flatMap((piece, at) => (at === 0 ? [piece] : [span(separator, 'dim'), piece]))
  const right = [[...optional, ...fixed], fixed].map(join).find((line) => lineWidth(line) <= columns / 2) ?? join(fixed)
  const left = crumbLine(crumbs, columns - lineWidth(right) - 2, glyphs)
  return spreadLine(left, right, columns, glyphs.cut)
}

/** All crumbs where there is room; else those in the middle are cut, the longest first, and the last stays whole. */
function crumbLine(crumbs: readonly string[], columns: number, glyphs: Glyphs): Line {
  const separator = ` ${glyphs.crumb} `
  const shown = crumbs.map(plainText)
  const width = (): number =>
    1 + name.length + shown.reduce((sum, crumb) => sum + widthOf(separator) + widthOf(crumb), 0)
  for (const at of [...shown.keys()].slice(0, -1)) {
    const excess = width() - columns
    if (excess > 0) shown[at] = cutMiddle(shown[at]!, Math.max(shortestCrumb, widthOf(shown[at]!) - excess), glyphs.cut)
  }
  const excess = width() - columns
  const last = shown.at(-1)
  if (excess > 0 && last !== undefined)
    shown[shown.length - 1] = cutMiddle(last, Math.max(shortestCrumb, widthOf(last) - excess), glyphs.cut)
  return [
    span(` ${name}`, 'title'),
    ...shown.flatMap((crumb, at) => [
      span(separator, 'dim'),
      span(crumb, at === shown.length - 1 ? 'bold' : undefined),
    ]),
  ]
}

/** `21:40Z` */
export function clockText(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)}Z`
}

const mostHints = 7

/** What can be done now, the most useful first, cut from the right; at the right end how old the data is. */
export function footerLine(
  layers: readonly Layer[],
  right: Span,
  said: string | null,
  columns: number,
  glyphs: Glyphs,
): Line {
  const end: Line = right.text === '' ? [] : [span(' '), right, span(' ')]
  if (said !== null) return spreadLine(lineOf(span(` ${plainText(said)}`, 'bold')), end, columns, glyphs.cut)
  const room = columns - lineWidth(end)
  const hints = hintsOf(layers)
  const line: Span[] = []
  for (const hint of hints) {
    const piece = [span(`${line.length === 0 ? ' ' : '  '}${shownKey(hint.keys[0]!)}`, 'bold'), span(` ${hint.label}`)]
    if (lineWidth([...line, ...piece]) > room) break
    line.push(...piece)
  }
  return spreadLine(line, end, columns, glyphs.cut)
}

/** At most seven, by how useful they are; help and palette keep their place at the end of what is there. */
function hintsOf(layers: readonly Layer[]): BoundKey[] {
  const taken = new Set<string>()
  return layers
    .flatMap(({ keys }) => {
      // A deed is named by its first key; where a layer above has that one, the others are for help to tell.
      const own = keys.filter(({ keys: [first] }) => !taken.has(first!))
      for (const name of keys.flatMap((key) => key.keys)) taken.add(name)
      return own
    })
    .filter(({ hint }) => hint !== undefined)
    .sort((a, b) => b.hint! - a.hint!)
    .slice(0, mostHints)
}

/**
 * One line over the whole width with a title in it: what begins a part of a screen. `right` says what its keys are, or
 * what changes with every key: a line is sent from its first change on.
 */
export function ruleLine(title: Line, right: string, columns: number, glyphs: Glyphs): Line {
  const start = [span(glyphs.rule.repeat(2), 'dim'), ...(title.length === 0 ? [] : [span(' '), ...title, span(' ')])]
  const end = right === '' ? [] : [span(` ${right} `), span(glyphs.rule.repeat(2), 'dim')]
  const fittedEnd = lineWidth(start) + lineWidth(end) + 2 > columns ? [] : end
  const room = columns - lineWidth(fittedEnd)
  const fitted = fitLine(start, room, glyphs.cut)
  return [...fitted, span(glyphs.rule.repeat(Math.max(0, room - lineWidth(fitted))), 'dim'), ...fittedEnd]
}
