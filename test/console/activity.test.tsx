import { expect, test } from 'vitest'
import type { RunSummary } from '../../src/model/jobs.ts'
import { type Call, plan } from '../commands/pretend-engine.ts'
import { openConsole } from './harness.tsx'
import { runningRun, sampleRuns, suffixOf } from './sample.ts'

test('shows the runs, newest first, and how the chosen one ended', async () => {
  const console = await openConsole()
  await console.keys('6')
  await console.until('Runs 40')
  await console.keys('j'.repeat(7))
  await console.until('E_NO_SPACE no space left on the disk')
})

test('reads older runs page by page, down to the first', async () => {
  const console = await openConsole({ runs: sampleRuns(350) })
  await console.keys('6')
  await console.until('Runs 100+')
  for (const count of ['200+', '300+', '350']) {
    await console.keys('G')
    await console.until(`Runs ${count}`)
  }
  await console.keys('G')
  await console.until(new RegExp(`-${suffixOf(349)} ──`))
  expect(console.jobs.asked.every(({ limit }) => limit === 100)).toBe(true)
})

test('a run that begins does not move the cursor, and none is shown twice', async () => {
  const console = await openConsole({ runs: sampleRuns(150) })
  await console.keys('6G')
  await console.until('Runs 150')
  await console.keys('g')
  console.jobs.add(runningRun(-1))
  await console.keys('r')
  const frame = await console.until('Runs 151')
  expect(frame).toContain('1 running')
  expect(frame.split('\n').find((line) => line.startsWith('▸'))).toContain('done')
})

test('filters by kind and by how they ended', async () => {
  const console = await openConsole()
  await console.type('6/kind:verify status:failed')
  await console.until('1 of 40')
})

test('opens the log of a run in the pager', async () => {
  const runs = sampleRuns(3)
  const console = await openConsole({ runs })
  await console.keys('6')
  await console.until('Runs 3')
  await console.keys('e')
  await console.until('Runs 3')
  expect(console.favours).toEqual([`page /srv/backup/runs/${runs[0]!.id}.ndjson`])
})

test('an empty list says so', async () => {
  const console = await openConsole({ runs: [] })
  await console.keys('6')
  await console.until('Nothing has run yet')
})

const restored = {
  ...(sampleRuns(1)[0] as RunSummary),
  kind: 'restore',
  about: 'web to /',
  id: '2026-11-20T23-00-00Z-restore-7f3k',
} as const

test('U plans to take a restore back, and does that once the name of the machine was typed', async () => {
  const calls: Call[] = []
  const counts = { create: 3, overwrite: 2, unchanged: 0, metadata: 0, keep: 0, delete: 4, refuse: 0 }
  const undo = plan(calls, { inPlace: true, undoes: restored.id, counts, saves: { entries: 1, bytes: 2048 } })
  const console = await openConsole({ runs: [restored], engine: { planUndo: async () => undo } })
  await console.keys('6')
  await console.until('Runs 1')
  await console.keys('U')
  const frame = await console.until('Undo 7f3k?')
  for (const text of [
    '3 entries come back',
    '2 entries are overwritten',
    '4 entries that it made are removed',
    '1 path, 2.00 KiB, changed since the restore, are saved first',
    'holdfast undo 2026-11-20T23-00-00Z-restore-7f3k',
  ])
    expect(frame.replace(/\s+/g, ' ').replaceAll('│ │', '')).toContain(text)
  expect(console.jobs.started).toEqual([])
  await console.type('web1')
  await console.keys('\r')
  await console.until('restore what was asked for')
  expect(console.jobs.started).toMatchObject([{ kind: 'restore' }])
})

test('U on a restore that has changed nothing says so; on a backup it is no key', async () => {
  const console = await openConsole({ runs: [restored, ...sampleRuns(2)], engine: { planUndo: async () => null } })
  await console.keys('6')
  await console.until('Runs 3')
  await console.keys('U')
  await console.until('Nothing to do')
  await console.keys('\u001b')
  await console.keys('jU')
  expect(await console.until('Runs 3')).not.toContain('Undo')
})
