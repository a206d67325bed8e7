import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { key, type OpenedConsole, openConsole, type Setting } from './harness.tsx'
import { now, runningRun, sampleBackups, sampleRuns, sampleSources } from './sample.ts'
import { sampleCleanup, sampleRetention, sampleSchedules } from './schedule-sample.ts'

/** How screens look, kept as text. `HOLDFAST_GOLDEN=write` writes them anew; then look at what changed. */
const folder = fileURLToPath(new URL('golden', import.meta.url))
const isWriting = process.env['HOLDFAST_GOLDEN'] === 'write'

function compare(name: string, frame: string): void {
  const path = join(folder, `${name}.txt`)
  if (isWriting) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(path, `${frame}\n`)
  }
  expect(`${frame}\n`).toBe(readFileSync(path, 'utf8'))
}

const running = runningRun(-1, {
  startedAt: new Date(now - 300_000).toISOString(),
  about: 'web',
})
const runs = [running, ...sampleRuns(40)]

const creating: Setting = {
  engine: {
    sources: async () => sampleSources(),
    estimate: async ({ type }) => ({
      entries: 13_001,
      files: 12_304,
      bytes: 1_200_000_000,
      changed: type === 'full' ? null : { files: 120, bytes: 45_000_000 },
      unreadable: 3,
      skipped: { excluded: 14, socket: 2 },
      notices: [],
    }),
  },
}

const verifying = [
  runningRun(-1, {
    kind: 'verify',
    startedAt: new Date(now - 300_000).toISOString(),
    about: 'full: 3 backups',
    phase: 'verifying',
  }),
  ...sampleRuns(40),
]

interface Scene {
  readonly name: string
  readonly setting?: Setting
  readonly keys: readonly string[]
  /** Seen once it is there. */
  readonly text: string
  act?(console: OpenedConsole): void
}

const scenes: readonly Scene[] = [
  {
    name: 'dashboard',
    setting: {
      runs,
      status: {
        alerts: [{ kind: 'overdue', subject: 'etc', message: 'etc: the last backup is 15 hours old, its RPO is 12' }],
        schedules: 2,
        daemon: { pid: 4711, since: new Date(now - 86_400_000).toISOString() },
        nextRun: new Date(now + 7_200_000).toISOString(),
      },
    },
    keys: [],
    text: 'Running 1',
  },
  {
    name: 'first-run',
    setting: { backups: [], runs: [], status: { services: [], runs: [] } },
    keys: [],
    text: 'There is no backup yet',
  },
  { name: 'backups', keys: ['2', key.down], text: 'Backups 40' },
  { name: 'backups-filter', keys: ['2', '/web !pin age:>1d'], text: ' of 40' },
  { name: 'backups-marked', keys: ['2', '   '], text: '3 marked' },
  { name: 'pin', keys: ['2', 'P'], text: '[ Cancel ]' },
  {
    name: 'schedules',
    setting: { engine: { schedules: async () => sampleSchedules() } },
    keys: ['3'],
    text: 'Nightly',
  },
  {
    name: 'schedule',
    setting: { engine: { schedules: async () => sampleSchedules() } },
    keys: ['3', key.enter],
    text: 'What it means',
  },
  {
    name: 'cleanup',
    setting: { engine: { retention: async () => sampleRetention(sampleBackups(40)) } },
    keys: ['4'],
    text: '10 would go',
  },
  {
    name: 'cleanup-question',
    setting: {
      engine: {
        retention: async () => sampleRetention(sampleBackups(40)),
        planCleanup: async () => sampleCleanup(sampleBackups(40)),
      },
    },
    keys: ['4', 'D'],
    text: 'Delete 10 backups?',
  },
  { name: 'activity', setting: { runs }, keys: ['6'], text: 'Runs 41' },
  {
    name: 'run',
    setting: { runs: [running] },
    keys: ['6', key.enter],
    text: 'writing',
    act({ jobs }) {
      jobs.tell(running.id, { kind: 'started', command: 'create', pid: 4711, host: 'web1', about: 'web' })
      jobs.tell(running.id, { kind: 'phase', phase: 'counting' })
      jobs.tell(running.id, { kind: 'phase', phase: 'reading', service: 'web' })
      jobs.tell(running.id, { kind: 'warning', message: '/srv/www/a changed while it was read' })
      jobs.tell(running.id, { kind: 'phase', phase: 'writing to disk', service: 'web' })
    },
  },
  { name: 'settings', keys: ['7'], text: 'storage.local.path' },
  { name: 'keys', keys: ['7', key.tab], text: '00ff' },
  { name: 'checks', keys: ['7', key.shiftTab], text: 'no key' },
  { name: 'create', setting: creating, keys: ['2', 'B'], text: 'counted' },
  { name: 'create-paths', setting: creating, keys: ['2', 'B', '\x14', "/etc '/home/my files'"], text: 'counted' },
  { name: 'create-how', setting: creating, keys: ['2', 'B', key.enter], text: 'counted' },
  { name: 'create-review', setting: creating, keys: ['2', 'B', key.enter, key.enter], text: 'counted' },
  { name: 'create-question', setting: creating, keys: ['2', 'B', key.enter, key.enter, 'C'], text: '── counted' },
  { name: 'verify', setting: { runs: verifying }, keys: ['5'], text: 'Running 1' },
  { name: 'verify-levels', setting: { runs: verifying }, keys: ['5', '  ', 'V'], text: 'how?' },
  { name: 'verify-question', setting: { runs: verifying }, keys: ['5', '  ', 'V', key.enter], text: '[ Cancel ]' },
  { name: 'help', keys: ['2', '?'], text: 'Keys' },
  { name: 'palette', keys: [':'], text: 'Commands' },
]

for (const [columns, rows] of [
  [80, 24],
  [100, 30],
] as const) {
  test.each(scenes.map((scene) => [scene.name, scene] as const))(
    `looks as it did at ${columns}x${rows}: %s`,
    async (name, { setting, keys, text, act }) => {
      const console = await openConsole({ backups: sampleBackups(40), ...setting, columns, rows })
      await console.until('HOLDFAST')
      act?.(console)
      for (const packet of keys) await console.keys(packet)
      await console.until(text)
      compare(`${name}-${columns}x${rows}`, console.frame())
    },
  )
}

test('draws the dashboard in ASCII where there is nothing else', async () => {
  const console = await openConsole({ runs, columns: 80, rows: 24, capability: { unicode: false, colors: 'none' } })
  await console.until('Running 1')
  compare('dashboard-ascii-80x24', console.frame())
})
