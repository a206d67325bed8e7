import type { InspectResult } from '../model/inspect.ts'
import { printable } from '../model/path.ts'
import { formatBytes, formatCount, formatDuration } from '../model/units.ts'
import type { CommandSpec } from './parts/command-spec.ts'
import { entryName, longEntry } from './parts/entry-text.ts'
import { entryFields } from './parts/fields.ts'
import { servicesOption } from './parts/grammar.ts'

export const inspect: CommandSpec = {
  words: 'inspect',
  about: 'Shows what a backup holds: where it comes from, and every path in it, or those below PATH.',
  operands: [
    { name: 'ID|latest', required: true },
    { name: 'PATH', required: false },
  ],
  options: [servicesOption, { name: 'long', about: 'mode, owner, size, time and SHA-256 of every path' }],
  examples: [
    ['holdfast inspect latest', 'everything in the newest backup'],
    ['holdfast inspect latest /etc/ssh --long', 'one directory, with its attributes'],
  ],
  exits: [0, 1, 2, 3, 4],
  onInterrupt: 'at-once',
  async run(given, context) {
    const { out } = context
    const [backup, path] = given.operands
    const line = given.has('long') ? longEntry : entryName
    const result = await (await context.engine()).inspect(
      { backup: backup!, services: given.list('services'), path: path ?? null },
      async (service, entry) => {
        await out.bulk(out.json ? `${JSON.stringify(entryFields(service, entry))}\n` : `${line(entry)}\n`)
      },
    )
    const { manifest, details, entries } = result
    const { id, type, createdAt, archives, deps, base = null } = manifest
    out.result('inspect', { entries, backup: { id, type, createdAt, base, deps, archives }, details })
    if (!out.json) out.outcome(id, ['', ...headerFacts(result)])
    if (details === null) out.warning('the paths are not shown: they are encrypted, and there is no key')
    return details === null ? 3 : 0
  },
}

/** Below the entries, so that it stands where the eye is when they have scrolled by. */
function headerFacts({ manifest, details, entries }: InspectResult): string[] {
  const stored = manifest.archives.reduce((sum, { size }) => sum + size, 0)
  const facts = [`backup ${manifest.id}`, `created: ${manifest.createdAt}`, `stored: ${formatBytes(stored)}`]
  if (manifest.base !== undefined) facts.push(`base: ${manifest.base}`)
  // One a line: an id is long, and what wraps cannot be copied.
  for (const needed of manifest.deps) facts.push(`needs: ${needed}`)
  if (details === null)
    return [...facts, `services: ${manifest.archives.map(({ service }) => printable(service)).join(', ')}`]
  if (details.description !== '') facts.push(`description: ${printable(details.description)}`)
  facts.push(`made by: ${printable(details.user)} on ${printable(details.host)} with ${printable(details.tool)}`)
  facts.push(`took: ${formatDuration(details.durationMs)}, warnings: ${formatCount(details.warnings)}`)
  for (const { name, type, paths, files, bytes, git } of details.services) {
    facts.push(`service ${printable(name)} (${printable(type)}): ${formatCount(files)} files, ${formatBytes(bytes)}`)
    for (const path of paths) facts.push(`  path: ${printable(path)}`)
    for (const { path, remote, branch, commit } of git) {
      const known = [remote, branch, commit].filter((part) => part !== null).map(printable)
      facts.push(`  git: ${printable(path)} ${known.join(' ')}`)
    }
  }
  return [...facts, `shown: ${formatCount(entries)} entries`]
}
