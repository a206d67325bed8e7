import { compressions } from '../../model/format.ts'
import { type Schedule, type ScheduleDraft, type ScheduleListing, scheduleTypes } from '../../model/schedule.ts'
import { scheduleIdOf } from '../../model/schedule-id.ts'
import { parseDuration } from '../../model/units.ts'
import type { FormField } from './form-state.ts'
import { plainText } from './plain.ts'
import { countsFrom, countsText } from './policy-words.ts'

/** The form of one schedule: what it asks for, and the schedule that its answers are. Pure. */

const ifDrill = { choice: 'type', is: (type: string) => type === 'drill' }
const ifBackup = { choice: 'type', is: (type: string) => type !== 'drill' }

/** What a person has entered, by the names of the fields. */
export interface Entered {
  text(name: string): string
  choice(name: string): string
  marks(name: string): readonly string[]
}

export function scheduleFields(before: Schedule | null, listing: ScheduleListing): readonly FormField[] {
  const check = before?.drill?.check
  const option = (value: string) => ({ value, label: plainText(value) })
  return [
    { kind: 'text', name: 'name', label: 'Name', initial: before?.name ?? '' },
    {
      kind: 'text',
      name: 'cron',
      label: 'Times',
      initial: before?.cron ?? '0 2 * * *',
      about: 'minute hour day-of-month month day-of-week: 0 2 * * 1-5 is 02:00, Monday to Friday; also @daily',
    },
    {
      kind: 'text',
      name: 'tz',
      label: 'Zone',
      initial: before?.tz ?? listing.zone,
      about: 'the clock that is meant: Europe/Berlin, UTC',
    },
    {
      kind: 'choice',
      name: 'type',
      label: 'Type',
      initial: before?.type ?? 'incremental',
      options: scheduleTypes.map(option),
      about: 'incremental costs next to nothing, and restores like a full one; a drill rehearses a restore',
    },
    {
      kind: 'marks',
      name: 'services',
      label: 'Services',
      initial: before?.services ?? [],
      options: listing.services.map(({ name }) => option(name)),
      about: 'none marked is all of them; Space marks',
    },
    {
      kind: 'text',
      name: 'check',
      label: 'Check',
      initial: check?.command ?? '',
      about: 'run with sh -c in $HOLDFAST_DRILL_DIR; exit 0 is good; logged as given: no secrets',
      onlyIf: ifDrill,
    },
    {
      kind: 'text',
      name: 'timeout',
      label: 'Timeout',
      initial: check === undefined ? '15m' : `${check.timeout_seconds}s`,
      about: 'how long the check may take, as in 90s or 30m; then all of it is killed',
      onlyIf: ifDrill,
    },
    {
      kind: 'text',
      name: 'scratch',
      label: 'Scratch',
      initial: before?.drill?.scratch ?? '',
      about: "restore below this directory; empty: the repository's temp, else the system's",
      onlyIf: ifDrill,
    },
    {
      kind: 'choice',
      name: 'compression',
      label: 'Compression',
      onlyIf: ifBackup,
      initial: before?.compression ?? '',
      options: [{ value: '', label: 'as configured' }, ...compressions.map(option)],
    },
    {
      kind: 'choice',
      name: 'missed',
      label: 'If missed',
      initial: before?.if_missed ?? 'run-once',
      options: [
        { value: 'run-once', label: 'run once, as soon as possible' },
        { value: 'skip', label: 'wait for the next time' },
      ],
    },
    {
      kind: 'text',
      name: 'jitter',
      label: 'Jitter, s',
      initial: String(before?.jitter_seconds ?? 0),
      about: 'seconds by which a run may start later, so that many machines do not all begin at once',
    },
    {
      kind: 'text',
      name: 'retention',
      label: 'Keep',
      onlyIf: ifBackup,
      initial: countsText(before?.retention ?? {}),
      about: 'as in keep=10 days=30 daily=7 weekly=4 monthly=12; empty: as configured',
    },
  ]
}

/** What the form says, and what is wrong with it where it is no schedule; the engine checks the rest. */
export function scheduleDraft(
  form: Entered,
  before: Schedule | null,
): { readonly draft: ScheduleDraft; readonly wrong: string | null } {
  const name = form.text('name').trim()
  const jitterText = form.text('jitter').trim()
  const retention = countsFrom(form.text('retention'))
  const compression = compressions.find((one) => one === form.choice('compression'))
  const {
    compression: _c,
    retention: _r,
    drill: _d,
    createdAt: _a,
    activeSince: _s,
    lastRuns: _l,
    ...kept
  } = before ?? newSchedule
  const cron = form.text('cron').trim()
  const type = scheduleTypes.find((one) => one === form.choice('type')) ?? 'incremental'
  const isDrill = type === 'drill'
  const timeoutMs = parseDuration(form.text('timeout').trim())
  const backup = {
    ...(compression === undefined ? {} : { compression }),
    ...(typeof retention === 'string' || Object.keys(retention).length === 0 ? {} : { retention }),
  }
  const drill = drillFrom(form.text('check').trim(), timeoutMs ?? 0, form.text('scratch').trim(), before)
  const draft: ScheduleDraft = {
    ...kept,
    id: before?.id ?? scheduleIdOf({ name, type, cron }),
    name,
    cron,
    tz: form.text('tz').trim(),
    type,
    services: [...form.marks('services')],
    if_missed: form.choice('missed') === 'skip' ? 'skip' : 'run-once',
    jitter_seconds: /^\d{1,6}$/.test(jitterText) ? Number(jitterText) : 0,
    ...(isDrill ? drill : backup),
  }
  const wrong =
    name === ''
      ? 'it has no name'
      : !/^\d{1,6}$/.test(jitterText)
        ? 'the jitter is a whole number of seconds'
        : isDrill
          ? timeoutMs === null || timeoutMs === 0
            ? 'the timeout is written as 90s, 30m or 2h'
            : null
          : typeof retention === 'string'
            ? retention
            : null
  return { draft, wrong }
}

/** What a later version has added stays. */
function drillFrom(
  command: string,
  timeoutMs: number,
  scratch: string,
  before: Schedule | null,
): Pick<ScheduleDraft, 'drill'> {
  const { check, scratch: _s, ...others } = before?.drill ?? {}
  const drill = {
    ...others,
    ...(command === '' ? {} : { check: { ...check, command, timeout_seconds: Math.ceil(timeoutMs / 1000) } }),
    ...(scratch === '' ? {} : { scratch }),
  }
  return Object.keys(drill).length === 0 ? {} : { drill }
}

const newSchedule: Schedule = {
  id: '',
  name: '',
  cron: '',
  tz: 'UTC',
  type: 'incremental',
  services: [],
  if_missed: 'run-once',
  jitter_seconds: 0,
  enabled: true,
  createdAt: '',
  lastRuns: [],
}
