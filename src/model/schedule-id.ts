import { parseCron } from './cron.ts'
import type { Schedule } from './schedule.ts'

const longestId = 60

/** `Nightly, all` is nightly-all. A name without a letter of these gives what its type and times do: full-0200. Pure. */
export function scheduleIdOf({ name, type, cron }: Pick<Schedule, 'name' | 'type' | 'cron'>): string {
  const id = slug(name)
  return id === '' ? slug(`${type} ${timesIn(cron)}`) : id
}

/** The id, or the first of id-2, id-3, … that is not taken. Pure. */
export function freeScheduleId(id: string, taken: readonly string[]): string {
  for (let count = 1; ; count++) {
    const free = count === 1 ? id : `${id}-${count}`
    if (!taken.includes(free)) return free
  }
}

/** `0200` where it is once a day, else the expression with an x for each star. */
function timesIn(text: string): string {
  const reading = parseCron(text)
  if (reading.kind === 'problem') return 'schedule'
  const { minutes, hours, seconds, daysOfMonth, months, weekdays } = reading.cron
  const isDaily = daysOfMonth.length === 31 && months.length === 12 && weekdays.length === 7
  const isOnce = minutes.length === 1 && hours.length === 1 && seconds.length === 1 && seconds[0] === 0
  if (isDaily && isOnce) return `${twoDigits(hours[0]!)}${twoDigits(minutes[0]!)}`
  return text.replaceAll('*', 'x')
}

function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, longestId)
    .replace(/-$/, '')
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
