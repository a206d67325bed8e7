import { seeded } from '../e2e/trees.ts'
import type { FaultKind } from './faulty-files.ts'
import type { Case, Trial } from './matrix.ts'

/** Which faults are tried. */

/** In the order of the table's columns, and of a long run. */
export const kinds: readonly FaultKind[] = ['kill', 'ENOSPC', 'EIO', 'EROFS', 'EMFILE', 'short-write']

/** A short write can only happen to a write: those are counted alone. */
export function callsFor(kind: FaultKind): string | null {
  return kind === 'short-write' ? 'write' : null
}

/** Every call with one kind of fault, in an order in which a beginning is a fair sample of the whole. */
export function everyCase(kind: FaultKind, calls: number, seed: number): Case[] {
  const cases = Array.from({ length: calls }, (_, index) => ({ at: index + 1, kind, calls: callsFor(kind) }))
  return shuffled(cases, seeded(seed))
}

/**
 * A few for the short run, the same every time: as many stretches of the run as there are cases, a call out of each.
 * Two of them kill; of the other kinds each operation gets two, by its number, and all operations together all. Where
 * only kills are tried it is those two.
 */
export async function fewCases(trial: Trial, number: number, seed: number): Promise<Case[]> {
  const next = seeded(seed + number)
  const thrown = kinds.filter((kind) => kind !== 'kill')
  const other = (at: number): FaultKind => thrown[(2 * number + at) % thrown.length]!
  const chosen: Case[] = []
  const isTried = (kind: FaultKind): boolean => trial.operation.kinds?.includes(kind) !== false
  const some = shuffled<FaultKind>(['kill', 'kill', ...[other(0), other(1)].filter(isTried)], next)
  const calls = await trial.count(null)
  for (const [stretch, kind] of some.entries()) {
    const of = kind === 'short-write' ? await trial.count('write') : calls
    const at = 1 + Math.floor(((stretch + next()) / some.length) * of)
    if (of > 0) chosen.push({ at, kind, calls: callsFor(kind) })
  }
  for (const { calls: names, kind } of trial.operation.corners ?? []) {
    const count = await trial.count(names)
    for (let at = 1; at <= count; at++) chosen.push({ at, kind, calls: names })
  }
  return chosen
}

function shuffled<Item>(items: readonly Item[], next: () => number): Item[] {
  return items
    .map((item) => ({ item, order: next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
