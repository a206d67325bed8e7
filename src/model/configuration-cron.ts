/** The shape of a cron expression: what a schedule may say, not when it is due. */

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

interface Field {
  readonly lowest: number
  readonly highest: number
  readonly names: readonly string[]
}

const fields: readonly Field[] = [
  { lowest: 0, highest: 59, names: [] }, // second, where there are six
  { lowest: 0, highest: 59, names: [] },
  { lowest: 0, highest: 23, names: [] },
  { lowest: 1, highest: 31, names: [] },
  { lowest: 1, highest: 12, names: months },
  { lowest: 0, highest: 7, names: weekdays }, // 0 and 7 are Sunday
]

/** True for five fields, or six with seconds first, each a list of *, numbers, names and ranges with an optional step. */
export function isCronExpression(expression: string): boolean {
  const parts = expression.trim().split(/\s+/)
  if (parts.length !== 5 && parts.length !== 6) return false
  const expected = fields.slice(fields.length - parts.length)
  return parts.every((part, at) => part.split(',').every((item) => isCronItem(item, expected[at]!)))
}

function isCronItem(item: string, field: Field): boolean {
  const match = /^(\*|[A-Za-z]{3}|\d{1,2})(?:-([A-Za-z]{3}|\d{1,2}))?(?:\/(\d{1,2}))?$/.exec(item)
  if (match === null) return false
  const [, first, last, step] = match
  if (step !== undefined && Number(step) === 0) return false
  if (first === '*') return last === undefined
  const from = cronNumber(first!, field)
  const to = last === undefined ? from : cronNumber(last, field)
  return from !== null && to !== null && from <= to
}

function cronNumber(word: string, field: Field): number | null {
  const named = field.names.indexOf(word.toUpperCase())
  const value = named >= 0 ? named + field.lowest : /^\d+$/.test(word) ? Number(word) : -1
  return value >= field.lowest && value <= field.highest ? value : null
}
