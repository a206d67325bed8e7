import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backupIds, litterOf, Stage } from './stage.ts'
import { makeTree } from './trees.ts'

const isLong = process.env['HOLDFAST_LONG'] === '1'

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})
afterEach(() => stage.remove())

/** Services a, b and c in the configuration beside the repository, and the source of `paths`. */
function configure(count: number): string {
  const services = Object.fromEntries(
    ['a', 'b', 'c'].map((name) => {
      makeTree(stage.at('sources', name), count)
      return [name, { type: 'files', include_paths: [stage.at('sources', name)] }]
    }),
  )
  writeFileSync(stage.at('backup_config.json'), JSON.stringify({ services }))
  makeTree(stage.at('sources', 'paths'), count)
  return stage.at('sources', 'paths')
}

/** Ids in metadata.json, read without the product. */
function cataloguedIds(): string[] {
  const catalog = JSON.parse(readFileSync(join(stage.root, 'metadata.json'), 'utf8')) as { backups: { id: string }[] }
  return catalog.backups.map(({ id }) => id).sort()
}

test('four creates at once of different services all succeed, lists beside them see whole backups, no entry is lost', async () => {
  const path = configure(60)
  await stage.succeed(['init'])
  let going = true
  const listing = (async () => {
    while (going) {
      const { code, last } = await stage.json(['list'])
      expect({ code, problems: last['problems'] }).toEqual({ code: 0, problems: [] })
      for (const { id } of last['backups'] as { id: string }[])
        expect(existsSync(join(stage.root, 'archives', id, 'manifest.json'))).toBe(true)
    }
  })()
  const commands = [['create', path], ...['a', 'b', 'c'].map((name) => ['create', '--services', name])]
  const made: string[] = []
  for (let round = 0; round < (isLong ? 10 : 2); round++) {
    const outcomes = await Promise.all(commands.map((args) => stage.json(args)))
    for (const { code, last, stderr } of outcomes) {
      expect({ code, stderr, kind: last.kind }).toEqual({ code: 0, stderr: '', kind: 'result' })
      made.push((last['backup'] as { id: string }).id)
    }
  }
  going = false
  await listing
  expect(backupIds(stage.root)).toEqual(made.sort())
  expect(cataloguedIds()).toEqual(made)
  expect(litterOf(stage.root)).toEqual([])
}, 300_000)

test('creates that make the repository together agree about it: every backup opens with the key', async () => {
  const path = configure(5)
  const commands = [['create', path], ...['a', 'b', 'c'].map((name) => ['create', '--services', name])]
  const outcomes = await Promise.all(commands.map((args) => stage.run(args)))
  for (const { code, stderr } of outcomes) expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(backupIds(stage.root)).toHaveLength(commands.length)
  expect(cataloguedIds()).toEqual(backupIds(stage.root))
  expect(await stage.run(['verify', '--all'])).toMatchObject({ code: 0, stderr: '' })
  expect(await stage.json(['create', path])).toMatchObject({ code: 0 })
})

test('rebuilds and creates at once lose no entry', async () => {
  const path = configure(5)
  await stage.succeed(['init'])
  const runs = ['a', 'b', 'c'].map((name) => ['create', '--services', name])
  const outcomes = await Promise.all(
    [['create', path], ['rebuild'], ...runs, ['rebuild']].map((args) => stage.run(args)),
  )
  for (const { code, stderr } of outcomes) expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(cataloguedIds()).toEqual(backupIds(stage.root))
  expect(backupIds(stage.root)).toHaveLength(4)
})

/** A create of `paths` that stands still while it reads, holding its lock. */
async function stoppedCreate(path: string) {
  // bzip2 takes seconds for this, which is time to stop it.
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'slow'), Buffer.alloc(48 << 20, 'slow to compress'))
  const holder = stage.start(['create', path, '--compress', 'bzip2', '--json'])
  await holder.until('"phase":"reading"')
  holder.child.kill('SIGSTOP')
  return holder
}

test('a create of the same service waits and says for whom it waited; other services and readers do not; the lock goes with its holder', async () => {
  const path = configure(5)
  await stage.succeed(['create', path])
  const holder = await stoppedCreate(path)

  expect((await stage.json(['create', '--services', 'a'])).code).toBe(0)
  expect((await stage.json(['list'])).last['backups']).toHaveLength(2)
  expect((await stage.run(['verify', '--all'])).code).toBe(0)
  expect((await stage.run(['restore', 'latest', '--services', 'paths', '--target', stage.at('out')])).code).toBe(0)

  const impatient = stage.start(['create', path, '--json'])
  await impatient.until('"started"')
  impatient.child.kill('SIGINT')
  const { code, stdout } = await impatient.ended
  expect(code).toBe(130)
  expect(JSON.parse(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ kind: 'error', code: 'E_INTERRUPTED' })

  const patient = stage.start(['create', path, '--json'])
  await patient.until('"started"')
  holder.child.kill('SIGKILL')
  await holder.ended
  expect((await patient.ended).code).toBe(0)
  expect(backupIds(stage.root)).toHaveLength(3)
  expect(cataloguedIds()).toEqual(backupIds(stage.root))
  rmSync(join(path, 'slow'))
  await stage.succeed(['create', path])
  expect(litterOf(stage.root)).toEqual([])
}, 120_000)

test.runIf(isLong)(
  'a create of the same service gives up after 60 s with exit 5 and names the holder',
  async () => {
    const path = configure(5)
    const holder = await stoppedCreate(path)
    const begun = performance.now()
    const { code, last } = await stage.json(['create', path])
    expect(performance.now() - begun).toBeGreaterThan(59_000)
    expect(code).toBe(5)
    expect(last).toMatchObject({ kind: 'error', code: 'E_BUSY' })
    expect(last['message']).toMatch(
      new RegExp(`service-paths is held by process ${holder.child.pid} \\(create\\) since \\d{4}-`),
    )
    holder.child.kill('SIGKILL')
    await holder.ended
  },
  180_000,
)
