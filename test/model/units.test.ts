import { expect, test } from 'vitest'
import {
  formatAge,
  formatBytes,
  formatCount,
  formatCountdown,
  formatDuration,
  parseDuration,
} from '../../src/model/units.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [10_240, '10.0 KiB'],
  [10_235, '10.0 KiB'],
  [102_400, '100 KiB'],
  [1024 * 1023.9, '1.00 MiB'],
  [1024 ** 3 * 1.5, '1.50 GiB'],
  [Number.MAX_SAFE_INTEGER, '8.00 PiB'],
  [-2048, '-2.00 KiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [59_949, '59.9 s'],
  [59_951, '1 min 00 s'],
  [65_000, '1 min 05 s'],
  [3_599_600, '1 h 00 min'],
  [7_380_000, '2 h 03 min'],
  [86_399_000, '1 d 0 h'],
  [100 * 3_600_000, '4 d 4 h'],
])('%d ms take %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test.each([
  [-5, 'now'],
  [59_000, '59s'],
  [60_000, '1m'],
  [3_600_000, '1h'],
  [47 * 3_600_000, '47h'],
  [48 * 3_600_000, '2d'],
  [60 * 86_400_000, '8w'],
  [800 * 86_400_000, '2y'],
])('%d ms ago is %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text)
})

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['1w', 604_800_000],
  ['1h30m', 5_400_000],
  ['', null],
  ['30', null],
  ['30 m', null],
  ['-1h', null],
  ['1.5h', null],
])('the duration %j is %j ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test('counts have their thousands apart, a remaining time ticks', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567')
  expect([formatCountdown(6100), formatCountdown(750_000), formatCountdown(10_800_000)]).toEqual([
    '0:07',
    '12:30',
    '3:00:00',
  ])
})
