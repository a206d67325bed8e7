import type { CommandSpec } from './parts/command-spec.ts'
import { tellCreated } from './parts/created.ts'
import { cardFacts } from './parts/drill-card.ts'

export const scheduleRun: CommandSpec = {
  words: 'schedule run',
  about:
    'Makes the backup of a schedule now, or does its drill, also of one that is off. It counts among the runs of the schedule.',
  operands: [{ name: 'ID', required: true }],
  options: [],
  examples: [
    ['holdfast schedule run nightly', 'what it would do at night, now'],
    ['holdfast schedule list', 'which there are, and how they went last'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  walks: () => true,
  async run(given, context) {
    const { out } = context
    const [id = ''] = given.operands
    const outcome = await (await context.engine()).runSchedule(id, context.during())
    if (outcome.kind === 'drill') {
      const { cards, run, exitCode } = outcome
      out.result('schedule run', { schedule: { id }, drills: cards, run, exitCode })
      if (!out.json) out.outcome(run, cards.flatMap(cardFacts))
      return exitCode
    }
    return tellCreated(out, 'schedule run', outcome, { schedule: outcome.backup.schedule ?? null })
  },
}
