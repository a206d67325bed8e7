import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { DrillRecord } from '../../src/model/drill.ts'
import { buildProgram, DaemonHouse, type LogLine } from './daemon-kit.ts'
import { litterOf } from './stage.ts'

/** Drills that a real daemon runs by itself. */

let house: DaemonHouse
beforeAll(buildProgram)
beforeEach(async () => {
  house = new DaemonHouse()
  house.configure({})
  expect((await house.holdfast('create')).code).toBe(0)
})
afterEach(() => {
  letGo()
  house.close()
})

/** A check that says that it has begun, and then waits until it is let go. */
const blocking = (word: string, end: string) =>
  `: ${word}; touch ${join(house.top, 'begun')}; until [ -e ${join(house.top, 'go')} ]; do sleep 0.02; done; ${end}`
const letGo = () => writeFileSync(join(house.top, 'go'), '')
const hasBegun = () => expect.poll(() => existsSync(join(house.top, 'begun')), { timeout: 30_000 }).toBe(true)

/** As the store writes them; only while nobody else does. */
function write(file: { schedules?: object[]; drills: object[] }): void {
  const usual = { cron: '* * * * * *', tz: 'UTC', services: [], if_missed: 'run-once', jitter_seconds: 0 }
  const whole = (one: object) => ({
    ...usual,
    enabled: true,
    createdAt: new Date().toISOString(),
    lastRuns: [],
    ...one,
  })
  const { schedules = [], drills } = file
  const text = JSON.stringify({ v: 1, schedules: schedules.map(whole), drills: drills.map(whole) })
  writeFileSync(join(house.root, 'schedules.json'), text)
}
const rehearsal = (command: string, more: object = {}) => ({
  ...{ id: 'rehearsal', name: 'rehearsal', type: 'drill' },
  drill: { check: { command, timeout_seconds: 600 }, ...more },
})
const resting = () => ({
  ...JSON.parse(readFileSync(join(house.root, 'schedules.json'), 'utf8')).drills[0],
  enabled: false,
})

/** First words of the processes whose command line holds a text. */
function running(text: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return line.includes(text) ? [line.split('\0')[0] ?? ''] : []
    } catch {
      return [] // no process, or one that has ended
    }
  })
}

const ledger = (): DrillRecord[] =>
  readFileSync(join(house.root, 'drills.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as DrillRecord)
const drillNote = () => JSON.parse(readFileSync(join(house.root, 'schedules.json'), 'utf8')).drills[0].lastRuns[0]
const endOf = (id: string) => (lines: readonly LogLine[]) =>
  lines.find((line) => line.event === 'run-ended' && line['schedule'] === id)

test('a drill keeps no backup waiting; a check that says no is told once, and not tried again', async () => {
  write({ drills: [rehearsal(blocking('watchword', 'exit 3'))] })
  const daemon = house.daemon()
  await hasBegun()

  expect(running('watchword')).toEqual(['sh'])
  write({ drills: [resting()], schedules: [{ id: 'beside', name: 'beside', type: 'full' }] })
  expect(await daemon.until(endOf('beside'))).toMatchObject({ state: 'done' })
  expect(endOf('rehearsal')(daemon.lines)).toBeUndefined()
  await house.holdfast('schedule', 'delete', 'beside')

  letGo()
  const end = await daemon.until(endOf('rehearsal'))
  expect(end).toMatchObject({ level: 'error', state: 'failed', code: null })
  expect(end).not.toHaveProperty('retryAt')
  expect(await daemon.event('alert')).toMatchObject({ alert: 'drill-failed', subject: 'files' })
  daemon.signal('SIGTERM')
  expect((await daemon.ended()).code).toBe(0)

  const note = drillNote()
  expect(note).toMatchObject({ run: end['run'], outcome: 'failed', attempt: 1 })
  expect(ledger()).toMatchObject([
    { run: end['run'], ok: false, check: { exitCode: 3 }, schedule: { id: 'rehearsal', at: note.at } },
  ])
  expect(daemon.lines.filter(({ event }) => event === 'alert')).toHaveLength(1)
  expect(JSON.stringify(daemon.lines) + daemon.other).not.toContain('watchword')
  expect(litterOf(house.root)).toEqual([])
})

test('kill -9 in the middle of a scheduled drill: it is tried again, and the next run leaves no scratch place', async () => {
  const scratch = join(house.top, 'scratch')
  mkdirSync(scratch)
  write({ drills: [rehearsal(blocking('x', 'exit 0'), { scratch })] })
  const daemon = house.daemon()
  await hasBegun()
  write({ drills: [resting()] })
  expect(readdirSync(scratch)).toEqual([expect.stringMatching(/^holdfast-.*-drill-/)])
  for (const pid of house.jobs()) process.kill(pid, 'SIGKILL')
  const end = await daemon.until(endOf('rehearsal'))
  expect(end).toMatchObject({ state: 'died', retryAt: expect.any(String) })
  letGo()
  daemon.signal('SIGTERM')
  expect((await daemon.ended()).code).toBe(0)
  expect(readdirSync(scratch)).not.toEqual([])

  expect(await house.holdfast('schedule', 'run', 'rehearsal')).toMatchObject({ code: 0 })
  expect(readdirSync(scratch)).toEqual([])
  expect(litterOf(house.root)).toEqual([])
  expect(ledger()).toMatchObject([{ ok: true, level: 'checked', schedule: { id: 'rehearsal' } }])
})
