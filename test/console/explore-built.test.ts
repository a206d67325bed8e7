import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupIds, Stage } from '../e2e/stage.ts'
import { drawingProcess, openPty, otherKeys } from './pty-kit.ts'

/** Inspect and Compare of the built console in a real terminal: opened, their main action done, and held against the command line. */

let stage: Stage
let source: string
let ids: string[]
beforeAll(async () => {
  stage = new Stage()
  source = stage.makeDirectory('source')
  mkdirSync(join(source, 'etc', 'ssh'), { recursive: true })
  writeFileSync(join(source, 'etc', 'hosts'), '127.0.0.1 localhost\n')
  writeFileSync(join(source, 'etc', 'ssh', 'sshd_config'), 'Port 22\n')
  writeFileSync(join(source, 'etc', 'tool'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]))
  writeFileSync(join(source, 'etc', 'evil\x1b[2J\nname'), 'evil \x1b[31mred\n')
  await stage.succeed(['create', source])
  writeFileSync(join(source, 'etc', 'ssh', 'sshd_config'), 'Port 2222\n')
  rmSync(join(source, 'etc', 'hosts'))
  await stage.succeed(['create', source, '--type', 'incremental'])
  writeFileSync(join(source, 'etc', 'new'), 'new\n')
  ids = backupIds(stage.root)
})
afterAll(() => stage.remove())

/** A pager that keeps what it was shown, with its mode and that of its directory. */
function keepingPager(): { readonly PAGER: string; readonly shown: string; readonly modes: string } {
  const shown = stage.at('shown')
  const modes = stage.at('modes')
  const script = stage.at('pager')
  writeFileSync(script, `#!/bin/sh\nstat -c %a "$1" "$(dirname "$1")" > ${modes}\ncp "$1" ${shown}\n`)
  chmodSync(script, 0o755)
  return { PAGER: script, shown, modes }
}

test('Inspect: finds one file of the older backup, previews it, and reads all of it in the pager', async () => {
  const { PAGER, shown, modes } = keepingPager()
  const pty = openPty(stage, { columns: 80, rows: 24, env: { PAGER } })
  await pty.until('HOLDFAST')
  await pty.press('2', 'Backups 2')
  await pty.press(`G${otherKeys.enter}`, `Inspect ${ids[0]!.slice(-4)}`)
  await pty.until('source/')
  await pty.press('f', 'with a slash, of a path')
  await pty.press('ssh/ config', '1 found')
  await pty.press(`${otherKeys.enter}`, 'search anew')
  await pty.press(otherKeys.enter, 'source › etc › ssh')
  // The older version of it, not that on the disk.
  await pty.until('Port 22\n')
  await pty.until('whole file, hash matches')
  pty.type('v')
  await expect.poll(() => statOf(shown), { timeout: 15_000 }).toBe(8)
  await pty.until('source › etc › ssh')
  expect(readFileSync(shown, 'utf8')).toBe('Port 22\n')
  expect(readFileSync(modes, 'utf8')).toBe('600\n700\n')
  expect(await stage.succeed(['cat', ids[0]!, join(source, 'etc', 'ssh', 'sshd_config')])).toBe('Port 22\n')
  await expect.poll(() => readdirSync(stage.at('tmp')).filter((name) => name.startsWith('holdfast-read-'))).toEqual([])
})

test('Inspect: names and contents that want to move the cursor are spelled out', async () => {
  const { PAGER, shown } = keepingPager()
  const pty = openPty(stage, { env: { PAGER } })
  await pty.until('HOLDFAST')
  await pty.press(`2`, 'Backups 2')
  await pty.press(otherKeys.enter, 'source/')
  await pty.press(otherKeys.enter, 'etc/')
  await pty.press(otherKeys.enter, 'evil\\e[2J\\nname')
  await pty.until('evil \\e[31mred')
  const before = statOf(shown)
  pty.type('v')
  await expect.poll(() => statOf(shown), { timeout: 15_000 }).not.toBe(before)
  await pty.until('was spelled out')
  expect(readFileSync(shown, 'utf8')).toBe('evil \\x1b[31mred\n')
})

test('Inspect: a console that is ended while its pager shows a file takes the copy away', async () => {
  const script = stage.at('waiting-pager')
  writeFileSync(script, '#!/bin/sh\necho the pager has it\nexec sleep 60\n')
  chmodSync(script, 0o755)
  const copies = (): string[] => readdirSync(stage.at('tmp')).filter((name) => name.startsWith('holdfast-read-'))
  const pty = openPty(stage, { env: { PAGER: script } })
  await pty.until('HOLDFAST')
  await pty.press('2', 'Backups 2')
  await pty.press(otherKeys.enter, '▸ source/')
  await pty.press(otherKeys.enter, '▸ etc/')
  await pty.press(otherKeys.enter, 'evil \\e[31mred')
  await pty.press('v', 'the pager has it')
  expect(copies()).toHaveLength(1)
  process.kill(drawingProcess(pty), 'SIGTERM')
  await pty.exited
  expect(copies()).toEqual([])
})

test('Compare: tells of two backups, and of a backup and the disk, what the command line tells', async () => {
  const pty = openPty(stage)
  await pty.until('HOLDFAST')
  await pty.press('2', 'Backups 2')
  await pty.press('  =', `Compare ${ids[0]!.slice(-4)} ${ids[1]!.slice(-4)}`)
  await pty.until(/- 1 removed/)
  const between = await pty.until(/~ 1 changed/)
  const { last } = await stage.json(['diff', ids[0]!, ids[1]!])
  const paths = (last['changes'] as { path: string; change: string }[]).filter(({ change }) => change !== 'metadata')
  expect(paths.map(({ change }) => change).sort()).toEqual(['changed', 'removed'])
  for (const { path } of paths) expect(between).toContain(path.slice(-12))
  await pty.press('q', 'Backups 2')
  await pty.press(`g${otherKeys.enter}`, `Inspect ${ids[1]!.slice(-4)}`)
  await pty.until('▸ source/')
  await pty.press('=', 'the disk as it is now')
  await pty.press(otherKeys.enter, `${ids[1]!.slice(-4)} with the disk`)
  await pty.until('+ 1 added')
  await pty.until(/etc\/new/)
  pty.type('+')
  await pty.press(otherKeys.enter, 'Both versions')
  await pty.until('It did not exist before.')
})

test('a large directory scrolls without lag, at few bytes a key', async () => {
  const many = stage.makeDirectory('many')
  for (let at = 0; at < 3000; at++) writeFileSync(join(many, `file-${String(at).padStart(5, '0')}`), '')
  const other = new Stage()
  try {
    await other.succeed(['create', many])
    const pty = openPty(other)
    await pty.until('HOLDFAST')
    await pty.press(`2`, 'Backups 1')
    await pty.press(otherKeys.enter, 'many/')
    await pty.press(otherKeys.enter, 'file-00000')
    const before = pty.bytes
    for (let at = 1; at <= 40; at++) {
      pty.type(otherKeys.down)
      const wanted = `▸ file-${String(at).padStart(5, '0')}`
      await pty.until(wanted)
    }
    expect((pty.bytes - before) / 40).toBeLessThan(800)
    await pty.press('G', '▸ file-02999')
  } finally {
    other.remove()
  }
})

function statOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return -1
  }
}

/** What was ever made or removed below a directory shows in the times of what is there. */
function traces(top: string): string[] {
  return ['', ...readdirSync(top, { recursive: true, encoding: 'utf8' })]
    .sort()
    .map((name) => `${name} ${statSync(join(top, name), { bigint: true }).mtimeNs}`)
}

test('a read-only console looks, compares and rehearses a restore, and writes nothing into the repository', async () => {
  appendFileSync(join(source, 'etc', 'new'), 'more\n')
  const before = traces(stage.root)
  const pty = openPty(stage, { argv: ['console', '--read-only'] })
  await pty.until('READ-ONLY')
  await pty.press('2', 'Backups 2')
  await pty.press(otherKeys.enter, 'source/')
  await pty.press(`${otherKeys.enter}`, 'etc/')
  await pty.press('=', 'the disk as it is now')
  await pty.press(otherKeys.enter, '+ 1 added')
  await pty.press('2', 'Backups 2')
  await pty.press('R', 'everything')
  await pty.press(otherKeys.enter, 'does not exist yet')
  await pty.press(otherKeys.enter, 'the rehearsal ends here')
  expect(traces(stage.root)).toEqual(before)
})
