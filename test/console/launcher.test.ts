import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Pty } from './pty.ts'

/** The launcher on a terminal, before a program that only says which process it is. */

const launcher = fileURLToPath(new URL('../../bin/holdfast', import.meta.url))
let home: string

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-launcher-'))
  for (const directory of ['bin', 'dist', 'node_modules/.bin']) mkdirSync(join(home, directory), { recursive: true })
  copyFileSync(launcher, join(home, 'bin/holdfast'))
  symlinkSync(process.execPath, join(home, 'node_modules/.bin/node'))
  writeFileSync(join(home, 'package.json'), '{"type":"module"}')
  writeFileSync(join(home, 'dist/cli.js'), 'console.log("I am %d, below %d.", process.pid, process.ppid)')
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

test.each([
  ['', true],
  ['console', true],
  ['--read-only', true],
  ['--root /srv/a', true],
  ['--root=/srv/a console --no-color', true],
  ['backup console', true],
  ['list', false],
  ['--root /srv/a list', false],
  ['--root console list', false],
  ['--root', false],
  ['--json', false],
  ['--help', false],
  ['create console', false],
])('stays behind the console, and becomes every other command: holdfast %s', async (line, stays) => {
  const argv = line === '' ? [] : line.split(' ')
  const pty = new Pty(argv, { cwd: home, env: { PATH: '/usr/bin:/bin' }, command: join(home, 'bin/holdfast') })
  const screen = await pty.until(/I am \d+, below \d+\./)
  const [, own, parent] = /I am (\d+), below (\d+)/.exec(screen)!
  expect(Number(stays ? parent : own)).toBe(pty.pid)
  expect((await pty.exited).code).toBe(0)
})
