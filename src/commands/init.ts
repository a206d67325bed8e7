import type { CommandSpec } from './parts/command-spec.ts'
import { newPassphrase } from './parts/passphrase.ts'

export const init: CommandSpec = {
  words: 'init',
  about:
    'Makes the repository, a key if there is none, and a configuration with comments. On a repository that exists it changes nothing.',
  operands: [],
  options: [{ name: 'passphrase', about: 'ask for a passphrase instead of making a key file' }],
  examples: [
    ['holdfast init', 'in the default place, with a new key file'],
    ['holdfast init --root /mnt/disk/backup --passphrase', 'on another disk, opened by a passphrase'],
  ],
  exits: [0, 1, 2],
  onInterrupt: 'clean-up',
  async run(given, context) {
    const { out } = context
    const passphrase = given.has('passphrase') ? await newPassphrase(context.terminal) : null
    const result = await (await context.engine()).init({ passphrase })
    for (const notice of result.notices) out.notice(notice)
    out.result('init', { init: result })
    const facts = [`${result.created ? 'made the repository:' : 'the repository exists already:'} ${result.root}`]
    if (!result.created) facts.push('nothing was changed')
    if (result.keyFile !== null) {
      facts.push(`key: ${result.keyFile}`)
      facts.push('keep a copy of the key elsewhere too: without it no backup can ever be opened')
    } else if (passphrase !== null && result.created) {
      facts.push('the passphrase opens every backup: note it elsewhere too, nobody can recover it')
    } else if (!result.encrypted) {
      facts.push('backups are not encrypted: whoever can read the repository can read them')
    }
    if (result.configurationFile !== null) facts.push(`configuration: ${result.configurationFile}`)
    out.outcome(result.root, facts)
    return 0
  },
}
