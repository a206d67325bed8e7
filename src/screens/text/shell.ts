import type { Facts } from '../../model/console.ts'
import { shellWord } from '../../model/shell-word.ts'

/** The same deed on the command line, for the runbook. Pure. */

/** As it can be pasted into a shell: `holdfast pin 2026-11-20T02-00-00Z-full-7f3k`. */
export function commandText(facts: Pick<Facts, 'options'>, words: readonly string[]): string {
  return ['holdfast', ...words, ...facts.options].map(shellWord).join(' ')
}
