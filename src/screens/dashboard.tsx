import { type ReactNode, useMemo, useState } from 'react'
import type { RunSummary } from '../model/jobs.ts'
import { formatAge, formatBytes, formatCount } from '../model/units.ts'
import { useArea, useConsole, useLoaded, useMinute } from './house/console-context.ts'
import { ruleLine } from './house/header.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { CancelRun } from './parts/cancel-run.tsx'
import { FirstRun } from './parts/first-run.tsx'
import { Lines } from './parts/lines.tsx'
import { Menu } from './parts/menu.tsx'
import { NotRead } from './parts/not-read.tsx'
import { RunningLines, runningRows } from './parts/running-lines.tsx'
import { TableView, useTable } from './parts/table.tsx'
import { TextOverlay } from './parts/text-overlay.tsx'
import { useRunning } from './parts/use-running.ts'
import { sparkline } from './text/bars.ts'
import { exactly } from './text/boxes.ts'
import type { Column } from './text/columns.ts'
import { wrap } from './text/cut.ts'
import { activityLine, attentionOf, repositoryLine, safetyLines } from './text/dashboard-lines.ts'
import { type Glyphs, lookOf } from './text/glyphs.ts'
import { ageText, shortId, shortMoment } from './text/ids.ts'
import { lineOf, span } from './text/line.ts'
import { plainMessage, plainText } from './text/plain.ts'
import { wordOfKind } from './text/run-words.ts'
import { type Service, servicesByRisk } from './text/service-risk.ts'

const keys = {
  inspect: {
    keys: ['enter'],
    label: 'inspect',
    about: 'look into the newest backup of this service',
    hint: 9,
    needs: 'inspect',
  },
  backup: { keys: ['B'], label: 'back up', about: 'make a backup', danger: 1, hint: 8, needs: 'create' },
  restore: {
    keys: ['R'],
    label: 'restore',
    about: 'rehearse and run a restore from the newest backup of this service',
    hint: 8,
    needs: 'restore',
  },
  attention: { keys: ['a'], label: 'attention', about: 'all that needs attention, in full', hint: 6 },
  follow: { keys: ['f'], label: 'follow', about: 'follow a job that runs', hint: 7, needs: 'run' },
  cancel: { keys: ['x'], label: 'cancel job', about: 'stop a job that runs, cleanly', danger: 1, hint: 5 },
} as const satisfies KeyTable

function Dashboard(): ReactNode {
  const { glyphs, store, isBuilt } = useConsole()
  const { columns, rows } = useArea()
  const now = useMinute()
  const status = useLoaded(store.status)
  const list = useLoaded(store.list)
  const runs = useLoaded(store.runs)
  const running = useRunning()
  const [open, setOpen] = useState<Open | null>(null)
  const backups = list.value?.backups ?? null
  const about = running.map(({ run }) => run.about).join(' ')
  const services = useMemo(
    () => (status.value === null ? [] : servicesByRisk(status.value, backups, [about])),
    [status.value, backups, about],
  )
  const attention = useMemo(
    () => (status.value === null ? [] : attentionOf(status.value, runs.value ?? [])),
    [status.value, runs.value],
  )
  const [staysInFirstRun, stayInFirstRun] = useState(false)
  const isEmpty =
    staysInFirstRun ||
    status.trouble?.code === 'E_NO_REPOSITORY' ||
    (status.value !== null && status.value.backups === 0 && services.length === 0)
  const runningHeight = runningRows(running.length, rows)
  const top =
    status.value === null
      ? []
      : safetyLines({ status: status.value, services, attention, now }, columns, rows - 9 - runningHeight, glyphs)
  const room = Math.max(1, rows - top.length - runningHeight - 3)
  const latest = (runs.value ?? []).filter(({ state }) => state !== 'running')
  const spare = room - services.length - 1
  const activityRows = spare < 2 || latest.length === 0 ? 0 : spare
  const height = activityRows === 0 ? room : services.length
  const table = useTable({ title: 'Services', rows: services, keyOf: ({ name }) => name, height })
  useDashboardKeys(
    table.row,
    running.map(({ run }) => run),
    attention.length,
    setOpen,
  )
  const tableColumns = useMemo(() => serviceColumns(glyphs, now), [glyphs, now])

  if (isEmpty) return <FirstRun hasRepository={status.trouble === null} onStay={stayInFirstRun} />
  if (status.value === null) return <NotRead trouble={status.trouble} reading="Reading the repository" />
  return (
    <>
      <Lines lines={top} />
      <RunningLines running={running} rows={runningHeight} columns={columns} />
      <Lines
        lines={[
          ruleLine(
            lineOf('Services ', span(formatCount(services.length), 'bold')),
            'the most at risk first',
            columns,
            glyphs,
          ),
        ]}
      />
      <TableView table={table} columns={tableColumns} width={columns} />
      {activityRows > 0 && (
        <Lines
          lines={exactly(
            [
              ruleLine(lineOf('Activity'), isBuilt('activity') ? '6 all' : '', columns, glyphs),
              ...latest.map((one) => activityLine(one, columns, glyphs)),
            ],
            activityRows + 1,
          )}
        />
      )}
      <Lines lines={[repositoryLine(status.value, backups, now, columns, glyphs)]} />
      <Opened open={open} attention={attention} close={() => setOpen(null)} />
    </>
  )
}

type Open =
  | { readonly kind: 'attention' }
  | { readonly kind: 'choose'; readonly runs: readonly RunSummary[]; choose(run: RunSummary): void }
  | { readonly kind: 'cancel'; readonly run: RunSummary }

function useDashboardKeys(
  service: Service | null,
  running: readonly RunSummary[],
  attention: number,
  setOpen: (open: Open | null) => void,
): void {
  const { open } = useConsole()
  const newest = service?.newest ?? null
  /** One is taken at once; of several a person chooses. */
  const withRun = (choose: (run: RunSummary) => void): void => {
    if (running.length === 1) choose(running[0]!)
    else setOpen({ kind: 'choose', runs: running, choose })
  }
  useKeys('screen', 'Dashboard', keys, {
    inspect: newest !== null && (() => open('inspect', { backup: newest.id, service: service!.name })),
    backup: () => open('create', {}),
    restore: newest !== null && (() => open('restore', { backup: newest.id, services: [service!.name] })),
    attention: attention > 0 && (() => setOpen({ kind: 'attention' })),
    follow: running.length > 0 && (() => withRun((run) => open('run', { run: run.id }))),
    cancel: running.length > 0 && (() => withRun((run) => setOpen({ kind: 'cancel', run }))),
  })
}

function Opened({
  open,
  attention,
  close,
}: {
  readonly open: Open | null
  readonly attention: readonly string[]
  close(): void
}): ReactNode {
  const { glyphs } = useConsole()
  if (open?.kind === 'cancel') return <CancelRun run={open.run} onClose={close} />
  if (open?.kind === 'attention')
    return (
      <TextOverlay
        title="Needs attention"
        onClose={close}
        lines={(width) =>
          attention.flatMap((text) =>
            wrap(plainMessage(text), width - 2).map((line, at) =>
              at === 0 ? lineOf(span(`${glyphs.warning} `, 'warning'), line) : lineOf(`  ${line}`),
            ),
          )
        }
      />
    )
  if (open?.kind === 'choose')
    return (
      <Menu
        title="Which job?"
        items={open.runs.map((run) => ({
          value: run.id,
          label: `${wordOfKind(run.kind)} ${shortId(run.id)} ${plainText(run.about)}`,
        }))}
        onClose={close}
        onChoose={(id) => {
          close()
          const run = open.runs.find((one) => one.id === id)
          if (run !== undefined) open.choose(run)
        }}
      />
    )
  return null
}

function serviceColumns(glyphs: Glyphs, now: number): readonly Column<Service>[] {
  return [
    { title: 'S', width: glyphs.ok.length, priority: 0, cell: ({ risk }) => span(glyphs[risk], lookOf(risk)) },
    { title: 'SERVICE', width: 12, upTo: 30, priority: 0, cut: 'middle', cell: ({ name }) => plainText(name) },
    {
      title: 'LAST GOOD',
      width: 11,
      priority: 3,
      cell: ({ lastGood }) => (lastGood === null ? '-' : shortMoment(lastGood)),
    },
    {
      title: 'AGE',
      width: 4,
      align: 'right',
      priority: 0,
      cell: ({ lastGood }) => (lastGood === null ? '-' : ageText(lastGood, now)),
    },
    {
      title: 'RPO',
      width: 4,
      align: 'right',
      priority: 4,
      cell: ({ allowedHours }) => formatAge(allowedHours * 3_600_000),
    },
    {
      title: 'SIZE',
      width: 8,
      align: 'right',
      priority: 2,
      cell: ({ newest }) => (newest === null ? '-' : formatBytes(newest.sizeBytes)),
    },
    { title: 'LAST 14', width: 14, priority: 5, cell: ({ sizes }) => span(sparkline(sizes, 14, glyphs), 'dim') },
    {
      title: 'VERIFIED',
      width: 8,
      priority: 1,
      cell: ({ verified }) =>
        verified === null
          ? span('never', 'dim')
          : verified.ok
            ? span(`${glyphs.ok} ${ageText(verified.at, now)}`, 'ok')
            : span(`${glyphs.failed} ${ageText(verified.at, now)}`, 'failed'),
    },
    { title: 'KEPT', width: 5, align: 'right', priority: 6, cell: ({ backups }) => formatCount(backups) },
    { title: 'ID', width: 4, upTo: 8, priority: 7, cell: ({ newest }) => (newest === null ? '' : shortId(newest.id)) },
    {
      title: 'WHY',
      width: 23,
      upTo: 30,
      priority: 1,
      cell: ({ why, risk }) => span(why, risk === 'ok' ? 'dim' : lookOf(risk)),
    },
  ]
}

export const dashboard: ScreenSpec<'dashboard'> = {
  id: 'dashboard',
  title: 'Dashboard',
  digit: 1,
  keys,
  aliases: ['home'],
  Screen: Dashboard,
}
