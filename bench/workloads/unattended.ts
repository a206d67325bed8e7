import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { decideRetention } from '../../src/engine/plan/retention.ts'
import { policyFromCounts } from '../../src/engine/plan/retention-policy.ts'
import type { RetentionBackup } from '../../src/model/retention.ts'
import type { Bench } from '../bench.ts'
import { historyTree, lengthenHistory, makeFirstBackups } from '../console-history.ts'
import { cpuSecondsOf, memoryOf } from '../console-pty.ts'
import type { Row } from '../rows.ts'
import type { Tool } from '../tool.ts'
import { holdfastName } from '../tools/holdfast.ts'
import type { Workload } from '../workload.ts'

/** The daemon while nothing is due, and what its cleanup decides about a long history. No peer has a daemon. */

const backups = 1000
const files = 1000
const settleMs = 10_000
const idleMs = 120_000
const judged = 100_000
const decisions = 7

const rows: readonly Row[] = [
  {
    title: `the idle daemon over ${backups.toLocaleString('en-US')} backups: memory`,
    quantity: { kind: 'figure', name: 'daemon-memory' },
    bars: [{ kind: 'limit', most: 90e6, moonshot: 60e6 }],
  },
  {
    title: '… its peak, what it looks at when it starts among it',
    quantity: { kind: 'peak', step: 'daemon-idle' },
    bars: [],
  },
  {
    title: `… CPU time, of ${idleMs / 1000} s`,
    quantity: {
      kind: 'quotient',
      of: { kind: 'cpu', step: 'daemon-idle' },
      by: { kind: 'wall', step: 'daemon-idle' },
      as: 'percent',
    },
    bars: [{ kind: 'limit', most: 0.001, moonshot: 0.0002 }],
  },
  {
    title: `retention over ${judged.toLocaleString('en-US')} backups, every rule switched on`,
    quantity: { kind: 'wall', step: 'retention' },
    bars: [{ kind: 'limit', most: 0.5, moonshot: 0.1 }],
  },
]

export const unattended: Workload = {
  name: 'unattended',
  about: `the idle daemon over ${backups} backups, and retention over ${judged}`,
  rows,
  async run(bench) {
    const tree = historyTree(files)
    const tool = bench.tool(holdfastName)
    if (tool === undefined) {
      bench.notes.push('Holdfast was not there: nothing was measured.')
      return tree
    }
    for (const round of bench.rounds(decisions)) bench.record('retention', { seconds: decide(), round })
    const place = bench.place(tool)
    if (!(await makeFirstBackups(bench, tool, place, files))) return tree
    await lengthenHistory(place.repository, backups)
    writeFileSync(
      join(place.directory, 'backup_config.json'),
      JSON.stringify({
        encryption: { enabled: false },
        services: { web: { type: 'files', include_paths: [place.directory] } },
        schedules: { yearly: { cron_expression: '0 4 1 1 *' } },
      }),
    )
    await measureDaemon(bench, tool, place)
    bench.notes.push(
      'The memory is that after two minutes, its peak that of the process. Two backups are whole; the others are a directory, a manifest and a line of the catalog each.',
      'Retention: keep, days, daily to yearly, one schedule in two, a pin in a hundred; in the process that measures, after a warm-up.',
    )
    return tree
  },
}

async function measureDaemon(
  bench: Bench,
  tool: Tool,
  { directory, repository }: ReturnType<Bench['place']>,
): Promise<void> {
  const program = tool.start().stages[0]![0]!
  const daemon = spawn(program, ['--root', repository, '--daemon'], {
    cwd: directory,
    env: bench.environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(daemon.stdout, 'data')
    const pid = pidOf(daemon)
    await wait(settleMs, undefined, { signal: bench.options.signal })
    const before = cpuSecondsOf(pid)
    await wait(idleMs, undefined, { signal: bench.options.signal })
    const { nowBytes, peakBytes } = memoryOf(pid)
    bench.record('daemon-idle', { seconds: idleMs / 1000, cpuSeconds: cpuSecondsOf(pid) - before, peakBytes })
    bench.figures.push({ name: 'daemon-memory', value: nowBytes })
  } finally {
    daemon.kill('SIGTERM')
    const [code] = (await once(daemon, 'exit')) as [number | null]
    bench.checkOnce(tool, 'the daemon ends at SIGTERM with 0', code === 0)
  }
}

/** bin/holdfast becomes node: the pid stays. */
function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the daemon did not start')
  return pid
}

/** Seconds for one decision about a history of chains, schedules and pins. */
function decide(): number {
  const now = Date.parse('2026-11-21T00:00:00Z')
  const history = Array.from({ length: judged }, (_, at): RetentionBackup => {
    const isFull = at % 24 === 0
    return {
      id: `b${at}`,
      type: isFull ? 'full' : 'incremental',
      createdAt: now - (judged - at) * 3_600_000,
      services: ['web', 'db'].slice(0, 1 + (at % 2)),
      schedule: at % 2 === 0 ? 'hourly' : null,
      needs: isFull ? [] : [`b${at - (at % 24)}`],
      state: 'good',
      verified: at % 10 === 0,
      pinned: at % 100 === 0,
      legalHold: null,
      expiringSince: null,
    }
  })
  const counts = { keep: 10, days: 30, daily: 7, weekly: 4, monthly: 12, quarterly: 8, yearly: 7 }
  const policy = policyFromCounts(counts, 'Europe/Berlin')
  const began = performance.now()
  decideRetention(history, policy, now)
  return (performance.now() - began) / 1000
}
