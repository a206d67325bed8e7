import { expect, test } from 'vitest'
import { pathFromText } from '../../../src/model/path.ts'
import type { PlannedStep } from '../../../src/model/planned-restore.ts'
import { type PathChoice, type RefuseReason, refuseReasons } from '../../../src/model/restore.ts'
import { unicodeGlyphs } from '../../../src/screens/text/glyphs.ts'
import { lineText } from '../../../src/screens/text/line.ts'
import { type ImpactFacts, impactOf, obstacles, summaryOf } from '../../../src/screens/text/restore-impact.ts'
import { planRows, rowTotal } from '../../../src/screens/text/restore-rows.ts'
import {
  actionWord,
  choicesFor,
  isBlocked,
  sidesLines,
  timeText,
  wholeDirectory,
  whyText,
} from '../../../src/screens/text/restore-words.ts'
import { nowNs, overwritten, refused, step } from '../../console/restore-kit.ts'
import { now } from '../../console/sample.ts'

test('a refused path is blocked until it is left out, but for what can never be written', () => {
  const never: RefuseReason[] = ['escapes-target', 'absolute-path', 'malformed-path', 'duplicate-path']
  for (const because of refuseReasons) {
    const one = refused('/a', because)
    expect({ because, blocked: isBlocked(one) }).toEqual({ because, blocked: !never.includes(because) })
    expect({ because, choices: choicesFor(one) }).toEqual({
      because,
      choices: never.includes(because) ? [] : because === 'type-conflict' ? ['skip', 'rename'] : ['skip'],
    })
    expect(whyText(one)).toMatch(/^\S.{8,45}$/)
  }
})

test('a directory in the way of a directory cannot be written beside', () => {
  const directory = { ...refused('/a', 'type-conflict'), stored: { type: 'directory', sizeBytes: 0, mtimeNs: 0n } }
  expect(choicesFor(directory as PlannedStep)).toEqual(['skip'])
})

test('says how what is on disk differs, and warns where it is newer', () => {
  expect(whyText(overwritten('/a', 6))).toBe('differs, disk newer by 6h')
  expect(whyText(overwritten('/a', -72))).toBe('differs, disk older by 3d')
  expect(whyText(overwritten('/a', 0))).toBe('differs, of the same time')
  const link = { ...overwritten('/a', 0), standing: { type: 'symlink', sizeBytes: 1, mtimeNs: 0n } } as const
  expect(whyText(link)).toBe('symlink on disk')
})

test('a directory decided as a whole says so', () => {
  const whole = wholeDirectory(pathFromText('a'), refused('/a/b', 'needs-root'))
  expect(whyText(whole)).toBe('all that lies in it')
  expect(actionWord(whole)).toBe('keep disk')
})

test('shows both sides of a path, and which is newer', () => {
  const [backup, disk] = sidesLines(overwritten('/a', 6), overwritten('/a', 6).stored, unicodeGlyphs).map(lineText)
  expect(backup).toBe('   backup  2026-11-20 04:00:00Z  1000 B  file')
  expect(disk).toBe('   disk    2026-11-20 10:00:00Z  900 B  file   ! newer by 6h')
})

test('a time no calendar has is told all the same', () => {
  expect(timeText(-(1n << 80n))).toBe('-1208925819614629 s')
  expect(timeText(nowNs)).toBe('2026-11-21 00:00:00Z')
})

const at = pathFromText

test('a row that was decided about stays where it was, done or gone', () => {
  const steps = [overwritten('/a', 1), overwritten('/c', 1)]
  const decisions = new Map([
    [at('a'), { choice: 'keep' as PathChoice, step: steps[0]! }],
    [at('b'), { choice: 'skip' as PathChoice, step: overwritten('/b', 1) }],
    [at('r'), { choice: 'skip' as PathChoice, step: refused('/r', 'needs-root') }],
  ])
  const sections = [
    { actions: ['refuse'] as const, steps: [], total: 0 },
    { actions: ['overwrite', 'keep'] as const, steps, total: 2 },
  ]
  const rows = planRows(sections, decisions, '')
  expect(rows.map(({ step: { path }, choice, isGone }) => [path, choice, isGone])).toEqual([
    ['r', 'skip', true],
    ['a', 'keep', false],
    ['b', 'skip', true],
    ['c', null, false],
  ])
  expect(rowTotal(sections, rows)).toBe(4)
  expect(planRows(sections, decisions, 'B').map(({ step: { path } }) => path)).toEqual(['a', 'b', 'c'])
})

test('what was decided behind the last row that was read comes with the rows around it', () => {
  const decisions = new Map([[at('x'), { choice: 'skip' as PathChoice, step: overwritten('/x', 1) }]])
  const sections = [{ actions: ['overwrite'] as const, steps: [overwritten('/a', 1)], total: 900 }]
  expect(planRows(sections, decisions, '').map(({ step: { path } }) => path)).toEqual(['a'])
})

test('a path that is told twice is two rows', () => {
  const twice = [step('/a'), refused('/a', 'duplicate-path')]
  const rows = planRows([{ actions: ['create', 'refuse'], steps: twice, total: 2 }], new Map(), '')
  expect(new Set(rows.map(({ key }) => key)).size).toBe(2)
})

const counts = { create: 0, overwrite: 0, unchanged: 0, metadata: 0, keep: 0, delete: 0, refuse: 0 }

function facts(more: Partial<ImpactFacts['plan']> = {}, rest: Partial<ImpactFacts> = {}): ImpactFacts {
  return {
    plan: { counts, bytesToWrite: 2048, inPlace: false, target: '/srv/new', notices: [], ...more },
    entry: null,
    space: [],
    blocked: 0,
    isPartial: false,
    never: 0,
    lost: 0,
    host: 'web1',
    now,
    ...rest,
  }
}

function said(all: readonly { readonly text: string }[]): string {
  return all.map(({ text }) => text).join('\n')
}

test('in place it says whether what is overwritten is saved, and that nothing is stopped', () => {
  const change = { inPlace: true, counts: { ...counts, overwrite: 1204 } }
  const text = said(impactOf(facts(change)))
  expect(text).toContain('Overwrites 1,204 files on web1, NOT saved before: no undo brings it back.')
  const saving = said(impactOf(facts({ ...change, saves: { entries: 1204, bytes: 2048 } })))
  expect(saving).toContain('Overwrites 1,204 files on web1, saved before.')
  expect(saving).toContain('Saves 1,204 paths, 2.00 KiB, first; holdfast undo takes it all back.')
  expect(text).toContain('Stops nothing')
})

test('a new directory touches nothing that is there', () => {
  const text = said(impactOf(facts({ counts: { ...counts, create: 3 } })))
  expect(text).toContain('nothing that is on web1 now is touched')
  expect(text).not.toContain('NOT saved')
})

test('what the engine has to say is told, once', () => {
  const notices = ['one copy of the header is damaged']
  const text = said(impactOf(facts({ inPlace: true, notices, counts: { ...counts, overwrite: 1 } })))
  expect(text).toContain('one copy of the header is damaged')
  expect(text.match(/header is damaged/g)).toHaveLength(1)
})

test('cannot be confirmed where something is blocked, where there is no room, or nothing to do', () => {
  const create = { counts: { ...counts, create: 1 } }
  expect(obstacles(facts(create))).toEqual([])
  expect(said(obstacles(facts(create, { blocked: 2 })))).toContain('2 entries blocked')
  const space = [{ at: '/srv', neededBytes: 2048, freeBytes: 1024 }]
  expect(said(obstacles(facts(create, { space })))).toBe('no room at /srv: it needs 2.00 KiB, and 1.00 KiB are free')
  expect(obstacles(facts(create, { space: [{ at: '/', neededBytes: 1, freeBytes: null }] }))).toEqual([])
  expect(said(obstacles(facts()))).toContain('nothing would be written')
})

test('is summed up in three lines with counts and bytes', () => {
  const summary = summaryOf({
    ...facts({ counts: { ...counts, create: 2, overwrite: 1, keep: 4, refuse: 1 } }),
    backup: '2026-11-20T02-00-00Z-full-7f3k',
    scope: '3 files, 2.00 KiB',
  })
  expect(summary).toEqual([
    'From 2026-11-20T02-00-00Z-full-7f3k: 3 files, 2.00 KiB',
    'Into the new directory /srv/new on web1',
    'Creates 2, overwrites 1, writes 2.00 KiB; leaves 5 as they are',
  ])
})
