import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideRetention } from '../../../src/engine/plan/retention.ts'
import { planCleanup } from '../../../src/engine/plan/retention-cleanup.ts'
import { backupTypes } from '../../../src/model/backup.ts'
import {
  type Period,
  periods,
  type RetentionBackup,
  type RetentionPolicy,
  type RetentionRule,
  type RetentionRules,
} from '../../../src/model/retention.ts'
import { day, hour } from './retention-kit.ts'

/** The rules of retention once more, as they are said: backup by backup, without order and without a thought for speed. */

function isNewer(a: RetentionBackup, b: RetentionBackup): boolean {
  return a.createdAt > b.createdAt || (a.createdAt === b.createdAt && a.id > b.id)
}

const formats = new Map<string, Intl.DateTimeFormat>()
function periodKey(instant: number, period: Period, zone: string): string {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
  formats.set(zone, format)
  const date = format.format(instant)
  const [year, month] = date.split('-')
  switch (period) {
    case 'day':
      return date
    case 'week': {
      let monday = Date.parse(date)
      while (new Date(monday).getUTCDay() !== 1) monday -= day
      return String(monday)
    }
    case 'month':
      return `${year} ${month}`
    case 'quarter':
      return `${year} ${['01 02 03', '04 05 06', '07 08 09', '10 11 12'].findIndex((months) => months.includes(month!))}`
    case 'year':
      return year!
  }
}

function modelDecides(backups: readonly RetentionBackup[], policy: RetentionPolicy, now: number) {
  const counted = backups.filter((one) => one.state !== 'gone' && one.createdAt <= now)
  const isActive = (rule: RetentionRule) => ('days' in rule ? rule.days : rule.count) > 0
  const letsGo = (set: RetentionRules) => set.rules.some((rule) => rule.kind !== 'minimum' && isActive(rule))
  const isFor = (set: RetentionRules, one: RetentionBackup) =>
    (set.types === null ? one.type !== 'safety' : set.types.includes(one.type)) &&
    (set.schedules === null || set.schedules.some((schedule) => schedule === one.schedule)) &&
    (set.services === null || set.services.some((service) => one.services.includes(service)))
  const sameServices = (a: RetentionBackup, b: RetentionBackup) =>
    a.services.every((service) => b.services.includes(service)) &&
    b.services.every((service) => a.services.includes(service))

  const keepsByRule = (set: RetentionRules, rule: RetentionRule, one: RetentionBackup): boolean => {
    if (!isActive(rule)) return false
    const newer = counted.filter(
      (peer) => isFor(set, peer) && peer.state === one.state && sameServices(peer, one) && isNewer(peer, one),
    )
    const young = (days: number) => now - one.createdAt <= days * day
    switch (rule.kind) {
      case 'last':
      case 'minimum':
        return newer.length < rule.count
      case 'within':
        return young(rule.days)
      case 'each':
      case 'each-within': {
        const mine = periodKey(one.createdAt, rule.period, policy.zone)
        const others = new Set(newer.map((peer) => periodKey(peer.createdAt, rule.period, policy.zone)))
        if (others.has(mine)) return false
        return rule.kind === 'each' ? others.size < rule.count : young(rule.days)
      }
    }
  }
  const isNewest = (one: RetentionBackup, service: string, among: (other: RetentionBackup) => boolean) =>
    among(one) &&
    !counted.some(
      (other) => other.type !== 'safety' && other.services.includes(service) && among(other) && isNewer(other, one),
    )
  const isProtected = (one: RetentionBackup) =>
    one.type !== 'safety' &&
    one.services.some((service) => {
      const has = (state: string) =>
        counted.some((other) => other.type !== 'safety' && other.services.includes(service) && other.state === state)
      const best = has('good') ? 'good' : has('incomplete') ? 'incomplete' : 'damaged'
      const verifiedGood = (other: RetentionBackup) => other.verified && other.state === 'good'
      const anyVerifiedGood = counted.some(
        (other) => other.type !== 'safety' && other.services.includes(service) && verifiedGood(other),
      )
      return (
        isNewest(one, service, (other) => other.state === best) ||
        isNewest(
          one,
          service,
          anyVerifiedGood ? verifiedGood : (other) => other.verified && other.state === 'incomplete',
        )
      )
    })
  const keepsAlone = (one: RetentionBackup): boolean => {
    if (!counted.includes(one) || one.pinned || one.legalHold !== null) return true
    if (!policy.sets.some(letsGo)) return true
    if (one.type === 'safety' && now - one.createdAt <= 7 * day) return true
    if (one.type !== 'safety' && !policy.sets.some((set) => letsGo(set) && isFor(set, one))) return true
    const says = (set: RetentionRules) =>
      isFor(set, one) &&
      (set.rules.some((rule) => keepsByRule(set, rule, one)) || (set.legalHold && !set.rules.some(isActive)))
    return policy.sets.some(says) || isProtected(one)
  }

  const kept = new Set(backups.filter(keepsAlone))
  for (let before = -1; before !== kept.size; ) {
    before = kept.size
    for (const one of backups)
      if ([...kept].some((other) => other.state !== 'gone' && other.needs.includes(one.id))) kept.add(one)
  }
  const expiry = new Map<string, number>()
  for (const one of backups)
    if (!kept.has(one)) expiry.set(one.id, Math.min(one.expiringSince ?? now, now) + policy.graceMs)
  for (let changed = true; changed; ) {
    changed = false
    for (const one of backups)
      for (const id of one.needs) {
        if (!expiry.has(one.id) || !expiry.has(id) || expiry.get(id)! >= expiry.get(one.id)!) continue
        expiry.set(id, expiry.get(one.id)!)
        changed = true
      }
  }
  return backups.map((one) => ({ backup: one.id, keep: kept.has(one), expiresAt: expiry.get(one.id) ?? null }))
}

const now = Date.parse('2026-03-31T10:00:00Z')
const most = 40
const ids = Array.from({ length: most }, (_, at) => `b${String(at).padStart(2, '0')}`)
const ages = fc.oneof(
  fc.integer({ min: 0, max: 60 }).map((hours) => hours * hour),
  fc.integer({ min: 0, max: 60 }).map((days) => days * day),
  fc.integer({ min: -2, max: 900 }).map((days) => days * day),
)
const rarely = <T>(value: T, other: T) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(other) }, { weight: 1, arbitrary: fc.constant(value) })
const backups: fc.Arbitrary<RetentionBackup[]> = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(...ids),
    type: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('full' as const, 'incremental' as const) },
      { weight: 1, arbitrary: fc.constantFrom(...backupTypes) },
    ),
    createdAt: ages.map((age) => now - age),
    services: fc.constantFrom(['web'], ['web'], ['db'], ['web', 'db'], ['db', 'web']),
    schedule: fc.constantFrom(null, 'nightly', 'weekly'),
    needs: fc.oneof(
      { weight: 7, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.constantFrom(...ids, 'unknown'), { maxLength: 3 }) },
    ),
    state: fc.oneof(
      { weight: 7, arbitrary: fc.constant('good' as const) },
      { weight: 3, arbitrary: fc.constantFrom('incomplete' as const, 'damaged' as const, 'gone' as const) },
    ),
    verified: rarely(true, false),
    pinned: rarely(true, false),
    legalHold: rarely<string | null>('case 7', null),
    expiringSince: fc.oneof(
      fc.constant(null),
      ages.map((age) => now - age),
    ),
  }),
  { minLength: 1, maxLength: most, size: 'max', selector: (one) => one.id },
)
const small = fc.integer({ min: 0, max: 4 })
const someDays = fc.constantFrom(0, 1, 7, 30, 365)
const rule: fc.Arbitrary<RetentionRule> = fc.oneof(
  fc.record({ kind: fc.constantFrom('last' as const, 'minimum' as const), count: small }),
  fc.record({ kind: fc.constant('within' as const), days: someDays }),
  fc.record({ kind: fc.constant('each' as const), period: fc.constantFrom(...periods), count: small }),
  fc.record({ kind: fc.constant('each-within' as const), period: fc.constantFrom(...periods), days: someDays }),
)
const orAll = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
const set: fc.Arbitrary<RetentionRules> = fc.record({
  name: fc.constantFrom('', 'critical_data'),
  types: orAll(fc.subarray([...backupTypes], { minLength: 1 })),
  schedules: orAll(fc.constantFrom(['nightly'], ['nightly', 'weekly'])),
  services: orAll(fc.constantFrom(['web'], ['db'], ['mail'])),
  rules: fc.array(rule, { maxLength: 3, size: 'max' }),
  legalHold: rarely(true, false),
})
const policy: fc.Arbitrary<RetentionPolicy> = fc.record({
  zone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Auckland'),
  sets: fc.array(set, { minLength: 1, maxLength: 3 }),
  graceMs: fc.constantFrom(0, day, 7 * day),
  batchSize: fc.constantFrom(1, 3, 100),
})

test('decides as the rules say, backup by backup', () => {
  let [went, stayed] = [0, 0]
  fc.assert(
    fc.property(backups, policy, (all, rules) => {
      const decisions = decideRetention(all, rules, now)
      expect(decisions.map(({ backup, keep, expiresAt }) => ({ backup, keep, expiresAt }))).toEqual(
        modelDecides(all, rules, now),
      )
      for (const { keep, reasons, held } of decisions) {
        if (reasons.length === 0) throw new Error('a decision without a reason')
        if (held && !keep) throw new Error('a hold that does not hold')
        if (keep) stayed++
        else went++
      }
    }),
    { numRuns: 2000 },
  )
  expect(Math.min(went, stayed)).toBeGreaterThan(3000)
})

test('the order in which backups are given decides nothing', () => {
  fc.assert(
    fc.property(backups, policy, (all, rules) => {
      const byId = (decisions: ReturnType<typeof decideRetention>) =>
        decisions.toSorted((a, b) => (a.backup < b.backup ? -1 : 1))
      const keeps = (decisions: ReturnType<typeof decideRetention>) =>
        byId(decisions).map(({ backup, keep, expiresAt }) => [backup, keep, expiresAt])
      expect(keeps(decideRetention(all.toReversed(), rules, now))).toEqual(keeps(decideRetention(all, rules, now)))
    }),
    { numRuns: 300 },
  )
})

test('another rule, another pin or a longer grace never lets more go', () => {
  fc.assert(
    fc.property(backups, policy, set, fc.nat(most), (all, rules, more, number) => {
      const kept = (backups: readonly RetentionBackup[], policy: RetentionPolicy) =>
        decideRetention(backups, policy, now)
          .filter(({ keep }) => keep)
          .map(({ backup }) => backup)
      const before = kept(all, rules)
      const alike = { ...rules.sets[0]!, rules: [...rules.sets[0]!.rules, ...more.rules] }
      // a first rule that lets go makes an end of a set that let nothing go
      const letsGo = rules.sets[0]!.rules.some(
        (rule) => rule.kind !== 'minimum' && ('days' in rule ? rule.days : rule.count) > 0,
      )
      if (letsGo)
        expect(kept(all, { ...rules, sets: [alike, ...rules.sets.slice(1)] })).toEqual(expect.arrayContaining(before))
      const pinned = all.map((one, at) => (at === number ? { ...one, pinned: true } : one))
      expect(kept(pinned, rules)).toEqual(expect.arrayContaining(before))
    }),
    { numRuns: 500 },
  )
})

test('cleaned up day by day, nothing that remains ever misses what it needs, and what goes is gone in the end', () => {
  fc.assert(
    fc.property(backups, policy, (all, rules) => {
      // in a ring there is no order in which nothing is missed
      let present = all.map((one) => ({ ...one, needs: one.needs.filter((id) => id < one.id) }))
      let time = now
      for (let round = 0; round < 200; round++) {
        const decisions = decideRetention(present, rules, time)
        const plan = planCleanup(present, decisions, time)
        const keeps = new Map(decisions.map((decision) => [decision.backup, decision.keep]))
        for (const id of plan.delete) {
          if (keeps.get(id)) throw new Error(`deletes ${id}, which stays`)
          const since = Math.min(present.find((one) => one.id === id)?.expiringSince ?? time, time)
          if (time < since + rules.graceMs) throw new Error(`${id} is deleted before its grace is over`)
          const needing = present.filter((one) => one.id !== id && one.state !== 'gone' && one.needs.includes(id))
          present = present.filter((one) => one.id !== id)
          if (needing.length > 0) throw new Error(`${id} is deleted, and ${needing[0]!.id} needs it`)
        }
        const marked = (one: RetentionBackup) =>
          plan.mark.includes(one.id) ? time : plan.unmark.includes(one.id) ? null : one.expiringSince
        present = present.map((one) => ({ ...one, expiringSince: marked(one) }))
        if (plan.next === null) break
        expect(plan.next).toBeGreaterThanOrEqual(time)
        time = Math.max(plan.next, time)
      }
      const left = decideRetention(present, rules, time)
      expect(left.filter(({ keep }) => !keep)).toEqual([])
    }),
    { numRuns: 400 },
  )
})
