import { formatAge } from '../../model/units.ts'

/** How backups and times are called on a screen. */

/** The part of an id that tells it from others made at the same time: `7f3k`. */
export function shortId(id: string): string {
  return id.slice(id.lastIndexOf('-') + 1)
}

/** `2026-11-20 02:00Z`; what is no time as it is. */
export function momentText(iso: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(iso) ? `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z` : iso
}

/** `11-20 02:00`, in UTC: where the year goes without saying. */
export function shortMoment(iso: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(iso) ? `${iso.slice(5, 10)} ${iso.slice(11, 16)}` : iso
}

/** `8m ago`, `just now`; `now` is the beginning of a minute, so that less than a minute is now. */
export function agoText(iso: string, now: number): string {
  const age = ageText(iso, now)
  return age === 'now' ? 'just now' : `${age} ago`
}

/** `8m`, `now`. */
export function ageText(iso: string, now: number): string {
  const ms = now - Date.parse(iso)
  return ms < 60_000 ? 'now' : formatAge(ms)
}
