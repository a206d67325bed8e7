import { type ReactNode, useState } from 'react'
import type { Schedule, ScheduleListing } from '../model/schedule.ts'
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
import { lineOf, span } from './text/line.ts'
import { plainText } from './text/plain.ts'
import { scheduleDraft, scheduleFields } from './text/schedule-form.ts'
import { detailLines } from './text/schedule-lines.ts'

/** Makes or changes one schedule: a form above, and below it what the times mean, while they are typed. */
function ScheduleScreen({ argument: { id } }: { readonly argument: ScreenArguments['schedule'] }): ReactNode {
  const { store } = useConsole()
  const { value, trouble } = useLoaded(store.schedules)
  if (value === null) return <NotRead trouble={trouble} reading="Reading the schedules…" next="Esc goes back" />
  const found = value.schedules.find(({ schedule }) => schedule.id === id)?.schedule ?? null
  return <Editor before={found} listing={value} />
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
  const [fields] = useState(() => scheduleFields(before, listing))
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
  const read = scheduleDraft(form, before)
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

export const schedule: ScreenSpec<'schedule'> = {
  id: 'schedule',
  title: 'Schedule',
  digit: null,
  keys: formKeys,
  crumb: ({ id }) => id ?? 'New schedule',
  keeps: true,
  Screen: ScheduleScreen,
}
