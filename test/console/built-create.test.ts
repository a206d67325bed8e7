import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backupIds, Stage } from '../e2e/stage.ts'
import { openPty, otherKeys, pressedUntil, stageWithBackups } from './pty-kit.ts'

/** Create and Verify in the built console on a real terminal, and what became of it on disk. */

const ctrlT = '\x14'
let stage: Stage
beforeEach(() => {
  stage = new Stage()
})
afterEach(() => stage.remove())

interface Listed {
  readonly id: string
  readonly type: string
  readonly services: readonly string[]
  readonly description: string
  readonly verified: { readonly level: string; readonly ok: boolean } | null
}

async function listed(): Promise<readonly Listed[]> {
  return (await stage.json(['list'])).last['backups'] as unknown as Listed[]
}

test('Create: of the services of a new repository one is chosen, and its files are in the backup', async () => {
  for (const name of ['web', 'mail']) {
    mkdirSync(stage.at(name))
    writeFileSync(stage.at(name, 'file'), `of ${name}\n`)
  }
  const service = (name: string) => ({ type: 'files', include_paths: [stage.at(name)] })
  const services = { web: service('web'), mail: service('mail'), ledger: { type: 'postgres' } }
  writeFileSync(stage.at('backup_config.json'), JSON.stringify({ services }))
  await stage.succeed(['init'])
  const pty = openPty(stage, { columns: 80, rows: 24 })
  await pty.until('B back up')
  const first = await pty.press('B', 'Services 2 of 3 marked')
  expect(first).toMatch(/✖ ledger/)
  await pty.until('2 files, 15 B')
  await pty.press(' ', 'Services 1 of 3 marked')
  await pty.until('1 file, 8 B')
  await pty.press('\r', '< full >')
  await pty.press('\t\t\tbefore the upgrade\r', '▸ Review')
  await pty.until("holdfast create --services mail --type full --description 'before")
  await pty.press('C', 'Make this backup?')
  expect(backupIds(stage.root)).toEqual([])
  await pressedUntil(pty, 'y', () => pty.screen.includes('HOLDFAST › Dashboard › backup'))
  await pty.until('✔ done')
  const [made, ...others] = await listed()
  expect(others).toEqual([])
  expect(made).toMatchObject({ type: 'full', services: ['mail'], description: 'before the upgrade' })
  expect(await stage.succeed(['cat', made!.id, stage.at('mail', 'file')])).toBe('of mail\n')
  pty.type(otherKeys.escape)
  // The wizard is gone: the run stood in its place.
  await pty.until(/HOLDFAST › Dashboard +\S/)
})

test('Create: paths are typed, one with a blank, and an incremental builds on the one before', async () => {
  const folder = stage.makeDirectory('my files')
  writeFileSync(`${folder}/a b`, 'first\n')
  await stage.succeed(['create', folder])
  writeFileSync(`${folder}/second`, 'second\n')
  const pty = openPty(stage)
  await pty.until('HOLDFAST')
  await pty.press('2', 'Backups 1')
  await pty.press('B', 'no services are configured')
  // There is nothing to change to, and the key does nothing.
  await pty.press(`${ctrlT}'${folder}'`, `· ${folder}`)
  await pty.until('2 files, 13 B')
  // What may have changed is known before anything is read.
  await pty.until(/changed: \d files?,/)
  await pty.press('\r\r', '▸ Review')
  await pty.until(`holdfast create '${folder}' --type incremental`)
  await pty.press('C', 'Make this backup?')
  await pressedUntil(pty, 'y', () => !pty.screen.includes('[ Cancel ]'))
  await pty.until('✔ done')
  const [made, before] = (await stage.json(['list'])).last['backups'] as unknown as {
    readonly id: string
    readonly base: string | null
  }[]
  expect(made?.base).toBe(before?.id)
  expect(await stage.succeed(['cat', made!.id, `${folder}/a b`])).toBe('first\n')
})

test('Verify: a marked set is one job, its result is known, and its report opens from the history', async () => {
  stage.remove()
  stage = await stageWithBackups(3)
  // By when they were made: of one second the names say nothing.
  const ids = (await listed()).map(({ id }) => id).reverse()
  const pty = openPty(stage)
  await pty.until('HOLDFAST')
  await pty.press('5', 'Backups 3: 0 whole, 3 never verified')
  await pty.press('u  ', '2 marked; V starts them as one job')
  await pty.press('V', 'blind spot:')
  const question = await pty.press('\r', 'holdfast verify --level full')
  expect(question).toContain(ids[0]!)
  expect(question).toContain(ids[1]!)
  await pressedUntil(pty, 'y', () => !pty.screen.includes('[ Cancel ]'))
  await pty.until('✔ done')
  const known = new Map((await listed()).map(({ id, verified }) => [id, verified]))
  expect(ids.map((id) => known.get(id)?.level ?? null)).toEqual(['full', 'full', null])
  await pty.press(otherKeys.escape, '2 whole, 1 never verified')
  await pty.until(/History 1 /)
  await pty.press('\t', /▸ ✔ .*full +whole/)
  await pty.press('\r', '✔ done')
  const run = /verify ([a-z0-9]{4,})/.exec(await pty.until(/verify [a-z0-9]{4,}/))?.[1]
  expect(run).toBeDefined()
  const runs = stage.at('repository', 'runs')
  const logs = readdirSync(runs).filter((name) => name.includes('-verify-'))
  expect(logs).toEqual([expect.stringContaining(run ?? '-')])
  expect(readFileSync(`${runs}/${logs[0]}`, 'utf8')).toContain(`"about":"full: 2 backups: ${ids[1]}, ${ids[0]}"`)
})
