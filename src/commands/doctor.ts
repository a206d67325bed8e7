import { printable } from '../model/path.ts'
import type { DoctorReport } from '../model/status.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { tableLines } from './parts/table.ts'
import { hanging } from './parts/wrap.ts'

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
    const width = out.stdoutIsTerminal ? out.width : Number.MAX_SAFE_INTEGER
    for (const line of checkLines(report, out.quiet, width)) out.fact(line)
    if (!out.quiet) for (const line of settingLines(report, width)) out.fact(line)
    return report.ok ? 0 : 3
  },
}

function checkLines({ checks }: DoctorReport, onlyBad: boolean, width: number): string[] {
  const shown = onlyBad ? checks.filter(({ state }) => state === 'warning' || state === 'problem') : checks
  const names = Math.max(0, ...shown.map(({ name }) => name.length))
  return shown.flatMap(({ name, state, what, hint }) => {
    const mark = state === 'problem' ? 'PROBLEM' : state
    const line = hanging(`${mark.padEnd(7)}  ${printable(name).padEnd(names)}  `, printable(what), width)
    if (hint === '' || state === 'ok') return [line]
    return [line, hanging(`${' '.repeat(9)}hint: `, printable(hint), width)]
  })
}

function settingLines({ settings }: DoctorReport, width: number): string[] {
  if (settings.length === 0) return []
  const keys = settings.map(({ key }) => printable(key))
  const values = settings.map(({ value }) => printable(value))
  const origins = settings.map(({ from, where }) => printable(where === undefined ? from : `${from} ${where}`))
  const table = tableLines(
    [
      { title: 'setting', cells: keys },
      { title: 'value', cells: values },
      { title: 'from', cells: origins },
    ],
    Number.MAX_SAFE_INTEGER,
  )
  if (table.every((line) => line.length <= width)) return ['', ...table]
  // Columns that a terminal breaks are worse than none.
  return [
    '',
    'setting: value (from)',
    ...keys.map((key, at) => hanging(`${key}: `, `${values[at]} (${origins[at]})`, width)),
  ]
}
