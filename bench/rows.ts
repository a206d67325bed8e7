import type { Measurement, Results } from './results.ts'
import { holdfastName } from './tools/holdfast.ts'

/** What a table shows of the results: one row per quantity, medians and ratios. Pure. */

export type Quantity =
  | { readonly kind: 'wall' | 'cpu' | 'peak' | 'read'; readonly step: string }
  /** The size of the repository. */
  | { readonly kind: 'size' }

/** What was promised before anything was measured. */
export type Bar =
  | {
      readonly kind: 'ratio'
      /** The best of these counts. */
      readonly against: readonly string[]
      /** Peer / Holdfast, so that more is better for Holdfast. */
      readonly least: number
      readonly moonshot: number
    }
  /** Seconds or bytes; the moonshot is less still, or less than a peer takes. */
  | { readonly kind: 'limit'; readonly most: number; readonly moonshot: number | { readonly below: string } }

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
    return value === null ? null : { median: value, ratio: subject === null ? null : value / subject }
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
  if (quantity.kind === 'size')
    return results.sizes.filter((size) => size.tool === tool && !size.warmUp).map((size) => size.bytes)
  return results.measurements
    .filter((one) => one.step === quantity.step && one.tool === tool && !one.warmUp)
    .map((one) => pick(one, quantity.kind))
    .filter((value) => value !== null)
}

function pick(one: Measurement, kind: Exclude<Quantity['kind'], 'size'>): number | null {
  switch (kind) {
    case 'wall':
      return one.wallSeconds
    case 'cpu':
      return one.cpuSeconds
    case 'peak':
      return one.peakBytes
    case 'read':
      return one.readBytes
  }
}

function judge(bar: Bar, subject: number | null, peers: ReadonlyMap<string, Cell>): Line['verdicts'][number] {
  if (subject === null) return { bar, ratio: null, verdict: 'not measured' }
  if (bar.kind === 'limit') {
    const moonshot = typeof bar.moonshot === 'number' ? bar.moonshot : (peers.get(bar.moonshot.below)?.median ?? 0)
    return { bar, ratio: null, verdict: subject > bar.most ? 'missed' : subject <= moonshot ? 'moonshot' : 'met' }
  }
  // A bar against a peer that was not there is not met by beating the others.
  const ratios = bar.against.map((name) => peers.get(name)?.ratio ?? null)
  if (ratios.includes(null)) return { bar, ratio: null, verdict: 'not measured' }
  const ratio = Math.min(...ratios.filter((one) => one !== null))
  return { bar, ratio, verdict: ratio >= bar.moonshot ? 'moonshot' : ratio >= bar.least ? 'met' : 'missed' }
}
