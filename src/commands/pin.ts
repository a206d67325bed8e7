import { printable } from '../model/path.ts'
import type { CommandSpec } from './parts/command-spec.ts'

export const pin: CommandSpec = {
  words: 'pin',
  about: 'Pins a backup: until it is unpinned, neither delete nor a cleanup takes it.',
  operands: [{ name: 'ID|latest', required: true }],
  options: [
    {
      name: 'legal-hold',
      value: 'TEXT',
      about: 'a hold that only unpin --confirm ID lifts; TEXT says why, and is kept in clear',
    },
  ],
  examples: [
    ['holdfast pin 7f3k', 'until holdfast unpin 7f3k'],
    ["holdfast pin 7f3k --legal-hold 'case 2026-17'", 'with a reason, and harder to lift'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const [backup = ''] = given.operands
    const legalHold = given.text('legal-hold')
    const outcome = await (await context.engine()).pin({ backup, legalHold }, context.during())
    const { id, changed, pinned, run, exitCode } = outcome
    out.result('pin', { pin: { id, pinned, legalHold: outcome.legalHold, changed }, run, exitCode })
    const why = outcome.legalHold === null ? 'pinned' : `under legal hold: ${printable(outcome.legalHold)}`
    out.outcome(id, [`${id} is ${why}${changed ? '' : ' already'}`])
    return exitCode
  },
}
