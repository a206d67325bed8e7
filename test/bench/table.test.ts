import { expect, test } from 'vitest'
import type { Measurement, Results } from '../../bench/results.ts'
import { type Bar, lineOf, median, type Row } from '../../bench/rows.ts'
import { formatBytes, formatSeconds, renderTable, replaceTable } from '../../bench/table.ts'

const row: Row = { title: 'backup', quantity: { kind: 'wall', step: 'backup' }, bars: [] }
const peers = ['restic', 'borg']

function resultsOf(seconds: Record<string, readonly number[]>): Results {
  const measurements: Measurement[] = Object.entries(seconds).flatMap(([tool, values]) =>
    values.map((wallSeconds, round) => ({
      step: 'backup',
      tool,
      round,
      warmUp: round === 0,
      wallSeconds,
      cpuSeconds: 1,
      peakBytes: 1,
      readBytes: null,
    })),
  )
  return {
    v: 1,
    workload: 'mixed',
    at: '2026-11-20T02:00:00.000Z',
    machine: { cpu: 'c', cores: 2, memoryBytes: 8e9, kernel: '6', fileSystem: 'ext4', node: 'v24', load: 0 },
    rounds: 3,
    tree: { what: 'a tree', entries: 1, bytes: 1 },
    tools: Object.keys(seconds).map((name) => ({
      name,
      version: `${name} 1`,
      encrypted: name !== 'tar-zstd',
      how: '',
    })),
    missing: [],
    notes: [],
    floor: { wallSeconds: 0.001, peakBytes: 1 },
    measurements,
    sizes: [],
    checks: [],
    failures: [],
  }
}

function verdictOf(bar: Bar, seconds: Record<string, readonly number[]>) {
  return lineOf({ ...row, bars: [bar] }, resultsOf(seconds), peers).verdicts[0]
}

test('a median is the middle one, or the mean of the two in the middle', () => {
  expect([median([]), median([5]), median([9, 1, 3]), median([4, 1, 2, 30])]).toEqual([null, 5, 3, 3])
})

test('the warm-up counts in no median', () => {
  const line = lineOf(row, resultsOf({ holdfast: [99, 2, 3, 2], restic: [1, 6, 4, 8] }), peers)
  expect(line.subject?.median).toBe(2)
  expect(line.peers.get('restic')).toEqual({ median: 6, ratio: 3 })
})

test('a bar against several peers is judged by the best of them', () => {
  const bar: Bar = { kind: 'ratio', against: ['restic', 'borg'], least: 2.2, moonshot: 3 }
  const borg = (seconds: number) => verdictOf(bar, { holdfast: [0, 1], restic: [0, 9], borg: [0, seconds] })
  expect(borg(2.1)).toMatchObject({ ratio: 2.1, verdict: 'missed' })
  expect(borg(2.2)).toMatchObject({ verdict: 'met' })
  expect(borg(3)).toMatchObject({ verdict: 'moonshot' })
})

test('a bar against a peer that was not there is not met by beating the other', () => {
  const bar: Bar = { kind: 'ratio', against: ['restic', 'borg'], least: 2.2, moonshot: 3 }
  expect(verdictOf(bar, { holdfast: [0, 1], restic: [0, 9] })?.verdict).toBe('not measured')
  expect(verdictOf(bar, { restic: [0, 9], borg: [0, 9] })?.verdict).toBe('not measured')
})

test('a limit holds whoever was there, and its moonshot may be what a peer takes', () => {
  const bar: Bar = { kind: 'limit', most: 5, moonshot: { below: 'restic' } }
  expect(verdictOf(bar, { holdfast: [0, 5.1], restic: [0, 9] })?.verdict).toBe('missed')
  expect(verdictOf(bar, { holdfast: [0, 5], restic: [0, 4] })?.verdict).toBe('met')
  expect(verdictOf(bar, { holdfast: [0, 3], restic: [0, 4] })?.verdict).toBe('moonshot')
  expect(verdictOf(bar, { holdfast: [0, 3] })?.verdict).toBe('met')
})

test('a table gives every peer its ratio, and says who does not encrypt and what failed', () => {
  const results = resultsOf({ holdfast: [0, 2], restic: [0, 6], 'tar-zstd': [0, 3] })
  const text = renderTable(
    {
      ...results,
      checks: [{ tool: 'restic', what: 'came back the same', ok: false, detail: 'x differs' }],
      failures: [{ step: 'verify', tool: 'borg', round: 1, what: 'exit 2' }],
    },
    [{ ...row, bars: [{ kind: 'ratio', against: ['restic'], least: 4, moonshot: 10 }] }],
  )
  expect(text).toMatch(/\| backup +\| 2\.00 s +\| 6\.00 s \(3\.00×\) \| 3\.00 s \(1\.50×\) \|/)
  expect(text).toContain('**missed** 3.00×')
  expect(text).toContain('`tar-zstd`: tar-zstd 1, **not encrypted**')
  expect(text).toContain('**FAILED CHECK**, restic: came back the same: x differs')
  expect(text).toContain('**FAILED**, borg, verify, round 1: exit 2')
})

test('a new table takes the place of the old one of its workload and of nothing else', () => {
  const page =
    'a\n<!-- bench mixed: begin -->\nold\n<!-- bench mixed: end -->\nb\n<!-- bench list: begin -->\n<!-- bench list: end -->\n'
  const once = replaceTable(page, 'mixed', 'new')
  expect(once).toBe(page.replace('old', 'new'))
  expect(replaceTable(once, 'mixed', 'new')).toBe(once)
  expect(() => replaceTable('a page', 'mixed', 'new')).toThrow(/no place for mixed/)
})

test('figures have three digits and a unit', () => {
  expect([0.0123, 0.9996, 2.345, 61.27, 432].map(formatSeconds)).toEqual([
    '12 ms',
    '1000 ms',
    '2.35 s',
    '61.3 s',
    '432 s',
  ])
  expect([12, 999_600, 341_234_567, 8_697_308_774].map(formatBytes)).toEqual(['12 B', '1 MB', '341 MB', '8.7 GB'])
})
