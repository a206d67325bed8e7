import type { CatalogEntry } from '../../model/backup.ts'
import type { PlannedRestore } from '../../model/planned-restore.ts'
import { formatBytes, formatCount } from '../../model/units.ts'
import { bar } from './bars.ts'
import { besides, boxLines } from './boxes.ts'
import { padEnd, padStart } from './cut.ts'
import type { Glyphs } from './glyphs.ts'
import { agoText, momentText, shortId } from './ids.ts'
import { fillLine, fitLine, type Line, type Look, lineOf, lineWidth, span, spreadLine } from './line.ts'
import { plainMessage, plainText } from './plain.ts'
import type { WizardStep } from './restore-wizard.ts'

/** The upper parts of the restore wizard: where one is, from what into what, what the plan comes to. Pure. */

const stepNames: Readonly<Record<WizardStep | 'run', string>> = {
  backup: 'Backup',
  scope: 'Scope',
  target: 'Target',
  plan: 'Plan',
  confirm: 'Confirm',
  run: 'Run',
}

export interface Stepping {
  readonly at: WizardStep
  readonly backup: string
  /** A console that changes nothing goes no further than the plan. */
  readonly steps: readonly (WizardStep | 'run')[]
}

/** Where one is on the way, and that nothing was written yet. */
export function stepperLine({ at, backup, steps }: Stepping, columns: number, glyphs: Glyphs): Line {
  const now = steps.indexOf(at)
  const line = (hasMarks: boolean): Line => {
    const pieces = steps.map((step, index) => {
      const name = `${stepNames[step]}${step === 'backup' ? ` ${plainText(shortId(backup))}` : ''}`
      if (index === now)
        return span(`${glyphs.cursor} ${name.toUpperCase().replace(/ .*/, (id) => id.toLowerCase())}`, 'bold')
      if (index > now) return span(name, 'dim')
      return span(hasMarks ? `${glyphs.ok} ${name}` : name)
    })
    return [
      span(' '),
      ...pieces.flatMap((piece, index) => (index === 0 ? [piece] : [span(` ${glyphs.crumb} `, 'dim'), piece])),
    ]
  }
  const wide = line(true)
  const shown = lineWidth(wide) < columns ? wide : line(false)
  const note = 'nothing written yet '
  return lineWidth(shown) + note.length + 2 <= columns
    ? spreadLine(shown, lineOf(span(note, 'dim')), columns, glyphs.cut)
    : fitLine(shown, columns, glyphs.cut)
}

export interface FromInto {
  readonly backup: string
  /** Null while it is not known. */
  readonly entry: CatalogEntry | null
  readonly plan: Pick<PlannedRestore, 'target' | 'inPlace' | 'conflict' | 'services'>
  readonly space: PlannedRestore['space']
  /** In words: `everything`, `3 files, 1.2 MiB`. */
  readonly scope: string
  readonly host: string
  readonly now: number
}

const conflictWords: Readonly<Record<PlannedRestore['conflict'], string>> = {
  overwrite: 'what differs on disk is overwritten',
  keep: 'what is on disk is kept',
  'keep-newer': 'what is newer on disk is kept',
  rename: 'what differs is written beside',
}

export function conflictText(conflict: PlannedRestore['conflict']): string {
  return conflictWords[conflict]
}

/** Two boxes side by side, five rows. */
export function fromIntoBoxes(facts: FromInto, columns: number, glyphs: Glyphs): readonly Line[] {
  const { backup, entry, plan, space, scope, host, now } = facts
  const left = Math.floor(columns / 2)
  const right = columns - left
  const dot = ` ${glyphs.dot} `
  const services = plan.services.map(plainText).join(', ')
  const from: Line[] = [
    lineOf(` ${plainText(backup)}`),
    lineOf(
      ` ${entry === null ? '' : `${momentText(entry.createdAt)}${dot}${agoText(entry.createdAt, now)}${dot}`}${services}`,
    ),
    lineOf(' ', ...(entry === null ? [] : [proofSpan(entry, now, glyphs), dot]), scope),
  ]
  const into: Line[] = [
    plan.inPlace
      ? lineOf(span(` ${glyphs.warning} IN PLACE on ${plainText(host)}`, 'warning'), ', where it came from')
      : lineOf(` ${plainMessage(plan.target)}`),
    lineOf(
      plan.inPlace
        ? ` ${conflictText(plan.conflict)}`
        : ` a new directory on ${plainText(host)}${dot}nothing is overwritten`,
    ),
    spaceLine(space, glyphs),
  ]
  return besides(
    boxLines(lineOf('From'), from, left, 5, glyphs),
    left,
    boxLines(lineOf('Into'), into, right, 5, glyphs),
    glyphs,
  )
}

/** The same in one or two lines. */
export function fromIntoLines(facts: FromInto, columns: number, rows: number, glyphs: Glyphs): readonly Line[] {
  const { entry, plan, space, scope, host, now } = facts
  const into = plan.inPlace
    ? lineOf(span(`${glyphs.warning} IN PLACE on ${plainText(host)}`, 'warning'), `: ${conflictText(plan.conflict)}`)
    : lineOf(`into the new ${plainMessage(plan.target)}`)
  const age = entry === null ? '' : `${agoText(entry.createdAt, now)}, `
  if (rows === 1) return [fitLine(lineOf(' ', ...into), columns - 1, glyphs.cut)]
  return [
    fitLine(
      lineOf(
        ` from ${momentText(entry?.createdAt ?? '')} ${age}`,
        ...(entry === null ? [] : [proofSpan(entry, now, glyphs)]),
        ` ${glyphs.dot} ${scope}`,
      ),
      columns - 1,
      glyphs.cut,
    ),
    spreadLine(lineOf(' ', ...into), [...spaceLine(space, glyphs), span(' ')], columns, glyphs.cut),
  ]
}

function proofSpan({ verified }: CatalogEntry, now: number, glyphs: Glyphs) {
  if (verified === null) return span(`${glyphs.warning} never verified`, 'warning')
  if (!verified.ok) return span(`${glyphs.failed} FAILED its verification`, 'failed')
  return span(`${glyphs.ok} verified ${agoText(verified.at, now)}`, 'ok')
}

/** Of several file systems the one that has the least to spare. */
function spaceLine(space: FromInto['space'], glyphs: Glyphs): Line {
  const [tightest] = space
    .filter(({ freeBytes }) => freeBytes !== null)
    .toSorted((a, b) => a.freeBytes! - a.neededBytes - (b.freeBytes! - b.neededBytes))
  if (tightest === undefined) return []
  const { neededBytes, freeBytes } = tightest
  const isEnough = neededBytes <= freeBytes!
  return lineOf(
    ` needs ${formatBytes(neededBytes)} of ${formatBytes(freeBytes!)} free `,
    isEnough ? span(glyphs.ok, 'ok') : span(`${glyphs.failed} NOT ENOUGH`, 'failed'),
  )
}

export interface CountFacts {
  readonly counts: PlannedRestore['counts']
  readonly bytesToWrite: number
  /** Null where it is not known how many of the bytes are written over what is there. */
  readonly overwriteBytes: number | null
  readonly blocked: number
  /** Entries that are refused whatever is chosen. */
  readonly never: number
}

interface Cell {
  readonly mark: string
  readonly word: string
  readonly count: number
  readonly bytes?: number | null
  readonly look?: Look
}

/** Counts and bytes by what happens: three lines of two cells. */
export function countLines(facts: CountFacts, columns: number, glyphs: Glyphs): readonly Line[] {
  const { counts, bytesToWrite, overwriteBytes, blocked, never } = facts
  const created = overwriteBytes === null ? null : bytesToWrite - overwriteBytes
  const left: Cell[] = [
    { mark: '+', word: 'create', count: counts.create, bytes: created },
    { mark: '~', word: 'overwrite', count: counts.overwrite, bytes: overwriteBytes, look: 'warning' },
    { mark: '~', word: 'attributes', count: counts.metadata },
  ]
  const right: Cell[] = [
    { mark: '=', word: 'the same already', count: counts.unchanged },
    { mark: glyphs.skipped, word: 'kept as on disk', count: counts.keep },
    blocked > 0 || never === 0
      ? { mark: glyphs.failed, word: 'blocked', count: blocked, look: 'failed' }
      : { mark: glyphs.warning, word: 'never written', count: never, look: 'warning' },
  ]
  const half = Math.floor(columns / 2)
  const digits = Math.max(...[...left, ...right].map(({ count }) => formatCount(count).length))
  return left.map((cell, at) => [
    ...fillLine(cellLine(cell, digits, half, bytesToWrite, glyphs), half, glyphs.cut),
    ...cellLine(right[at]!, digits, columns - half, bytesToWrite, glyphs),
  ])
}

function cellLine(
  { mark, word, count, bytes, look }: Cell,
  digits: number,
  columns: number,
  all: number,
  glyphs: Glyphs,
): Line {
  const words = bytes === undefined ? 18 : 12
  const text = ` ${padEnd(mark, 2)} ${padEnd(word, words)}${padStart(formatCount(count), digits)}`
  const size = bytes == null || count === 0 ? '' : `  ${padStart(formatBytes(bytes), 8)}`
  const room = Math.min(16, columns - text.length - size.length - 3)
  const drawn = room < 6 || !size || all === 0 ? '' : ` ${bar(bytes! / all, room, glyphs).replaceAll(glyphs.empty, '')}`
  const shown = count === 0 ? 'dim' : look
  return fitLine(
    [shown === undefined ? span(text + size) : span(text + size, shown), span(drawn, 'dim')],
    columns,
    glyphs.cut,
  )
}

/** The same where there is room for little: what is zero is left out. */
export function countPieces(facts: CountFacts, columns: number, glyphs: Glyphs): Line {
  const { counts, bytesToWrite, blocked, never } = facts
  const pieces = [
    span(` + ${formatCount(counts.create)} create`),
    ...(counts.overwrite > 0 ? [span(`  ~ ${formatCount(counts.overwrite)} overwrite`, 'warning')] : []),
    span(`  ${formatBytes(bytesToWrite)}`),
    ...(blocked > 0 ? [span(`  ${glyphs.failed} ${formatCount(blocked)} blocked`, 'failed')] : []),
    ...(never > 0 ? [span(`  ${glyphs.warning} ${formatCount(never)} never`, 'warning')] : []),
    ...(counts.keep > 0 ? [span(`  ${glyphs.skipped} ${formatCount(counts.keep)} kept`)] : []),
    ...(counts.unchanged > 0 ? [span(`  = ${formatCount(counts.unchanged)} same`)] : []),
    ...(counts.metadata > 0 ? [span(`  ~ ${formatCount(counts.metadata)} attributes`)] : []),
  ]
  return fitLine(pieces, columns - 1, glyphs.cut)
}
