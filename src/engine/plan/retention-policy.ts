import type { BackupType } from '../../model/backup.ts'
import type { RetentionCounts, RetentionPolicy, RetentionRule, RetentionRules } from '../../model/retention.ts'
import type { Schedule } from '../../model/schedule.ts'
import { hourMs } from './civil.ts'
import type { SettingsSources } from './settings-sources.ts'

/** The policy that the configuration, the environment and the schedules ask for. Nobody asking is a policy that lets nothing go. */

/** What the console offers where nothing is configured. */
export const suggestedCounts: RetentionCounts = { keep: 10, days: 30 }
export const defaultGraceHours = 24
export const defaultBatchSize = 100

/** Rules from counts, whoever gives them: an option, a schedule, a form. */
export function rulesFrom(counts: RetentionCounts): RetentionRule[] {
  const rules: RetentionRule[] = []
  const add = (count: number | undefined, rule: (count: number) => RetentionRule) => {
    if (count !== undefined && count > 0) rules.push(rule(count))
  }
  add(counts.keep, (count) => ({ kind: 'last', count }))
  add(counts.days, (days) => ({ kind: 'within', days }))
  add(counts.daily, (count) => ({ kind: 'each', period: 'day', count }))
  add(counts.weekly, (count) => ({ kind: 'each', period: 'week', count }))
  add(counts.monthly, (count) => ({ kind: 'each', period: 'month', count }))
  add(counts.quarterly, (count) => ({ kind: 'each', period: 'quarter', count }))
  add(counts.yearly, (count) => ({ kind: 'each', period: 'year', count }))
  add(counts.minimum, (count) => ({ kind: 'minimum', count }))
  return rules
}

/** The policy of a cleanup by hand: its options replace what is configured, and there is no grace unless asked for. */
export function policyFromCounts(counts: RetentionCounts, zone: string, graceHours = 0): RetentionPolicy {
  return {
    zone,
    sets: [setOf('', rulesFrom(counts))],
    graceMs: graceHours * hourMs,
    batchSize: defaultBatchSize,
  }
}

/**
 * The configured policy. All that is said holds at once, so that the longest promise wins: of `retention_days` of a
 * schedule and of everything, a backup is kept as long as the longer says.
 *
 * - `retention_policies.*` are for the schedule, or else the service, of that name; any other name is for all backups.
 *   `legal_hold_enabled` holds what the policy keeps.
 * - BACKUP_RETENTION_DAILY, _WEEKLY and _MONTHLY keep the newest of so many days, weeks and months.
 */
export function policyFrom(
  sources: Pick<SettingsSources, 'environment' | 'file'>,
  schedules: readonly Pick<Schedule, 'id' | 'name' | 'retention'>[] = [],
): RetentionPolicy {
  const document = sources.file?.document
  const cleanup = document?.cleanup_schedule
  const sets = [...fromFile(sources), ...fromEnvironment(sources)]
  for (const { id, retention } of schedules)
    if (retention !== undefined) sets.push(setOf(`schedule ${id}`, rulesFrom(retention), { schedules: [id] }))
  return {
    zone: document?.global_settings?.default_timezone ?? 'UTC',
    sets: sets.filter((set) => set.rules.length > 0 || set.legalHold),
    graceMs: (cleanup?.grace_period_hours ?? defaultGraceHours) * hourMs,
    batchSize: cleanup?.batch_size ?? defaultBatchSize,
  }
}

/** Promises that another one makes idle, one sentence each: a person who wrote them should know. */
export function idlePromises({ sets }: RetentionPolicy): string[] {
  const daysOf = ({ rules }: RetentionRules) =>
    rules.reduce((most, rule) => Math.max(most, rule.kind === 'within' ? rule.days : 0), 0)
  const forAll = sets.filter(
    ({ types, schedules, services }) => types === null && schedules === null && services === null,
  )
  const longest = forAll.toSorted((a, b) => daysOf(b) - daysOf(a))[0]
  if (longest === undefined) return []
  const most = daysOf(longest)
  return sets
    .filter((set) => set.rules.every((rule) => rule.kind === 'within' && rule.days < most) && set.rules.length > 0)
    .map(
      (set) => `${set.name}: ${daysOf(set)} days have no effect, because ${longest.name} keeps everything for ${most}`,
    )
}

function fromFile({ file }: Pick<SettingsSources, 'file'>): RetentionRules[] {
  if (file === null) return []
  const { document } = file
  const within = (days: number | undefined) => rulesFrom({ days })
  const sets = [
    setOf('global_settings', within(document.global_settings?.backup_retention_days)),
    setOf('storage.local', within(document.storage?.local?.retention_days)),
  ]
  for (const [name, { retention_days }] of Object.entries(document.schedules ?? {}))
    sets.push(setOf(`schedules.${name}`, within(retention_days), { schedules: [name] }))
  for (const [policy, asked] of Object.entries(document.retention_policies ?? {})) {
    const name = `retention_policies.${policy}`
    const scope = scopeOf(policy, document)
    const oneType = (type: BackupType, days: number | undefined) =>
      setOf(name, within(days), { ...scope, types: [type] })
    const { monthly_snapshot_retention_days: monthlyDays = 0, legal_hold_enabled: hold = false } = asked
    const rules = within(asked.retention_days)
    if (monthlyDays > 0) rules.push({ kind: 'each-within', period: 'month', days: monthlyDays })
    const days = [
      oneType('full', asked.full_backup_retention_days),
      oneType('incremental', asked.incremental_backup_retention_days),
      oneType('differential', asked.differential_backup_retention_days),
    ]
    const all = [setOf(name, rules, scope), ...days].filter((set) => set.rules.length > 0)
    // a hold without a term holds for ever
    sets.push(...(all.length === 0 ? [setOf(name, [], scope)] : all).map((set) => ({ ...set, legalHold: hold })))
  }
  return sets
}

function scopeOf(
  policy: string,
  document: NonNullable<SettingsSources['file']>['document'],
): Pick<RetentionRules, 'schedules' | 'services'> {
  if (document.schedules !== undefined && Object.hasOwn(document.schedules, policy))
    return { schedules: [policy], services: null }
  if (document.services !== undefined && Object.hasOwn(document.services, policy))
    return { schedules: null, services: [policy] }
  return { schedules: null, services: null }
}

function fromEnvironment({ environment }: Pick<SettingsSources, 'environment'>): RetentionRules[] {
  const count = (name: string) => Number(environment.get(name)?.value ?? 0)
  return [
    setOf('BACKUP_RECOVERY_RETENTION_DAYS', rulesFrom({ days: count('BACKUP_RECOVERY_RETENTION_DAYS') })),
    setOf('BACKUP_RETENTION_DAILY', rulesFrom({ daily: count('BACKUP_RETENTION_DAILY') })),
    setOf('BACKUP_RETENTION_WEEKLY', rulesFrom({ weekly: count('BACKUP_RETENTION_WEEKLY') })),
    setOf('BACKUP_RETENTION_MONTHLY', rulesFrom({ monthly: count('BACKUP_RETENTION_MONTHLY') })),
  ]
}

function setOf(name: string, rules: RetentionRule[], more: Partial<RetentionRules> = {}): RetentionRules {
  return { name, types: null, schedules: null, services: null, rules, legalHold: false, ...more }
}
