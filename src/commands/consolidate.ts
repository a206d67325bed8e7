import { printable } from '../model/path.ts'
import { formatBytes, formatCount, formatDuration } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { backupFields } from './parts/fields.ts'

export const consolidate: CommandSpec = {
  words: 'consolidate',
  about:
    'Makes of a backup that builds on others one that depends on nothing, from the archives alone. The others stay; what nothing needs any more can be deleted.',
  operands: [{ name: 'ID|latest', required: false }],
  options: [],
  examples: [
    ['holdfast consolidate', 'the newest backup'],
    ['holdfast consolidate 7f3k', 'another one'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const [backup = 'latest'] = given.operands
    const outcome = await (await context.engine()).consolidate({ backup }, context.during())
    if (outcome === null) {
      out.result('consolidate', { backup: null })
      out.fact('nothing to do: the backup depends on no other one')
      return 0
    }
    const { bytes, storedBytes, durationMs, warnings, skipped, run, exitCode } = outcome
    out.result('consolidate', {
      backup: { ...backupFields(outcome.backup), bytes, storedBytes, durationMs, warnings, skipped },
      run,
      exitCode,
    })
    out.outcome(outcome.backup.id, [
      `backup ${outcome.backup.id}`,
      `services: ${outcome.backup.services.map(printable).join(', ')}`,
      `files: ${formatCount(outcome.backup.files ?? 0)}, ${formatBytes(bytes)}`,
      `stored: ${formatBytes(storedBytes)}, depends on nothing`,
      `took: ${formatDuration(durationMs)}`,
    ])
    return exitCode
  },
}
