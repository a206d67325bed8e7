import type { KeysAddOptions } from '../model/keys.ts'
import { printable } from '../model/path.ts'
import { formatNumberOf } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { type Given, usage } from './parts/given.ts'
import { newPassphrase } from './parts/passphrase.ts'
import type { Terminal } from './parts/terminal.ts'

const kinds = ['new-file', 'file', 'from-env', 'passphrase'] as const

export const keysAdd: CommandSpec = {
  words: 'keys add',
  about: 'Adds one more key that opens every backup, those made before as well.',
  operands: [],
  options: [
    { name: 'new-file', value: 'PATH', about: 'make a key file there' },
    { name: 'file', value: 'PATH', about: 'a key file that exists' },
    { name: 'from-env', value: 'NAME', about: 'the key in this environment variable' },
    { name: 'passphrase', about: 'ask for a passphrase' },
    { name: 'label', value: 'TEXT', about: 'a name to know it by' },
  ],
  examples: [
    ['holdfast keys add --passphrase --label office', 'a passphrase beside the key file'],
    ['holdfast keys add --new-file /media/usb/holdfast.key', 'a second key file, for the safe'],
  ],
  exits: [0, 1, 2, 3, 4, 5, 130],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const key = await keyOf(given, context.terminal)
    const engine = await context.engine()
    const result = await engine.keysAdd({ label: given.text('label') ?? '', key }, context.during())
    for (const problem of result.problems) out.warning(problem)
    out.result('keys add', { key: result })
    const facts = [`key ${printable(result.kid)} (${printable(result.type)})`]
    if (result.file !== null) facts.push(`file: ${printable(result.file)}`, 'keep a copy of it in another place too')
    facts.push(`it opens ${formatNumberOf(result.archives, 'archive')} made before, and every one to come`)
    out.outcome(result.kid, facts)
    return result.exitCode
  },
}

async function keyOf(given: Given, terminal: Terminal): Promise<KeysAddOptions['key']> {
  const chosen = kinds.filter((kind) => given.has(kind))
  const [kind] = chosen
  if (kind === undefined || chosen.length > 1)
    throw usage(
      'keys add needs one kind of key',
      'give one of --new-file PATH, --file PATH, --from-env NAME, --passphrase',
    )
  switch (kind) {
    case 'new-file':
    case 'file':
      return { kind, path: given.text(kind)! }
    case 'from-env':
      return { kind: 'variable', name: given.text(kind)! }
    case 'passphrase':
      return { kind, text: await newPassphrase(terminal) }
  }
}
