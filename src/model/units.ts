/** Sizes, times and ages as people read and write them. Pure; binary units, decimal point, no locale. */

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const

/** Three significant digits: `0 B`, `512 B`, `1.50 KiB`, `12.3 MiB`, `123 GiB`. */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes)
  let unit = 0
  // 999.5 would round up to four digits, so the next unit begins there.
  while (value >= (unit === 0 ? 1024 : 999.5) && unit < byteUnits.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${bytes < 0 ? '-' : ''}${value.toFixed(digits)} ${byteUnits[unit]}`
}

/** `1,234,567` */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 file`, `2 files`; `plural` where an s does not make one. */
export function formatNumberOf(count: number, one: string, plural = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : plural}`
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** `850 ms`, `4.2 s`, `1 min 05 s`, `2 h 03 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < second) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < minute - 50) return `${(ms / second).toFixed(1)} s`
  if (ms < hour - 500) {
    const seconds = Math.round(ms / second)
    return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
  }
  if (ms < day - minute / 2) {
    const minutes = Math.round(ms / minute)
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
  }
  const hours = Math.round(ms / hour)
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** How long ago, in one unit and few letters: `now`, `42s`, `5m`, `3h`, `12d`, `7w`, `3y`. A time ahead of now is `now`. */
export function formatAge(ms: number): string {
  if (ms < second) return 'now'
  if (ms < minute) return `${Math.floor(ms / second)}s`
  if (ms < hour) return `${Math.floor(ms / minute)}m`
  if (ms < 2 * day) return `${Math.floor(ms / hour)}h`
  if (ms < 60 * day) return `${Math.floor(ms / day)}d`
  if (ms < 730 * day) return `${Math.floor(ms / (7 * day))}w`
  return `${Math.floor(ms / (365 * day))}y`
}

/** A remaining time that ticks: `0:07`, `12:30`, `3:00:00`. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / second))
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  const two = (value: number): string => String(value).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

const unitMs: Record<string, number> = { s: second, m: minute, h: hour, d: day, w: 7 * day }

/** Milliseconds of `90s`, `30m`, `2h`, `1d`, `1w` or several of them in a row (`1h30m`); null for anything else. */
export function parseDuration(text: string): number | null {
  if (!/^(\d{1,9}[smhdw])+$/.test(text)) return null
  let total = 0
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) total += Number(count) * unitMs[unit!]!
  return total
}
