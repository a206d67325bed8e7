import { describe, expect, test } from 'vitest'
import { readTime } from '../../../src/engine/plan/asked-time.ts'
import { openZone } from '../../../src/engine/plan/zone.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const read = (text: string, zone = 'Europe/Berlin', at = now) => {
  const { instant, text: shown } = readTime(text, openZone(zone), at)
  return [new Date(instant).toISOString(), shown]
}

describe('a time is read on the clock of the configured zone:', () => {
  test.each([
    ['2026-11-20 03:00', '2026-11-20T02:00:00.000Z', '2026-11-20 03:00 Europe/Berlin'],
    ['2026-11-20T03:00', '2026-11-20T02:00:00.000Z', '2026-11-20 03:00 Europe/Berlin'],
    [' 2026-11-20 03:00:30 ', '2026-11-20T02:00:30.000Z', '2026-11-20 03:00:30 Europe/Berlin'],
    ['2026-07-01 03:00', '2026-07-01T01:00:00.000Z', '2026-07-01 03:00 Europe/Berlin'],
    ['2026-11-20', '2026-11-19T23:00:00.000Z', '2026-11-20 00:00 Europe/Berlin'],
    ['2024-02-29', '2024-02-28T23:00:00.000Z', '2024-02-29 00:00 Europe/Berlin'],
    ['yesterday 03:00', '2026-11-20T02:00:00.000Z', '2026-11-20 03:00 Europe/Berlin'],
    ['Yesterday', '2026-11-19T23:00:00.000Z', '2026-11-20 00:00 Europe/Berlin'],
    ['today 03:00', '2026-11-21T02:00:00.000Z', '2026-11-21 03:00 Europe/Berlin'],
    ['2026-11-20T03:00:00Z', '2026-11-20T03:00:00.000Z', '2026-11-20 04:00 Europe/Berlin'],
    ['2026-11-20T03:00:00.1259z', '2026-11-20T03:00:00.125Z', '2026-11-20 04:00 Europe/Berlin'],
    ['2026-11-20T03:00-05:30', '2026-11-20T08:30:00.000Z', '2026-11-20 09:30 Europe/Berlin'],
    ['2026-11-20 03:00+0100', '2026-11-20T02:00:00.000Z', '2026-11-20 03:00 Europe/Berlin'],
    ['2026-11-21 13:00', '2026-11-21T12:00:00.000Z', '2026-11-21 13:00 Europe/Berlin'],
  ])('%s', (text, instant, shown) => {
    expect(read(text)).toEqual([instant, shown])
  })

  test('today and yesterday are days of that zone', () => {
    const late = Date.parse('2026-11-21T23:30:00Z')
    expect(read('today', 'UTC', late)[1]).toBe('2026-11-21 00:00 UTC')
    expect(read('today', 'Europe/Berlin', late)[1]).toBe('2026-11-22 00:00 Europe/Berlin')
  })

  test('a date alone is the first moment of the day, also where its midnight is left out or comes twice', () => {
    // The clock of Havana was set ahead at 00:00 on 2026-03-08, and back to 00:00 on 2025-11-02.
    expect(read('2026-03-08', 'America/Havana')).toEqual([
      '2026-03-08T05:00:00.000Z',
      '2026-03-08 01:00 America/Havana',
    ])
    expect(read('2025-11-02', 'America/Havana')).toEqual([
      '2025-11-02T04:00:00.000Z',
      '2025-11-02 00:00 America/Havana',
    ])
  })
})

describe('a time that is none, or could be two, is refused:', () => {
  test.each([
    ['', 'is not understood'],
    ['soon', 'is not understood'],
    ['20.11.2026', 'is not understood'],
    ['11/20/2026', 'is not understood'],
    ['2026-11', 'is not understood'],
    ['2026-11-20 3:00', 'is not understood'],
    ['2026-11-20 03', 'is not understood'],
    ['2026-11-20Z', 'is not understood'],
    ['2026-11-20 03:00 Europe/Paris', 'is not understood'],
    ['1795268812', 'is not understood'],
    ['2026-11-31', 'is on no calendar'],
    ['2026-02-29', 'is on no calendar'],
    ['2026-13-01', 'is on no calendar'],
    ['2026-00-10', 'is on no calendar'],
    ['2026-11-20 24:00', 'is on no clock'],
    ['2026-11-20 03:60', 'is on no clock'],
    ['2026-11-20T03:00+15:00', 'has an offset that no zone has'],
    ['yesterday 03:00Z', 'has a day of this zone and the offset of another'],
    ['2026-03-29 02:30', 'does not exist in Europe/Berlin: the clock was set ahead over it'],
    ['2026-10-25 02:30', 'came twice in Europe/Berlin: the clock was set back'],
    ['2026-11-21 13:00:01', 'has not come yet'],
    ['2027-01-01', 'has not come yet'],
  ])('%j %s', (text, why) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'E_USAGE', message: `the time ${JSON.stringify(text)} ${why}` }),
    )
  })

  test('the forms stand in the hint, and both meanings of a time that came twice', () => {
    expect(() => read('soon')).toThrow(expect.objectContaining({ hint: expect.stringContaining('"2026-11-20 03:00"') }))
    expect(() => read('2026-10-25 02:30')).toThrow(
      expect.objectContaining({ hint: 'say which: 2026-10-25T00:30:00Z or 2026-10-25T01:30:00Z' }),
    )
  })
})
