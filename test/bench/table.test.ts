import { expect, test } from 'vitest'
import { type Measurement, parseResults, type Results } from '../../bench/results.ts'
import { type Bar, lineOf, median, type Quantity, type Row } from '../../bench/rows.ts'
import { formatBytes, formatQuantity, formatSeconds, renderTable, replaceTable } from '../../bench/table.ts'

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
    figures: [],
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

test('a bar without a moonshot is met at most', () => {
  const ratio: Bar = { kind: 'ratio', against: ['restic'], least: 1, moonshot: null }
  expect(verdictOf(ratio, { holdfast: [0, 1], restic: [0, 9] })?.verdict).toBe('met')
  expect(verdictOf({ kind: 'limit', most: 5, moonshot: null }, { holdfast: [0, 1] })?.verdict).toBe('met')
})

test('a quotient is taken round by round, against another step or a number of the source, and has no ratio', () => {
  const results = resultsOf({ holdfast: [9, 2, 4, 8], restic: [9, 3, 3, 3] })
  const later = results.measurements.map((one) => ({ ...one, step: 'later', wallSeconds: one.wallSeconds * one.round }))
  const both: Results = {
    ...results,
    measurements: [...later, ...results.measurements],
    figures: [{ name: 'expected', value: 8 }],
  }
  const lineFor = (by: Quantity) =>
    lineOf(
      { ...row, quantity: { kind: 'quotient', of: { kind: 'wall', step: 'later' }, by, as: 'times' } },
      both,
      peers,
    )
  const line = lineFor(row.quantity)
  expect(line.subject).toEqual({ median: 2, ratio: null })
  expect(line.peers.get('restic')).toEqual({ median: 2, ratio: null })
  expect(lineFor({ kind: 'figure', name: 'expected' }).subject?.median).toBe(1)
  expect(lineFor({ kind: 'figure', name: 'unknown' }).subject).toBeNull()
})

test('what a step stored is kept apart from the size that other steps left', () => {
  const size = { tool: 'holdfast', warmUp: false, allocatedBytes: 0 }
  const results: Results = {
    ...resultsOf({ holdfast: [0, 1] }),
    sizes: [
      { ...size, round: 1, step: '', bytes: 500, grownBytes: 500 },
      { ...size, round: 1, step: 'later', bytes: 530, grownBytes: 30 },
      { ...size, round: 2, step: 'later', bytes: 540, grownBytes: 50 },
    ],
  }
  const medianOf = (quantity: Quantity) => lineOf({ ...row, quantity }, results, peers).subject?.median
  expect(medianOf({ kind: 'size' })).toBe(500)
  expect(medianOf({ kind: 'size', step: 'later' })).toBe(535)
  expect(medianOf({ kind: 'growth', step: 'later' })).toBe(40)
})

test('results from before there were steps and figures can still be read', () => {
  const { figures: _, ...old } = resultsOf({ holdfast: [0, 1] })
  const size = { tool: 'holdfast', round: 1, warmUp: false, bytes: 5, allocatedBytes: 6 }
  const parsed = parseResults(JSON.stringify({ ...old, sizes: [size] }))
  expect(lineOf({ ...row, quantity: { kind: 'size' } }, parsed, peers).subject?.median).toBe(5)
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
  const quotient = { kind: 'quotient', of: row.quantity, by: row.quantity } as const
  expect(formatQuantity({ ...quotient, as: 'percent' }, 0.01234)).toBe('1.23 %')
  expect(formatQuantity({ ...quotient, as: 'times' }, 1.2345)).toBe('1.23×')
})
