import type { RetentionBackup, RetentionPolicy, RetentionRule, RetentionRules } from '../../../src/model/retention.ts'

export const at = (time: string) => Date.parse(time.includes('T') ? `${time}Z` : `${time}T02:00:00Z`)
export const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]

export function backup(id: string, createdAt: string | number, more: Partial<RetentionBackup> = {}): RetentionBackup {
  return {
    id,
    type: 'full',
    createdAt: typeof createdAt === 'number' ? createdAt : at(createdAt),
    services: ['web'],
    schedule: null,
    needs: [],
    state: 'good',
    verified: false,
    pinned: false,
    legalHold: null,
    expiringSince: null,
    ...more,
  }
}

export function rulesFor(rules: readonly RetentionRule[], more: Partial<RetentionRules> = {}): RetentionRules {
  return { name: '', types: null, schedules: null, services: null, rules, legalHold: false, ...more }
}

export function policyOf(sets: readonly RetentionRules[], more: Partial<RetentionPolicy> = {}): RetentionPolicy {
  return { zone: 'UTC', sets, graceMs: 0, batchSize: 100, ...more }
}

export const keepLast = (count: number, more: Partial<RetentionRules> = {}) =>
  policyOf([rulesFor([{ kind: 'last', count }], more)])
