import type { Period, RetentionBackup, RetentionRule, RetentionRules } from '../../model/retention.ts'
import { dateOfDay, dayMs, dayOf, daysOf, weekdayOf } from './civil.ts'
import type { Zone } from './zone.ts'

/** What one set of rules says of each backup. Backups of the same services and the same state are counted together. */

/** A backup under judgement: why it stays, why it does not. */
export interface Case {
  readonly backup: RetentionBackup
  readonly stays: string[]
  readonly goes: string[]
  /** What it needs of those that are there. */
  readonly needs: Case[]
  /** From when on it may be deleted; null while it stays, or is not judged yet. */
  expiresAt: number | null
}

/** Rules that are switched on, and let something go: a minimum alone does not. */
export function letsGo({ rules }: RetentionRules): boolean {
  return rules.some((rule) => isOn(rule) && rule.kind !== 'minimum')
}

/** Whether any rule of it says anything. */
export function isSpeaking({ rules }: RetentionRules): boolean {
  return rules.some(isOn)
}

function isOn(rule: RetentionRule): boolean {
  return rule.kind === 'within' || rule.kind === 'each-within' ? rule.days > 0 : rule.count > 0
}

export function isFor(set: RetentionRules, backup: RetentionBackup): boolean {
  if (set.types === null ? backup.type === 'safety' : !set.types.includes(backup.type)) return false
  if (set.schedules !== null && (backup.schedule === null || !set.schedules.includes(backup.schedule))) return false
  return set.services === null || backup.services.some((service) => set.services?.includes(service))
}

/** Judges backups that all belong together, the newest first. Gives those that stay. */
export function judge(set: RetentionRules, newestFirst: readonly Case[], zone: Zone, now: number): Set<Case> {
  const staying = new Set<Case>()
  const state = newestFirst[0]?.backup.state
  const notes = [set.name, state === 'good' ? '' : state].filter((note) => note)
  const note = notes.length === 0 ? '' : ` (${notes.join(', ')})`
  const stay = (one: Case, why: string) => {
    one.stays.push(why + note)
    staying.add(one)
  }
  const go = (one: Case, why: string) => {
    one.goes.push(why + note)
  }
  for (const rule of set.rules) {
    if (!isOn(rule)) continue
    switch (rule.kind) {
      case 'last':
        for (const [at, one] of newestFirst.entries())
          if (at < rule.count) stay(one, `newest #${at + 1} of ${rule.count}`)
          else go(one, `newest #${at + 1} > keep ${rule.count}`)
        break
      case 'minimum':
        for (const [at, one] of newestFirst.slice(0, rule.count).entries())
          stay(one, `minimum #${at + 1} of ${rule.count}`)
        break
      case 'within':
        for (const one of newestFirst)
          if (one.backup.createdAt >= now - rule.days * dayMs) stay(one, `within ${counted(rule.days)}`)
          else go(one, `older than ${counted(rule.days)}`)
        break
      case 'each':
        eachPeriod(newestFirst, rule.period, zone, go, (one, rank) => {
          if (rank <= rule.count) stay(one, `${adverbs[rule.period]} #${rank} of ${rule.count}`)
          else go(one, `${adverbs[rule.period]} #${rank} > keep ${rule.count}`)
        })
        break
      case 'each-within':
        eachPeriod(newestFirst, rule.period, zone, go, (one) => {
          if (one.backup.createdAt >= now - rule.days * dayMs)
            stay(one, `${adverbs[rule.period]} within ${counted(rule.days)}`)
          else go(one, `${adverbs[rule.period]} older than ${counted(rule.days)}`)
        })
        break
    }
  }
  return staying
}

const adverbs: Record<Period, string> = {
  day: 'daily',
  week: 'weekly',
  month: 'monthly',
  quarter: 'quarterly',
  year: 'yearly',
}

function counted(days: number): string {
  return days === 1 ? '1 day' : `${days} days`
}

/** The newest of each period is taken, with the number of its period, counted from the newest; the others go. */
function eachPeriod(
  newestFirst: readonly Case[],
  period: Period,
  zone: Zone,
  go: (one: Case, why: string) => void,
  take: (one: Case, rank: number) => void,
): void {
  const seen = new Set<string>()
  let [day, label, hasNewer] = [Number.NaN, '', '']
  for (const one of newestFirst) {
    const { createdAt } = one.backup
    const days = dayOf(createdAt + zone.offsetAt(createdAt))
    const before = label
    if (days !== day) label = periodOf(days, period)
    day = days
    if (label !== before) hasNewer = `${adverbs[period]}: ${label} has a newer one`
    // A clock that was set back over midnight shows the day before again: one period need not be one stretch.
    if (label === before || seen.has(label)) go(one, hasNewer)
    else {
      seen.add(label)
      take(one, seen.size)
    }
  }
}

/** Of a day since 1970: `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, `2026`. */
function periodOf(days: number, period: Period): string {
  const { year, month, day } = dateOfDay(days)
  switch (period) {
    case 'day':
      return `${year}-${two(month)}-${two(day)}`
    case 'week':
      return isoWeek(days)
    case 'month':
      return `${year}-${two(month)}`
    case 'quarter':
      return `${year}-Q${Math.ceil(month / 3)}`
    case 'year':
      return String(year)
  }
}

/** Weeks begin on Monday and belong to the year of their Thursday (ISO 8601). */
function isoWeek(days: number): string {
  const thursday = days - ((weekdayOf(days) + 6) % 7) + 3
  const { year } = dateOfDay(thursday)
  return `${year}-W${two(Math.floor((thursday - daysOf(year, 1, 1)) / 7) + 1)}`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
