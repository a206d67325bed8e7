import { type Cron, monthNames, weekdayNames } from '../../model/cron.ts'
import { hourMs, minuteMs, secondMs, timeText } from './civil.ts'

/** Cron expressions as people say them. Two that mean different times never get the same words. */

const mostTimes = 6

/** `At 02:00, Monday to Friday`, `Every 15 minutes from 09:00 to 17:45`; field by field where it cannot be said well. */
export function cronInWords(cron: Cron): string {
  if (cron.neverFires !== null) return capitalized(cron.neverFires)
  const times = timesInWords(cron)
  const days = daysInWords(cron)
  if (days !== '') return `${times}, ${days}`
  return times.startsWith('At ') ? `${times}, every day` : times
}

function timesInWords(cron: Cron): string {
  const { hours, minutes, seconds } = cron
  const [second = 0] = seconds
  if (seconds.length === 1 && hours.length < 24 && hours.length * minutes.length <= mostTimes) {
    const times = hours.flatMap((hour) => minutes.map((minute) => clock(hour, minute, second)))
    return `At ${list(times, 'and')}`
  }
  return inSteps(cron) ?? fieldByField(cron)
}

/** `Every …` where the times are evenly spaced, all day or in one stretch of it; null where they are not. */
function inSteps({ hours, minutes, seconds }: Cron): string | null {
  const [hour = 0, minute = 0, second = 0] = [hours[0], minutes[0], seconds[0]]
  const until = clock(hours.at(-1) ?? 0, minutes.at(-1) ?? 0, seconds.at(-1) ?? 0)
  const stretch = `from ${clock(hour, minute, second)} to ${until}`
  const allDay = hours.length === 24
  if (seconds.length === 1 && second === 0 && minutes.length === 1) {
    const step = stepOf(hours)
    if (step === null) return null
    if (allDay) return minute === 0 ? 'Every hour' : `Every hour at minute ${minute}`
    return `Every ${counted(step, 'hour')} ${stretch}`
  }
  const inOneStretch = allDay || stepOf(hours) === 1 || hours.length === 1
  if (!inOneStretch) return null
  if (seconds.length === 1 && second === 0) {
    const step = roundStepOf(minutes)
    if (step === null) return null
    const every = `Every ${counted(step, 'minute')}`
    if (!allDay) return `${every} ${stretch}`
    return minute === 0 ? every : `${every} from minute ${minute} of the hour`
  }
  const step = roundStepOf(seconds)
  if (step === null || minutes.length !== 60) return null
  const every = `Every ${counted(step, 'second')}`
  if (!allDay) return `${every} ${stretch}`
  return second === 0 ? every : `${every} from second ${second} of the minute`
}

function fieldByField({ hours, minutes, seconds }: Cron): string {
  const atTheMinute = seconds.length === 1 && seconds[0] === 0
  const every = seconds.length === 60 ? 'second' : atTheMinute && minutes.length === 60 ? 'minute' : null
  const clauses: string[] = []
  if (seconds.length < 60 && !atTheMinute) clauses.push(`the second is ${list(ranges(seconds), 'or')}`)
  if (minutes.length < 60) clauses.push(`the minute is ${list(ranges(minutes), 'or')}`)
  if (hours.length < 24) clauses.push(`the hour is ${list(ranges(hours), 'or')}`)
  return `${every === null ? 'When' : `Every ${every} while`} ${list(clauses, 'and')}`
}

function daysInWords(cron: Cron): string {
  const { daysOfMonth, weekdays, months } = cron
  const anyDate = daysOfMonth.length === 31
  const anyWeekday = weekdays.length === 7
  const inMonths =
    months.length === 12
      ? ''
      : list(
          ranges(months, (month) => monthNames[month - 1]!),
          'and',
        )
  if ((anyDate && anyWeekday) || (cron.days === 'either' && (anyDate || anyWeekday)))
    return inMonths === '' ? '' : `every day in ${inMonths}`
  const dates = datesInWords(daysOfMonth)
  const mondayFirst = weekdays.map((day) => (day + 6) % 7).sort((a, b) => a - b)
  const ofMonth = `of ${inMonths === '' ? 'the month' : inMonths}`
  if (anyWeekday) return `on ${dates} ${ofMonth}`
  if (anyDate)
    return `${list(
      ranges(mondayFirst, (day) => weekdayNames[(day + 1) % 7]!),
      'and',
    )}${inMonths === '' ? '' : ` in ${inMonths}`}`
  const weekday = list(
    ranges(mondayFirst, (day) => weekdayNames[(day + 1) % 7]!),
    'or',
  )
  if (cron.days === 'both') return `on ${dates} ${ofMonth} if that is ${weekday}`
  return `on ${dates} ${ofMonth} and also on every ${weekday}${inMonths === '' ? '' : ` in ${inMonths}`}`
}

function datesInWords(days: readonly number[]): string {
  const step = stepOf(days)
  if (step !== null && step > 1 && days.length > 3)
    return `every ${ordinal(step)} day from the ${ordinal(days[0]!)} to the ${ordinal(days.at(-1)!)}`
  return `the ${list(ranges(days, ordinal), 'and')}`
}

/** The distance from each value to the next where it is always the same; null for one value and for any other list. */
function stepOf(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const step = values[1]! - values[0]!
  return values.every((value, at) => at === 0 || value - values[at - 1]! === step) ? step : null
}

/** The same where it goes on evenly from one round of sixty to the next. */
function roundStepOf(values: readonly number[]): number | null {
  const step = stepOf(values)
  return step !== null && step * values.length === 60 ? step : null
}

/** Three and more in a row become `a to b`. */
function ranges(values: readonly number[], name: (value: number) => string = String): string[] {
  const parts: string[] = []
  for (let at = 0; at < values.length; at++) {
    let end = at
    while (values[end + 1] === values[end]! + 1) end++
    if (end - at < 2) parts.push(name(values[at]!))
    else {
      parts.push(`${name(values[at]!)} to ${name(values[end]!)}`)
      at = end
    }
  }
  return parts
}

function list(parts: readonly string[], joint: 'and' | 'or'): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} ${joint} ${parts.at(-1)}`
}

function clock(hour: number, minute: number, second: number): string {
  return timeText(hour * hourMs + minute * minuteMs + second * secondMs)
}

/** `minute`, `2 minutes` */
function counted(count: number, unit: string): string {
  return count === 1 ? unit : `${count} ${unit}s`
}

function ordinal(number: number): string {
  const [ones, tens] = [number % 10, Math.floor(number / 10)]
  if (tens === 1 || ones === 0 || ones > 3) return `${number}th`
  return `${number}${['st', 'nd', 'rd'][ones - 1]}`
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
