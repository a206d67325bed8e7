import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/engine/platform/clock.ts'
import { createDiskFiles } from '../../src/engine/platform/disk-files.ts'
import { acquireLock } from '../../src/engine/platform/lock.ts'
import { pathFromText } from '../../src/model/path.ts'
import { requirement } from '../requirements.ts'
import { backupIds, type JsonLine, manifestOf, Stage } from './stage.ts'

interface Listed {
  readonly id: string
  readonly enabled: boolean
  readonly origin: string
  readonly nextRuns: string[]
  readonly lastRun: { run: string; outcome: string | null; state: string; at: string } | null
}

let stage: Stage

function setUp(options: { asNobody?: boolean } = {}): void {
  stage = new Stage(options)
  mkdirSync(stage.at('web'))
  writeFileSync(stage.at('web', 'index.html'), 'hello')
  configure()
}

function configure(more: object = {}): void {
  writeFileSync(
    stage.at('backup_config.json'),
    JSON.stringify({
      global_settings: { default_timezone: 'Europe/Berlin' },
      services: { web: { type: 'files', include_paths: [stage.at('web')] } },
      schedules: { weekly: { cron_expression: '0 3 * * 0' } },
      ...more,
    }),
  )
}

beforeEach(() => setUp())
afterEach(() => stage.remove())

const file = () => join(stage.root, 'schedules.json')
const written = () => JSON.parse(readFileSync(file(), 'utf8')) as { schedules: Record<string, unknown>[] }
const add = (...more: string[]) => stage.json(['schedule', '30 2 * * *', '--name', 'Nightly', ...more])

async function listed(id: string): Promise<Listed> {
  const { last } = await stage.json(['schedule', 'list'])
  const found = (last['schedules'] as Listed[]).find((one) => one.id === id)
  if (found === undefined) throw new Error(`no ${id} in ${JSON.stringify(last)}`)
  return found
}

function hold(name: string, command: string) {
  return acquireLock(createDiskFiles(), pathFromText(join(stage.root, 'locks', name)), {
    waitMs: 0,
    signal: new AbortController().signal,
    clock: systemClock,
    holder: { pid: process.pid, run: 'test', command, since: '2026-11-20T02:00:00.000Z' },
  })
}

test('the first schedule makes the repository, but never without a key, and for nothing that is refused', async () => {
  const keyless = { env: { BACKUP_ENCRYPTION_KEY: undefined } }
  expect(await stage.json(['schedule', '0 2 * * *'], keyless)).toMatchObject({
    code: 2,
    last: { code: 'E_KEY_MISSING', hint: expect.stringContaining('holdfast init') },
  })
  expect(await add('--services', 'wbe')).toMatchObject({ code: 2, last: { code: 'E_UNKNOWN_SERVICE' } })
  expect(existsSync(stage.root)).toBe(false)
  expect(await add()).toMatchObject({ code: 0, last: { schedule: { id: 'nightly', tz: 'Europe/Berlin' } } })
  expect(written().schedules).toMatchObject([{ id: 'nightly', name: 'Nightly', enabled: true, lastRuns: [] }])
  rmSync(stage.root, { recursive: true })
  configure({ encryption: { enabled: false } })
  expect(await stage.json(['schedule', '0 2 * * *'], keyless)).toMatchObject({
    code: 0,
    last: { schedule: { id: 'full-0200' } },
  })
})

test('the two nights on which the clock of a zone is set are told beforehand', async () => {
  const { last } = await add('--tz', 'Europe/Berlin')
  const warnings = last['warnings'] as string[]
  expect(warnings).toContainEqual(
    expect.stringMatching(/-03-\d\d 02:30 does not exist in Europe\/Berlin.*03:00 instead/),
  )
  expect(warnings).toContainEqual(
    expect.stringMatching(/-10-\d\d 02:30 comes twice in Europe\/Berlin.*first time only/),
  )
  const { last: utc } = await stage.json(['schedule', '30 2 * * *', '--tz', 'UTC', '--services', 'web'])
  expect((utc['warnings'] as string[]).join()).not.toMatch(/does not exist|comes twice/)
})

test('what gets in the way of another, comes too rarely or has nothing to do is told', async () => {
  configure({ services: { web: { type: 'files', include_paths: [stage.at('web')], rpo_hours: 25 } } })
  await stage.succeed(['schedule', '0 2 * * *'])
  const { last } = await stage.json(['schedule', '0 2 * * 1'])
  expect(last['warnings']).toEqual([
    expect.stringMatching(/there is no run for 7 d \d h, more than the 1 d 1 h that a backup may be old$/),
    expect.stringMatching(/^meets full-0200 on \S+ at 02:00: both back up everything$/),
  ])
  configure({ services: undefined, schedules: undefined })
  expect((await stage.json(['schedule', '0 5 * * *'])).last['warnings']).toContainEqual(
    'no services are configured: there is nothing to back up yet',
  )
})

test('an id that nobody chose is one that nobody has; a name that is taken is refused', async () => {
  for (const id of ['full-0200', 'full-0200-2', 'full-0200-3'])
    expect((await stage.json(['schedule', '0 2 * * *'])).last).toMatchObject({ schedule: { id, name: id } })
  await add()
  expect(await add()).toMatchObject({ code: 2, last: { code: 'E_USAGE', hint: 'choose another name' } })
  expect(await stage.json(['schedule', '0 2 * * *', '--name', 'weekly'])).toMatchObject({
    code: 2,
    last: { message: expect.stringMatching(/weekly stands in the configuration: .*backup_config\.json:1:\d+/) },
  })
  expect(await stage.json(['schedule', '0 2 * * *', '--name', 'Ночь'])).toMatchObject({
    last: { code: 'E_USAGE', message: 'there is a schedule full-0200 already' },
  })
  expect(written().schedules).toHaveLength(4)
})

test('schedules of file and environment stand beside the others, and are changed where they are', async () => {
  await add()
  const env = { BACKUP_DAILY_ENABLED: 'true' }
  const { last } = await stage.json(['schedule', 'list'], { env })
  expect(last['schedules']).toMatchObject([
    { id: 'nightly', origin: 'schedules.json', words: 'At 02:30, every day', lastRun: null },
    {
      id: 'weekly',
      origin: 'configuration',
      place: expect.stringMatching(/backup_config\.json:1:\d+ \(schedules\.weekly\)$/),
    },
    { id: 'daily', origin: 'configuration', type: 'incremental', place: 'BACKUP_DAILY_ENABLED in the environment' },
  ])
  for (const { nextRuns } of last['schedules'] as Listed[]) expect(nextRuns).toHaveLength(5)
  for (const word of ['delete', 'enable', 'disable']) {
    expect(await stage.json(['schedule', word, 'daily'], { env })).toMatchObject({
      code: 2,
      last: { code: 'E_USAGE', message: expect.stringContaining('BACKUP_DAILY_ENABLED in the environment') },
    })
    expect(await stage.json(['schedule', word, 'weekly'])).toMatchObject({
      code: 2,
      last: { message: expect.stringContaining('backup_config.json:1:') },
    })
  }
})

test('a schedule rests and runs again, and is gone when it is deleted; its backups stay', async () => {
  await add()
  expect((await stage.json(['schedule', 'disable', 'nightly'])).last).toMatchObject({ changed: true })
  expect(await listed('nightly')).toMatchObject({ enabled: false, nextRuns: [] })
  expect((await stage.json(['schedule', 'disable', 'nightly'])).last).toMatchObject({ changed: false })
  await stage.succeed(['schedule', 'run', 'nightly'])
  expect((await stage.json(['schedule', 'enable', 'nightly'])).last).toMatchObject({ changed: true })
  expect(written().schedules).toMatchObject([{ activeSince: expect.any(String), enabled: true }])
  const { last } = await stage.json(['schedule', 'delete', 'nightly'])
  expect(last).toMatchObject({ deleted: 'nightly', schedule: { name: 'Nightly' } })
  expect(written().schedules).toEqual([])
  expect(backupIds(stage.root)).toHaveLength(1)
  await stage.run([], { shell: `${String(last['again']).replace('holdfast', '"$@"')}` })
  expect(written().schedules).toMatchObject([{ id: 'nightly', cron: '30 2 * * *', tz: 'Europe/Berlin' }])
})

test.each([['delete'], ['enable'], ['disable'], ['run']])(
  '%s of what there is not names what is near',
  async (word) => {
    await add()
    expect(await stage.json(['schedule', word, 'nihgtly'])).toMatchObject({
      code: 2,
      last: { code: 'E_UNKNOWN_ID', message: 'no schedule has the id nihgtly', hint: 'did you mean nightly?' },
    })
    expect(await stage.json(['schedule', word, 'weeky'])).toMatchObject({ last: { hint: 'did you mean weekly?' } })
  },
)

test('a run by hand makes the backup the schedule stands for, and both know of each other', async () => {
  await add('--type', 'incremental', '--compress', 'gzip')
  const before = Date.now()
  const { code, last } = await stage.json(['schedule', 'run', 'nightly'])
  const { at } = last['schedule'] as { id: string; at: string }
  expect(code).toBe(0)
  expect(Date.parse(at)).toBeGreaterThanOrEqual(before)
  const [id = ''] = backupIds(stage.root)
  expect(manifestOf(stage.root, id)).toMatchObject({
    schedule: { id: 'nightly', at },
    archives: [{ file: 'web.tar.gz.enc' }],
  })
  expect(await listed('nightly')).toMatchObject({ lastRun: { at, run: last['run'], outcome: 'done', state: 'done' } })
  expect(existsSync(join(stage.root, 'runs', `${last['run']}.ndjson`))).toBe(true)
})

test('one of the configuration is run too, and what became of it is noted beside it', async () => {
  const { last } = await stage.json(['schedule', 'run', 'weekly'], {}).catch(() => ({ last: {} as JsonLine }))
  expect(last).toMatchObject({ code: 'E_NO_REPOSITORY' })
  await stage.succeed(['init'])
  await stage.succeed(['schedule', 'run', 'weekly'])
  await stage.succeed(['schedule', 'run', 'weekly'])
  expect(written()).toMatchObject({
    schedules: [],
    configured: { weekly: { cron: '0 3 * * 0', lastRuns: [{ outcome: 'done' }, { outcome: 'done' }] } },
  })
  expect(await listed('weekly')).toMatchObject({ lastRun: { outcome: 'done' } })
})

test('a run that fails is noted as failed, whether or not it came to begin', async () => {
  await add()
  rmSync(stage.at('web'), { recursive: true })
  expect(await stage.json(['schedule', 'run', 'nightly'])).toMatchObject({ code: 2, last: { kind: 'error' } })
  expect(await listed('nightly')).toMatchObject({ lastRun: { outcome: 'failed', state: 'failed' } })
  mkdirSync(stage.at('web'))
  writeFileSync(stage.at('web', 'a'), 'a')
  const env = { BACKUP_ENCRYPTION_KEY: 'cd'.repeat(32) }
  expect(await stage.json(['schedule', 'run', 'nightly'], { env })).toMatchObject({ last: { code: 'E_KEY_WRONG' } })
  expect(written().schedules).toMatchObject([{ lastRuns: [{ outcome: 'failed' }, { outcome: 'failed' }] }])
  expect(backupIds(stage.root)).toEqual([])
})

test('a schedule is never run twice at once: the second names who has it', async () => {
  await add()
  const held = await hold('schedule-nightly', 'daemon')
  expect(await stage.json(['schedule', 'run', 'nightly'])).toMatchObject({
    code: 5,
    last: { code: 'E_BUSY', message: expect.stringContaining(`held by process ${process.pid} (daemon) since 2026`) },
  })
  expect(await listed('nightly')).toMatchObject({ lastRun: null })
  held.release()
  await stage.succeed(['schedule', 'run', 'nightly'])
})

test.each([
  ['SIGINT', 130, { outcome: 'interrupted', state: 'interrupted' }],
  ['SIGKILL', null, { outcome: null, state: 'died' }],
] as const)('a run that ends by %s is seen running before, and ended after', async (signal, code, end) => {
  await add()
  const held = await hold('service-web', 'test') // so that it waits in its midst
  const running = stage.start(['schedule', 'run', 'nightly', '--json'])
  await running.until('"started"')
  expect(await listed('nightly')).toMatchObject({ lastRun: { outcome: null, state: 'running' } })
  running.child.kill(signal)
  expect(await running.ended).toMatchObject({ code })
  held.release()
  expect(await listed('nightly')).toMatchObject({ lastRun: end })
  await stage.succeed(['schedule', 'run', 'nightly'])
})

test('a schedule that is deleted while it runs does not fail its run', async () => {
  await add()
  const held = await hold('service-web', 'test')
  const running = stage.start(['schedule', 'run', 'nightly', '--json'])
  await running.until('"started"')
  await stage.succeed(['schedule', 'delete', 'nightly'])
  held.release()
  expect(await running.ended).toMatchObject({ code: 0 })
  expect(backupIds(stage.root)).toHaveLength(1)
})

test('as a job it has the run id it was given', async () => {
  await add()
  const run = '2026-11-20T02-00-00Z-create-abcd'
  const input = `${JSON.stringify({ kind: 'schedule', id: 'nightly' })}\n`
  const { lines } = await stage.json(['run-job', `--run=${run}`], { input })
  expect(lines).toContainEqual({ kind: 'started', run })
  expect(await listed('nightly')).toMatchObject({ lastRun: { run, outcome: 'done' } })
})

const commands = [
  ['list'],
  ['0 2 * * *'],
  ['delete', 'nightly'],
  ['enable', 'nightly'],
  ['disable', 'nightly'],
  ['run', 'nightly'],
]

test.each<[string, string, RegExp]>([
  ['torn', '{"v":1,"schedules":[{"id":"nigh', /cannot be read/],
  ['empty', '', /cannot be read/],
  ['of a newer version', '{"v":2,"schedules":[]}', /of version 2, which this Holdfast does not know/],
  ['edited to a wrong time', '', /minute: "99" is not allowed/],
  ['with an id that stands twice', '', /two schedules have the id nightly/],
])('schedules.json that is %s is told by every command, and left as it is', async (what, text, why) => {
  await add()
  const [schedule] = written().schedules
  if (what.includes('time')) text = JSON.stringify({ v: 1, schedules: [{ ...schedule, cron: '99 * * * *' }] })
  if (what.includes('twice')) text = JSON.stringify({ v: 1, schedules: [schedule, schedule] })
  writeFileSync(file(), text)
  for (const command of commands) {
    expect(await stage.json(['schedule', ...command])).toMatchObject({
      code: 4,
      last: { code: 'E_DAMAGED', message: expect.stringMatching(why), hint: expect.stringContaining('left as it is') },
    })
  }
  expect(readFileSync(file(), 'utf8')).toBe(text)
  expect(backupIds(stage.root)).toEqual([])
})

test('a directory in the place of schedules.json is told by every command', async () => {
  await add()
  rmSync(file())
  mkdirSync(file())
  for (const command of commands)
    expect(await stage.json(['schedule', ...command])).toMatchObject({
      code: 4,
      last: {
        code: 'E_DAMAGED',
        message: expect.stringContaining('schedules.json cannot be read: it is empty, or no file'),
      },
    })
})

test.runIf(requirement('root'))('a schedules.json that may not be read is told by every command', async () => {
  stage.remove()
  setUp({ asNobody: true })
  chmodSync(stage.top, 0o755)
  await add()
  chmodSync(file(), 0)
  for (const command of commands)
    expect(await stage.json(['schedule', ...command])).toMatchObject({
      code: 1,
      last: { code: 'E_IO', message: expect.stringMatching(/schedules\.json.*permission/i) },
    })
})

test('what a person or a later version wrote into schedules.json stays through every change', async () => {
  await add()
  const [schedule] = written().schedules
  writeFileSync(file(), JSON.stringify({ v: 1, colour: 'blue', schedules: [{ ...schedule, owner: 'ops' }] }))
  await stage.succeed(['schedule', 'disable', 'nightly'])
  await stage.succeed(['schedule', 'run', 'nightly'])
  await stage.succeed(['schedule', 'run', 'weekly'])
  await stage.succeed(['schedule', '0 5 * * *'])
  await stage.succeed(['schedule', 'delete', 'full-0500'])
  expect(written()).toMatchObject({
    colour: 'blue',
    schedules: [{ id: 'nightly', owner: 'ops', enabled: false, lastRuns: [{ outcome: 'done' }] }],
  })
})
