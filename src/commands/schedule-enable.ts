import type { CommandSpec } from './parts/command-spec.ts'
import { scheduleFacts, scheduleFields } from './parts/schedule-text.ts'

export const scheduleEnable: CommandSpec = {
  words: 'schedule enable',
  about: 'Lets a schedule run again, from its next time on. What it left out meanwhile is not made up for.',
  operands: [{ name: 'ID', required: true }],
  options: [],
  examples: [
    ['holdfast schedule enable nightly', 'from its next time on'],
    ['holdfast schedule list', 'which there are, and which are off'],
  ],
  exits: [0, 1, 2, 4, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const [id = ''] = given.operands
    const { schedule, changed } = await (await context.engine()).enableSchedule(id, true)
    out.result('schedule enable', { schedule: scheduleFields(schedule), changed, exitCode: 0 })
    out.outcome(id, [`${id} is enabled${changed ? '' : ' already'}`, ...scheduleFacts(schedule)])
    return 0
  },
}
