import type { CommandSpec } from './parts/command-spec.ts'
import { commandOf, draftFields } from './parts/schedule-text.ts'

export const scheduleDelete: CommandSpec = {
  words: 'schedule delete',
  about: 'Deletes a schedule, not one of its backups, and says how to make it again.',
  operands: [{ name: 'ID', required: true }],
  options: [],
  examples: [
    ['holdfast schedule delete nightly', 'its backups stay'],
    ['holdfast schedule disable nightly', 'instead, where it is to run again some day'],
  ],
  exits: [0, 1, 2, 4, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const [id = ''] = given.operands
    const schedule = await (await context.engine()).removeSchedule(id)
    const places = ['root', 'config'].flatMap((name) => {
      const value = given.text(name)
      return value === null ? [] : [`--${name}`, value]
    })
    const again = commandOf(schedule, places)
    out.result('schedule delete', { deleted: id, schedule: draftFields({ schedule }), again, exitCode: 0 })
    const facts = [`deleted ${id}; its backups stay`, `to make it again: ${again}`]
    const least = schedule.retention?.minimum
    if (least !== undefined) facts.push(`and its minimum of ${least}, which only the console sets`)
    out.outcome(id, facts)
    return 0
  },
}
