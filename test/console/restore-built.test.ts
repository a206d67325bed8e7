import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupIds, Stage } from '../e2e/stage.ts'
import type { Pty } from './pty.ts'
import { costOf, drawingProcess, openPty, otherKeys, pressedUntil } from './pty-kit.ts'

/** The wizard of the built console in a real terminal, and what it does to a real disk. */

let stage: Stage
let source: string
let id: string

beforeAll(async () => {
  stage = new Stage()
  source = stage.makeDirectory('source')
  mkdirSync(join(source, 'conf'))
  writeFileSync(join(source, 'conf', 'site.conf'), `listen 443\n${'x'.repeat(5000)}\n`)
  writeFileSync(join(source, 'conf', 'old.conf'), 'listen 80\n')
  writeFileSync(join(source, 'motd'), 'hello\n')
  await stage.succeed(['create', source])
  id = backupIds(stage.root)[0]!
})
afterAll(() => stage.remove())

/** Types a name into the question that was just asked: what comes in its first moments is dropped. */
async function typeName(pty: Pty, name: string): Promise<void> {
  await pressedUntil(pty, name[0]!, () => /│ > [^│\s]/.test(questionLine(pty.screen)))
  // Whatever of the first letter came through is taken back.
  await pty.press(`\x15${name}`, (screen) => questionLine(screen).includes(name))
}

function questionLine(screen: string): string {
  return screen.split('\n').find((line) => /│ > /.test(line)) ?? ''
}

async function openWizard(pty: Pty): Promise<void> {
  await pty.until('HOLDFAST')
  await pty.press('2', 'Backups ')
  await pty.press(`/${id.slice(-4)}\r`, /1 of \d/) // the newest may be what a restore has saved before
  await pty.press('R', /motd/)
}

test('finds a backup, rehearses, and restores one file into a new directory, byte for byte', async () => {
  const pty = openPty(stage, { columns: 80, rows: 24 })
  await openWizard(pty)
  await pty.press('/site\r', '1 found')
  await pty.press('o', 'marked: 1 file')
  await pty.press(otherKeys.enter, 'does not exist yet')
  const target = stage.at('new-place')
  await pty.press(`\x15${target}`, 'new-place does not exist yet')
  await pty.press(otherKeys.enter, 'ready: C goes on')
  const plan = await pty.until('site.conf')
  expect(plan).toMatch(/\+\s+create\s+1 /)
  expect(existsSync(target)).toBe(false)
  await pty.press('C', `--target=${target}`)
  await pty.press('C', 'name of the directory')
  await typeName(pty, 'new-place')
  expect(existsSync(target)).toBe(false)
  await pty.press(otherKeys.enter, '✔ done')
  const restored = join(target, source.slice(1), 'conf', 'site.conf')
  expect(readFileSync(restored)).toEqual(readFileSync(join(source, 'conf', 'site.conf')))
  expect(readdirSync(join(target, source.slice(1)), { recursive: true }).sort()).toEqual(['conf', 'conf/site.conf'])
  expect(stage.litter()).toEqual([])
  expect(readdirSync(stage.at('tmp'))).toEqual([])
})

test('in place it decides path by path: one is overwritten, one stays, one is left out', async () => {
  const [site, old, motd] = ['conf/site.conf', 'conf/old.conf', 'motd'].map((name) => join(source, name)) as [
    string,
    string,
    string,
  ]
  const before = readFileSync(site)
  for (const path of [site, old, motd]) writeFileSync(path, 'changed\n')
  const pty = openPty(stage)
  await openWizard(pty)
  await pty.press(otherKeys.enter, 'does not exist yet')
  await pty.press('\t ', 'IN PLACE: it goes')
  await pty.press(otherKeys.enter, 'Overwrites 3 files')
  await pty.until(/▸ . \S*old\.conf/)
  await pty.press('K', '● keep disk')
  await pty.until(/▸ . \S*site\.conf/)
  await pty.press(otherKeys.down, /▸ . \S*motd/)
  await pty.press('S', '● leave out')
  await pty.until('Overwrites 1 file ')
  await pty.until('ready: C goes on')
  await pty.press('C', 'begins it')
  const question = await pty.press('C', 'name of this machine')
  const host = /type the name of this machine +(\S+)/.exec(question)![1]!
  await typeName(pty, host)
  await pty.press(otherKeys.enter, '✔ done')
  expect(readFileSync(site)).toEqual(before)
  for (const path of [old, motd]) expect(readFileSync(path, 'utf8')).toBe('changed\n')
})

test('what changes between the plan and its start is told, and nothing is written', async () => {
  const motd = join(source, 'motd')
  writeFileSync(motd, 'changed\n')
  const pty = openPty(stage)
  await openWizard(pty)
  await pty.press('/motd\r', '1 found')
  await pty.press('o', 'marked: 1 file')
  await pty.press(otherKeys.enter, 'does not exist yet')
  await pty.press('\t ', 'IN PLACE: it goes')
  await pty.press(otherKeys.enter, 'ready: C goes on')
  await pty.press('C', 'begins it')
  const question = await pty.press('C', 'name of this machine')
  await typeName(pty, /type the name of this machine +(\S+)/.exec(question)![1]!)
  writeFileSync(motd, 'changed once more\n')
  utimesSync(motd, 1, 1)
  await pty.press(otherKeys.enter, 'NOT STARTED, nothing was written')
  await pty.until('ready: C goes on')
  expect(readFileSync(motd, 'utf8')).toBe('changed once more\n')
})

test('the console is killed in the middle of a restore, and a second one follows it to its end', async () => {
  const large = new Stage()
  let job = 0
  try {
    const many = large.makeDirectory('many')
    const count = 8000
    for (let made = 0; made < count; made++) {
      const directory = join(many, String(made % 40))
      if (made < 40) mkdirSync(directory)
      writeFileSync(join(directory, `file-${made}`), `${made} ${'y'.repeat(600)}\n`)
    }
    await large.succeed(['create', many])
    const first = openPty(large)
    await first.until('HOLDFAST')
    await first.press('2', 'Backups 1')
    await first.press('R', 'marked: everything')
    await first.press(otherKeys.enter, 'does not exist yet')
    const target = large.at('whole')
    await first.press(`\x15${target}`, 'whole does not exist yet')
    await first.press(otherKeys.enter, 'ready: C goes on')
    await first.press('C', 'begins it')
    await first.press('C', 'name of the directory')
    await typeName(first, 'whole')
    first.type(otherKeys.enter)
    const restored = join(target, many.slice(1))
    await begun(() => filesBelow(restored).length > 0)
    // It stands still while its console is killed, so that this is in the middle on any machine.
    job = jobOf(large)
    process.kill(job, 'SIGSTOP')
    expect(filesBelow(restored).length).toBeLessThan(count)
    await first.until('restoring')
    process.kill(drawingProcess(first), 'SIGKILL')
    await first.exited
    const second = openPty(large)
    await second.until('Running 1')
    await second.press('6', /» .*restore/)
    await second.press(otherKeys.enter, 'following')
    process.kill(job, 'SIGCONT')
    // On a busy machine it takes longer than a screen may.
    await second.until('✔ done').catch(() => second.until('✔ done'))
    const files = filesBelow(restored)
    expect(files).toHaveLength(count)
    for (const name of files) expect(readFileSync(join(restored, name))).toEqual(readFileSync(join(many, name)))
  } finally {
    endJob(job)
    large.remove()
  }
})

/** The process of the only restore of a stage, as the log of its run tells it. */
function jobOf(stage: Stage): number {
  const log = readdirSync(join(stage.root, 'runs')).find((name) => name.includes('-restore-'))!
  return (JSON.parse(readFileSync(join(stage.root, 'runs', log), 'utf8').split('\n')[0]!) as { pid: number }).pid
}

function endJob(pid: number): void {
  try {
    if (pid !== 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('run-job')) process.kill(pid, 'SIGKILL')
  } catch {
    // It came to its end by itself.
  }
}

async function begun(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !isSo() && Date.now() < end; ) await nextTurn()
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => /file-\d+$/.test(name))
}

test('costs at most 800 bytes a key in the tree and in the plan at 100x30', async () => {
  const pty = openPty(stage)
  await openWizard(pty)
  await pty.press(otherKeys.down, /^▸ (?!● everything)/m)
  expect(await costOf(pty)).toBeLessThanOrEqual(800)
  await pty.press(otherKeys.enter, 'does not exist yet')
  await pty.press(otherKeys.enter, 'ready: C goes on')
  await pty.until(/^▸ \+/m)
  expect(await costOf(pty)).toBeLessThanOrEqual(800)
})
