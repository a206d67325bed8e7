import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupIds, backupsByAge, type Stage } from '../e2e/stage.ts'
import { openPty, pressedUntil, stageWithBackups } from './pty-kit.ts'

/** Schedules and cleanup of the built console in a real terminal. */

let stage: Stage
beforeAll(async () => {
  stage = await stageWithBackups(2)
})
afterAll(() => stage.remove())

const inFile = () =>
  (JSON.parse(readFileSync(join(stage.root, 'schedules.json'), 'utf8')) as { schedules: Record<string, unknown>[] })
    .schedules

test('Schedules: makes one, which then stands in schedules.json, and removes it', async () => {
  const pty = openPty(stage)
  await pty.until('HOLDFAST')
  await pty.press('3', 'There are no schedules.')
  await pty.press('N', 'What it means')
  await pty.press('Nightly\t\x1530 1 * * 1-5\t\x15Europe/Berlin', 'At 01:30, Monday to Friday')
  await pty.press('\r', 'Save this schedule?')
  await pressedUntil(pty, 'y', () => inFile().length === 1)
  expect(inFile()).toMatchObject([
    { id: 'nightly', name: 'Nightly', cron: '30 1 * * 1-5', tz: 'Europe/Berlin', type: 'incremental', enabled: true },
  ])
  await pty.until('LAST 10')
  await pty.press('D', 'Remove this schedule?')
  await pressedUntil(pty, 'y', () => inFile().length === 0)
  await pty.until('There are no schedules.')
  expect(inFile()).toEqual([])
})

test('Cleanup: shows what another policy would let go, and deletes nothing', async () => {
  const pty = openPty(stage)
  await pty.until('HOLDFAST')
  await pty.press('4', 'everything is kept')
  await pty.press('=', 'What if the policy were')
  await pty.press('\x15keep=1\r', '1 would go')
  expect(backupIds(stage.root)).toHaveLength(2)
})

test('Cleanup: deletes what the policy lets go once the name of the host was typed, and nothing else', async () => {
  const [oldest, newest] = backupsByAge(stage.root)
  const pty = openPty(stage)
  await pty.until('HOLDFAST')
  await pty.press('4', 'everything is kept')
  await pty.press('=', 'What if the policy were')
  await pty.press('\x15keep=1\r', '1 would go')
  await pty.press('D', 'Delete 1 backup?')
  // A frame comes in pieces.
  const question = await pty.until((screen) => screen.includes(oldest!) && /type the host {2}\S+\s/.test(screen))
  const host = /type the host {2}(\S+)/.exec(question)?.[1] ?? ''
  expect(host).toBe(hostname())
  await pressedUntil(pty, '\x15not-it\r', () => pty.screen.includes('that is not the host'))
  expect(backupsByAge(stage.root)).toEqual([oldest, newest])
  await pty.press(`\x15${host}`, `> ${host}`)
  await pty.press('\r', '✔ done  cleanup')
  expect(backupIds(stage.root)).toEqual([newest])
})
