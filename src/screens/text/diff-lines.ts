import { modeText } from '../../model/mode-text.ts'
import { formatBytes, formatCount, formatNumberOf } from '../../model/units.ts'
import type { ChangeKind, DiffRow, DiffSide, DiffState, KindTotals } from '../store/diff-reading.ts'
import { bar } from './bars.ts'
import type { Column } from './columns.ts'
import { wrap } from './cut.ts'
import { entrySecond, isContent, metadataLine, ownerText, sizeText } from './entry-words.ts'
import type { FilterField } from './filter.ts'
import type { Glyphs } from './glyphs.ts'
import { fitLine, type Line, type Look, lineOf, lineWidth, type Span, span } from './line.ts'
import { plainMessage, plainPath, plainText } from './plain.ts'

/** What differs, as lines of a screen. Pure. */

export interface KindWord {
  readonly kind: ChangeKind
  readonly sign: string
  readonly word: string
  /** Where five of them share a line. */
  readonly short: string
  readonly look: Look | undefined
}

/** In the order they are counted; the sign is also the key that shows only these. */
export const kindWords: readonly KindWord[] = [
  { kind: 'added', sign: '+', word: 'added', short: 'added', look: 'ok' },
  { kind: 'changed', sign: '~', word: 'changed', short: 'changed', look: 'warning' },
  { kind: 'removed', sign: '-', word: 'removed', short: 'removed', look: 'failed' },
  { kind: 'renamed', sign: '>', word: 'renamed', short: 'renamed', look: 'running' },
  { kind: 'metadata', sign: '=', word: 'attributes', short: 'attrs', look: undefined },
]

export function kindWord(kind: ChangeKind): KindWord {
  return kindWords.find((one) => one.kind === kind)! // all of them stand there
}

/** Counts and bytes of every kind, as many words as there is room for; what is not shown now is dim. */
export function kindLine(totals: KindTotals, only: ChangeKind | null, columns: number, glyphs: Glyphs): Line {
  const piece = ({ kind, sign, short, look }: KindWord, words: boolean): Span => {
    const { count, bytes } = totals[kind]
    const size = count === 0 || kind === 'metadata' ? '' : ` ${formatBytes(bytes)}`
    const text = `${sign} ${formatCount(count)}${words ? ` ${short}` : ''}${size}`
    return span(text, only !== null && only !== kind ? 'dim' : count === 0 ? 'dim' : look)
  }
  const joined = (words: boolean): Line =>
    kindWords.flatMap((kind, at) => [span(at === 0 ? ' ' : '  '), piece(kind, words)])
  const long = joined(true)
  return lineWidth(long) <= columns ? long : fitLine(joined(false), columns, glyphs.cut)
}

/** How far it is, or how it ended and what that means for the list; nothing where all is there. */
export function stateLines(state: DiffState, held: number, columns: number, glyphs: Glyphs): readonly Line[] {
  const { phase, done, total, cut, warnings, trouble } = state
  const lines: Line[] = []
  if (phase === 'reading') {
    const share = total === 0 ? 0 : Math.min(1, done / total)
    const facts =
      total === 0 ? 'opening…' : `${Math.floor(99 * share)}%  ${formatCount(done)} of ${formatCount(total)} entries`
    lines.push(lineOf(' ', span(bar(share * 0.99, 20, glyphs), 'running'), `  ${facts}  `, span('Esc stops', 'dim')))
  }
  if (phase === 'stopped')
    lines.push(
      lineOf(
        span(
          ` ${glyphs.warning} stopped after ${formatCount(done)} of ${formatCount(total)} entries: this is not all; r begins anew`,
          'warning',
        ),
      ),
    )
  if (trouble !== null)
    lines.push(lineOf(span(` ${glyphs.failed} this is not all: ${plainMessage(trouble.message)}`, 'failed')))
  if (cut)
    lines.push(
      lineOf(
        span(
          ` ${glyphs.warning} only the first ${formatCount(held)} are listed; / and then f: those that match, of all`,
          'warning',
        ),
      ),
    )
  const [first] = warnings
  if (first !== undefined) {
    const more = warnings.length === 1 ? '' : `${formatCount(warnings.length)} warnings, the first: `
    lines.push(lineOf(span(` ${glyphs.warning} ${more}${plainMessage(first)}`, 'warning')))
  }
  return lines.map((line) => fitLine(line, columns, glyphs.cut))
}

export function diffColumns(glyphs: Glyphs, hasServices: boolean): readonly Column<DiffRow>[] {
  const columns: readonly Column<DiffRow>[] = [
    {
      title: '',
      width: 1,
      priority: 0,
      cell: ({ change }) => {
        const { sign, look } = kindWord(change)
        return span(sign, look)
      },
    },
    { title: 'PATH', width: 24, upTo: 150, priority: 0, cut: 'middle', cell: (row) => span(diffName(row, glyphs)) },
    { title: 'SIZE', width: 8, align: 'right', priority: 0, cell: (row) => sideSize(row.after ?? row.before) },
    { title: 'GROWTH', width: 9, align: 'right', priority: 1, cell: growthText },
    { title: 'WHAT DIFFERS', width: 16, upTo: 30, priority: 2, cell: ({ differs }) => span(plainText(differs), 'dim') },
  ]
  const service: Column<DiffRow> = {
    title: 'SERVICE',
    width: 8,
    upTo: 16,
    priority: 3,
    cell: (row) => plainText(row.service),
  }
  return hasServices ? [service, ...columns] : columns
}

/** `etc/new`, `etc/old → etc/new`; a directory ends in a slash. */
export function diffName({ path, from, before, after }: DiffRow, glyphs: Glyphs): string {
  const slash = (after ?? before)?.type === 'directory' ? '/' : ''
  const name = `${plainPath(path)}${slash}`
  return from === null ? name : `${plainPath(from)} ${glyphs.arrow} ${name}`
}

function sideSize(side: DiffSide | null): string {
  return side === null ? '-' : sizeText(side)
}

function growthText({ change, before, after }: DiffRow): string {
  if (change === 'added' || change === 'removed' || !isContent(before) || !isContent(after)) return ''
  const bytes = after.sizeBytes - before.sizeBytes
  return bytes === 0 ? '' : `${bytes > 0 ? '+' : '-'}${formatBytes(Math.abs(bytes))}`
}

/** Both versions of the row under the cursor, one line each. */
export function versionLines(row: DiffRow, columns: number, glyphs: Glyphs): readonly Line[] {
  const line = (name: string, side: DiffSide | null): Line =>
    fitLine(
      [
        span(` ${name} `, 'dim'),
        ...(side === null ? [span(' does not exist', 'dim')] : metadataLine(side, null, glyphs)),
      ],
      columns,
      glyphs.cut,
    )
  return [line('before', row.before), line('after ', row.after)]
}

interface Fact {
  readonly name: string
  of(side: DiffSide): string
}

const facts: readonly Fact[] = [
  { name: 'type', of: ({ type }) => type },
  {
    name: 'size',
    of: (side) =>
      isContent(side) ? `${formatBytes(side.sizeBytes)}, ${formatNumberOf(side.sizeBytes, 'byte')}` : sizeText(side),
  },
  { name: 'modified', of: ({ mtimeNs }) => entrySecond(mtimeNs) },
  { name: 'mode', of: (side) => `${modeText(side)}  ${side.mode.toString(8).padStart(4, '0')}` },
  { name: 'owner', of: (side) => `${ownerText(side)}  ${side.uid}:${side.gid}` },
  { name: 'link', of: ({ linkTarget }) => (linkTarget === null ? '' : plainPath(linkTarget)) },
  { name: 'sha256', of: ({ sha256 }) => sha256 ?? '' },
]

/** Both versions, fact by fact: what differs is marked. */
export function bothVersions(row: DiffRow, columns: number): readonly Line[] {
  const { before, after, differs } = row
  const { sign, word } = kindWord(row.change)
  const head = [`${sign} ${word}${differs === '' ? '' : `: ${plainText(differs)}`}`, `/${plainPath(row.path)}`]
  if (row.from !== null) head.push(`was /${plainPath(row.from)}`)
  const lines: Line[] = head.flatMap((text) => wrap(text, columns).map((part) => lineOf(span(part, 'bold'))))
  lines.push([])
  const show = (label: string, value: string, look: Look | undefined): Line[] =>
    wrap(value, columns - 18).map((part, at) => [span((at === 0 ? label : '').padEnd(18), 'dim'), span(part, look)])
  for (const { name, of } of facts) {
    const [old, now] = [before === null ? null : of(before), after === null ? null : of(after)]
    if ((old ?? '') === '' && (now ?? '') === '') continue
    if (old === now) lines.push(...show(`  ${name}`, old!, undefined))
    else {
      const mark = old !== null && now !== null ? '~ ' : '  '
      if (old !== null) lines.push(...show(`${mark}${name} before`, old, undefined))
      if (now !== null) lines.push(...show(`${mark}${name} after`, now, mark === '~ ' ? 'warning' : undefined))
    }
  }
  if (before === null || after === null)
    lines.push([], lineOf(span(before === null ? 'It did not exist before.' : 'It does not exist afterwards.', 'dim')))
  return lines
}

export const diffFilterFields: readonly FilterField<DiffRow>[] = [
  { name: 'kind', kind: 'text', of: ({ change }) => kindWord(change).word },
  { name: 'service', kind: 'text', of: ({ service }) => service },
  { name: 'differs', kind: 'text', of: ({ differs }) => differs },
  { name: 'type', kind: 'text', of: ({ before, after }) => (after ?? before)?.type ?? '' },
  { name: 'size', kind: 'size', of: ({ before, after }) => (after ?? before)?.sizeBytes ?? null },
]

/** What a bare word of a filter is looked for in. */
export function diffWords({ path, from }: DiffRow): string {
  return from === null ? plainPath(path) : `${plainPath(from)} ${plainPath(path)}`
}
