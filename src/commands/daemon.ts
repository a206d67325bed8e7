import { parseDuration } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { quoted, usage } from './parts/given.ts'

const defaultGraceMs = 30_000

export const daemon: CommandSpec = {
  words: 'daemon',
  about:
    'Runs the schedules, in the foreground, until SIGTERM. What it does it says on stdout, one JSON object a line. SIGHUP reads the configuration anew.',
  operands: [],
  options: [
    {
      name: 'grace',
      value: 'DURATION',
      about: 'how long a run may go on by itself when the daemon is to stop; then it is stopped cleanly (30s)',
    },
  ],
  examples: [
    ['holdfast --daemon', 'the same; what a service manager starts'],
    ['holdfast daemon --grace 5m', 'a run that ends within five minutes is not cut off'],
  ],
  exits: [0, 1, 2, 5],
  onInterrupt: 'itself',
  async run(given, context) {
    const grace = given.text('grace')
    const graceMs = grace === null ? defaultGraceMs : parseDuration(grace)
    if (graceMs === null) throw usage(`--grace cannot be ${quoted(grace ?? '')}`, 'write it as 30s, 5m or 1h')
    return context.runDaemon({ graceMs })
  },
}
