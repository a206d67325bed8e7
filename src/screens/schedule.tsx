import { type ReactNode, useState } from 'react'
import { compressions } from '../model/format.ts'
import { type Schedule, type ScheduleDraft, type ScheduleListing, scheduleTypes } from '../model/schedule.ts'
import { scheduleIdOf } from '../model/schedule-id.ts'
import { useArea, useConsole, useLoaded, useMinute } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { ScreenArguments } from './house/screen-arguments.ts'
import { AskDialog } from './parts/confirm-dialog.tsx'
import { formKeys, useForm, useFormLines } from './parts/form.tsx'
import { Lines } from './parts/lines.tsx'
import { NotRead } from './parts/not-read.tsx'
import { type Trouble, troubleOf } from './store/loaded.ts'
import { exactly, troubleLines } from './text/boxes.ts'
import { wrap } from './text/cut.ts'
import type { FormField } from './text/form-state.ts'
import { lineOf, span } from './text/line.ts'
import { plainText } from './text/plain.ts'
import { countsFrom, countsText } from './text/policy-words.ts'
import { detailLines } from './text/schedule-lines.ts'

/** Makes or changes one schedule: a form above, and below it what the times mean, while they are typed. */
function ScheduleScreen({ argument: { id } }: { readonly argument: ScreenArguments['schedule'] }): ReactNode {
  const { store } = useConsole()
  const { value, trouble } = useLoaded(store.schedules)
  if (value === null) return <NotRead trouble={trouble} reading="Reading the schedules…" next="Esc goes back" />
  const found = value.schedules.find(({ schedule }) => schedule.id === id)?.schedule ?? null
  return <Editor before={found} listing={value} />
}

function fieldsOf(before: Schedule | null, listing: ScheduleListing): readonly FormField[] {
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
      about: 'incremental costs next to nothing, and restores like a full one',
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
      kind: 'choice',
      name: 'compression',
      label: 'Compression',
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
      initial: countsText(before?.retention ?? {}),
      about: 'as in keep=10 days=30 daily=7 weekly=4 monthly=12; empty: as configured',
    },
  ]
}

function Editor({
  before,
  listing,
}: {
  readonly before: Schedule | null
  readonly listing: ScheduleListing
}): ReactNode {
  const { back, engine, glyphs, say, store } = useConsole()
  const { columns, rows } = useArea()
  const now = useMinute()
  const [fields] = useState(() => fieldsOf(before, listing))
  const [open, setOpen] = useState<'save' | 'leave' | null>(null)
  const [trouble, setTrouble] = useState<Trouble | null>(null)
  const form = useForm({
    title: 'Schedule',
    fields,
    active: open === null,
    submit: () => setOpen('save'),
    cancel: () => (form.isChanged ? setOpen('leave') : back()),
  })
  const lines = useFormLines(fields, form, columns, open === null)
  const read = draftOf(form, before)
  const draft = read.draft
  const shown: Schedule = { ...draft, createdAt: before?.createdAt ?? '', lastRuns: before?.lastRuns ?? [] }
  const about = fields.find(({ name }) => name === form.focus)?.about ?? ''
  const wrongs =
    read.wrong === null
      ? []
      : wrap(read.wrong, columns - 4).map((text) => lineOf(span(` ${glyphs.failed} ${text}`, 'failed')))
  const detail =
    trouble === null
      ? detailLines(shown, listing, now, columns, glyphs)
      : troubleLines(trouble, 'change it, and Enter saves again', columns, glyphs)
  const save = (): void => {
    setOpen(null)
    engine.saveSchedule(draft, before === null ? 'new' : 'changed').then(
      async ({ name }) => {
        await store.schedules.refresh()
        say(`${plainText(name)} is saved`)
        back()
      },
      (error: unknown) => setTrouble(troubleOf(error, 'saving the schedule')),
    )
  }
  return (
    <>
      <Lines
        lines={exactly(
          [
            ...lines,
            lineOf(span(`  ${plainText(about)}`, 'dim')),
            ruleLine(lineOf('What it means'), '', columns, glyphs),
            ...wrongs,
            ...detail,
          ],
          rows,
        )}
      />
      {open === 'save' && (
        <AskDialog
          title={before === null ? 'Save this schedule?' : 'Change this schedule?'}
          facts={[
            ...(read.wrong === null ? [] : [`It cannot be saved: ${read.wrong}`]),
            `${plainText(draft.name)}: ${draft.type} of ${draft.services.length === 0 ? 'all services' : draft.services.map(plainText).join(', ')}`,
            `${plainText(draft.cron)} on the clock of ${plainText(draft.tz)}`,
            'It is written into schedules.json, and run while holdfast --daemon runs.',
          ]}
          command={null}
          verb="saves it"
          onCancel={() => setOpen(null)}
          onYes={() => (read.wrong === null ? save() : setOpen(null))}
        />
      )}
      {open === 'leave' && (
        <AskDialog
          title="Leave without saving?"
          facts={['What was changed here is forgotten; schedules.json is as it was.']}
          command={null}
          verb="leaves"
          onCancel={() => setOpen(null)}
          onYes={back}
        />
      )}
    </>
  )
}

/** What the form says, and what is wrong with it where it is no schedule; the engine checks the rest. */
function draftOf(
  form: ReturnType<typeof useForm>,
  before: Schedule | null,
): { readonly draft: ScheduleDraft; readonly wrong: string | null } {
  const name = form.text('name').trim()
  const jitterText = form.text('jitter').trim()
  const retention = countsFrom(form.text('retention'))
  const compression = compressions.find((one) => one === form.choice('compression'))
  const {
    compression: _c,
    retention: _r,
    createdAt: _a,
    activeSince: _s,
    lastRuns: _l,
    ...kept
  } = before ?? newSchedule
  const cron = form.text('cron').trim()
  const type = scheduleTypes.find((one) => one === form.choice('type')) ?? 'incremental'
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
    ...(compression === undefined ? {} : { compression }),
    ...(typeof retention === 'string' || Object.keys(retention).length === 0 ? {} : { retention }),
  }
  const wrong =
    name === ''
      ? 'it has no name'
      : !/^\d{1,6}$/.test(jitterText)
        ? 'the jitter is a whole number of seconds'
        : typeof retention === 'string'
          ? retention
          : null
  return { draft, wrong }
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

export const schedule: ScreenSpec<'schedule'> = {
  id: 'schedule',
  title: 'Schedule',
  digit: null,
  keys: formKeys,
  crumb: ({ id }) => id ?? 'New schedule',
  keeps: true,
  Screen: ScheduleScreen,
}
