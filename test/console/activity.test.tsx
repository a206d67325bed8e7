import { expect, test } from 'vitest'
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
