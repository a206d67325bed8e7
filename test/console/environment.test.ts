import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { program, type Stage } from '../e2e/stage.ts'
import type { Pty } from './pty.ts'
import { drawingProcess, modesLeft, openInShell, openPty, otherKeys, stageWithBackups, untilAlike } from './pty-kit.ts'

/** The built console on terminals of all kinds: it draws or says why not, and leaves every terminal as it was. */

let stage: Stage
beforeAll(async () => {
  stage = await stageWithBackups(1)
})
afterAll(() => stage.remove())

const clean = { alternate: false, cursorHidden: false, pasteTold: false }

async function expectCleanShell(pty: Pty, code: number): Promise<void> {
  await pty.until(`code ${code}`)
  const screen = await pty.until('clean')
  expect(screen).toMatch(/^shell/)
  expect(pty.isAlternate).toBe(false)
  expect(modesLeft(pty.raw)).toEqual(clean)
}

test('bare holdfast on a terminal is the console, on a screen of its own; q gives the shell back as it was', async () => {
  const pty = openInShell(stage)
  await pty.until('HOLDFAST › Dashboard')
  expect(pty.isAlternate).toBe(true)
  pty.type('q')
  await expectCleanShell(pty, 0)
})

test.each([
  ['CI=true', { CI: 'true' }],
  ['CI empty', { CI: '' }],
  ['DEV=true', { DEV: 'true' }],
  ['FORCE_COLOR=3', { FORCE_COLOR: '3' }],
])('draws where %s', async (_name, env) => {
  const pty = openPty(stage, { env })
  await pty.until(/Services.*\n.*SERVICE/)
  pty.type('q')
  expect((await pty.exited).code).toBe(0)
})

test('draws without any colour where NO_COLOR is set, and a mark stands for the cursor', async () => {
  const pty = openPty(stage, { env: { NO_COLOR: '1' } })
  await pty.until(/^▸.*paths/m)
  await pty.press('2', 'Backups 1')
  expect(pty.raw).not.toMatch(/\x1b\[[0-9;]*[1-9][0-9;]*m/)
})

test('draws in ASCII on the Linux console, and wipes its picture at the end', async () => {
  const pty = openPty(stage, { env: { TERM: 'linux' } })
  const screen = await pty.until('HOLDFAST > Dashboard')
  expect(screen).toMatch(/^[\x20-\x7e\n]*$/)
  pty.type('q')
  await pty.exited
  expect(pty.raw.slice(-40)).toContain('\x1b[H\x1b[J')
})

test.each([
  ['TERM=dumb', 'TERM=dumb cannot draw'],
  ['-u TERM', 'TERM is not set'],
])('says what to do on a terminal that cannot draw: env %s', async (change, why) => {
  const pty = openPty(stage, { command: '/usr/bin/env', argv: [...change.split(' '), program] })
  expect((await pty.exited).code).toBe(2)
  expect(pty.screen).toContain(why)
  expect(pty.screen).toContain('hint: plain commands work everywhere')
  expect(pty.raw).not.toContain('\x1b[?1049h')
})

test('without a terminal it is the status, and by its name an error', () => {
  const options = { env: { ...stage.environment, TERM: 'xterm' }, encoding: 'utf8' } as const
  const bare = spawnSync(program, [], options)
  expect(bare.stdout).toContain('repository: ')
  expect(bare.stdout).not.toContain('\x1b')
  const named = spawnSync(program, ['console'], options)
  expect(named.status).toBe(2)
  expect(named.stderr).toContain('error: the console needs a terminal it can draw on: stdin is not a terminal')
})

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
] as const)('%s to the launcher ends it with %i and leaves the terminal clean', async (signal, code) => {
  const pty = openInShell(stage)
  await pty.until('HOLDFAST › Dashboard')
  const launcher = parentOf(drawingProcess(pty))
  process.kill(launcher, signal)
  await expectCleanShell(pty, code)
})

test.each(['SIGTERM', 'SIGHUP'] as const)('%s to the drawing process leaves the terminal clean', async (signal) => {
  const pty = openInShell(stage)
  await pty.until('HOLDFAST › Dashboard')
  process.kill(drawingProcess(pty), signal)
  await expectCleanShell(pty, signal === 'SIGTERM' ? 143 : 129)
})

test.each(['SIGKILL', 'SIGSEGV'] as const)(
  'killed by %s, the terminal is put right and somebody says so',
  async (signal) => {
    const pty = openInShell(stage)
    await pty.until('HOLDFAST › Dashboard')
    process.kill(drawingProcess(pty), signal)
    await pty.until('error: the console died')
    await expectCleanShell(pty, signal === 'SIGKILL' ? 137 : 139)
  },
)

test('an error that nobody expected is told once the terminal is clean, with all that was written meanwhile', async () => {
  const planted = new URL('throw-on-signal.mjs', import.meta.url).href
  const pty = openInShell(stage, { env: { NODE_OPTIONS: `--import=${planted}` } })
  await pty.until('HOLDFAST › Dashboard')
  process.kill(drawingProcess(pty), 'SIGUSR2')
  await pty.until('error: an unexpected error: planted')
  await expectCleanShell(pty, 1)
  expect(pty.screen).toContain('said into the picture')
})

test('Ctrl-C twice leaves with 130', async () => {
  const pty = openInShell(stage)
  await pty.until('HOLDFAST › Dashboard')
  await pty.press(otherKeys.ctrlC, 'Leave?')
  pty.type(otherKeys.ctrlC)
  await expectCleanShell(pty, 130)
})

test('a terminal that goes away ends it', async () => {
  const pty = openPty(stage)
  await pty.until('HOLDFAST › Dashboard')
  pty.hangUp()
  // The launcher is gone, with it what it waited for.
  expect(await pty.exited).toBeDefined()
})

test('Ctrl-Z stops it, fg brings it back as it was, and the shell had a sane terminal meanwhile', async () => {
  const pty = openPty(stage, { command: '/bin/bash', argv: ['--norc', '--noprofile', '-i'], env: { PS1: 'ready> ' } })
  await pty.until('ready>')
  await pty.press(`'${program}'\r`, 'HOLDFAST › Dashboard')
  await pty.press('2', 'Backups 1')
  await pty.press(otherKeys.ctrlZ, 'Stopped')
  expect(pty.isAlternate).toBe(false)
  await pty.press('stty -a | grep -o -w icanon\r', /^icanon$/m)
  await pty.press('fg\r', 'Backups 1')
  expect(pty.isAlternate).toBe(true)
  await pty.press('1q', (screen) => !pty.isAlternate && screen.includes('fg'))
})

test('Ctrl-Z where nobody could bring it back changes nothing', async () => {
  const pty = openPty(stage)
  await pty.until('HOLDFAST › Dashboard')
  await pty.press(otherKeys.ctrlZ, () => pty.raw.split('\x1b[?1049h').length === 3)
  await pty.until('HOLDFAST › Dashboard')
  await pty.press('2', 'Backups 1')
})

test('is too small, and is large again', async () => {
  const pty = openPty(stage, { columns: 80, rows: 24 })
  await pty.until('HOLDFAST › Dashboard')
  pty.resize(50, 10)
  await pty.until('Terminal too small: 50x10, need 60x16')
  pty.resize(120, 40)
  const screen = await pty.until('HOLDFAST › Dashboard')
  expect(screen.split('\n')).toHaveLength(40)
  await pty.until(/q quit/)
})

test('resized again and again it shows what a fresh one shows', async () => {
  const pty = openPty(stage, { columns: 100, rows: 30 })
  await pty.until('HOLDFAST › Dashboard')
  for (const [columns, rows] of [
    [60, 16],
    [200, 60],
    [61, 50],
    [80, 24],
  ] as const)
    pty.resize(columns, rows)
  const fresh = openPty(stage, { columns: 80, rows: 24 })
  await fresh.until(allRead)
  // Either may be the first to read anew what has become a minute older.
  await untilAlike(pty, fresh, withoutTimes)
})

test('Ctrl-L draws over what another program wrote', async () => {
  const pty = openPty(stage)
  await pty.until(allRead)
  pty.scribble('\x1b[5;5Hgarbage')
  await pty.until('garbage')
  await pty.press(otherKeys.ctrlL, (screen) => !screen.includes('garbage') && allRead.test(screen))
})

test('wrong settings are told on the plain screen', async () => {
  const pty = openInShell(stage, { argv: ['--config', 'nowhere.json'] })
  await pty.until('error: ')
  await expectCleanShell(pty, 2)
})

test('--read-only says so, and has no way to change anything', async () => {
  const pty = openPty(stage, { argv: ['--read-only'] })
  await pty.until('READ-ONLY')
  pty.type('2P')
  pty.type('?')
  expect(await pty.until('Keys')).not.toContain('hold this backup')
})

function parentOf(pid: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' })
  return Number(stdout)
}

/** The dashboard once the state, the list and the runs are all there. */
const allRead = /KiB .*never[\s\S]*done in[\s\S]*q quit.*sync/

/** The same whenever it is drawn, however full the disk is meanwhile. */
function withoutTimes(screen: string): string {
  return screen
    .replace(/\d\d:\d\dZ/g, 'time')
    .replace(/\b(just now|now|\d+[smh] ago|\d+[smh])\b/g, 'age')
    .replace(/[\d.,]+ ([KMGT]i)?B\b/g, 'size')
    .replace(/full in ~\S+ \w+/, 'full')
    .replace(/ {2,}/g, ' ')
}

test('whatever sizes a terminal had, its screen is whole once it has one', async () => {
  const settings = async (): Promise<Pty> => {
    const opened = openPty(stage)
    await opened.until(allRead)
    opened.type('7')
    await opened.until(/Checks 1\d[\s\S]*console\.frames[\s\S]*\/ filter.*sync/)
    return opened
  }
  const pty = await settings()
  for (const [columns, rows] of [
    [20, 50],
    [80, 16],
    [60, 30],
    [200, 30],
    [1, 15],
    [200, 50],
    [100, 1],
    [200, 30],
    [100, 30],
  ] as const) {
    pty.resize(columns, rows)
    const { bytes } = pty
    await pty.until(() => pty.bytes > bytes)
  }
  await untilAlike(pty, await settings(), withoutTimes)
})
