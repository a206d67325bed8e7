import type { DoctorReport } from '../model/engine.ts'
import { printable } from '../model/path.ts'
import type { CommandSpec } from './parts/grammar.ts'
import { tableLines } from './parts/table.ts'

export const doctor: CommandSpec = {
  words: 'doctor',
  about: 'Looks whether tools, keys, locks, permissions and settings are in order, and where each setting comes from.',
  operands: [],
  options: [],
  examples: [
    ['holdfast doctor', 'on a machine that is new to you'],
    ['holdfast doctor --quiet', 'only what needs attention'],
  ],
  exits: [0, 1, 2, 3],
  onInterrupt: 'at-once',
  async run(_given, context) {
    const { out } = context
    const report = await (await context.engine()).doctor()
    out.result('doctor', { doctor: report })
    for (const line of checkLines(report, out.quiet)) out.fact(line)
    if (!out.quiet) for (const line of settingLines(report)) out.fact(line)
    return report.ok ? 0 : 3
  },
}

function checkLines({ checks }: DoctorReport, onlyBad: boolean): string[] {
  const shown = onlyBad ? checks.filter(({ state }) => state === 'warning' || state === 'problem') : checks
  const names = Math.max(0, ...shown.map(({ name }) => name.length))
  return shown.flatMap(({ name, state, what, hint }) => {
    const mark = state === 'problem' ? 'PROBLEM' : state
    const line = `${mark.padEnd(7)}  ${printable(name).padEnd(names)}  ${printable(what)}`
    return hint === '' || state === 'ok' ? [line] : [line, `${' '.repeat(9)}hint: ${printable(hint)}`]
  })
}

function settingLines({ settings }: DoctorReport): string[] {
  if (settings.length === 0) return []
  const columns = [
    { title: 'setting', cells: settings.map(({ key }) => printable(key)) },
    { title: 'value', cells: settings.map(({ value }) => printable(value)) },
    {
      title: 'from',
      cells: settings.map(({ from, where }) => printable(where === undefined ? from : `${from} ${where}`)),
    },
  ]
  return ['', ...tableLines(columns, Number.MAX_SAFE_INTEGER)]
}
