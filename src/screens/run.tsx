import { type ReactNode, useState } from 'react'
import type { RunSummary } from '../model/jobs.ts'
import { formatDuration } from '../model/units.ts'
import { useArea, useConsole, useLoaded } from './house/console-context.ts'
import type { ScreenSpec } from './house/screen.ts'
import type { ScreenArguments } from './house/screen-arguments.ts'
import type { KeyTable } from './keys/key-table.ts'
import { useKeys } from './keys/use-keys.ts'
import { CancelRun } from './parts/cancel-run.tsx'
import { Lines } from './parts/lines.tsx'
import { LogView } from './parts/log-view.tsx'
import { NotRead } from './parts/not-read.tsx'
import { PlanDialog } from './parts/plan-dialog.tsx'
import { TextOverlay } from './parts/text-overlay.tsx'
import { type RunLog, useRunLog } from './parts/use-run-log.ts'
import { wrap } from './text/cut.ts'
import { type Glyphs, lookOf } from './text/glyphs.ts'
import { momentText, shortId } from './text/ids.ts'
import { fitLine, type Line, lineOf, span } from './text/line.ts'
import { plainMessage, plainText } from './text/plain.ts'
import { progressLine } from './text/rate.ts'
import { reportFacts } from './text/run-log-lines.ts'
import { isEndedRestore, isInterrupted, stateOfRun, wordOfKind, wordOfRun } from './text/run-words.ts'

const keys = {
  inspect: { keys: ['enter'], label: 'inspect', about: 'look into the backup that it made', hint: 9, needs: 'inspect' },
  cancel: { keys: ['x'], label: 'cancel job', about: 'stop this run, cleanly', danger: 1, hint: 8 },
  report: { keys: ['t'], label: 'report', about: 'all that the run reported at its end', hint: 7 },
  undo: { keys: ['U'], label: 'undo', about: 'take this restore back: its plan first', danger: 2, hint: 6 },
  goOn: { keys: ['R'], label: 'go on', about: 'go on with this interrupted restore: its plan first', danger: 2 },
  pager: { keys: ['e'], label: 'log file', about: 'the whole log in the pager', hint: 4 },
  detach: { keys: ['d'], label: 'leave it', about: 'go back; the run goes on', hint: 2 },
  copy: { keys: ['y'], label: 'copy id', about: "this run's id into the clipboard" },
} as const satisfies KeyTable

function Run({ argument: { run } }: { readonly argument: ScreenArguments['run'] }): ReactNode {
  const { glyphs, store } = useConsole()
  const { columns, rows } = useArea()
  const log = useRunLog(run)
  const { value: runs } = useLoaded(store.runs)
  const [open, setOpen] = useState<'report' | 'cancel' | 'undo' | 'go-on' | null>(null)
  const summary = log.end ?? runs?.find(({ id }) => id === run) ?? null
  const facts = log.end === null ? [] : endFacts(log.end)
  useRunKeys(run, log, summary, facts.length > 0, setOpen)
  if (log.trouble !== null || (log.lines.length === 0 && log.progress === null && log.end === null))
    return <NotRead trouble={log.trouble} reading="Reading the log" next="Esc goes back" />
  const head = [
    titleOf(log, summary, columns, glyphs),
    ...(log.end === null
      ? runningLines(log, columns, glyphs)
      : endLines(log.end, facts, columns, Math.max(2, Math.floor(rows / 3)))),
  ]
  return (
    <>
      <Lines lines={head} />
      <LogView lines={log.lines} columns={columns} rows={rows - head.length} isDone={log.end !== null} />
      {open === 'report' && (
        <TextOverlay
          title="Report"
          lines={(width) => facts.flatMap((fact) => wrap(fact, width)).map((text) => lineOf(text))}
          onClose={() => setOpen(null)}
        />
      )}
      {(open === 'undo' || open === 'go-on') && <PlanDialog act={open} restore={run} onClose={() => setOpen(null)} />}
      {open === 'cancel' && summary !== null && <CancelRun run={summary} onClose={() => setOpen(null)} />}
    </>
  )
}

function useRunKeys(
  run: string,
  log: RunLog,
  summary: RunSummary | null,
  hasReport: boolean,
  setOpen: (open: 'report' | 'cancel' | 'undo' | 'go-on') => void,
): void {
  const { open, back, copy, jobs, terminal, handOver } = useConsole()
  const made = log.end?.committed ?? null
  useKeys('screen', 'Run', keys, {
    inspect: made !== null && (() => open('inspect', { backup: made })),
    cancel: log.end === null && summary !== null && (() => setOpen('cancel')),
    report: hasReport && (() => setOpen('report')),
    undo: isEndedRestore(log.end) && (() => setOpen('undo')),
    goOn: isInterrupted(log.end) && (() => setOpen('go-on')),
    pager: () => void handOver(() => terminal.page(jobs.logFile(run))),
    detach: log.end === null && back,
    copy: () => copy(run),
  })
}

function titleOf({ started, end }: RunLog, summary: RunSummary | null, columns: number, glyphs: Glyphs): Line {
  const kind = end?.kind ?? started?.command ?? summary?.kind ?? 'create'
  const state = end?.state ?? 'running'
  const about = plainText(started?.about ?? end?.about ?? '')
  const who = `process ${started?.pid ?? '?'} on ${plainText(started?.host ?? end?.host ?? '?')}`
  const took = end?.durationMs == null ? '' : ` ${glyphs.dot} took ${formatDuration(end.durationMs)}`
  const since = `${end === null ? 'since ' : ''}${momentText(started?.at ?? end?.startedAt ?? '')}`
  return fitLine(
    lineOf(
      span(` ${glyphs[stateOfRun(state)]} ${wordOfRun(state)}`, lookOf(stateOfRun(state))),
      span(`  ${wordOfKind(kind)}`, 'bold'),
      ` ${about}`,
      span(` ${glyphs.dot} ${since}${took} ${glyphs.dot} ${who}`, 'dim'),
    ),
    columns - 1,
    glyphs.cut,
  )
}

/** How far it is, and the phases it went through. */
function runningLines({ progress, samples, phases }: RunLog, columns: number, glyphs: Glyphs): readonly Line[] {
  const [now, ...before] = phases.toReversed()
  const done = before.toReversed().map((phase) => `${glyphs.ok} ${plainText(phase)}`)
  const line = lineOf(
    span(' '),
    span(now === undefined ? 'beginning' : `${glyphs.running} ${plainText(now)}`, 'running'),
    span(done.length === 0 ? '' : `   before: ${done.join('  ')}`, 'dim'),
  )
  return [
    progress === null ? [] : [span(' '), ...progressLine(progress, samples, columns - 2, glyphs)],
    fitLine(line, columns - 1, glyphs.cut),
  ]
}

/** What came of it, the most important first. */
function endFacts({ error, meaning, committed, report }: RunSummary): readonly string[] {
  return [
    ...(error === null ? [] : [`${error.code}: ${plainMessage(error.message)}`]),
    ...(error === null || error.hint === '' ? [] : [`what to do: ${plainMessage(error.hint)}`]),
    ...(meaning === null ? [] : [plainMessage(meaning)]),
    ...(committed === null ? [] : [`made the backup ${committed}`]),
    ...reportFacts(report),
  ]
}

function endLines(end: RunSummary, facts: readonly string[], columns: number, most: number): readonly Line[] {
  const look = lookOf(stateOfRun(end.state))
  const lines = facts.flatMap((fact, at) =>
    wrap(fact, columns - 4).map((text) => lineOf(span(`   ${text}`, at === 0 && look !== 'ok' ? look : undefined))),
  )
  if (lines.length <= most) return lines
  return [...lines.slice(0, most - 1), lineOf(span(`   ${lines.length - most + 1} more lines: t`, 'dim'))]
}

export const run: ScreenSpec<'run'> = {
  id: 'run',
  title: 'Run',
  digit: null,
  keys,
  crumb: ({ run: id }) => `${/-([a-z]+)-[a-z0-9]+$/.exec(id)?.[1] ?? 'run'} ${shortId(id)}`,
  Screen: Run,
}
