import { type CronField, cronFieldOrder, parseCron } from '../model/cron.ts'
import { compressions } from '../model/format.ts'
import { printable } from '../model/path.ts'
import { longestJitterSeconds, type ScheduledDrill, type ScheduleWish, scheduleTypes } from '../model/schedule.ts'
import { parseDuration } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { drillOptions, givenCheck } from './parts/drill-options.ts'
import { type Given, quoted, suggestion, usage } from './parts/given.ts'
import { servicesOption } from './parts/grammar.ts'
import { PointedError } from './parts/pointed-error.ts'
import { givenRetention, retentionOptions } from './parts/retention-options.ts'
import { scheduleFacts, scheduleFields } from './parts/schedule-text.ts'

const missedChoices = ['run-once', 'skip'] as const
const subcommands = ['list', 'delete', 'enable', 'disable', 'run']

export const schedule: CommandSpec = {
  words: 'schedule',
  about:
    'Adds a schedule: backups, or drills of the newest good ones, again and again, at the times of a cron expression of five fields (minute, hour, day of month, month, day of week) or six, seconds first. They are done while holdfast --daemon runs.',
  operands: [{ name: 'CRON', required: true, surplus: "quote the expression: holdfast schedule '0 2 * * *'" }],
  options: [
    {
      name: 'type',
      value: 'TYPE',
      choices: scheduleTypes,
      about: 'what is made (full), or drill: what holdfast drill does',
    },
    { ...servicesOption, about: 'only these services (all that are configured)' },
    { name: 'compress', value: 'HOW', valueOptional: true, choices: compressions, about: 'how to compress' },
    { name: 'name', value: 'NAME', about: 'what it is called; its id is made from it' },
    { name: 'tz', value: 'ZONE', about: 'the clock it goes by, as in Europe/Berlin (as configured, else UTC)' },
    ...retentionOptions,
    ...drillOptions.map((option) => ({ ...option, about: `with --type drill: ${option.about}` })),
    { name: 'jitter', value: 'TIME', about: 'start up to so much later, as in 90s or 10m: many machines, one disk' },
    {
      name: 'if-missed',
      value: 'HOW',
      choices: missedChoices,
      about: 'what becomes of times at which nothing could run: one run for all of them, or none (run-once)',
    },
  ],
  examples: [
    ["holdfast schedule '0 2 * * *' --type incremental --name nightly", 'every night at two'],
    ["holdfast schedule '0 5 * * 0' --type drill --check /srv/try", 'every Sunday, a rehearsal'],
    ["holdfast schedule '0 3 1 * *' --tz Europe/Berlin --keep-monthly 12", 'a full one a month, and a year of them'],
  ],
  exits: [0, 1, 2, 4, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const wish = await wishFrom(given)
    const { schedule: added, warnings } = await (await context.engine()).addSchedule(wish)
    out.result('schedule', { schedule: scheduleFields(added), warnings, exitCode: 0 })
    out.outcome(added.schedule.id, [`added ${added.schedule.id}`, ...scheduleFacts(added)])
    for (const warning of warnings) out.notice(warning)
    return 0
  },
}

async function wishFrom(given: Given): Promise<ScheduleWish> {
  const [cron = ''] = given.operands
  await checkCron(cron)
  const type = given.choice('type', scheduleTypes) ?? 'full'
  const services = given.list('services')
  if (type === 'service' && services.length === 0)
    throw usage('--type service needs the services', "holdfast schedule '0 2 * * *' --type service --services A,B")
  const tz = given.text('tz')
  if (tz !== null) await checkZone(tz)
  const compression = given.choice('compress', compressions)
  const retention = givenRetention(given)
  const isDrill = type === 'drill'
  if (isDrill && (compression !== null || retention !== null || given.has('compress')))
    throw usage('a drill makes no backup', 'leave out --compress and --keep…')
  const drill = drillFrom(given)
  if (!isDrill && drill !== null)
    throw usage('--check, --timeout and --scratch go with --type drill', 'holdfast schedule --help')
  return {
    name: given.text('name'),
    cron: cron.trim().replace(/\s+/g, ' '),
    tz,
    type,
    services,
    if_missed: given.choice('if-missed', missedChoices) ?? 'run-once',
    jitter_seconds: jitterFrom(given.text('jitter')),
    ...(compression === null ? {} : { compression }),
    ...(retention === null ? {} : { retention }),
    ...(drill === null ? {} : { drill }),
  }
}

function drillFrom(given: Given): ScheduledDrill | null {
  const check = givenCheck(given)
  const scratch = given.text('scratch')
  if (check === null && scratch === null) return null
  return {
    ...(check === null ? {} : { check: { command: check.command, timeout_seconds: check.timeoutMs / 1000 } }),
    ...(scratch === null ? {} : { scratch }),
  }
}

async function checkCron(text: string): Promise<void> {
  const reading = parseCron(text)
  if (reading.kind === 'cron') {
    const { neverFires } = reading.cron
    if (neverFires === null) return
    const part = dayField(text)
    throw new PointedError(usage(`${quoted(text)} ${neverFires}`, 'choose a day that one of these months has'), {
      text,
      ...part,
    })
  }
  if (/^[a-z]+$/i.test(text) && !subcommands.includes(text)) {
    const meant = await suggestion(text, subcommands)
    if (meant !== '') throw usage(`there is no command "schedule ${text}"${meant}`, 'holdfast schedule --help')
  }
  const { field, start, end, message, hint } = reading.problem
  const five = field === null ? hint : `the five fields are ${cronFieldOrder}; ${hint}`
  throw new PointedError(usage(message, five), { text, field, start, end })
}

/** Where the day of month stands. */
function dayField(text: string): { readonly field: CronField; readonly start: number; readonly end: number } {
  const words = [...text.matchAll(/\S+/g)]
  const found = words[words.length === 6 ? 3 : 2]
  const start = found?.index ?? 0
  return { field: 'day of month', start, end: found === undefined ? text.length : start + found[0].length }
}

async function checkZone(name: string): Promise<void> {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
  } catch {
    const meant = await suggestion(name, Intl.supportedValuesOf('timeZone'))
    throw usage(`--tz: there is no time zone ${quoted(name)}${meant}`, 'name one such as Europe/Berlin or UTC')
  }
}

function jitterFrom(text: string | null): number {
  if (text === null) return 0
  const ms = parseDuration(text)
  if (ms === null) throw usage(`--jitter cannot be ${quoted(text)}`, 'write it as 90s, 10m or 1h')
  if (ms > longestJitterSeconds * 1000)
    throw usage(`--jitter cannot be ${printable(text)}`, 'a day is the longest there is')
  return ms / 1000
}
