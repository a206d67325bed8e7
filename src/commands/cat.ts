import type { CommandSpec } from './parts/command-spec.ts'
import { usage } from './parts/given.ts'
import { servicesOption } from './parts/grammar.ts'

export const cat: CommandSpec = {
  words: 'cat',
  about: 'Writes one file of a backup to stdout, its content proven first.',
  operands: [
    { name: 'ID|latest', required: true },
    { name: 'PATH', required: true },
  ],
  options: [{ ...servicesOption, about: 'look only in these services' }],
  examples: [
    ['holdfast cat latest /etc/fstab', 'the file as it was'],
    ['holdfast cat latest /etc/fstab | diff - /etc/fstab', 'what has changed in it since'],
  ],
  exits: [0, 1, 2, 4],
  onInterrupt: 'at-once',
  async run(given, context) {
    if (context.out.json)
      throw usage("cat writes the file's bytes to stdout, where --json has no place", 'leave out --json')
    const [backup, path] = given.operands
    const options = { backup: backup!, path: path!, services: given.list('services') }
    await (await context.engine()).cat(options, (bytes) => context.out.bulk(bytes))
    return 0
  },
}
