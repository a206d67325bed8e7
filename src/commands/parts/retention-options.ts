import type { RetentionCounts } from '../../model/retention.ts'
import type { Given } from './given.ts'
import type { OptionSpec } from './grammar.ts'

/** --keep and its kin: each names one rule of a retention. */

const rules = [
  ['keep', 'keep', 'keep the newest N'],
  ['keep-days', 'days', 'keep those of the last N days'],
  ['keep-daily', 'daily', 'keep the newest of each of N days'],
  ['keep-weekly', 'weekly', 'keep the newest of each of N weeks'],
  ['keep-monthly', 'monthly', 'keep the newest of each of N months'],
  ['keep-quarterly', 'quarterly', 'keep the newest of each of N quarters'],
  ['keep-yearly', 'yearly', 'keep the newest of each of N years'],
] as const satisfies readonly (readonly [option: string, rule: keyof RetentionCounts, about: string])[]

const mostKept = 100_000

export const retentionOptions: readonly OptionSpec[] = rules.map(([name, , about]) => ({ name, value: 'N', about }))

/** Null where none of them is given. */
export function givenRetention(given: Given): RetentionCounts | null {
  const counts: RetentionCounts = {}
  for (const [option, rule] of rules) {
    const count = given.count(option, 0, mostKept)
    if (count !== null) counts[rule] = count
  }
  return Object.keys(counts).length === 0 ? null : counts
}

/** The options that say the same. */
export function retentionWords(counts: RetentionCounts): string[] {
  return rules.flatMap(([option, rule]) => (counts[rule] === undefined ? [] : [`--${option}`, String(counts[rule])]))
}
