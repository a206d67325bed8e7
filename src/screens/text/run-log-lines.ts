import type { RunEvent } from '../../model/event.ts'
import { formatBytes, formatCount, formatDuration } from '../../model/units.ts'
import { plainMessage, plainText } from './plain.ts'
import { wordOfKind, wordOfRun } from './run-words.ts'

/** A run's log, as a person reads it. Pure. */

export interface LogLine {
  /** Counted from the first line of the log. */
  readonly number: number
  /** `23:14:05` */
  readonly time: string
  readonly level: 'I' | 'W' | 'E'
  /** Plain. */
  readonly text: string
}

/** Empty for progress, which is drawn and not told. */
export function linesOfEvent(event: RunEvent, number: number): readonly LogLine[] {
  const time = event.at.slice(11, 19)
  const lines = (level: LogLine['level'], ...texts: readonly string[]): readonly LogLine[] =>
    texts.map((text, at) => ({ number: number + at, time, level, text }))
  switch (event.kind) {
    case 'progress':
      return []
    case 'started':
      return lines(
        'I',
        `${wordOfKind(event.command)} began: ${plainText(event.about)} (process ${event.pid} on ${plainText(event.host)})`,
      )
    case 'phase':
      return lines('I', `${plainText(event.phase)}${event.service === undefined ? '' : ` ${plainText(event.service)}`}`)
    case 'notice':
      return lines('I', plainMessage(event.message))
    case 'warning':
      return lines('W', plainMessage(event.message))
    case 'committed':
      return lines('I', `the backup ${event.backup} is made`)
    case 'finished': {
      const how = `${wordOfRun(event.outcome)} after ${formatDuration(event.durationMs)}, exit code ${event.exitCode}`
      const { error } = event
      if (error === undefined)
        return lines(event.outcome === 'done' ? 'I' : event.outcome === 'failed' ? 'E' : 'W', how)
      return lines(
        'E',
        `${error.code}: ${plainMessage(error.message)}`,
        ...(error.hint === undefined || error.hint === '' ? [] : [`what to do: ${plainMessage(error.hint)}`]),
        how,
      )
    }
  }
}

/** A run's report, whatever it holds: a line a fact, lists a line an item. */
export function reportFacts(report: unknown): readonly string[] {
  if (!isRecord(report)) return []
  return Object.entries(report).flatMap(([name, value]): string[] => {
    if (!Array.isArray(value)) return [`${wordsOf(name)}: ${factText(name, value)}`]
    return value.flatMap((item: unknown) => itemFacts(item))
  })
}

function itemFacts(item: unknown): string[] {
  if (!isRecord(item)) return [factText('', item)]
  const { id, ok, problems, ...rest } = item
  const more = Object.entries(rest).map(([name, value]) => `${wordsOf(name)} ${factText(name, value)}`)
  const head = [
    ...(ok === undefined ? [] : [ok === true ? 'ok' : 'NOT OK']),
    ...(id === undefined ? [] : [factText('id', id)]),
    ...more,
  ].join('  ')
  const inside = Array.isArray(problems) ? problems.map((problem: unknown) => `   ${problemText(problem)}`) : []
  return [head, ...inside]
}

function problemText(problem: unknown): string {
  if (!isRecord(problem)) return factText('', problem)
  const { archive, path, what, severity } = problem
  const where = [archive, path]
    .filter((part) => typeof part === 'string' && part !== '')
    .map((part) => factText('', part))
  return `${severity === 'damage' ? 'DAMAGE' : 'warning'} ${where.join(' ')}: ${factText('', what)}`
}

/** `freedBytes` is `freed`, `durationMs` is `duration`. */
function wordsOf(name: string): string {
  return plainText(name)
    .replace(/(?:Bytes|Ms)$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
}

function factText(name: string, value: unknown): string {
  if (typeof value === 'number') {
    if (/bytes$/i.test(name)) return formatBytes(value)
    return /Ms$/.test(name) ? formatDuration(value) : formatCount(value)
  }
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (value === null) return '-'
  return typeof value === 'string' ? plainMessage(value) : plainText(JSON.stringify(value))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
