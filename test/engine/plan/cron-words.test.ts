import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cronInWords } from '../../../src/engine/plan/cron-words.ts'
import { cronOf } from '../../cron-text.ts'

test.each([
  ['0 2 * * 1-5', 'At 02:00, Monday to Friday'],
  ['0 2 * * *', 'At 02:00, every day'],
  ['0 3 * * 0', 'At 03:00, Sunday'],
  ['0 3 * * 0,6', 'At 03:00, Saturday and Sunday'],
  ['0 3 * * 5-7', 'At 03:00, Friday to Sunday'],
  ['0 3 * * 1,3,5', 'At 03:00, Monday, Wednesday and Friday'],
  ['0 4 1 * *', 'At 04:00, on the 1st of the month'],
  ['0 4 1,2,3,21,22,23,31 * *', 'At 04:00, on the 1st to 3rd, 21st to 23rd and 31st of the month'],
  ['0 4 11-13 * *', 'At 04:00, on the 11th to 13th of the month'],
  ['0 4 */2 * *', 'At 04:00, on every 2nd day from the 1st to the 31st of the month'],
  ['0 4 1 1 *', 'At 04:00, on the 1st of January'],
  ['0 4 * 6-8 *', 'At 04:00, every day in June to August'],
  ['0 4 * 6 1', 'At 04:00, Monday in June'],
  ['0 4 13 * 5', 'At 04:00, on the 13th of the month and also on every Friday'],
  ['0 4 13 6 5', 'At 04:00, on the 13th of June and also on every Friday in June'],
  ['0 4 */13 * 5', 'At 04:00, on the 1st, 14th and 27th of the month if that is Friday'],
  ['0 4 1-31 * 5', 'At 04:00, every day'],
  ['0 2,14 * * *', 'At 02:00 and 14:00, every day'],
  ['0 */6 * * *', 'At 00:00, 06:00, 12:00 and 18:00, every day'],
  ['30 0 2 * * *', 'At 02:00:30, every day'],
  ['*/15 9-17 * * *', 'Every 15 minutes from 09:00 to 17:45'],
  ['*/15 9-17 * * 1-5', 'Every 15 minutes from 09:00 to 17:45, Monday to Friday'],
  ['*/5 2 * * *', 'Every 5 minutes from 02:00 to 02:55'],
  ['* * * * *', 'Every minute'],
  ['*/1 * * * *', 'Every minute'],
  ['*/15 * * * *', 'Every 15 minutes'],
  ['5-59/15 * * * *', 'Every 15 minutes from minute 5 of the hour'],
  ['* 9-17 * * *', 'Every minute from 09:00 to 17:59'],
  ['0 * * * *', 'Every hour'],
  ['30 * * * *', 'Every hour at minute 30'],
  ['0 9-17 * * *', 'Every hour from 09:00 to 17:00'],
  ['0 */2 * * *', 'Every 2 hours from 00:00 to 22:00'],
  ['15 1-23/3 * * *', 'Every 3 hours from 01:15 to 22:15'],
  ['*/10 * * * * *', 'Every 10 seconds'],
  ['5-59/10 * * * * *', 'Every 10 seconds from second 5 of the minute'],
  ['*/10 * 9-17 * * *', 'Every 10 seconds from 09:00 to 17:59:50'],
  ['*/25 * * * *', 'When the minute is 0, 25 or 50'],
  ['30 9 * * * *', 'When the second is 30 and the minute is 9'],
  ['1-5,30 2,4,9 * * 1', 'When the minute is 1 to 5 or 30 and the hour is 2, 4 or 9, Monday'],
  ['* 2,4,9 * * *', 'Every minute while the hour is 2, 4 or 9'],
  ['* 5 2,4 * * *', 'Every second while the minute is 5 and the hour is 2 or 4'],
  ['@weekly', 'At 00:00, Sunday'],
  ['0 2 31 2 *', 'Never fires: February has no day 31'],
])('%s: %s', (text, words) => {
  expect(cronInWords(cronOf(text))).toBe(words)
})

test('the same words always mean the same times', () => {
  const values = (lowest: number, highest: number) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant('*') },
      { weight: 4, arbitrary: fc.integer({ min: lowest, max: highest }).map(String) },
      fc
        .uniqueArray(fc.integer({ min: lowest, max: highest }), { minLength: 1, maxLength: 5 })
        .map((set) => set.join()),
      fc.integer({ min: 2, max: 15 }).map((step) => `*/${step}`),
      fc.constantFrom(`${lowest}-${highest}`, `${lowest}-${Math.floor(highest / 2)}`, `${lowest + 1}-${highest}/3`),
    )
  const expression = fc
    .tuple(
      fc.constantFrom('0', '0', '0', '*', '30', '*/30'),
      values(0, 59),
      values(0, 23),
      values(1, 31),
      values(1, 12),
      values(0, 6),
    )
    .map((fields) => fields.join(' '))
  const meanings = new Map<string, string>()
  fc.assert(
    fc.property(expression, (text) => {
      const cron = cronOf(text)
      if (cron.neverFires !== null) return
      const { seconds, minutes, hours, daysOfMonth, months, weekdays, days } = cron
      const anyDay = days === 'either' && (daysOfMonth.length === 31 || weekdays.length === 7)
      const dates = anyDay
        ? 'any'
        : { daysOfMonth, weekdays, days: daysOfMonth.length === 31 || weekdays.length === 7 ? 'both' : days }
      const allDates = anyDay || (daysOfMonth.length === 31 && weekdays.length === 7) ? 'any' : dates
      const meaning = JSON.stringify({ seconds, minutes, hours, months, allDates })
      const words = cronInWords(cron)
      expect(meanings.get(words) ?? meaning).toBe(meaning)
      meanings.set(words, meaning)
    }),
    { numRuns: 10_000 },
  )
  expect(meanings.size).toBeGreaterThan(3000)
})
