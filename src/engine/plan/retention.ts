import type { RetentionBackup, RetentionDecision, RetentionPolicy } from '../../model/retention.ts'
import { type Case, isFor, isSpeaking, judge, letsGo } from './retention-rules.ts'
import { openZone } from './zone.ts'

/**
 * Which backups stay and which go, and why; one decision for each, in the order given.
 *
 * A backup stays if any rule of any set keeps it. Over every policy:
 * - Where no rule lets anything go, everything stays; so does what no rule is for.
 * - What a backup that stays needs, stays.
 * - The newest good and the newest verified backup of each service stay.
 * - Incomplete and damaged backups are counted apart, each among their like: they take no good one's place, and no
 *   good one takes theirs. The newest of a service that has no better one stays.
 * - What is dated in the future stays and counts for nothing. So does what is gone, which needs nothing any more.
 * - Pins and holds.
 *
 * @throws E_CONFIG for an unknown zone
 */
export function decideRetention(
  backups: readonly RetentionBackup[],
  policy: RetentionPolicy,
  now: number,
): RetentionDecision[] {
  const cases = openCases(backups)
  const counted = cases
    .filter(({ backup }) => backup.state !== 'gone' && backup.createdAt <= now)
    .sort((a, b) => newestFirst(a.backup, b.backup))
  const { covered, held } = judgeAll(counted, policy, now)
  keepNewest(counted)

  const nothingGoes = !policy.sets.some(letsGo)
  for (const one of cases) {
    const { backup, stays } = one
    if (backup.state === 'gone') stays.push('missing from archives: nothing to delete')
    else if (!(backup.createdAt <= now)) stays.push('dated in the future')
    else if (nothingGoes) stays.push('no rule lets anything go')
    else if (!covered.has(one))
      stays.push(backup.type === 'safety' ? 'no rule is for safety backups' : 'no rule is for it')
    if (backup.pinned) stays.unshift('pinned')
    if (backup.legalHold !== null) stays.unshift(`legal hold: ${backup.legalHold}`)
  }
  const dependents = dependentsOf(cases)
  keepNeeded(cases, dependents)
  setExpiry(cases, dependents, policy, now)
  return cases.map((one) => {
    const { backup, stays, goes, expiresAt } = one
    const keep = stays.length > 0
    return {
      backup: backup.id,
      keep,
      held: backup.legalHold !== null || held.has(one),
      reasons: keep ? stays : goes,
      expiresAt,
    }
  })
}

function openCases(backups: readonly RetentionBackup[]): Case[] {
  const cases = backups.map((backup): Case => ({ backup, stays: [], goes: [], needs: [], expiresAt: null }))
  const byId = new Map(cases.map((one) => [one.backup.id, one]))
  for (const one of cases) {
    if (one.backup.state === 'gone') continue
    for (const id of one.backup.needs) {
      const needed = byId.get(id)
      if (needed !== undefined && needed !== one && !one.needs.includes(needed)) one.needs.push(needed)
    }
  }
  return cases
}

/** By age; of two of one time, the id decides, so that the order does not depend on the one given. */
export function newestFirst(a: RetentionBackup, b: RetentionBackup): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)
}

/** Asks every set of rules. Gives those that a set which lets go is for, and those that a set holds. */
function judgeAll(
  counted: readonly Case[],
  policy: RetentionPolicy,
  now: number,
): { covered: Set<Case>; held: Set<Case> } {
  const zone = openZone(policy.zone)
  const alike = ({ backup: { state, services } }: Case) => {
    const names = services.length < 2 ? services.join() : services.toSorted().join('\n')
    return `${state} ${names}`
  }
  const groups = [...Map.groupBy(counted, alike).values()]
  const covered = new Set<Case>()
  const held = new Set<Case>()
  for (const set of policy.sets) {
    for (const group of groups) {
      const mine = group.filter(({ backup }) => isFor(set, backup))
      const staying = judge(set, mine, zone, now)
      if (letsGo(set)) for (const one of mine) covered.add(one)
      if (!set.legalHold) continue
      for (const one of isSpeaking(set) ? staying : mine) {
        held.add(one)
        one.stays.unshift(`legal hold: ${set.name}`)
      }
    }
  }
  return { covered, held }
}

/** The newest good and the newest verified backup of each service; where there is none, the best that there is. */
function keepNewest(counted: readonly Case[]): void {
  const newest = new Map<string, Map<string, Case>>()
  const note = (found: Map<string, Case>, what: string, one: Case) => {
    if (!found.has(what)) found.set(what, one)
  }
  for (const one of counted) {
    const { type, services, state, verified } = one.backup
    if (type === 'safety') continue
    for (const service of services) {
      const found = newest.get(service) ?? new Map<string, Case>()
      newest.set(service, found)
      note(found, state, one)
      if (verified) note(found, `verified ${state}`, one)
    }
  }
  for (const [service, found] of newest) {
    const [good, incomplete, damaged] = [found.get('good'), found.get('incomplete'), found.get('damaged')]
    if (good !== undefined) good.stays.push(`newest good backup of ${service}`)
    else if (incomplete !== undefined)
      incomplete.stays.push(`newest backup of ${service}, though incomplete: there is no good one`)
    else damaged?.stays.push(`newest backup of ${service}, though damaged: there is no better one`)
    const verified = found.get('verified good') ?? found.get('verified incomplete')
    verified?.stays.push(`newest verified backup of ${service}`)
  }
}

/** For each backup that is needed, those that need it. */
type Dependents = ReadonlyMap<Case, readonly Case[]>

function dependentsOf(cases: readonly Case[]): Dependents {
  const dependents = new Map<Case, Case[]>()
  for (const one of cases) {
    for (const needed of one.needs) {
      const known = dependents.get(needed)
      if (known === undefined) dependents.set(needed, [one])
      else known.push(one)
    }
  }
  return dependents
}

/** What a backup that stays needs stays, and what that needs, and so on. */
function keepNeeded(cases: readonly Case[], dependents: Dependents): void {
  const staying = new Set(cases.filter(({ stays }) => stays.length > 0))
  const waiting = [...staying]
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    for (const needed of one.needs) {
      if (staying.has(needed)) continue
      staying.add(needed)
      waiting.push(needed)
    }
  }
  for (const [needed, those] of dependents) {
    if (!staying.has(needed) || needed.backup.state === 'gone') continue
    const [newest, ...others] = those
      .filter((one) => staying.has(one))
      .map(({ backup }) => backup)
      .sort(newestFirst)
    if (newest === undefined) continue
    needed.stays.push(`needed by ${newest.id}${others.length === 0 ? '' : ` and ${others.length} more`}`)
  }
}

/** What goes may be deleted after its grace, and not before what needs it. */
function setExpiry(cases: readonly Case[], dependents: Dependents, { graceMs }: RetentionPolicy, now: number): void {
  const going = cases.filter(({ stays }) => stays.length === 0)
  // A mark from the future counts from now: the clock was wrong then, or is.
  const own = ({ backup }: Case) => Math.min(backup.expiringSince ?? now, now) + Math.max(0, graceMs)
  for (const one of going) one.expiresAt = own(one)
  const waiting = [...going]
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    for (const needed of one.needs) {
      if (needed.expiresAt === null || one.expiresAt === null || needed.expiresAt >= one.expiresAt) continue
      needed.expiresAt = one.expiresAt
      waiting.push(needed)
    }
  }
  for (const one of going) {
    if (one.expiresAt === own(one)) continue
    const last = dependents.get(one)?.find((dependent) => dependent.expiresAt === one.expiresAt)
    if (last !== undefined) one.goes.push(`needed by ${last.backup.id} until that is deleted`)
  }
}
