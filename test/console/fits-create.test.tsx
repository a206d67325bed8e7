import { test } from 'vitest'
import { expectFits, type Way } from './fits-kit.ts'
import { key, type Setting } from './harness.tsx'
import { hostileBackups, hostileNames, hostileRuns, hostileSources } from './hostile.ts'
import { runningRun, sampleRuns, sampleSources } from './sample.ts'

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

const ways: readonly Way[] = [
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

test.each(worlds)('create and verify fit every terminal exactly: %s', (_name, setting) => expectFits(setting, ways))
