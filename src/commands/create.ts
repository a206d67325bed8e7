import { compressions } from '../model/format.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { tellCreated } from './parts/created.ts'
import { usage } from './parts/given.ts'
import { servicesOption } from './parts/grammar.ts'
import { because } from './parts/unsupported.ts'

const types = ['full', 'incremental', 'differential', 'service'] as const

export const create: CommandSpec = {
  words: 'create',
  about: 'Backs up the PATHs given, or the services of the configuration.',
  operands: [{ name: 'PATH', required: false, repeats: true }],
  options: [
    {
      name: 'type',
      value: 'TYPE',
      choices: types,
      about: 'incremental stores what changed since the newest backup, differential since the newest full one (full)',
    },
    servicesOption,
    { name: 'description', value: 'TEXT', mayBeEmpty: true, about: 'a line to find it by' },
    { name: 'compress', value: 'HOW', valueOptional: true, choices: compressions, about: 'how to compress' },
    { name: 'exclude', value: 'GLOB', repeats: true, about: 'leave out what matches this gitignore pattern' },
    { name: 'exclude-caches', about: 'leave out directories with a CACHEDIR.TAG' },
    { name: 'one-file-system', about: 'stay on the file system of each PATH' },
    { name: 'tenant', value: 'T', about: '', unsupported: because.tenants },
    { name: 'no-volumes', about: 'leave out the data volumes of the services (volume_paths)' },
    { name: 'paranoid', about: 'read every file, whatever its times say' },
    { name: 'accept-empty', about: 'a PATH with nothing below it is meant so' },
  ],
  examples: [
    ['holdfast create', 'the services of the configuration'],
    ["holdfast create /etc /srv --exclude '*.tmp'", 'these two paths, without temporary files'],
  ],
  exits: [0, 1, 2, 3, 5, 130],
  onInterrupt: 'clean-up',
  walks: (given) => ['incremental', 'differential'].includes(given.text('type') ?? ''),
  async run(given, context) {
    const { out } = context
    const type = given.choice('type', types)
    const services = given.list('services')
    if (given.operands.length > 0 && services.length > 0)
      throw usage('PATHs and --services cannot be given together', 'PATHs are a service of their own')
    if (type === 'service' && services.length === 0)
      throw usage('--type service needs the services', 'holdfast create --type service --services A,B')
    const outcome = await (await context.engine()).create(
      {
        type: type ?? 'full',
        paths: given.operands,
        services,
        description: given.text('description') ?? '',
        compression: given.choice('compress', compressions),
        exclude: given.texts('exclude'),
        excludeCaches: given.has('exclude-caches'),
        oneFileSystem: given.has('one-file-system'),
        withoutVolumes: given.has('no-volumes'),
        paranoid: given.has('paranoid'),
        acceptEmpty: given.has('accept-empty'),
        estimate: out.drawsProgress,
      },
      context.during(),
    )
    return tellCreated(out, 'create', outcome)
  },
}
