import type { Period, RetentionBackup, RetentionRule, RetentionRules } from '../../model/retention.ts'
import { dateOfDay, dayMs, dayOf, daysOf, weekdayOf } from './civil.ts'
import type { Zone } from './zone.ts'

/** What one set of rules says of each backup. Backups of the same services and the same state are counted together. */

/**
 * A backup under judgement: why it stays, why it does not. There may be a hundred thousand, most of which go for
 * several reasons: what each takes in memory is what the whole judgement takes in time.
 */
export class Case {
  readonly backup: RetentionBackup
  /** A set that lets something go is for it. */
  isCovered = false
  /** A set holds it. */
  isHeld = false
  /** It stays, or something does that needs it. */
  isStaying = false
  /** From when on it may be deleted; null while it stays, or is not judged yet. */
  expiresAt: number | null = null
  // A list is made when there is something to put into it.
  #stays: string[] | null = null
  #goes: string[] | null = null
  #needs: readonly Case[] | null = null
  #dependents: Case[] | null = null
  #day: number | null = null

  constructor(backup: RetentionBackup) {
    this.backup = backup
  }

  /** What it needs of those that are there. It is looked up once, and then it is a dependent of theirs. */
  needsIn(byId: ReadonlyMap<string, Case>): readonly Case[] {
    this.#needs ??= this.#lookUp(byId)
    return this.#needs
  }

  /** What needs it, of those whose needs were looked up. */
  get dependents(): readonly Case[] {
    return this.#dependents ?? noCases
  }

  /** Something was said for it. */
  get keep(): boolean {
    return this.#stays !== null
  }

  /** Why it stays, else why it goes. */
  get reasons(): readonly string[] {
    return this.#stays ?? this.#goes ?? noReasons
  }

  stay(why: string): void {
    if (this.#stays === null) this.#stays = [why]
    else this.#stays.push(why)
  }

  /** Over all other reasons. */
  stayAboveAll(why: string): void {
    if (this.#stays === null) this.#stays = [why]
    else this.#stays.unshift(why)
  }

  go(why: string): void {
    if (this.#goes === null) this.#goes = [why]
    else this.#goes.push(why)
  }

  #lookUp(byId: ReadonlyMap<string, Case>): readonly Case[] {
    if (this.backup.state === 'gone') return noCases
    const needs: Case[] = []
    for (const id of this.backup.needs) {
      const other = byId.get(id)
      // Whoever names it twice was the last to say so.
      if (other === undefined || other === this || other.#dependents?.at(-1) === this) continue
      needs.push(other)
      if (other.#dependents === null) other.#dependents = [this]
      else other.#dependents.push(this)
    }
    return needs
  }

  /** The day it was made on, as the zone's calendar has it: days since 1970. */
  dayIn(zone: Zone): number {
    if (this.#day === null) {
      const { createdAt } = this.backup
      this.#day = dayOf(createdAt + zone.offsetAt(createdAt))
    }
    return this.#day
  }
}

const noCases: readonly Case[] = []
const noReasons: readonly string[] = []

/** Rules that are switched on, and let something go: a minimum alone does not. */
export function letsGo({ rules }: RetentionRules): boolean {
  return rules.some((rule) => isOn(rule) && rule.kind !== 'minimum')
}

/** Whether any rule of it says anything. */
function isSpeaking({ rules }: RetentionRules): boolean {
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

/** What is said of many, made once: by what is said, and then by rank. */
export type Sayings = Map<string, string[]>

/** Judges backups that all belong together, the newest first. What a set that holds keeps is held. */
export function judge(
  set: RetentionRules,
  newestFirst: readonly Case[],
  zone: Zone,
  now: number,
  sayings: Sayings,
): void {
  const holds = set.legalHold ? new Set(isSpeaking(set) ? [] : newestFirst) : null
  const state = newestFirst[0]?.backup.state
  const notes = [set.name, state === 'good' ? '' : state].filter((note) => note)
  const note = notes.length === 0 ? '' : ` (${notes.join(', ')})`
  const stay = (one: Case, why: string) => {
    one.stay(why + note)
    holds?.add(one)
  }
  /** `why` has the note already: it is often the same for many. */
  const go = (one: Case, why: string) => {
    one.go(why)
  }
  for (const rule of set.rules) {
    if (!isOn(rule)) continue
    switch (rule.kind) {
      case 'last': {
        const tail = ` > keep ${rule.count}${note}`
        const said = sayings.get(tail) ?? []
        sayings.set(tail, said)
        for (let at = 0; at < newestFirst.length; at++) {
          const one = newestFirst[at] as Case // within its length
          if (at < rule.count) stay(one, `newest #${at + 1} of ${rule.count}`)
          else {
            const why = said[at] ?? `newest #${at + 1}${tail}`
            said[at] = why
            go(one, why)
          }
        }
        break
      }
      case 'minimum':
        for (const [at, one] of newestFirst.slice(0, rule.count).entries())
          stay(one, `minimum #${at + 1} of ${rule.count}`)
        break
      case 'within': {
        const [young, old] = [`within ${counted(rule.days)}`, `older than ${counted(rule.days)}${note}`]
        for (const one of newestFirst)
          if (one.backup.createdAt >= now - rule.days * dayMs) stay(one, young)
          else go(one, old)
        break
      }
      case 'each':
        eachPeriod(newestFirst, rule.period, zone, note, go, (one, rank) => {
          if (rank <= rule.count) stay(one, `${adverbs[rule.period]} #${rank} of ${rule.count}`)
          else go(one, `${adverbs[rule.period]} #${rank} > keep ${rule.count}${note}`)
        })
        break
      case 'each-within':
        eachPeriod(newestFirst, rule.period, zone, note, go, (one) => {
          if (one.backup.createdAt >= now - rule.days * dayMs)
            stay(one, `${adverbs[rule.period]} within ${counted(rule.days)}`)
          else go(one, `${adverbs[rule.period]} older than ${counted(rule.days)}${note}`)
        })
        break
    }
  }
  for (const one of holds ?? []) {
    one.isHeld = true
    one.stayAboveAll(`legal hold: ${set.name}`)
  }
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
  note: string,
  go: (one: Case, why: string) => void,
  take: (one: Case, rank: number) => void,
): void {
  const seen = new Set<string>()
  let [day, label, hasNewer] = [Number.NaN, '', '']
  for (const one of newestFirst) {
    const days = one.dayIn(zone)
    const before = label
    if (days !== day) label = periodOf(days, period)
    day = days
    if (label !== before) hasNewer = `${adverbs[period]}: ${label} has a newer one${note}`
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
