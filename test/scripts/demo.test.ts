import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { requirement } from '../requirements.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))

interface Ran {
  readonly status: number | null
  readonly output: string
  /** The directory it had for temporary files, and the one it had for a home. */
  readonly temporary: string
  readonly own: string
}

/** The demo as a process, with a home and a temporary directory that only it has. */
function demo(args: readonly string[] = [], path = process.env['PATH'] ?? ''): Ran {
  const place = mkdtempSync(join(tmpdir(), 'holdfast demo-'))
  onTestFinished(() => rmSync(place, { recursive: true, force: true }))
  const [temporary, own] = [join(place, 'tmp'), join(place, 'home')]
  for (const directory of [temporary, own]) mkdirSync(directory)
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(home, 'scripts/demo.ts'), ...args], {
    encoding: 'utf8',
    // A key and a repository of the caller's, which the demo must not use.
    env: {
      ...process.env,
      TMPDIR: temporary,
      HOME: own,
      PATH: path,
      BACKUP_DIR: own,
      BACKUP_ENCRYPTION_KEY: 'not this',
    },
  })
  return { status, output: stdout + stderr, temporary, own }
}

/** A PATH with these commands of the system and, in front of them, commands that stand in for others. */
function pathOf(commands: readonly string[], standIns: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-path-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  symlinkSync(process.execPath, join(directory, 'node'))
  for (const command of commands) {
    const found = (process.env['PATH'] ?? '').split(delimiter).find((one) => existsSync(join(one, command)))
    if (found !== undefined) symlinkSync(join(found, command), join(directory, command))
  }
  for (const [name, script] of Object.entries(standIns)) {
    rmSync(join(directory, name), { force: true })
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(directory, name), 0o755)
  }
  return directory
}

/** With the launcher's own. */
const bare = ['sh', 'dirname', 'readlink', 'find', 'sort']

test.skipIf(!requirement('python3'))('proves what it restored, and leaves nothing behind', () => {
  const { status, output, temporary, own } = demo()
  expect(output).toContain('# Backed up, restored, compared: equal.')
  expect(output.match(/^\(no difference\)$/gm)).toHaveLength(2)
  expect(output.match(/^\(no difference in \d+ lines\)$/gm)).toHaveLength(2)
  expect(output).toMatch(/^recover: \d+ entries restored, 0 refused, 0 torn, 0 damaged$/m)
  expect(status).toBe(0)
  expect(readdirSync(temporary)).toEqual([])
  expect(readdirSync(own)).toEqual([])
})

test('says what it could not prove where there is neither Python nor diff, and keeps its directory if asked', () => {
  const { status, output, temporary } = demo(['--keep'], pathOf(bare))
  expect(output).toContain('Not proved here:\n  that every file has its content: there is no GNU diff')
  expect(output).toContain('a Node script that lies beside the archives')
  expect(output).not.toContain('compared: equal')
  expect(status).toBe(0)
  const [kept] = readdirSync(temporary)
  expect(readdirSync(join(temporary, kept!))).toContain('rescued')
})

test('ends with 1 at the first difference, and cleans up all the same', () => {
  // The probe compares docs with itself; anything else differs.
  const diff = 'test "$3" = docs && test "$4" = docs && exit 0\necho "Only in $3: app.conf"\nexit 1'
  const { status, output, temporary } = demo([], pathOf(bare, { diff }))
  expect(output).toMatch(/Only in src: app\.conf\n\nerror: it ended with 1/)
  expect(output).not.toContain('recover.')
  expect(status).toBe(1)
  expect(readdirSync(temporary)).toEqual([])
})

test('refuses an option it does not have before it makes anything', () => {
  const { status, output, temporary } = demo(['--kep'])
  expect(output).toMatch(/no option --kep/)
  expect(status).toBe(2)
  expect(readdirSync(temporary)).toEqual([])
})
