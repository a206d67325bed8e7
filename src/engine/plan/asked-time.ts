import { BackupError } from '../../model/errors.ts'
import { isoOf } from '../../model/instant.ts'
import { dayMs, dayOf, daysOf, hourMs, localText, minuteMs, secondMs } from './civil.ts'
import type { Zone } from './zone.ts'

/** A point in time as a person writes it. */
export interface AskedTime {
  /** Milliseconds since 1970. */
  readonly instant: number
  /** On the clock of the zone, for people: `2026-11-20 03:00 Europe/Berlin`. */
  readonly text: string
}

const forms =
  'write it as "2026-11-20 03:00", 2026-11-20 (the first moment of that day), "yesterday 03:00", or with its offset: 2026-11-20T03:00:00Z, 2026-11-20T03:00+01:00'

const written =
  /^(?:(\d{4})-(\d\d)-(\d\d)|(today|yesterday))(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/i

/**
 * Reads ISO 8601 (with an offset, or without one on the clock of `zone`), `2026-11-20 03:00`, a date alone, which is the
 * first moment of that day, and `yesterday 03:00`.
 *
 * @param now milliseconds since 1970: what lies after it cannot be asked for.
 * @throws E_USAGE for anything else, and for a local time that the clock left out or showed twice.
 */
export function readTime(text: string, zone: Zone, now: number): AskedTime {
  const shown = JSON.stringify(text)
  const wrong = (why: string, hint = forms) => new BackupError('E_USAGE', `the time ${shown} ${why}`, hint)
  const match = written.exec(text.trim())
  if (match === null) throw wrong('is not understood')
  const [, year, month, day, word, hour = '0', minute = '0', second = '0', fraction = '', offset] = match
  const today = dayOf(now + zone.offsetAt(now))
  const days =
    word === undefined
      ? daysOf(Number(year), Number(month), Number(day))
      : today - (word.toLowerCase() === 'yesterday' ? 1 : 0)
  if (word === undefined && !isDate(Number(year), Number(month), Number(day))) throw wrong('is on no calendar')
  if (word !== undefined && offset !== undefined) throw wrong('has a day of this zone and the offset of another')
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) throw wrong('is on no clock')
  const local =
    days * dayMs +
    Number(hour) * hourMs +
    Number(minute) * minuteMs +
    Number(second) * secondMs +
    Math.floor(Number(`0.${fraction || '0'}`) * secondMs)
  const instant = offset === undefined ? fromLocal(local) : local - offsetOf(offset)
  if (instant > now) throw wrong('has not come yet', 'name a time that has passed, or restore latest')
  return { instant, text: timeIn(zone, instant) }

  function offsetOf(offset: string): number {
    if (/^z$/i.test(offset)) return 0
    const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(-2))]
    if (hours > 14 || minutes > 59) throw wrong('has an offset that no zone has')
    return (offset.startsWith('-') ? -1 : 1) * (hours * hourMs + minutes * minuteMs)
  }

  function fromLocal(local: number): number {
    const around = [zone.offsetAt(local - dayMs), zone.offsetAt(local), zone.offsetAt(local + dayMs)]
    const fits = [...new Set(around)].map((ahead) => local - ahead).filter((at) => at + zone.offsetAt(at) === local)
    const [only, other] = fits.toSorted((a, b) => a - b)
    // A date alone is its first moment, which is always one.
    if (match?.[5] === undefined) return only ?? local - zone.offsetAt(local - dayMs)
    if (only === undefined)
      throw wrong(
        `does not exist in ${zone.name}: the clock was set ahead over it`,
        'write it with its offset from UTC',
      )
    if (other === undefined) return only
    const both = [only, other].map((at) => isoOf(at).replace('.000Z', 'Z'))
    throw wrong(`came twice in ${zone.name}: the clock was set back`, `say which: ${both.join(' or ')}`)
  }
}

/** `2026-11-20 03:00 Europe/Berlin` */
export function timeIn(zone: Zone, instant: number): string {
  return `${localText(instant + zone.offsetAt(instant))} ${zone.name}`
}

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  const next = month === 12 ? daysOf(year + 1, 1, 1) : daysOf(year, month + 1, 1)
  return day <= next - daysOf(year, month, 1)
}
