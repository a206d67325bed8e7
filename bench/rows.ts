import type { Measurement, Results } from './results.ts'
import { holdfastName } from './tools/holdfast.ts'

/** What a table shows of the results: one row per quantity, medians and ratios. Pure. */

export type Quantity =
  | { readonly kind: 'wall' | 'cpu' | 'peak' | 'read' | 'written'; readonly step: string }
  /** The size of the repository, at the end or after a step; or bytes that the workload has counted. */
  | { readonly kind: 'size'; readonly step?: string }
  /** The bytes by which a step made the repository grow. */
  | { readonly kind: 'growth'; readonly step: string }
  /** A number of the source, the same for every tool. */
  | { readonly kind: 'figure'; readonly name: string }
  /** The highest of all rounds in the place of their median. */
  | { readonly kind: 'worst'; readonly of: Quantity }
  /** One by another, round by round. */
  | { readonly kind: 'quotient'; readonly of: Quantity; readonly by: Quantity; readonly as: 'percent' | 'times' }

/** What was promised before anything was measured. */
export type Bar =
  | {
      readonly kind: 'ratio'
      /** The best of these counts. */
      readonly against: readonly string[]
      /** Peer / Holdfast, so that more is better for Holdfast. */
      readonly least: number
      /** Null where none was set. */
      readonly moonshot: number | null
    }
  /** In the row's own unit; the moonshot is less still, or less than a peer takes. */
  | { readonly kind: 'limit'; readonly most: number; readonly moonshot: number | { readonly below: string } | null }

/** Of any workload, and any tool of ours: flat, whatever is backed up. */
export const peakLimit: Bar = { kind: 'limit', most: 300e6, moonshot: { below: 'restic' } }

export interface Row {
  readonly title: string
  readonly quantity: Quantity
  readonly bars: readonly Bar[]
  /** The tool that stands in Holdfast's column; `holdfast` where not given. */
  readonly subject?: string
  /** Something that is no peer, only a yardstick for a row where there is none. */
  readonly yardstick?: { readonly tool: string; readonly title: string }
}

export type Verdict = 'moonshot' | 'met' | 'missed' | 'not measured'

export interface Cell {
  readonly median: number
  /** To Holdfast's median; null in Holdfast's own cell and where Holdfast has none. */
  readonly ratio: number | null
}

export interface Line {
  readonly row: Row
  readonly subject: Cell | null
  readonly peers: ReadonlyMap<string, Cell>
  readonly yardstick: Cell | null
  readonly verdicts: readonly { readonly bar: Bar; readonly ratio: number | null; readonly verdict: Verdict }[]
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function lineOf(row: Row, results: Results, peerNames: readonly string[]): Line {
  const medianOf = (tool: string) => median(valuesOf(results, row.quantity, tool))
  const subject = medianOf(row.subject ?? holdfastName)
  const cellOf = (tool: string): Cell | null => {
    const value = medianOf(tool)
    if (value === null) return null
    // a quotient beside a quotient would be read as a time or a size
    const comparable = subject !== null && subject !== 0 && row.quantity.kind !== 'quotient'
    return { median: value, ratio: comparable ? value / subject : null }
  }
  const peers = new Map<string, Cell>()
  for (const name of peerNames) {
    const cell = cellOf(name)
    if (cell !== null) peers.set(name, cell)
  }
  return {
    row,
    subject: subject === null ? null : { median: subject, ratio: null },
    peers,
    yardstick: row.yardstick === undefined ? null : cellOf(row.yardstick.tool),
    verdicts: row.bars.map((bar) => judge(bar, subject, peers)),
  }
}

/** Every value that counts. */
export function valuesOf(results: Results, quantity: Quantity, tool: string): number[] {
  return samplesOf(results, quantity, tool).map((sample) => sample.value)
}

interface RoundValue {
  readonly round: number
  readonly value: number
}

function samplesOf(results: Results, quantity: Quantity, tool: string): RoundValue[] {
  switch (quantity.kind) {
    case 'size':
    case 'growth':
      return results.sizes
        .filter((size) => size.tool === tool && !size.warmUp && size.step === (quantity.step ?? ''))
        .flatMap((size) => known(size.round, quantity.kind === 'size' ? size.bytes : size.grownBytes))
    case 'figure':
      return results.figures.filter((figure) => figure.name === quantity.name).map(({ value }) => ({ round: 0, value }))
    case 'worst': {
      const values = valuesOf(results, quantity.of, tool)
      return values.length === 0 ? [] : [{ round: 0, value: Math.max(...values) }]
    }
    case 'quotient': {
      const divisors = samplesOf(results, quantity.by, tool)
      return samplesOf(results, quantity.of, tool).flatMap(({ round, value }) => {
        const divisor = quantity.by.kind === 'figure' ? divisors[0] : divisors.find((one) => one.round === round)
        return divisor === undefined || divisor.value === 0 ? [] : [{ round, value: value / divisor.value }]
      })
    }
    default:
      return results.measurements
        .filter((one) => one.step === quantity.step && one.tool === tool && !one.warmUp)
        .flatMap((one) => known(one.round, pick(one, quantity.kind)))
  }
}

function known(round: number, value: number | null): RoundValue[] {
  return value === null ? [] : [{ round, value }]
}

function pick(one: Measurement, kind: 'wall' | 'cpu' | 'peak' | 'read' | 'written'): number | null {
  switch (kind) {
    case 'wall':
      return one.wallSeconds
    case 'cpu':
      return one.cpuSeconds
    case 'peak':
      return one.peakBytes
    case 'read':
      return one.readBytes
    case 'written':
      return one.writtenBytes ?? null
  }
}

function judge(bar: Bar, subject: number | null, peers: ReadonlyMap<string, Cell>): Line['verdicts'][number] {
  if (subject === null) return { bar, ratio: null, verdict: 'not measured' }
  if (bar.kind === 'limit') {
    const moonshot =
      bar.moonshot === null || typeof bar.moonshot === 'number'
        ? bar.moonshot
        : (peers.get(bar.moonshot.below)?.median ?? null)
    const better = moonshot !== null && subject <= moonshot
    return { bar, ratio: null, verdict: subject > bar.most ? 'missed' : better ? 'moonshot' : 'met' }
  }
  // A bar against a peer that was not there is not met by beating the others.
  const ratios = bar.against.map((name) => peers.get(name)?.ratio ?? null)
  if (ratios.includes(null)) return { bar, ratio: null, verdict: 'not measured' }
  const ratio = Math.min(...ratios.filter((one) => one !== null))
  const better = bar.moonshot !== null && ratio >= bar.moonshot
  return { bar, ratio, verdict: better ? 'moonshot' : ratio >= bar.least ? 'met' : 'missed' }
}
