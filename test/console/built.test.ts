import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { acquireLock } from '../../src/engine/platform/lock.ts'
import { pathFromText } from '../../src/model/path.ts'
import { backupIds, Stage } from '../e2e/stage.ts'
import { costOf, openPty, otherKeys, pressedUntil, stageWithBackups } from './pty-kit.ts'

/** Every screen of the built console in a real terminal: opened, its main action done, and what became of it on disk. */

let stage: Stage
let ids: string[]
beforeAll(async () => {
  stage = await stageWithBackups(3)
  ids = backupIds(stage.root)
})
afterAll(() => stage.remove())

test('Dashboard: shows the service, follows a job that another process runs, and cancels it', async () => {
  // While it is held, a backup has begun and waits.
  const lock = await acquireLock(createDiskFiles(), pathFromText(join(stage.root, 'locks', 'service-paths')), {
    waitMs: 0,
    signal: new AbortController().signal,
    clock: systemClock,
    holder: { pid: process.pid, run: 'test', command: 'test', since: '' },
  })
  const create = stage.start(['create', stage.at('source')])
  try {
    const pty = openPty(stage)
    await pty.until(/paths .* never/)
    await pty.until('Running 1')
    await pty.press('f', 'following')
    await pty.press('x', 'Stop this backup?')
    await pressedUntil(pty, 'y', () => pty.screen.includes('interrupted'))
    await pty.until('interrupted')
  } finally {
    lock.release()
  }
  expect((await create.ended).code).toBe(130)
  expect(backupIds(stage.root)).toEqual(ids)
})

test('Backups: finds one, pins it, and its pin lies beside its manifest', async () => {
  const pty = openPty(stage)
  await pty.until('HOLDFAST')
  await pty.press('2', 'Backups 3')
  const wanted = ids[0]!
  await pty.press(`/${wanted.slice(-4)}\r`, '1 of 3')
  await pty.press('P', 'Pin 1 backup?')
  const pin = join(stage.root, 'archives', wanted, 'pin.json')
  await pressedUntil(pty, 'y', () => existsSync(pin))
  await pty.until(/ pin( |$)/m)
  expect(JSON.parse(readFileSync(pin, 'utf8'))).toMatchObject({ legalHold: null })
})

test('Run: a verification started here is followed to its end, and the list knows of it', async () => {
  const pty = openPty(stage)
  await pty.press('2', 'Backups 3')
  pty.type('G')
  await pty.press('V', 'how?')
  await pty.press(otherKeys.enter, 'holdfast verify')
  await pressedUntil(pty, 'y', () => !pty.screen.includes('[ Cancel ]'))
  await pty.until('✔ done')
  await pty.until('level full')
  await pty.press(otherKeys.escape, /✔ now/)
})

test('Activity: shows all runs, and the log of one in the pager', async () => {
  const pager = stage.at('a pager')
  writeFileSync(pager, '#!/bin/sh\ncat "$1"; read -r _\n', { mode: 0o755 })
  const pty = openPty(stage, { env: { PAGER: `'${pager}'` } })
  await pty.until('HOLDFAST')
  await pty.press('6', /Runs \d/)
  pty.type('G')
  await pty.press('e', '"kind":"finished"')
  expect(pty.isAlternate).toBe(false)
  await pty.press('\r', /Runs \d/)
  expect(pty.isAlternate).toBe(true)
})

test('Settings and keys: the effective repository and the key it is opened with', async () => {
  const pty = openPty(stage)
  await pty.until('HOLDFAST')
  await pty.press('7', /storage\.local\.path/)
  await pty.press('\t', /\[Keys 1\]/)
  await pty.until(/✔ [0-9a-f]{8}/)
})

test('First run: makes a repository and a key in an empty place', async () => {
  const empty = new Stage()
  try {
    const pty = openPty(empty, { env: { BACKUP_ENCRYPTION_KEY: undefined } })
    await pty.until('There is no repository at')
    await pty.press('I', 'What opens the backups?')
    await pty.press(otherKeys.enter, 'holdfast init')
    await pressedUntil(pty, 'y', () => pty.screen.includes('The repository is made'))
    const screen = await pty.until('Copy it elsewhere now')
    expect(existsSync(join(empty.root, 'archives'))).toBe(true)
    expect(screen).toContain('Key: ')
    await pty.press(otherKeys.enter, 'There is no backup yet')
  } finally {
    empty.remove()
  }
})

test('costs at most 800 bytes a key on a table at 100x30', async () => {
  const pty = openPty(stage)
  await pty.until('HOLDFAST')
  await pty.press('6', /Runs \d/)
  await pty.until(/sync/)
  expect(await costOf(pty)).toBeLessThanOrEqual(800)
})
