import { expect, test } from 'vitest'
import { name as idSchema } from '../../src/model/configuration-values.ts'
import { freeScheduleId, scheduleIdOf } from '../../src/model/schedule-id.ts'

test.each([
  ['Nightly', '0 2 * * *', 'nightly'],
  ['Every night, all of it!', '0 2 * * *', 'every-night-all-of-it'],
  ['Nächtlich', '0 2 * * *', 'nachtlich'],
  ['  -- ', '0 2 * * *', 'full-0200'],
  ['', '30 14 * * *', 'full-1430'],
  ['', '@daily', 'full-0000'],
  ['', '@hourly', 'full-hourly'],
  ['', '*/15 9-17 * * MON-FRI', 'full-x-15-9-17-x-x-mon-fri'],
  ['', '15 0 2 * * *', 'full-15-0-2-x-x-x'],
  ['Ночь', 'not yet typed', 'full-schedule'],
])('the schedule %j at %s has the id of its name, or of its type and times', (name, cron, id) => {
  expect(scheduleIdOf({ name, type: 'full', cron })).toBe(id)
})

test('whatever a schedule is called, its id is one, also with a number behind it', () => {
  for (const name of ['a'.repeat(300), `${'a'.repeat(59)} b`, '../../etc', '-', '💾', '.hidden', 'COM1:', '\x00']) {
    const id = scheduleIdOf({ name, type: 'differential', cron: `${'0,'.repeat(200)}0 * * * *` })
    expect(idSchema.safeParse(id).success, id).toBe(true)
    expect(idSchema.safeParse(freeScheduleId(id, [id])).success, id).toBe(true)
  }
})

test('a free id is the first that nobody has', () => {
  expect(freeScheduleId('a', ['b'])).toBe('a')
  expect(freeScheduleId('a', ['a', 'a-3'])).toBe('a-2')
  expect(freeScheduleId('a', ['a', 'a-2', 'a-3'])).toBe('a-4')
})
