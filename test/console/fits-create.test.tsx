import { expect, test } from 'vitest'
import { escapeKey } from '../../src/terminal/key-split.ts'
import { key, misfits, openConsole, type Setting } from './harness.tsx'
import { hostileBackups, hostileNames, hostileRuns, hostileSources } from './hostile.ts'
import { runningRun, sampleRuns, sampleSources } from './sample.ts'

const sizes = [
  [60, 16],
  [80, 24],
  [100, 30],
  [200, 60],
] as const

const runs = [runningRun(-1, { kind: 'verify' }), ...sampleRuns(40)]
const sources = async () => sampleSources()
const unreadable = () => Promise.reject(new Error(hostileNames.join(' ')))
const worlds: readonly [name: string, setting: Setting][] = [
  ['usual', { runs, engine: { sources } }],
  ['in ASCII', { runs, engine: { sources }, capability: { unicode: false, colors: 'none' } }],
  [
    'hostile',
    {
      backups: hostileBackups(),
      runs: [
        runningRun(-1, { kind: 'verify', about: `full: ${hostileNames.join(' ')}`, phase: hostileNames[1]! }),
        ...hostileRuns().map((run) => ({ ...run, kind: 'verify' as const })),
      ],
      engine: { sources: async () => hostileSources(), estimate: unreadable },
      facts: { host: hostileNames[1]!, user: hostileNames[6]!, root: hostileNames.join('/') },
    },
  ],
  ['unreadable', { engine: { sources: unreadable, list: unreadable, estimate: unreadable } }],
]

const ways: readonly [name: string, keys: readonly string[]][] = [
  ['what to back up', ['2B']],
  ['how to back it up', ['2B', key.enter]],
  ['options', ['2B', key.enter, '\x0f']],
  ['a review', ['2B', key.enter, key.enter]],
  ['all of a review', ['2B', key.enter, key.enter, 'd']],
  ['a backup to be made', ['2B', key.enter, key.enter, 'C']],
  ['verifications', ['5']],
  ['backups marked for one', ['5', '  ']],
  ['its levels', ['5', '  V']],
  ['whether to start it', ['5', '  V', key.enter]],
  ['their history', ['5', key.tab]],
]

test.each(worlds)('create and verify fit every terminal exactly: %s', async (_name, setting) => {
  const console = await openConsole(setting)
  for (const [name, keys] of ways) {
    for (const packet of keys) await console.keys(packet)
    for (const [columns, rows] of sizes) {
      await console.resize(columns, rows)
      const frame = console.frame()
      const at = `${name} at ${columns}x${rows}`
      expect({ at, misfits: misfits(frame, columns, rows) }).toEqual({ at, misfits: [] })
      expect({ at, frame }).toEqual({ at, frame: frame.replace(/[^\P{C}\n]/gu, '?') })
      if (setting.capability?.unicode === false)
        expect({ at, frame }).toEqual({ at, frame: frame.replace(/[^\x20-\x7e\n]/g, '?') })
    }
    await console.keys(escapeKey.repeat(6))
  }
})
