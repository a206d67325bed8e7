import { expect, test } from 'vitest'
import { BackupError } from '../../src/model/errors.ts'
import type { ScheduledOutcome } from '../../src/model/scheduled-run.ts'
import { commandLine, jsonLines } from './command-line.ts'
import { describedSchedule, drillCard, entry } from './pretend-engine.ts'

const wish = {
  name: null,
  cron: '0 2 * * *',
  tz: null,
  type: 'full',
  services: [],
  if_missed: 'run-once',
  jitter_seconds: 0,
}

test.each<[string[], object]>([
  [['schedule', '0 2 * * *'], wish],
  [['backup', 'schedule', '0 2 * * *', '--type', 'incremental'], { ...wish, type: 'incremental' }],
  [['schedule', '--type', 'full', '0 2 * * *'], wish],
  [['schedule', '--json', '0 2 * * *'], wish],
  [['schedule', '--root', '/r', '0 2 * * *'], wish],
  [['schedule', '  0  2 * *\t* '], wish],
  [['schedule', '@daily'], { ...wish, cron: '@daily' }],
  [['schedule', '0 2 * * *', '--compress', 'xz'], { ...wish, compression: 'xz' }],
  [['schedule', '--compress', '0 2 * * *'], wish],
  [
    ['schedule', '0 2 * * *', '--type=service', '--services', 'a,b', '--name', 'A and b', '--tz', 'Europe/Berlin'],
    { ...wish, type: 'service', services: ['a', 'b'], name: 'A and b', tz: 'Europe/Berlin' },
  ],
  [
    ['schedule', '0 2 * * *', '--jitter', '1h30m', '--if-missed', 'skip', '--keep', '3', '--keep-days=0'],
    { ...wish, jitter_seconds: 5400, if_missed: 'skip', retention: { keep: 3, days: 0 } },
  ],
  [
    [
      ...['schedule', '0 2 * * *', '--keep-daily=0', '--keep-weekly=1'],
      ...['--keep-monthly=2', '--keep-quarterly=3', '--keep-yearly=4'],
    ],
    { ...wish, retention: { daily: 0, weekly: 1, monthly: 2, quarterly: 3, yearly: 4 } },
  ],
  [
    [
      ...['schedule', '0 5 * * 0', '--type', 'drill', '--services', 'a'],
      ...['--check', './try it', '--timeout', '30m'],
    ],
    {
      ...{ ...wish, cron: '0 5 * * 0', type: 'drill', services: ['a'] },
      drill: { check: { command: './try it', timeout_seconds: 1800 } },
    },
  ],
  [
    ['schedule', '0 5 * * 0', '--type=drill', '--scratch', '/mnt', '--check=x', '--if-missed=skip'],
    {
      ...{ ...wish, cron: '0 5 * * 0', type: 'drill', if_missed: 'skip' },
      drill: { check: { command: 'x', timeout_seconds: 900 }, scratch: '/mnt' },
    },
  ],
  [['schedule', '0 5 * * 0', '--type=drill'], { ...wish, cron: '0 5 * * 0', type: 'drill' }],
])('reads %j as one schedule', async (argv, options) => {
  const { calls, exitCode } = await commandLine(argv)
  expect(calls).toEqual([{ method: 'addSchedule', options }])
  expect(exitCode).toBe(0)
})

test.each<[string[], string, unknown]>([
  [['schedule', 'enable', 'nightly'], 'enableSchedule', { id: 'nightly', enabled: true }],
  [['backup', 'schedule', 'disable', 'nightly'], 'enableSchedule', { id: 'nightly', enabled: false }],
  [['schedule', '--json', 'run', 'nightly'], 'runSchedule', 'nightly'],
])('reads %j as one %s', async (argv, method, options) => {
  const { calls, exitCode } = await commandLine(argv)
  expect(calls).toEqual([{ method, options }])
  expect(exitCode).toBe(0)
})

test.each<[string[], RegExp]>([
  [['schedule'], /schedule needs CRON/],
  [['schedule', '--', 'list'], /has five fields/],
  [['schedule', 'lst'], /there is no command "schedule lst"; did you mean list\?/],
  [['schedule', 'remove'], /a cron expression has five fields \(minute, hour, day of month, month, day of week\)/],
  [['schedule', '0', '2', '*'], /schedule does not take "2"\nhint: quote the expression/],
  [['schedule', '0 2 * * *', '--tz', 'Europe/Berln'], /no time zone "Europe\/Berln"; did you mean Europe\/Berlin\?/],
  [['schedule', '0 2 * * *', '--tz', 'Mars'], /no time zone "Mars"\nhint: name one/],
  [['schedule', '0 2 * * *', '--jitter', 'soon'], /--jitter cannot be "soon"/],
  [['schedule', '0 2 * * *', '--jitter', '25h'], /a day is the longest/],
  [['schedule', '0 2 * * *', '--if-missed', 'run'], /did you mean|one of run-once, skip/],
  [['schedule', '0 2 * * *', '--keep', 'all'], /--keep must be a whole number/],
  [['schedule', '0 2 * * *', '--type', 'service'], /--type service needs the services/],
  [['schedule', '0 2 * * *', '--type', 'daily'], /full, incremental, differential, service/],
  [['schedule', '0 2 * * *', '--check', 'x'], /--check, --timeout and --scratch go with --type drill/],
  [['schedule', '0 2 * * *', '--type', 'drill', '--timeout', '1h'], /--timeout goes with --check/],
  [['schedule', '0 2 * * *', '--type', 'drill', '--keep', '1'], /a drill makes no backup/],
  [['schedule', '0 2 * * *', '--type', 'drill', '--compress', 'xz'], /a drill makes no backup/],
  [['schedule', 'delete'], /schedule delete needs ID/],
  [['schedule', 'list', 'nightly'], /schedule list does not take "nightly"/],
  [['schedule', 'run', 'a', 'b'], /schedule run does not take "b"/],
])('refuses %j with exit 2 before a repository is opened', async (argv, message) => {
  const { exitCode, stderr, wired } = await commandLine(argv)
  expect(stderr).toMatch(message)
  expect({ exitCode, wired }).toEqual({ exitCode: 2, wired: [] })
})

test.each([
  ['0 25 * * *', 'hour', '25', '    ^^', 'hour: "25" is not allowed; it takes 0 to 23'],
  ['61 2 * * *', 'minute', '61', '  ^^', 'minute: "61" is not allowed'],
  ['0 2 * * 1,MOO', 'day of week', 'MOO', '            ^^^', 'day of week: "MOO" is not allowed'],
  ['0 2 5-1 * *', 'day of month', '5-1', '      ^^^', 'day of month: "5-1" begins after it ends'],
  ['0 2 1, * *', 'day of month', '', '        ^', 'day of month: a value is missing'],
  ['0 2 * 1/0 *', 'month', '0', '          ^', 'month: "0" is not a step'],
])('points at what is wrong in %s: the %s', async (cron, field, part, marks, message) => {
  const { stderr, stdout, exitCode } = await commandLine(['schedule', cron])
  const [error, shown, pointer, hint] = stderr.split('\n')
  expect(error).toContain(`error: ${message}`)
  expect([shown, pointer]).toEqual([`  ${cron}`, marks])
  expect(hint).toContain('the five fields are minute, hour, day of month, month, day of week')
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })

  const [json] = jsonLines(await commandLine(['schedule', cron, '--json']))
  expect(json).toMatchObject({ kind: 'error', code: 'E_USAGE', field })
  expect(cron.slice(Number(json?.['start']), Number(json?.['end']))).toBe(part)
})

test.each([
  ['0 0 31 2 *', 'February has no day 31', '      ^^'],
  ['0 0 0 31 4,6 *', 'April and June have no day 31', '        ^^'],
])('%s is refused: it never fires', async (cron, why, marks) => {
  const { stderr, exitCode, calls } = await commandLine(['schedule', cron])
  expect(stderr.split('\n').slice(0, 3)).toEqual([`error: "${cron}" never fires: ${why}`, `  ${cron}`, marks])
  expect({ exitCode, calls }).toEqual({ exitCode: 2, calls: [] })
})

test('an expression of any length and with anything in it is pointed at in a line of the terminal', async () => {
  for (const cron of [`${'1,'.repeat(5000)}x 2 * * *`, `0 \x1b[31m2\u202e * * *`, `${'x'.repeat(5000)} 2 * * *`]) {
    const { stderr } = await commandLine(['schedule', cron])
    const [, shown = '', pointer = ''] = stderr.split('\n')
    expect(shown.length).toBeLessThanOrEqual(80)
    expect(pointer.length).toBeLessThanOrEqual(shown.length)
    expect(pointer).toMatch(/^ +\^+$/)
    expect(stderr).not.toMatch(/[^\P{Cc}\n]|\u202e/u)
  }
})

test('tells of what was added: in words, its next runs on both clocks, and what may surprise', async () => {
  const { stdout, stderr } = await commandLine(['schedule', '30 2 * * *'])
  expect(stdout).toBe(`added nightly
incremental of files
At 02:30, every day, on the clock of Europe/Berlin
next  Sat 2026-11-21 02:30 +01:00   01:30Z
`)
  expect(stderr).toBe('notice: 2027-03-28 02:30 does not exist in Europe/Berlin\n')
  expect((await commandLine(['schedule', '30 2 * * *', '--quiet'])).stdout).toBe('nightly\n')
})

const fields = {
  id: 'nightly',
  name: 'Nightly',
  cron: '30 2 * * *',
  tz: 'Europe/Berlin',
  type: 'incremental',
  services: ['files'],
  enabled: true,
  compression: null,
  retention: null,
  ifMissed: 'run-once',
  jitterSeconds: 0,
}
const described = {
  ...fields,
  nextRuns: ['2026-11-21T01:30:00.000Z'],
  lastRun: { ...describedSchedule.schedule.lastRuns[0], state: 'warnings' },
  origin: 'schedules.json',
  words: 'At 02:30, every day',
  createdAt: '2026-11-01T00:00:00.000Z',
}

test('as JSON a schedule has its fields, its next runs and its last', async () => {
  expect(jsonLines(await commandLine(['schedule', '30 2 * * *', '--json']))).toEqual([
    {
      kind: 'result',
      command: 'schedule',
      schedule: described,
      warnings: ['2027-03-28 02:30 does not exist in Europe/Berlin'],
      exitCode: 0,
    },
  ])
  const engine = { describeSchedules: async () => [describedSchedule, configured] }
  expect(jsonLines(await commandLine(['schedule', 'list', '--json'], { engine }))).toEqual([
    {
      kind: 'result',
      command: 'schedule list',
      schedules: [
        described,
        {
          ...described,
          id: 'weekly',
          enabled: false,
          nextRuns: [],
          lastRun: null,
          origin: 'configuration',
          place: 'backup_config.json:3:5 (schedules.weekly)',
        },
      ],
    },
  ])
  expect(jsonLines(await commandLine(['schedule', 'disable', 'x', '--json']))[0]).toMatchObject({
    command: 'schedule disable',
    schedule: { id: 'x', enabled: false },
    changed: true,
  })
})

const configured = {
  ...describedSchedule,
  schedule: { ...describedSchedule.schedule, id: 'weekly', enabled: false, lastRuns: [] },
  origin: 'configuration' as const,
  place: 'backup_config.json:3:5 (schedules.weekly)',
  next: [],
  last: null,
}

test('the list is a table with how it went last and what comes next; those of the configuration say where they stand', async () => {
  const engine = { describeSchedules: async () => [describedSchedule, configured] }
  const { stdout } = await commandLine(['schedule', 'list'], { engine, environment: { COLUMNS: '130' } })
  expect(stdout).toBe(`\
id       next   last               times                zone           type         services  from
nightly  in 1h  warnings, 22h ago  At 02:30, every day  Europe/Berlin  incremental  files     -
weekly   off    -                  At 02:30, every day  Europe/Berlin  incremental  files     configuration
weekly: backup_config.json:3:5 (schedules.weekly)
`)
  for (const columns of ['40', '80']) {
    const narrow = await commandLine(['schedule', 'list'], { engine, environment: { COLUMNS: columns } })
    expect(narrow.stdout).toMatch(/^id +next +last/)
    for (const line of narrow.stdout.split('\n').slice(0, 3)) expect(line.length).toBeLessThanOrEqual(Number(columns))
  }
  expect((await commandLine(['schedule', 'list', '--quiet'], { engine })).stdout).toBe('nightly\nweekly\n')
  expect((await commandLine(['schedule', 'list'])).stdout).toBe('no schedules\n')
})

test('what is deleted can be made again by the command that is shown', async () => {
  const { schedule } = describedSchedule
  const deleted = {
    ...schedule,
    name: "Nightly, it's all",
    retention: { keep: 3, yearly: 1 },
    compression: 'xz' as const,
    jitter_seconds: 90,
    if_missed: 'skip' as const,
  }
  const engine = { removeSchedule: async () => deleted }
  const { stdout, exitCode } = await commandLine(['schedule', 'delete', 'nightly', '--root', '/srv/b'], { engine })
  expect(exitCode).toBe(0)
  expect(stdout).toBe(`deleted nightly; its backups stay
to make it again: holdfast schedule '30 2 * * *' --type incremental --services files --compress xz --name 'Nightly, it'\\''s all' --tz Europe/Berlin --keep 3 --keep-yearly 1 --jitter 90s --if-missed skip --root /srv/b
`)
  const argv = [
    '30 2 * * *',
    '--type',
    'incremental',
    '--services',
    'files',
    '--compress',
    'xz',
    '--name',
    deleted.name,
  ]
  const more = ['--tz', deleted.tz, '--keep', '3', '--keep-yearly', '1', '--jitter', '90s', '--if-missed', 'skip']
  const { calls } = await commandLine(['schedule', ...argv, ...more])
  const { id: _i, enabled: _e, createdAt: _c, lastRuns: _l, ...again } = deleted
  expect(calls).toEqual([{ method: 'addSchedule', options: again }])
})

test('a run by hand tells of its backup as a create does, and of the instant it stands for', async () => {
  const [, result] = jsonLines(await commandLine(['schedule', 'run', 'nightly', '--json']))
  expect(result).toMatchObject({
    command: 'schedule run',
    schedule: { id: 'nightly', at: entry.createdAt },
    backup: { id: entry.id, warnings: 0 },
    run: 'run-1',
    exitCode: 0,
  })
  expect((await commandLine(['schedule', 'run', 'nightly'])).stdout).toContain(`backup ${entry.id}\n`)
})

test('a drill by hand tells the score card of each backup it drilled', async () => {
  const runSchedule = async (): Promise<ScheduledOutcome> => ({
    ...{ kind: 'drill', run: 'run-9', exitCode: 1 },
    cards: [drillCard, { ...drillCard, backup: 'other' }],
  })
  const [result] = jsonLines(await commandLine(['schedule', 'run', 'rehearsal', '--json'], { engine: { runSchedule } }))
  expect(result).toMatchObject({
    ...{ command: 'schedule run', schedule: { id: 'rehearsal' }, run: 'run-9', exitCode: 1 },
    drills: [{ backup: drillCard.backup }, { backup: 'other' }],
  })
  const { stdout, exitCode } = await commandLine(['schedule', 'run', 'rehearsal'], { engine: { runSchedule } })
  expect(stdout.match(/^drill of .*$/gm)).toHaveLength(2)
  expect(exitCode).toBe(1)
})

test('a drill that is deleted is made again by the command that is shown', async () => {
  const { id, drill } = {
    id: 'rehearsal',
    drill: { check: { command: "it's $fine", timeout_seconds: 90 }, scratch: '/m' },
  }
  const { compression: _c, retention: _r, ...schedule } = describedSchedule.schedule
  const removeSchedule = async () => ({ ...schedule, id, type: 'drill' as const, drill })
  const json = jsonLines(await commandLine(['schedule', 'delete', id, '--json'], { engine: { removeSchedule } }))
  expect(json[0]).toMatchObject({
    schedule: { type: 'drill', drill: { check: { command: "it's $fine", timeoutSeconds: 90 }, scratch: '/m' } },
    again: expect.stringContaining(`--check 'it'\\''s $fine' --timeout 90s --scratch /m`),
  })
})

test('its job is asked for by its id', async () => {
  const input = `${JSON.stringify({ kind: 'schedule', id: 'nightly' })}\n`
  const { calls, stdout } = await commandLine(['run-job', '--json'], { input })
  expect(calls).toEqual([{ method: 'runSchedule', options: 'nightly' }])
  expect(stdout).toContain('"kind":"started"')
})

test.each([['delete'], ['enable'], ['disable'], ['run']])(
  '%s of an unknown schedule names the nearest',
  async (word) => {
    const refuse = () =>
      Promise.reject(new BackupError('E_UNKNOWN_ID', 'no schedule has the id nihgtly', 'did you mean nightly?'))
    const engine = { removeSchedule: refuse, enableSchedule: refuse, runSchedule: refuse }
    const { stderr, exitCode } = await commandLine(['schedule', word, 'nihgtly'], { engine })
    expect(stderr).toBe('error: no schedule has the id nihgtly\nhint: did you mean nightly?\n')
    expect(exitCode).toBe(2)
  },
)

test('help of the group lists what else it has', async () => {
  const { stdout } = await commandLine(['help', 'schedule'])
  for (const word of ['list', 'delete', 'enable', 'disable', 'run']) expect(stdout).toContain(`\n  schedule ${word} `)
})
