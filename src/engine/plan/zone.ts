import { nearest } from '../../model/configuration-keys.ts'
import { BackupError } from '../../model/errors.ts'
import { dayMs, dayOf, daysOf, hourMs, minuteMs, secondMs } from './civil.ts'

/** A time zone's clock: by how much it is ahead of UTC, and when that changes. From the tzdata that Intl carries. */
export interface Zone {
  readonly name: string
  /** Milliseconds to add to an instant for the local time. */
  offsetAt(instant: number): number
  /** The first change of the offset after `from` and not after `until`. */
  changeBetween(from: number, until: number): ZoneChange | null
}

/** The clock is set: ahead, and local times are left out; or back, and local times come twice. */
export interface ZoneChange {
  /** The first instant with the new offset. */
  readonly at: number
  readonly before: number
  readonly after: number
}

/** One day of UTC: its offset, or the change in it. No zone has ever had two changes within one. */
type Day = number | ZoneChange

const mostDays = 20_000
const zones = new Map<string, Zone>()

/** @throws E_CONFIG for a name that is none of the IANA time zones. */
export function openZone(name: string): Zone {
  const known = zones.get(name)
  if (known !== undefined) return known
  const zone = zoneOf(name, offsets(name))
  zones.set(name, zone)
  return zone
}

function zoneOf(name: string, readOffset: (instant: number) => number): Zone {
  const days = new Map<number, Day>()

  function look(day: number): Day {
    const found = days.get(day)
    if (found !== undefined) return found
    if (days.size >= mostDays) days.clear() // a memory of what was computed, no more
    const [from, until] = [day * dayMs, (day + 1) * dayMs]
    const [before, after] = [readOffset(from), readOffset(until)]
    const looked = before === after ? before : { at: findChange(from, until, before), before, after }
    days.set(day, looked)
    return looked
  }

  /** The first second that no longer has the offset `before`; the day ends without it. */
  function findChange(from: number, until: number, before: number): number {
    let [low, high] = [from / secondMs, until / secondMs]
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (readOffset(middle * secondMs) === before) low = middle
      else high = middle
    }
    return high * secondMs
  }

  return {
    name,
    offsetAt(instant) {
      const day = look(dayOf(instant))
      if (typeof day === 'number') return day
      return instant < day.at ? day.before : day.after
    },
    changeBetween(from, until) {
      for (let day = dayOf(from); day * dayMs < until; day++) {
        const change = look(day)
        if (typeof change !== 'number' && change.at > from && change.at <= until) return change
      }
      return null
    },
  }
}

function offsets(name: string): (instant: number) => number {
  const format = formatOf(name)
  return (instant) => {
    // 11/21/2026, 02:00:00
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (
      format.format(instant).match(/\d+/g) ?? []
    ).map(Number)
    const local = daysOf(year, month, day) * dayMs + hour * hourMs + minute * minuteMs + second * secondMs
    return local - Math.floor(instant / secondMs) * secondMs
  }
}

function formatOf(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  } catch (error) {
    const near = nearest(name, Intl.supportedValuesOf('timeZone'))
    const hint = near === null ? 'name one such as Europe/Berlin or UTC' : `did you mean ${near}?`
    throw new BackupError('E_CONFIG', `time zone ${JSON.stringify(name)} is not known`, hint, error)
  }
}
