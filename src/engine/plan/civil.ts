/**
 * Dates and times of day as a wall clock shows them, without a zone.
 *
 * A local time is a number: the milliseconds that 1970-01-01T00:00 on that clock lies back. It is an instant plus the
 * zone's offset. Proleptic Gregorian calendar; days and dates by the algorithms of Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms".
 */

export const secondMs = 1000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

export interface CivilDate {
  readonly year: number
  /** 1 is January. */
  readonly month: number
  readonly day: number
}

/** Whole days since 1970-01-01 of a local time. */
export function dayOf(local: number): number {
  return Math.floor(local / dayMs)
}

export function dateOfDay(days: number): CivilDate {
  const shifted = days + 719_468 // since 0000-03-01, so that a leap day ends its year
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

export function daysOf(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const yearOfEra = shiftedYear - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** 0 is Sunday. */
export function weekdayOf(days: number): number {
  return (((days + 4) % 7) + 7) % 7
}

const two = (value: number): string => String(value).padStart(2, '0')

/** `2026-11-21` */
export function dateText(local: number): string {
  const { year, month, day } = dateOfDay(dayOf(local))
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
}

/** `02:00`, or `02:00:30` where there are seconds. */
export function timeText(local: number): string {
  const seconds = Math.floor((local - dayOf(local) * dayMs) / secondMs)
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`
  return seconds % 60 === 0 ? text : `${text}:${two(seconds % 60)}`
}

/** `2026-11-21 02:00` */
export function localText(local: number): string {
  return `${dateText(local)} ${timeText(local)}`
}
