import { describe, expect, test } from 'vitest'
import { type Cron, parseCron } from '../../src/model/cron.ts'
import { cronOf } from '../cron-text.ts'

const wholeMinute = { seconds: [0] }
const every = (lowest: number, highest: number) => Array.from({ length: highest - lowest + 1 }, (_, at) => lowest + at)

test.each<[string, Partial<Cron>]>([
  ['0 2 * * *', { ...wholeMinute, minutes: [0], hours: [2], daysOfMonth: every(1, 31), weekdays: every(0, 6) }],
  ['30 0 2 * * *', { seconds: [30], minutes: [0], hours: [2] }],
  ['*/15 9-17 * * MON-FRI', { minutes: [0, 15, 30, 45], hours: every(9, 17), weekdays: [1, 2, 3, 4, 5] }],
  ['1,5,3 * * jan,Feb *', { minutes: [1, 3, 5], months: [1, 2] }],
  ['10-40/10 5/6 * * *', { minutes: [10, 20, 30, 40], hours: [5, 11, 17, 23] }],
  ['0 0 * * 0', { weekdays: [0] }],
  ['0 0 * * 7', { weekdays: [0] }],
  ['0 0 * * 5-7', { weekdays: [0, 5, 6] }],
  ['0 0 * * FRI-SUN', { weekdays: [0, 5, 6] }],
  ['0 0 * * SUN-TUE', { weekdays: [0, 1, 2] }],
  ['0 0 * * 0-7', { weekdays: every(0, 6) }],
  ['0 0 * * */2', { weekdays: [0, 2, 4, 6] }],
  ['0 0 * * 2/2', { weekdays: [2, 4, 6] }],
  ['  0\t02  * *   * ', { text: '0 02 * * *', hours: [2] }],
  ['@hourly', { minutes: [0], hours: every(0, 23) }],
  ['@Daily', { text: '@Daily', minutes: [0], hours: [0] }],
  ['@midnight', { minutes: [0], hours: [0] }],
  ['@weekly', { weekdays: [0], hours: [0] }],
  ['@monthly', { daysOfMonth: [1], hours: [0] }],
  ['@yearly', { months: [1], daysOfMonth: [1] }],
  ['@annually', { months: [1], daysOfMonth: [1] }],
])('%s is understood', (text, expected) => {
  expect(cronOf(text)).toMatchObject({ neverFires: null, notes: [], ...expected })
})

test.each([
  ['0 0 1 * *', 'both'],
  ['0 0 * * 1', 'both'],
  ['0 0 1 * 1', 'either'],
  ['0 0 1-31 * 1', 'either'],
  ['0 0 */2 * 1', 'both'],
  ['0 0 13 * */5', 'both'],
  ['@daily', 'both'],
])('%s must suit %s of the day fields, as Vixie’s cron has it', (text, days) => {
  expect(cronOf(text).days).toBe(days)
})

test.each([
  ['0 25 * * *', 'hour', '25', 'hour: "25" is not allowed; it takes 0 to 23'],
  ['60 * * * *', 'minute', '60', 'minute: "60" is not allowed; it takes 0 to 59'],
  ['0 0 0 * *', 'day of month', '0', 'day of month: "0" is not allowed; it takes 1 to 31'],
  ['0 0 * FOO *', 'month', 'FOO', 'month: "FOO" is not allowed; it takes 1 to 12 or JAN to DEC'],
  ['0 0 * JANUARY *', 'month', 'JANUARY', 'month: "JANUARY" is not allowed; it takes 1 to 12 or JAN to DEC'],
  ['0 0 * * MON-8', 'day of week', '8', 'day of week: "8" is not allowed'],
  ['61 0 0 * * *', 'second', '61', 'second: "61" is not allowed'],
  ['0 1,,2 * * *', 'hour', '', 'hour: a value is missing'],
  ['0 -2 * * *', 'hour', '', 'hour: a value is missing'],
  ['0 5-2 * * *', 'hour', '5-2', 'hour: "5-2" begins after it ends'],
  ['0 0 * * SAT-MON', 'day of week', 'SAT-MON', 'day of week: "SAT-MON" begins after it ends'],
  ['0 *-5 * * *', 'hour', '*-5', 'hour: "*-5" is not a range'],
  ['0 1-2-3 * * *', 'hour', '1-2-3', 'hour: "1-2-3" is not a range'],
  ['*/0 * * * *', 'minute', '0', 'minute: "0" is not a step: a whole number from 1'],
  ['*/x * * * *', 'minute', 'x', 'minute: "x" is not a step'],
  ['1/2/3 * * * *', 'minute', '1/2/3', 'minute: "1/2/3" has more than one step'],
  ['0 0 L * *', 'day of month', 'L', 'day of month: "L" is not allowed'],
  ['0 0 ? * *', 'day of month', '?', 'day of month: "?" is not allowed'],
  ['1.5 * * * *', 'minute', '1.5', 'minute: "1.5" is not allowed'],
])('%s is refused, with the field, the place and what it takes', (text, field, part, message) => {
  const reading = parseCron(text)
  if (reading.kind !== 'problem') throw new Error('it was taken')
  const { problem } = reading
  expect(problem).toMatchObject({ field, message: expect.stringContaining(message) })
  expect(text.slice(problem.start, problem.end)).toBe(part)
  expect(problem.hint).toContain(`the ${field} takes `)
})

test.each([
  ['', 'this has 0'],
  ['* * * *', 'this has 4'],
  ['* * * * * * *', 'this has 7'],
  ['@reboot', '"@reboot" is not a known shorthand'],
  ['@every 5m', 'this has 2'],
])('"%s" is refused as a whole', (text, message) => {
  expect(parseCron(text)).toMatchObject({
    kind: 'problem',
    problem: { field: null, start: 0, end: text.length, message: expect.stringContaining(message) },
  })
})

test('a long wrong part is not repeated in full', () => {
  const reading = parseCron(`${'9'.repeat(5000)} * * * *`)
  expect(reading.kind === 'problem' && reading.problem.message.length).toBeLessThan(150)
})

describe('a date that never comes', () => {
  test.each([
    ['0 2 31 2 *', 'never fires: February has no day 31'],
    ['0 2 30,31 feb *', 'never fires: February has no day 30 or 31'],
    ['0 2 31 4,6 *', 'never fires: April and June have no day 31'],
  ])('%s is told', (text, expected) => {
    expect(cronOf(text).neverFires).toBe(expected)
  })

  test.each(['0 2 29 2 *', '0 2 31 1,2 *', '0 2 31 2 MON', '0 2 31 2-3 *'])('%s is not one', (text) => {
    expect(cronOf(text).neverFires).toBeNull()
  })
})

test.each([
  ['*/90 * * * *', '*/90 for the minute is only ever 0: a step does not reach past the field’s end'],
  ['0 20/12 * * *', '20/12 for the hour is only ever 20: a step does not reach past the field’s end'],
])('%s is told to mean less than it seems to', (text, note) => {
  expect(cronOf(text).notes).toEqual([note])
})
