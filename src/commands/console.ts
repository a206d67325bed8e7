import type { CommandSpec } from './parts/command-spec.ts'
import { usage } from './parts/given.ts'

export const openConsole: CommandSpec = {
  words: 'console',
  about:
    'Opens the console: everything on one screen, every key explained by ?. holdfast alone does the same on a terminal. Jobs that are started there go on when it is left.',
  operands: [],
  options: [{ name: 'read-only', about: 'shows everything and changes nothing' }],
  examples: [
    ['holdfast console', 'as holdfast alone'],
    ['holdfast console --read-only', 'for a look, with nothing that could go wrong'],
  ],
  exits: [0, 1, 2, 130],
  onInterrupt: 'itself',
  async run(given, context) {
    if (given.has('json')) throw usage('the console has nothing to say in JSON', 'holdfast status --json')
    return context.openConsole({ readOnly: given.has('read-only'), colorless: given.has('no-color') })
  },
}
