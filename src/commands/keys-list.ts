import { printable } from '../model/path.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { tableLines } from './parts/table.ts'

export const keysList: CommandSpec = {
  words: 'keys list',
  about: 'Lists the keys that open the backups; never the keys themselves.',
  operands: [],
  options: [],
  examples: [
    ['holdfast keys list', 'which keys there are, and which one is at hand'],
    ['holdfast keys list --json', 'for scripts'],
  ],
  exits: [0, 1, 2, 4],
  onInterrupt: 'at-once',
  async run(_given, context) {
    const { out } = context
    const keys = await (await context.engine()).keysList()
    out.result('keys list', { keys })
    if (out.json) return 0
    if (out.quiet) for (const { kid } of keys) out.fact(kid)
    else if (keys.length === 0) out.fact('no keys: backups are not encrypted')
    else {
      const columns = [
        { title: 'key', cells: keys.map(({ kid }) => printable(kid)) },
        { title: 'type', cells: keys.map(({ type }) => printable(type)) },
        { title: 'created', cells: keys.map(({ created }) => printable(created)) },
        { title: 'at hand', cells: keys.map(({ current }) => (current ? 'yes' : '-')) },
        { title: 'label', cells: keys.map(({ label }) => printable(label)), flexible: true as const },
      ]
      for (const line of tableLines(columns, out.width)) out.fact(line)
    }
    return 0
  },
}
