import type { Change } from '../model/engine.ts'
import { displayPath } from '../model/path.ts'
import { formatCount } from '../model/units.ts'
import { pathFields } from './parts/fields.ts'
import { usage } from './parts/given.ts'
import { type CommandSpec, servicesOption } from './parts/grammar.ts'

const marks: Record<Change['change'], string> = { added: '+', removed: '-', changed: '~', metadata: 'm' }

export const diff: CommandSpec = {
  words: 'diff',
  about: 'Shows what differs between two backups, or between a backup and the disk as it is now.',
  operands: [
    { name: 'ID|latest', required: true },
    { name: 'ID', required: false },
  ],
  options: [{ name: 'live', about: 'against the disk as it is now' }, servicesOption],
  examples: [
    ['holdfast diff latest --live', 'what has changed since the newest backup'],
    ['holdfast diff 7f3k latest', 'what came between two backups'],
  ],
  exits: [0, 1, 2, 3, 4],
  onInterrupt: 'at-once',
  async run(given, context) {
    const { out } = context
    const [backup, other] = given.operands
    if ((other === undefined) !== given.has('live'))
      throw usage('diff needs either a second ID or --live', 'holdfast diff latest --live')
    const against = other === undefined ? ({ kind: 'live' } as const) : ({ kind: 'backup', id: other } as const)
    const changes: string[] = []
    const result = await (await context.engine()).diff(
      { backup: backup!, services: given.list('services'), against },
      async (change) => {
        if (out.json) changes.push(JSON.stringify(changeFields(change)))
        else if (!out.quiet) await out.bulk(`${changeLine(change)}\n`)
      },
    )
    const { from, to, counts, warnings } = result
    for (const warning of warnings) out.warning(warning)
    if (out.json) {
      // The one line may be long; it is handed out in pieces.
      const head = JSON.stringify({ kind: 'result', command: 'diff', from, to, counts, warnings })
      await out.bulk(`${head.slice(0, -1)},"changes":[`)
      for (const [at, change] of changes.entries()) await out.bulk(at === 0 ? change : `,${change}`)
      await out.bulk(']}\n')
    }
    const text = (['added', 'removed', 'changed', 'metadata'] as const)
      .map((kind) => `${formatCount(counts[kind])} ${kind === 'metadata' ? 'with other attributes' : kind}`)
      .join(', ')
    out.fact(text)
    return warnings.length > 0 ? 3 : 0
  },
}

function changeLine({ path, change, attributes }: Change): string {
  const which = change === 'metadata' && attributes.length > 0 ? ` (${attributes.join(', ')})` : ''
  return `${marks[change]} ${displayPath(path)}${which}`
}

function changeFields({ service, path, change, before, after, attributes }: Change): object {
  const sizes = { sizeBefore: before?.sizeBytes ?? null, sizeAfter: after?.sizeBytes ?? null }
  return { ...pathFields(path), change, service, ...sizes, ...(change === 'metadata' ? { attributes } : {}) }
}
