import type { Engine } from '../model/engine.ts'
import { BackupError } from '../model/errors.ts'
import type { PinOutcome } from '../model/pin.ts'
import type { CommandSpec, Context } from './parts/command-spec.ts'

export const unpin: CommandSpec = {
  words: 'unpin',
  about: 'Takes the pin off a backup, so that it can be deleted again.',
  operands: [{ name: 'ID|latest', required: true }],
  options: [{ name: 'confirm', value: 'ID', about: 'the whole id once more, which a legal hold asks for' }],
  examples: [
    ['holdfast unpin 7f3k', 'a plain pin'],
    ['holdfast unpin 7f3k --confirm 2026-11-20T02-00-00Z-full-7f3k', 'a legal hold'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const [backup = ''] = given.operands
    const outcome = await lift(await context.engine(), backup, given.text('confirm'), context)
    const { id, changed, pinned, legalHold, run, exitCode } = outcome
    out.result('unpin', { pin: { id, pinned, legalHold, changed }, run, exitCode })
    out.outcome(id, [changed ? `${id} is not pinned any more` : `${id} was not pinned`])
    return exitCode
  },
}

/** Who sits at a terminal may type the id when asked. */
async function lift(
  engine: Engine,
  backup: string,
  confirm: string | null,
  { out, terminal, during }: Context,
): Promise<PinOutcome> {
  try {
    return await engine.unpin({ backup, confirm }, during())
  } catch (error) {
    if (!(error instanceof BackupError && error.code === 'E_CONFIRM')) throw error
    if (confirm !== null || !terminal.interactive || out.json) throw error
    out.aside(error.message)
    const typed = (await terminal.ask('type the whole id to lift it: ')).trim()
    return engine.unpin({ backup, confirm: typed }, during())
  }
}
