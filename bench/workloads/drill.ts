import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import * as z from 'zod'
import type { Bench, Tree } from '../bench.ts'
import { mixedTree } from '../mixed-tree.ts'
import { peakLimit, type Row } from '../rows.ts'
import { reworded, type Tool } from '../tool.ts'
import { holdfastName } from '../tools/holdfast.ts'
import { walk } from '../trees.ts'
import type { Workload } from '../workload.ts'

/** What it costs to prove a restore, beside the restore alone: workload 1, the same backup, in turns. */

const rows: readonly Row[] = [
  { title: 'full restore', quantity: { kind: 'wall', step: 'restore' }, bars: [] },
  { title: 'drill: the whole process', quantity: { kind: 'wall', step: 'drill' }, bars: [] },
  {
    title: '… by the restore of its round',
    quantity: {
      kind: 'quotient',
      of: { kind: 'wall', step: 'drill' },
      by: { kind: 'wall', step: 'restore' },
      as: 'times',
    },
    bars: [{ kind: 'limit', most: 1.3, moonshot: null }],
  },
  { title: '… of it the restore', quantity: { kind: 'wall', step: 'drill-restore' }, bars: [] },
  { title: '… of it reading back and comparing', quantity: { kind: 'wall', step: 'drill-compare' }, bars: [] },
  { title: '… the recovery time it tells', quantity: { kind: 'wall', step: 'drill-recovery' }, bars: [] },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'drill' }, bars: [] },
  { title: '… CPU time of the restore alone', quantity: { kind: 'cpu', step: 'restore' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'drill' }, bars: [peakLimit] },
]

/** So many inodes that were just freed make themselves felt. */
const manyEntries = 1000
const restSeconds = 75

const cardSchema = z.object({
  drill: z.object({
    ok: z.boolean(),
    rtoMs: z.number(),
    restored: z.object({ durationMs: z.number() }),
    compared: z.object({ durationMs: z.number(), different: z.int() }),
  }),
})

export const drill: Workload = {
  name: 'drill',
  about: 'workload 1 restored and drilled in turns: what reading back, comparing and removing add',
  rows,
  async run(bench) {
    const source = mixedTree(bench, 'drill')
    const { entries, bytes } = walk(source.path, () => false)
    const tree: Tree = { ...source, entries, bytes }
    const tool = bench.tool(holdfastName)
    if (tool === undefined) {
      bench.notes.push('Holdfast was not there: nothing was measured.')
      return tree
    }
    await bench.settle()
    if (!(await bench.prepare(tool, 0))) return tree
    if (!(await bench.measure('backup', tool, tool.backup(bench.place(tool), tree.path), 0))) return tree
    bench.notes.push(
      'The drill is charged with reading back and with removing what it restored; its recovery time is that of the restore alone. What restore leaves stays until the bench ends.',
      `After each drill the disk rests for ${restSeconds} s: ext4 gives out no inode again for a minute after it was freed, and looks for another one at every new file meanwhile.`,
    )
    for (const round of bench.rounds())
      for (const which of bench.turns(['restore', 'drill'] as const, round))
        if (!(which === 'restore' ? await restore(bench, tool, tree, round) : await rehearse(bench, tool, tree, round)))
          return tree
    return tree
  },
}

async function restore(bench: Bench, tool: Tool, tree: Tree, round: number): Promise<boolean> {
  const target = bench.freshDirectory(bench.path('restored', `drill-${round}`))
  return bench.measure('restore', tool, tool.restore(bench.place(tool), tree.path, target), round)
}

async function rehearse(bench: Bench, tool: Tool, tree: Tree, round: number): Promise<boolean> {
  const command = reworded(tool.listBackups(bench.place(tool))!, 'list', ['drill', '--json'])
  if (!(await bench.measure('drill', tool, command, round))) return false
  if (tree.entries > manyEntries) {
    execFileSync('sync', ['-f', bench.options.work])
    await setTimeout(restSeconds * 1000, undefined, { signal: bench.options.signal })
  }
  const last = readFileSync(bench.outputOf(tool), 'utf8').trim().split('\n').at(-1) ?? ''
  const card = cardSchema.parse(JSON.parse(last)).drill
  bench.checkOnce(tool, 'the drill passes, and nothing differs', card.ok && card.compared.different === 0)
  const note = (step: string, ms: number) => bench.record(step, { seconds: ms / 1000, round }, tool.name)
  note('drill-restore', card.restored.durationMs)
  note('drill-compare', card.compared.durationMs)
  note('drill-recovery', card.rtoMs)
  return true
}
