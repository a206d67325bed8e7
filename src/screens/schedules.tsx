import { type ReactNode, useMemo, useState } from 'react'
import { readTimes } from '../engine/plan/schedule-times.ts'
import type { ListedSchedule, Schedule } from '../model/schedule.ts'
import type { StatusReport } from '../model/status.ts'
import { formatAge, formatCount } from '../model/units.ts'
import { useArea, useConsole, useLoaded, useMinute } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { AskDialog } from './parts/confirm-dialog.tsx'
import { Lines } from './parts/lines.tsx'
import { NotRead } from './parts/not-read.tsx'
import { TableView, useTable } from './parts/table.tsx'
import { useStart } from './parts/use-start.tsx'
import { type Trouble, troubleOf } from './store/loaded.ts'
import { sparkline } from './text/bars.ts'
import { emptyLines, exactly } from './text/boxes.ts'
import type { Column } from './text/columns.ts'
import { type Glyphs, lookOf, type State } from './text/glyphs.ts'
import { momentText } from './text/ids.ts'
import { type Line, lineOf, span } from './text/line.ts'
import { plainText } from './text/plain.ts'
import { detailLines, plotOf } from './text/schedule-lines.ts'
import { commandText } from './text/shell.ts'

const keys = {
  edit: { keys: ['enter'], label: 'change', about: 'change this schedule', danger: 1, hint: 9, needs: 'schedule' },
  add: { keys: ['N'], label: 'new', about: 'make a schedule', danger: 1, hint: 8, needs: 'schedule' },
  pause: { keys: ['P'], label: 'pause', about: 'let this schedule rest, or let it run again', danger: 1, hint: 7 },
  remove: { keys: ['D'], label: 'remove', about: 'remove this schedule; its backups stay', danger: 1, hint: 5 },
  run: {
    keys: ['X'],
    label: 'run now',
    about: 'do now what this schedule does, also while it rests',
    danger: 1,
    hint: 6,
  },
} as const satisfies KeyTable

const detailRows = 9

function Schedules(): ReactNode {
  const { glyphs, store, facts } = useConsole()
  const { columns, rows } = useArea()
  const now = useMinute()
  const { value, trouble } = useLoaded(store.schedules)
  const status = useLoaded(store.status)
  const [open, setOpen] = useState<Open | null>(null)
  const [failed, setFailed] = useState<Trouble | null>(null)
  const below = Math.min(detailRows, Math.max(4, rows - 8))
  const height = Math.max(1, rows - below - 4)
  const listed = value?.schedules ?? []
  const table = useTable({ title: 'Schedules', rows: listed, keyOf: ({ schedule }) => schedule.id, height })
  const tableColumns = useMemo(() => scheduleColumns(glyphs, now), [glyphs, now])
  useScheduleKeys(table.row, setOpen)
  const detail = useMemo(
    () => (value === null || table.row === null ? [] : detailLines(table.row.schedule, value, now, columns, glyphs)),
    [value, table.row, now, columns, glyphs],
  )
  if (value === null) return <NotRead trouble={trouble} reading="Reading the schedules…" />
  const notice = failed ?? trouble
  return (
    <>
      <Lines
        lines={[
          notice === null
            ? daemonLine(status.value, glyphs)
            : lineOf(span(` ${glyphs.failed} ${notice.doing} failed: ${plainText(notice.message)}`, 'failed')),
          ruleLine(lineOf('Schedules ', span(formatCount(listed.length), 'bold')), '', columns, glyphs),
        ]}
      />
      {listed.length === 0 ? (
        <Lines
          lines={exactly(
            emptyLines('There are no schedules.', facts.readOnly ? '' : 'N makes one.', columns),
            height + 1,
          )}
        />
      ) : (
        <TableView table={table} columns={tableColumns} width={columns} />
      )}
      <Lines lines={exactly([ruleLine(aboutRow(table.row), '', columns, glyphs), ...detail], below + 1)} />
      {open !== null && <Opened open={open} close={() => setOpen(null)} fail={setFailed} />}
    </>
  )
}

/** Who runs them. */
function daemonLine(status: StatusReport | null, glyphs: Glyphs): Line {
  if (status === null) return lineOf('')
  const daemon = status.daemon ?? null
  if (daemon === null)
    return lineOf(span(` ${glyphs.warning} `, 'warning'), 'No daemon runs these: holdfast --daemon does.')
  const since = daemon.since === null ? '' : `, since ${momentText(daemon.since)}`
  return lineOf(
    span(` ${glyphs.ok} `, lookOf('ok')),
    `${daemon.pid === null ? 'A daemon' : `Process ${daemon.pid}`} runs these${since}.`,
  )
}

function aboutRow(row: ListedSchedule | null) {
  if (row === null) return []
  const { schedule, origin } = row
  const services = schedule.services.length === 0 ? 'all services' : schedule.services.map(plainText).join(', ')
  const from = origin === 'configuration' ? ', from the configuration' : ''
  return lineOf(span(plainText(schedule.name), 'bold'), `: ${schedule.type} of ${services}${from}`)
}

interface Open {
  readonly kind: 'pause' | 'remove' | 'run'
  readonly row: ListedSchedule
}

function useScheduleKeys(row: ListedSchedule | null, setOpen: (open: Open) => void): void {
  const { open } = useConsole()
  const own = row !== null && row.origin === 'schedules.json' ? row : null
  useKeys('screen', 'Schedules', keys, {
    edit: own !== null && (() => open('schedule', { id: own.schedule.id })),
    add: () => open('schedule', { id: null }),
    pause: own !== null && (() => setOpen({ kind: 'pause', row: own })),
    remove: own !== null && (() => setOpen({ kind: 'remove', row: own })),
    run: row !== null && (() => setOpen({ kind: 'run', row })),
  })
}

function Opened({
  open: { kind, row },
  close,
  fail,
}: {
  readonly open: Open
  close(): void
  fail(trouble: Trouble | null): void
}): ReactNode {
  const { engine, facts, store, say } = useConsole()
  const { schedule } = row
  const name = plainText(schedule.name)
  const act = (doing: string, done: string, deed: () => Promise<unknown>): void => {
    close()
    deed().then(
      () => {
        fail(null)
        say(done)
        return store.schedules.refresh()
      },
      (error: unknown) => fail(troubleOf(error, doing)),
    )
  }
  if (kind === 'run') return <RunDialog schedule={schedule} onClose={close} />
  if (kind === 'remove')
    return (
      <AskDialog
        title="Remove this schedule?"
        facts={[
          `${name} is taken out of schedules.json, with what is remembered of its ${schedule.lastRuns.length} last runs.`,
          'No backup is deleted.',
        ]}
        command={commandText(facts, ['schedule', 'delete', schedule.id])}
        verb="removes it"
        onCancel={close}
        onYes={() => act('removing the schedule', `${name} is removed`, () => engine.removeSchedule(schedule.id))}
      />
    )
  return (
    <AskDialog
      title={schedule.enabled ? 'Pause this schedule?' : 'Let this schedule run again?'}
      facts={[
        schedule.enabled
          ? `${name} is kept, and nothing is ${schedule.type === 'drill' ? 'drilled' : 'backed up'} by it until it is let run again.`
          : `${name} runs again from its next time on; what was left out meanwhile is not made up for.`,
      ]}
      command={commandText(facts, ['schedule', schedule.enabled ? 'disable' : 'enable', schedule.id])}
      verb={schedule.enabled ? 'pauses it' : 'lets it run'}
      onCancel={close}
      onYes={() =>
        act('changing the schedule', `${name} ${schedule.enabled ? 'is paused' : 'runs again'}`, () =>
          engine.enableSchedule(schedule.id, !schedule.enabled),
        )
      }
    />
  )
}

/** Asks, and starts what a schedule stands for. */
function RunDialog({ schedule, onClose }: { readonly schedule: Schedule; onClose(): void }): ReactNode {
  const { facts } = useConsole()
  const { start, shown } = useStart(onClose)
  if (shown !== null) return shown
  const services = schedule.services.length === 0 ? 'all services' : schedule.services.map(plainText).join(', ')
  return (
    <AskDialog
      title="Run this schedule now?"
      facts={[
        `${plainText(schedule.name)}: ${schedule.type} of ${services}`,
        'It counts among the runs of the schedule, and goes on when this console is left.',
      ]}
      command={commandText(facts, ['schedule', 'run', schedule.id])}
      verb="runs it"
      onCancel={onClose}
      onYes={() => start({ kind: 'schedule', id: schedule.id })}
    />
  )
}

function stateOf({ schedule: { enabled, lastRuns } }: ListedSchedule): State {
  if (!enabled) return 'skipped'
  switch (lastRuns[0]?.outcome) {
    case undefined:
      return 'pending'
    case 'done':
      return 'ok'
    case 'warnings':
      return 'warning'
    case 'failed':
    case 'interrupted':
      return 'failed'
    case null:
      return 'unknown'
  }
}

function scheduleColumns(glyphs: Glyphs, now: number): readonly Column<ListedSchedule>[] {
  const times = (row: ListedSchedule) => readTimes(row.schedule, now, 1)
  return [
    {
      title: 'S',
      width: 2,
      priority: 0,
      cell: (row) => span(glyphs[stateOf(row)], lookOf(stateOf(row))),
    },
    { title: 'NAME', width: 12, upTo: 28, priority: 0, cell: ({ schedule }) => plainText(schedule.name) },
    { title: 'CRON', width: 13, upTo: 18, priority: 3, cell: ({ schedule }) => plainText(schedule.cron) },
    {
      title: 'MEANS',
      width: 20,
      upTo: 48,
      priority: 1,
      cell(row) {
        const read = times(row)
        return read.kind === 'times' ? read.words : span(plainText(read.message), 'failed')
      },
    },
    { title: 'TYPE', width: 12, priority: 4, cell: ({ schedule }) => schedule.type },
    {
      title: 'NEXT',
      width: 8,
      priority: 0,
      cell(row) {
        if (!row.schedule.enabled) return span('paused', 'dim')
        const read = times(row)
        const next = read.kind === 'times' ? read.next[0] : undefined
        return next === undefined ? span('never', 'warning') : `in ${formatAge(Math.max(0, next - now))}`
      },
    },
    {
      title: 'LAST 10',
      width: 10,
      priority: 2,
      cell: ({ schedule }) => sparkline(plotOf(schedule.lastRuns, 10), 10, glyphs),
    },
  ]
}

export const schedules: ScreenSpec<'schedules'> = {
  id: 'schedules',
  title: 'Schedules',
  digit: 3,
  keys,
  aliases: ['sched', 'cron'],
  Screen: Schedules,
}
