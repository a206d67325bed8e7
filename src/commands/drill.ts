import type { CommandSpec } from './parts/command-spec.ts'
import { cardFacts } from './parts/drill-card.ts'
import { drillOptions, givenCheck } from './parts/drill-options.ts'
import { servicesOption } from './parts/grammar.ts'

/** What the configuration allows too. */
const mostWorkers = 256

export const drill: CommandSpec = {
  words: 'drill',
  about:
    'Rehearses a restore: into a scratch place, timed, compared with what was recorded when it was backed up, and checked by a command of yours; then it is thrown away. The outcome is noted, and status and list show it. Exit 0 passed, 3 passed with a limit missed or a note, 4 the content differs, 1 the check failed.',
  operands: [{ name: 'ID|latest', required: false }],
  options: [
    servicesOption,
    ...drillOptions,
    { name: 'keep', about: 'leave what was restored, and say where' },
    { name: 'workers', value: 'N', about: 'how many work at once' },
  ],
  examples: [
    ['holdfast drill', 'the newest backup'],
    [`holdfast drill --check './try "$HOLDFAST_DRILL_DIR"' --timeout 10m`, 'and whether a server starts from it'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const check = givenCheck(given)
    const outcome = await (await context.engine()).drill(
      {
        backup: given.operands[0] ?? 'latest',
        services: given.list('services'),
        check,
        keep: given.has('keep'),
        scratch: given.text('scratch'),
        workers: given.count('workers', 1, mostWorkers),
      },
      context.during(),
    )
    const { run, exitCode } = outcome
    const [card] = outcome.cards // of one backup
    out.result('drill', { drill: card, run, exitCode })
    if (!out.json) out.outcome(run, cardFacts(card))
    return exitCode
  },
}
