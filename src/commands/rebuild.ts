import { printable } from '../model/path.ts'
import { formatNumberOf } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'

export const rebuild: CommandSpec = {
  words: 'rebuild',
  about: 'Makes metadata.json anew from the archives alone. The old one is kept beside it.',
  operands: [],
  options: [],
  examples: [
    ['holdfast rebuild', 'when a command says that the catalog is damaged or gone'],
    ['holdfast rebuild --json', 'for scripts'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(_given, context) {
    const { out } = context
    const result = await (await context.engine()).rebuild(context.during())
    for (const problem of result.problems) out.warning(problem)
    out.result('rebuild', { rebuild: result })
    const facts = [`rebuilt the catalog: ${formatNumberOf(result.backups, 'backup')}`]
    if (result.keptAs !== null) facts.push(`the old one is kept: ${printable(result.keptAs)}`)
    out.outcome(String(result.backups), facts)
    return result.exitCode
  },
}
