import type { Change } from '../model/diff.ts'
import { displayPath } from '../model/path.ts'
import { formatBytes, formatCount } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { pathFields } from './parts/fields.ts'
import { usage } from './parts/given.ts'
import { servicesOption } from './parts/grammar.ts'

/** As wide as the widest kind of change. */
const kindWidth = 'metadata'.length

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
    const text = (['added', 'removed', 'renamed', 'changed', 'metadata'] as const)
      .map((kind) => `${formatCount(counts[kind])} ${kind === 'metadata' ? 'with other attributes' : kind}`)
      .join(', ')
    out.fact(text)
    return warnings.length > 0 ? 3 : 0
  },
}

/** `changed   var/a.log  (grown 1.20 MiB)`, `renamed   etc/old -> etc/new` */
function changeLine(change: Change): string {
  const { path, from, change: kind } = change
  const name = from === null ? displayPath(path) : `${displayPath(from)} -> ${displayPath(path)}`
  const why = reasonText(change)
  return `${kind.padEnd(kindWidth)}  ${name}${why === '' ? '' : `  (${why})`}`
}

function reasonText({ change, before, after, attributes }: Change): string {
  if (change !== 'changed' || before === null || after === null) return attributes.join(', ')
  if (attributes.includes('type')) return `${before.type} became ${after.type}`
  const moreBytes = after.sizeBytes - before.sizeBytes
  if (moreBytes !== 0) return `${moreBytes > 0 ? 'grown' : 'shrunk'} ${formatBytes(Math.abs(moreBytes))}`
  return after.type === 'symlink' ? 'leads elsewhere' : 'same size'
}

function changeFields({ service, path, from, change, before, after, attributes }: Change): object {
  const sizes = { sizeBefore: before?.sizeBytes ?? null, sizeAfter: after?.sizeBytes ?? null }
  const why = change === 'added' || change === 'removed' ? {} : { attributes }
  return { ...pathFields(path), change, service, ...fromFields(from), ...sizes, ...why }
}

function fromFields(from: Change['from']): object {
  if (from === null) return {}
  const { path, pathB64 } = pathFields(from)
  return pathB64 === undefined ? { from: path } : { from: path, fromB64: pathB64 }
}
