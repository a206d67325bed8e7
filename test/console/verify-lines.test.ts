import { expect, test } from 'vitest'
import { unicodeGlyphs } from '../../src/screens/text/glyphs.ts'
import { lineText } from '../../src/screens/text/line.ts'
import {
  aboutOf,
  inProofOrder,
  proofCounts,
  proofLines,
  verificationPlot,
  waitingText,
  wordOfVerification,
} from '../../src/screens/text/verify-lines.ts'
import { now, sampleBackups, sampleRun } from './sample.ts'

const backups = sampleBackups(6)

test('the oldest that was never verified comes first, then what was verified longest ago; what is gone last', () => {
  const [first, ...rest] = backups
  const order = inProofOrder([{ ...first!, missing: true }, ...rest], 'unverified')
  // Of the sample every third was never verified.
  expect(order.map(({ id }) => backups.findIndex((one) => one.id === id))).toEqual([3, 5, 4, 2, 1, 0])
})

test('damaged ones come first, and keep their order', () => {
  const damaged = backups.map((entry, at) =>
    at % 2 === 1 ? { ...entry, verified: { level: 'full', at: entry.createdAt, ok: false } } : entry,
  )
  expect(inProofOrder(damaged, 'damaged').map((entry) => damaged.indexOf(entry))).toEqual([1, 3, 5, 0, 2, 4])
})

test('counts say nothing of what there is none of', () => {
  const [first] = backups
  expect(lineText(proofCounts([]))).toBe('0 whole')
  expect(lineText(proofCounts(backups))).toBe('4 whole, 2 never verified')
  const verified = { level: 'full', at: first!.createdAt, ok: false }
  expect(lineText(proofCounts([...backups, { ...first!, verified }, { ...first!, missing: true }]))).toBe(
    '4 whole, 2 never verified, 1 gone, 1 DAMAGED',
  )
})

test('a clean result says what it proves and what it cannot see', () => {
  const lines = (level: string, ok = true) =>
    proofLines({ ...backups[0]!, verified: { level, at: backups[0]!.createdAt, ok } }, now, 300, unicodeGlyphs).map(
      lineText,
    )
  expect(lines('quick')[0]).toMatch(/quick on 2026-11-20 21:00Z, 3h ago: the key opens/)
  expect(lines('quick')[1]).toMatch(/not seen: .*damage in the middle/)
  expect(lines('full')).toHaveLength(1)
  expect(lines('of a later version')).toEqual([expect.stringMatching(/of a later version .*: whole$/)])
  expect(lines('full', false)).toEqual([expect.stringMatching(/DAMAGED/)])
})

test.each([
  ['full: 2026-11-20T18-00-00Z-full-aaab', { level: 'full', what: '2026-11-20T18-00-00Z-full-aaab' }],
  ['scrub: all 12 backups', { level: 'scrub', what: 'all 12 backups' }],
  ['', { level: '', what: '' }],
  ['nothing known', { level: '', what: 'nothing known' }],
  ['full: a\nb', { level: 'full', what: 'a\\nb' }],
])('takes %j apart', (about, parts) => {
  expect(aboutOf({ about })).toEqual(parts)
})

test('a run that found damage is called so, however it ended', () => {
  expect(wordOfVerification(sampleRun(2))).toBe('whole')
  expect(wordOfVerification(sampleRun(2, { state: 'failed', exitCode: 4 }))).toBe('DAMAGED')
  expect(wordOfVerification(sampleRun(2, { state: 'died', exitCode: null }))).toBe('died')
})

test('the plot has the newest at the right, a cross for damage, and says what its height means', () => {
  const runs = [
    sampleRun(2, { state: 'running', durationMs: null, exitCode: null }),
    sampleRun(5, { durationMs: 60_000 }),
    sampleRun(8, { durationMs: 30_000 }),
    sampleRun(11, { state: 'failed', exitCode: 4, durationMs: 600_000 }),
    sampleRun(14, { durationMs: 1000 }),
  ]
  expect(verificationPlot(runs, 30, unicodeGlyphs)).toBe('▁×▅█ up to 1 min 00 s')
  expect(verificationPlot(runs, 2, unicodeGlyphs)).toBe('▅█ up to 1 min 00 s')
  expect(verificationPlot([], 30, unicodeGlyphs)).toBe('')
})

test('what waits names as many as there is room for', () => {
  expect(waitingText(backups.slice(0, 2), 76)).toBe('2 marked; V starts them as one job: aaaa, aaab')
  const many = waitingText(sampleBackups(1000), 60)
  expect(many).toMatch(/^1,000 marked; .*: aaaa and 999 more$/)
  expect(many.length).toBeLessThanOrEqual(60)
})
