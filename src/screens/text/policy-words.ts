import { rulesFrom } from '../../engine/plan/retention-policy.ts'
import type { CleanupRules } from '../../model/cleanup.ts'
import type { RetentionCounts, RetentionPolicy, RetentionRule, RetentionRules } from '../../model/retention.ts'
import { formatDuration, formatNumberOf } from '../../model/units.ts'
import { plainText } from './plain.ts'

/** A retention policy as a person says it. Pure. */

export function ruleWords(rule: RetentionRule): string {
  switch (rule.kind) {
    case 'last':
      return `the last ${rule.count}`
    case 'minimum':
      return `at least ${rule.count}`
    case 'within':
      return `those of ${formatNumberOf(rule.days, 'day')}`
    case 'each':
      return `one for each of ${formatNumberOf(rule.count, rule.period)}`
    case 'each-within':
      return `one for each ${rule.period} of ${formatNumberOf(rule.days, 'day')}`
  }
}

/** One line for each set of rules; what holds for all of them last. */
export function policyWords({ sets, graceMs, zone }: RetentionPolicy): readonly string[] {
  if (sets.length === 0) return ['Nothing is configured: everything is kept.']
  return [
    ...sets.map((set) => setWords(set)),
    `${graceMs === 0 ? 'Deleted at once' : `Marked for ${formatDuration(graceMs)} before it is deleted`}; days are those of ${zone}.`,
  ]
}

function setWords({ name, types, schedules, services, rules, legalHold }: RetentionRules): string {
  const kept = rules.length === 0 ? 'everything' : rules.map(ruleWords).join(', ')
  const of = [
    ...(types === null ? [] : [types.join(' and ')]),
    ...(services === null ? [] : [`of ${services.map(plainText).join(', ')}`]),
    ...(schedules === null ? [] : [`made by ${schedules.map(plainText).join(', ')}`]),
  ].join(' ')
  const from = name === '' ? '' : ` (${plainText(name)})`
  return `${legalHold ? 'Holds' : 'Keeps'} ${kept}${of === '' ? '' : `, ${of}`}${from}`
}

export const countNames = [
  'keep',
  'days',
  'daily',
  'weekly',
  'monthly',
  'quarterly',
  'yearly',
  'minimum',
] as const satisfies readonly (keyof RetentionCounts)[]

/** `keep=10 days=30` */
export function countsText(counts: RetentionCounts): string {
  return countNames
    .filter((name) => (counts[name] ?? 0) > 0)
    .map((name) => `${name}=${counts[name]}`)
    .join(' ')
}

/** What `countsText` writes; what is wrong with it where it is none. */
export function countsFrom(text: string): RetentionCounts | string {
  const counts: Record<string, number> = {}
  for (const word of text.split(/[\s,]+/).filter(Boolean)) {
    const [, name = '', digits = ''] = /^([a-z]+)=(\d{1,5})$/.exec(word) ?? []
    if (!countNames.some((one) => one === name))
      return `${plainText(word)} says nothing here: write as in keep=10 days=30 daily=7 weekly=4 monthly=12 yearly=3`
    counts[name] = Number(digits)
  }
  return counts
}

/** The options of `holdfast cleanup` that mean the same; null where there are none for it. */
export function cleanupWords(rules: CleanupRules, policy: RetentionPolicy): readonly string[] | null {
  const graceHours = rules.kind === 'configured' ? policy.graceMs / 3_600_000 : rules.graceHours
  const counts = rules.kind === 'configured' ? null : rules.counts
  if ((counts?.minimum ?? 0) > 0 || !Number.isInteger(graceHours)) return null
  const words =
    counts === null ? [] : countNames.flatMap((name) => (counts[name] ? [`--${name}`, `${counts[name]}`] : []))
  return graceHours === 0 ? words : [...words, '--grace', `${graceHours}`]
}

/** The counts in words; empty where they keep nothing. */
export function countsWords(counts: RetentionCounts): string {
  return rulesFrom(counts).map(ruleWords).join(', ')
}
