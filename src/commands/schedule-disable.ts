import type { CommandSpec } from './parts/command-spec.ts'
import { scheduleFields } from './parts/schedule-text.ts'

export const scheduleDisable: CommandSpec = {
  words: 'schedule disable',
  about: 'Lets a schedule rest: it is kept, and not run by itself until it is enabled.',
  operands: [{ name: 'ID', required: true }],
  options: [],
  examples: [
    ['holdfast schedule disable nightly', 'until holdfast schedule enable nightly'],
    ['holdfast schedule run nightly', 'once by hand, also while it is off'],
  ],
  exits: [0, 1, 2, 4, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const [id = ''] = given.operands
    const { schedule, changed } = await (await context.engine()).enableSchedule(id, false)
    out.result('schedule disable', { schedule: scheduleFields(schedule), changed, exitCode: 0 })
    out.outcome(id, [`${id} is disabled${changed ? '' : ' already'}`])
    return 0
  },
}
