/**
 * What a cron expression says, not when it is due.
 *
 * Five fields as in crontab(5), or six with seconds first. `*`, numbers, names, ranges, lists, steps; `@daily` and the
 * like. A step after a single number runs to the field's end (`5/15` is 5,20,35,50). Names are English, in any case.
 */

export type CronField = 'second' | 'minute' | 'hour' | 'day of month' | 'month' | 'day of week'

export interface Cron {
  /** As it was given, with single spaces. */
  readonly text: string
  /** What each field allows, ascending. */
  readonly seconds: readonly number[]
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly daysOfMonth: readonly number[]
  /** 1 is January. */
  readonly months: readonly number[]
  /** 0 is Sunday. */
  readonly weekdays: readonly number[]
  /**
   * Whether a date must suit both day fields or either of them. As in Vixie's cron, `either` where neither field
   * begins with `*`: `0 0 1 * MON` is the first of the month and every Monday.
   */
  readonly days: 'both' | 'either'
  /** Why no date ever suits; null where some do. */
  readonly neverFires: string | null
  /** Parts that mean less than they seem to, one sentence each. */
  readonly notes: readonly string[]
}

export interface CronProblem {
  /** Null where the whole is wrong. */
  readonly field: CronField | null
  /** The wrong part: `text.slice(start, end)` of what was given. */
  readonly start: number
  readonly end: number
  readonly message: string
  readonly hint: string
}

export type CronReading =
  | { readonly kind: 'cron'; readonly cron: Cron }
  | { readonly kind: 'problem'; readonly problem: CronProblem }

interface FieldRules {
  readonly field: CronField
  readonly lowest: number
  readonly highest: number
  /** In order, the first standing for `lowest`. An expression has their first three letters. */
  readonly names: readonly string[]
  readonly takes: string
}

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const
export const weekdayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const
const fields: readonly FieldRules[] = [
  { field: 'second', lowest: 0, highest: 59, names: [], takes: '0 to 59' },
  { field: 'minute', lowest: 0, highest: 59, names: [], takes: '0 to 59' },
  { field: 'hour', lowest: 0, highest: 23, names: [], takes: '0 to 23' },
  { field: 'day of month', lowest: 1, highest: 31, names: [], takes: '1 to 31' },
  { field: 'month', lowest: 1, highest: 12, names: monthNames, takes: '1 to 12 or JAN to DEC' },
  {
    field: 'day of week',
    lowest: 0,
    highest: 6,
    names: weekdayNames,
    takes: '0 to 7 (both ends are Sunday) or SUN to SAT',
  },
]
/** The five fields, in their order. */
export const cronFieldOrder = 'minute, hour, day of month, month, day of week'

const shorthands: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/** The same few expressions are read for years, at every look at schedules.json. */
const readings = new Map<string, CronReading>()
const keptReadings = 256

export function parseCron(text: string): CronReading {
  const known = readings.get(text)
  if (known !== undefined) return known
  const reading = read(text)
  if (readings.size >= keptReadings) readings.clear()
  readings.set(text, reading)
  return reading
}

function read(text: string): CronReading {
  const words = [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], start: match.index }))
  const [first] = words
  if (words.length === 1 && first !== undefined && first.text.startsWith('@')) {
    const meant = shorthands[first.text.toLowerCase()]
    if (meant !== undefined) return named(first.text, meant)
    const hint = `known are ${Object.keys(shorthands).join(', ')}, or five fields: ${cronFieldOrder}`
    return wrong(null, first.start, first.text, `${quoted(first.text)} is not a known shorthand`, hint)
  }
  if (words.length !== 5 && words.length !== 6) {
    const message = `a cron expression has five fields (${cronFieldOrder}), or six with the second first; this has ${words.length}`
    return wrong(null, 0, text, message, 'for example 0 2 * * * is every day at 02:00')
  }
  const given = words.length === 6 ? words : [{ text: '0', start: 0 }, ...words]
  const notes: string[] = []
  const sets: number[][] = []
  for (const [at, rules] of fields.entries()) {
    const values = readField(given[at]!, rules, notes)
    if (!Array.isArray(values)) return { kind: 'problem', problem: values }
    sets.push(values)
  }
  const [seconds = [], minutes = [], hours = [], daysOfMonth = [], months = [], weekdays = []] = sets
  const days = [3, 5].some((at) => given[at]!.text.startsWith('*')) ? 'both' : 'either'
  const neverFires = days === 'both' ? whyNever(daysOfMonth, months) : null
  const whole = words.map((word) => word.text).join(' ')
  return {
    kind: 'cron',
    cron: { text: whole, seconds, minutes, hours, daysOfMonth, months, weekdays, days, neverFires, notes },
  }
}

function named(text: string, meant: string): CronReading {
  const reading = parseCron(meant)
  return reading.kind === 'cron' ? { kind: 'cron', cron: { ...reading.cron, text } } : reading
}

interface Part {
  readonly text: string
  readonly start: number
}

function readField(word: Part, rules: FieldRules, notes: string[]): number[] | CronProblem {
  const values: number[] = []
  for (const item of split(word, ',')) {
    const problem = readItem(item, rules, notes, values)
    if (problem !== null) return problem
  }
  const folded = values.map((value) => (value > rules.highest ? rules.lowest : value)) // day 7 is day 0
  return folded.sort((a, b) => a - b).filter((value, at) => value !== folded[at - 1])
}

// `*`, `5`, `9-17`, `MON-FRI`, `*/15`, `10-40/5`, `5/15`
function readItem(item: Part, rules: FieldRules, notes: string[], values: number[]): CronProblem | null {
  const [range, step, ...more] = split(item, '/')
  if (range === undefined || more.length > 0) return refuse(item, rules, `${quoted(item.text)} has more than one step`)
  const [first, last, ...others] = split(range, '-')
  if (first === undefined || others.length > 0) return refuse(range, rules, `${quoted(range.text)} is not a range`)
  const every = first.text === '*'
  if (every && last !== undefined) return refuse(range, rules, `${quoted(range.text)} is not a range`)

  const from = every ? rules.lowest : readValue(first, rules)
  if (typeof from !== 'number') return from
  const openEnd = every || (last === undefined && step !== undefined)
  const until = openEnd ? Math.max(rules.highest, from) : last === undefined ? from : readValue(last, rules)
  if (typeof until !== 'number') return until
  // a range up to Sunday means the one at the week's end
  const to = rules.field === 'day of week' && last !== undefined && until === 0 && from > 0 ? 7 : until
  if (from > to) return refuse(range, rules, `${quoted(range.text)} begins after it ends`)

  let size = 1
  if (step !== undefined) {
    if (!/^\d{1,4}$/.test(step.text) || Number(step.text) === 0)
      return refuse(step, rules, `${quoted(step.text)} is not a step: a whole number from 1`)
    size = Number(step.text)
    if (to > from && size > to - from)
      notes.push(`${item.text} for the ${rules.field} is only ever ${from}: a step does not reach past the field’s end`)
  }
  for (let value = from; value <= to; value += size) values.push(value)
  return null
}

function readValue(part: Part, rules: FieldRules): number | CronProblem {
  const name = rules.names.findIndex((known) => known.slice(0, 3).toUpperCase() === part.text.toUpperCase())
  if (name >= 0) return name + rules.lowest
  const highest = rules.field === 'day of week' ? 7 : rules.highest
  if (/^\d{1,9}$/.test(part.text) && Number(part.text) >= rules.lowest && Number(part.text) <= highest)
    return Number(part.text)
  if (part.text === '') return refuse(part, rules, 'a value is missing')
  return refuse(part, rules, `${quoted(part.text)} is not allowed`)
}

function refuse(part: Part, rules: FieldRules, what: string): CronProblem {
  return {
    field: rules.field,
    start: part.start,
    end: part.start + part.text.length,
    message: `${rules.field}: ${what}; it takes ${rules.takes}`,
    hint: `the ${rules.field} takes ${rules.takes}, * for all, lists (1,5), ranges (1-5) and steps (*/2, 1-9/2)`,
  }
}

function wrong(field: CronField | null, start: number, part: string, message: string, hint: string): CronReading {
  return { kind: 'problem', problem: { field, start, end: start + part.length, message, hint } }
}

function split(part: Part, separator: string): Part[] {
  let start = part.start
  return part.text.split(separator).map((text) => {
    const at = start
    start += text.length + 1
    return { text, start: at }
  })
}

const longText = 30
function quoted(text: string): string {
  return JSON.stringify(text.length > longText ? `${text.slice(0, longText)}…` : text)
}

const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function whyNever(daysOfMonth: readonly number[], months: readonly number[]): string | null {
  const earliest = daysOfMonth[0]!
  if (months.some((month) => earliest <= longestMonths[month - 1]!)) return null
  const names = months.map((month) => monthNames[month - 1]).join(' and ')
  return `never fires: ${names} ${months.length === 1 ? 'has' : 'have'} no day ${daysOfMonth.join(' or ')}`
}
