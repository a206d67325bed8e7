import type { RetentionBackup, RetentionDecision, RetentionPolicy } from '../../model/retention.ts'
import { dayMs } from './civil.ts'
import { Case, isFor, judge, letsGo, type Sayings } from './retention-rules.ts'
import { openZone } from './zone.ts'

/** A restore that was a mistake is noticed within a week, or its safety backup is older than what came since. */
const safetyDays = 7

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
 * - Safety backups, for which there are no rules, stay for seven days and then go.
 * - Pins and holds.
 *
 * @throws E_CONFIG for an unknown zone
 */
export function decideRetention(
  backups: readonly RetentionBackup[],
  policy: RetentionPolicy,
  now: number,
): RetentionDecision[] {
  const cases = backups.map((backup) => new Case(backup))
  const counted = cases
    .filter(({ backup }) => backup.state !== 'gone' && backup.createdAt <= now)
    .sort((a, b) => newestFirst(a.backup, b.backup))
  judgeAll(counted, policy, now)
  keepNewest(counted)

  const nothingGoes = !policy.sets.some(letsGo)
  for (const one of cases) {
    const { backup } = one
    if (backup.state === 'gone') one.stay('missing from archives: nothing to delete')
    else if (!(backup.createdAt <= now)) one.stay('dated in the future')
    else if (nothingGoes) one.stay('no rule lets anything go')
    else if (backup.type === 'safety' && backup.createdAt >= now - safetyDays * dayMs)
      one.stay(`safety backup within ${safetyDays} days`)
    else if (!one.isCovered && backup.type !== 'safety') one.stay('no rule is for it')
    else if (!one.isCovered) one.go(`safety backup older than ${safetyDays} days`)
    if (backup.pinned) one.stayAboveAll('pinned')
    if (backup.legalHold !== null) one.stayAboveAll(`legal hold: ${backup.legalHold}`)
  }
  const byId = new Map<string, Case>()
  for (const one of cases) byId.set(one.backup.id, one)
  keepNeeded(cases, byId)
  setExpiry(cases, byId, policy, now)
  return cases.map((one) => ({
    backup: one.backup.id,
    keep: one.keep,
    held: one.backup.legalHold !== null || one.isHeld,
    reasons: one.reasons,
    expiresAt: one.expiresAt,
  }))
}

/** By age; of two of one time, the id decides, so that the order does not depend on the one given. */
export function newestFirst(a: RetentionBackup, b: RetentionBackup): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)
}

/** Asks every set of rules about those it is for. */
function judgeAll(counted: readonly Case[], policy: RetentionPolicy, now: number): void {
  const zone = openZone(policy.zone)
  const groups = groupsOf(counted)
  const sayings: Sayings = new Map()
  for (const set of policy.sets) {
    const covers = letsGo(set)
    for (const group of groups) {
      const mine = group.filter(({ backup }) => isFor(set, backup))
      judge(set, mine, zone, now, sayings)
      if (covers) for (const one of mine) one.isCovered = true
    }
  }
}

/** Those of the same state and the same services, in the order given. */
function groupsOf(counted: readonly Case[]): readonly Case[][] {
  const byState = new Map<string, Map<string, Case[]>>()
  for (const one of counted) {
    const { state, services } = one.backup
    const names = services.length === 1 ? (services[0] ?? '') : services.toSorted().join('\n')
    let byNames = byState.get(state)
    if (byNames === undefined) {
      byNames = new Map()
      byState.set(state, byNames)
    }
    const group = byNames.get(names)
    if (group === undefined) byNames.set(names, [one])
    else group.push(one)
  }
  return [...byState.values()].flatMap((byNames) => [...byNames.values()])
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
    if (good !== undefined) good.stay(`newest good backup of ${service}`)
    else if (incomplete !== undefined)
      incomplete.stay(`newest backup of ${service}, though incomplete: there is no good one`)
    else damaged?.stay(`newest backup of ${service}, though damaged: there is no better one`)
    const verified = found.get('verified good') ?? found.get('verified incomplete')
    verified?.stay(`newest verified backup of ${service}`)
  }
}

/** What a backup that stays needs stays, and what that needs, and so on. */
function keepNeeded(cases: readonly Case[], byId: ReadonlyMap<string, Case>): void {
  const waiting = cases.filter(({ keep }) => keep)
  for (const one of waiting) one.isStaying = true
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    for (const needed of one.needsIn(byId)) {
      if (needed.isStaying) continue
      needed.isStaying = true
      waiting.push(needed)
    }
  }
  for (const needed of cases) {
    if (!needed.isStaying || needed.backup.state === 'gone') continue
    let newest: RetentionBackup | null = null
    let count = 0
    for (const { isStaying, backup } of needed.dependents) {
      if (!isStaying) continue
      count++
      if (newest === null || newestFirst(backup, newest) < 0) newest = backup
    }
    if (newest !== null) needed.stay(`needed by ${newest.id}${count === 1 ? '' : ` and ${count - 1} more`}`)
  }
}

/** What goes may be deleted after its grace, and not before what needs it. */
function setExpiry(
  cases: readonly Case[],
  byId: ReadonlyMap<string, Case>,
  { graceMs }: RetentionPolicy,
  now: number,
): void {
  const going = cases.filter(({ keep }) => !keep)
  // A mark from the future counts from now: the clock was wrong then, or is.
  const own = ({ backup }: Case) => Math.min(backup.expiringSince ?? now, now) + Math.max(0, graceMs)
  let soonest = Number.POSITIVE_INFINITY
  for (const one of going) {
    one.expiresAt = own(one)
    soonest = Math.min(soonest, one.expiresAt)
  }
  // One that goes as soon as any keeps nothing longer: mostly that is all of them, and nothing is looked up.
  const waiting = going.filter(({ expiresAt }) => expiresAt !== soonest)
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    for (const needed of one.needsIn(byId)) {
      if (needed.expiresAt === null || one.expiresAt === null || needed.expiresAt >= one.expiresAt) continue
      needed.expiresAt = one.expiresAt
      waiting.push(needed)
    }
  }
  for (const one of going) {
    if (one.expiresAt === own(one)) continue
    const last = one.dependents.find((dependent) => dependent.expiresAt === one.expiresAt)
    if (last !== undefined) one.go(`needed by ${last.backup.id} until that is deleted`)
  }
}
