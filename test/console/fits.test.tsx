import { expect, test } from 'vitest'
import type { RunEvent } from '../../src/model/event.ts'
import { screens } from '../../src/screens/registry.ts'
import { expectFits, type Way } from './fits-kit.ts'
import { key, misfits, openConsole, type Setting } from './harness.tsx'
import { hostileBackups, hostileNames, hostileRuns } from './hostile.ts'
import { runningRun, sampleBackups, sampleRuns } from './sample.ts'

const runs = [runningRun(-1), runningRun(-2, { kind: 'restore' }), ...sampleRuns(120)]
const worlds: readonly [name: string, setting: Setting][] = [
  ['usual', { runs }],
  ['in ASCII', { runs, capability: { unicode: false, colors: 'none' } }],
  ['empty', { backups: [], runs: [], status: { services: [], runs: [], verified: null, successRate: null } }],
  [
    'hostile',
    {
      backups: hostileBackups(),
      runs: [runningRun(-1, { about: hostileNames.join(' '), phase: hostileNames[1]! }), ...hostileRuns()],
      status: {
        root: hostileNames.join('/'),
        alerts: hostileNames.map((message) => ({ kind: 'catalog', subject: null, message })),
      },
      facts: { host: hostileNames[1]!, user: hostileNames[6]!, root: hostileNames[8]! },
    },
  ],
  [
    'unreadable',
    {
      engine: {
        status: () => Promise.reject(new Error(hostileNames.join(' '))),
        list: () => Promise.reject(new Error(hostileNames.join(' '))),
        doctor: () => Promise.reject(new Error(hostileNames.join(' '))),
        keysList: () => Promise.reject(new Error(hostileNames.join(' '))),
      },
    },
  ],
  ['of 100,000', { backups: sampleBackups(100_000), runs }],
]

/** What leads to each screen that is built, from the dashboard. */
const ways: readonly Way[] = [
  ...screens.filter(({ digit }) => digit !== null).map(({ id, digit }): [string, string[]] => [id, [String(digit)]]),
  ['a run', ['6', key.enter]],
  ['help', ['2', '?']],
  ['the palette', ['2', ':']],
  ['a dialog', ['2', 'P']],
  ['a menu', ['2', 'o']],
  ['what needs attention', ['1', 'a']],
  ['a filter', ['2', '/a !b size:>1']],
  ['keys', ['7', key.tab]],
  ['checks', ['7', key.tab, key.tab]],
]

test.each(worlds)('every screen fits every terminal exactly: %s', (_name, setting) => expectFits(setting, ways))

test('a log of hostile lines fits, wrapped and not', async () => {
  const run = runningRun(-1)
  const console = await openConsole({ columns: 80, rows: 24, runs: [run] })
  for (const name of hostileNames) {
    const told: readonly Extract<RunEvent, { kind: 'warning' | 'notice' | 'phase' }>['kind'][] = ['warning', 'notice']
    for (const kind of told)
      console.jobs.tell(run.id, { kind, message: name } as Parameters<typeof console.jobs.tell>[1])
    console.jobs.tell(run.id, { kind: 'phase', phase: name })
  }
  await console.keys('6\r')
  await console.until('following')
  expect(misfits(console.frame(), 80, 24)).toEqual([])
  for (const keys of ['w', 'g', 'G', '/x\r', 'n', 'N']) {
    await console.keys(keys)
    expect(misfits(console.frame(), 80, 24)).toEqual([])
    expect(console.frame()).not.toMatch(/[^\P{Cc}\n]/u)
  }
})
