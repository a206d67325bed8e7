import type { CleanupRules } from '../../model/cleanup.ts'
import type { RetentionCounts, RetentionPolicy } from '../../model/retention.ts'
import { formatNumberOf } from '../../model/units.ts'
import { hourMs } from './civil.ts'
import { policyFromCounts, suggestedCounts } from './retention-policy.ts'
import { letsGo } from './retention-rules.ts'

/** What a cleanup goes by. */
export interface CleanupPolicy {
  readonly policy: RetentionPolicy
  /** Whose rules they are: `--keep 5, --days 14`. */
  readonly words: string
}

/**
 * The policy of a cleanup. What a person says stands in the place of what is configured, but for legal holds: nobody
 * lifts those by an option. Counts that let nothing go keep everything, also what a hold is over.
 */
export function cleanupPolicy(rules: CleanupRules, configured: RetentionPolicy): CleanupPolicy {
  const isConfigured = configured.sets.some(letsGo)
  if (rules.kind === 'configured')
    return {
      policy: configured,
      words: isConfigured ? 'the configured policies' : 'nothing is configured: everything stays',
    }
  const graceMs = rules.graceHours * hourMs
  const grace = graceMs === 0 ? '' : `, after a grace of ${formatNumberOf(rules.graceHours, 'hour')}`
  if (rules.counts === null && isConfigured)
    return { policy: { ...configured, graceMs }, words: `the configured policies${grace || ', at once'}` }
  const counts = rules.counts ?? suggestedCounts
  const words = `${optionWords(counts)}${rules.counts === null ? ', as nothing is configured' : ''}${grace}`
  const asked = policyFromCounts(counts, configured.zone, rules.graceHours)
  const holds = asked.sets.some(letsGo) ? configured.sets.filter(({ legalHold }) => legalHold) : []
  return { policy: { ...asked, sets: [...asked.sets, ...holds], batchSize: configured.batchSize }, words }
}

function optionWords(counts: RetentionCounts): string {
  const said = Object.entries(counts).filter(([, count]) => count !== undefined)
  return said.length === 0 ? 'no rule' : said.map(([name, count]) => `--${name} ${count}`).join(', ')
}
