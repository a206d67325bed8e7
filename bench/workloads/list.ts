import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { peakLimit } from '../rows.ts'
import { one, reworded, type Tool } from '../tool.ts'
import { holdfastName } from '../tools/holdfast.ts'
import type { Workload } from '../workload.ts'

/** `holdfast list` of a long history. No peer: to make 1,000 backups would take theirs a quarter of an hour. */

const count = 1000
const nodeAlone = { name: 'node' }

export const list: Workload = {
  name: 'list',
  about: `holdfast list of ${count} backups, against the start of node alone`,
  rows: [
    {
      title: `list of ${count.toLocaleString('en-US')} backups, cold process`,
      quantity: { kind: 'wall', step: 'list' },
      bars: [{ kind: 'limit', most: 0.15, moonshot: 0.08 }],
      yardstick: { tool: nodeAlone.name, title: 'node alone, doing nothing' },
    },
    {
      title: '… peak memory',
      quantity: { kind: 'peak', step: 'list' },
      bars: [peakLimit],
      yardstick: { tool: nodeAlone.name, title: 'node alone' },
    },
  ],
  async run(bench) {
    const tree = { path: '', what: 'one file of two bytes', entries: 1, bytes: 2 }
    const tool = bench.tool(holdfastName)
    if (tool === undefined) {
      bench.notes.push('Holdfast was not there: nothing was measured.')
      return tree
    }
    const directory = await makeHistory(bench, tool)
    if (directory === null) return tree
    const command = tool.listBackups(directory)!
    // a hundredth of a second is the matter here: more rounds than of what takes seconds
    for (const round of bench.rounds(bench.options.rounds * 5)) {
      for (const which of bench.turns([tool, nodeAlone], round)) {
        const argv = which === tool ? command : one([process.execPath, '-e', '0'])
        if (!(await bench.measure('list', which, argv, round))) return tree
        if (which !== tool) continue
        const listed = readFileSync(bench.outputOf(tool), 'utf8').match(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-full-/g)
        bench.checkOnce(tool, `the list shows all ${count} backups`, listed?.length === count)
      }
    }
    return tree
  },
}

/**
 * One real backup, copied under other ids and dates. Not encrypted, because the manifest of an encrypted one is bound
 * to its id: so every copy is a backup that verifies. The catalog is then made by `holdfast rebuild` itself.
 */
async function makeHistory(bench: Bench, tool: Tool): Promise<ReturnType<Bench['place']> | null> {
  const place = bench.place(tool)
  bench.freshDirectory(place.directory)
  const source = join(place.directory, 'source')
  writeFileSync(source, 'x\n')
  writeFileSync(join(place.directory, 'backup_config.json'), JSON.stringify({ encryption: { enabled: false } }))
  for (const command of [...tool.prepare(place), tool.backup(place, source)])
    if (!(await bench.measure('make', tool, command, 0))) return null
  const archives = join(place.repository, 'archives')
  const first = readdirSync(archives)[0]!
  const manifest: unknown = JSON.parse(readFileSync(join(archives, first, 'manifest.json'), 'utf8'))
  if (typeof manifest !== 'object' || manifest === null || !('createdAt' in manifest))
    throw new Error('the manifest of the first backup is not as expected')
  const now = Date.parse(String(manifest.createdAt))
  for (let at = 1; at < count; at++) {
    const createdAt = new Date(now - at * 86_400_000).toISOString()
    const id = `${createdAt.slice(0, 19).replaceAll(':', '-')}Z-full-${at.toString(36).padStart(4, '0')}`
    cpSync(join(archives, first), join(archives, id), { recursive: true })
    const path = join(archives, id, 'manifest.json')
    writeFileSync(`${path}.new`, JSON.stringify({ ...manifest, id, createdAt }, null, 2))
    renameSync(`${path}.new`, path)
  }
  bench.notes.push(
    `The ${count} backups are one real backup (not encrypted, of one file), copied under ${count - 1} other ids and dates; metadata.json was then made by holdfast rebuild. List reads no key, encrypted or not.`,
  )
  const rebuild = reworded(tool.listBackups(place)!, 'list', ['rebuild'])
  return (await bench.measure('rebuild', tool, rebuild, 0)) ? place : null
}
