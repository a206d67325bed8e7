import type { ReactNode } from 'react'
import { useConsole } from '../house/console-context.ts'
import { ruleLine } from '../house/header.ts'
import { shortId, shortMoment } from '../text/ids.ts'
import { type Line, lineOf, span, spreadLine } from '../text/line.ts'
import { plainText } from '../text/plain.ts'
import { progressLine } from '../text/rate.ts'
import { wordOfKind } from '../text/run-words.ts'
import { Lines } from './lines.tsx'
import type { RunningRun } from './use-running.ts'

const most = 3
/** Below so many rows a job has one line. */
const roomyRows = 20

/** How many rows the running jobs take on a screen so high. */
export function runningRows(count: number, rows: number): number {
  if (count === 0) return 0
  return rows < roomyRows ? 2 : 1 + 2 * Math.min(count, most)
}

/** What runs now, the newest first, in exactly `rows` rows. */
export function RunningLines({
  running,
  rows,
  columns,
}: {
  readonly running: readonly RunningRun[]
  readonly rows: number
  readonly columns: number
}): ReactNode {
  const { glyphs } = useConsole()
  if (rows === 0) return null
  const title = ruleLine(
    lineOf('Running ', span(String(running.length), 'bold')),
    `f follow ${glyphs.dot} x cancel`,
    columns,
    glyphs,
  )
  const isBrief = rows === 2
  const lines = running.slice(0, isBrief ? 1 : most).flatMap((one): Line[] => {
    const { run, samples } = one
    const what = lineOf(
      '  ',
      span(`${glyphs.running} ${wordOfKind(run.kind)}`, 'running'),
      `  ${shortId(run.id)}  ${plainText(run.about)}`,
      ...(run.phase === null ? [] : [span(`  ${plainText(run.phase)}`, 'dim')]),
    )
    const since = lineOf(span(`since ${shortMoment(run.startedAt)}Z `, 'dim'))
    const progress: Line =
      run.progress === null
        ? lineOf(span('    beginning', 'dim'))
        : [span('    '), ...progressLine(run.progress, samples, columns - 5, glyphs)]
    return isBrief
      ? [briefly(what, run.progress, columns, glyphs.cut)]
      : [spreadLine(what, since, columns, glyphs.cut), progress]
  })
  return <Lines lines={[title, ...lines].slice(0, rows)} />
}

function briefly(what: Line, progress: RunningRun['run']['progress'], columns: number, mark: string): Line {
  const total = progress?.totalBytes ?? null
  const share =
    progress === null || total === null || total === 0
      ? ''
      : `${Math.min(99, Math.floor((100 * progress.doneBytes) / total))}% `
  return spreadLine(what, lineOf(share), columns, mark)
}
