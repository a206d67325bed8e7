import { backupUnchanged } from '../backup-unchanged.ts'
import type { Bench, Tree } from '../bench.ts'
import { checkSameTree, sameContent } from '../compare.ts'
import { mixedTree } from '../mixed-tree.ts'
import { peakLimit, type Row } from '../rows.ts'
import { isIncremental, type Tool } from '../tool.ts'
import { holdfastPassphraseName } from '../tools/holdfast.ts'
import { walk } from '../trees.ts'
import type { Workload } from '../workload.ts'

/** Workload 1: the directories every machine has. */

const rows: readonly Row[] = [
  {
    title: 'first full backup',
    quantity: { kind: 'wall', step: 'backup' },
    bars: [
      { kind: 'ratio', against: ['restic', 'borg'], least: 2.2, moonshot: 3 },
      { kind: 'ratio', against: ['tar-zstd'], least: 1, moonshot: 1.5 },
    ],
  },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'backup' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'backup' }, bars: [peakLimit] },
  {
    title: 'full restore',
    quantity: { kind: 'wall', step: 'restore' },
    bars: [{ kind: 'ratio', against: ['restic', 'borg', 'tar-zstd'], least: 1.3, moonshot: 2 }],
  },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'restore' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'restore' }, bars: [peakLimit] },
  {
    title: 'one small file',
    quantity: { kind: 'wall', step: 'one-file' },
    bars: [{ kind: 'ratio', against: ['restic'], least: 4, moonshot: 10 }],
  },
  {
    title: '… with a passphrase for every tool',
    quantity: { kind: 'wall', step: 'one-file' },
    bars: [{ kind: 'ratio', against: ['restic'], least: 4, moonshot: 10 }],
    subject: holdfastPassphraseName,
  },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'one-file' }, bars: [peakLimit] },
  { title: 'list of the backups (one)', quantity: { kind: 'wall', step: 'list' }, bars: [] },
  { title: 'list of all files', quantity: { kind: 'wall', step: 'list-files' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'list-files' }, bars: [peakLimit] },
  {
    title: 'full verify',
    quantity: { kind: 'wall', step: 'verify' },
    bars: [{ kind: 'ratio', against: ['restic'], least: 1, moonshot: 2 }],
  },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'verify' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'verify' }, bars: [peakLimit] },
  {
    title: 'size of the repository',
    quantity: { kind: 'size' },
    bars: [{ kind: 'ratio', against: ['restic'], least: 1, moonshot: 1.11 }],
  },
  {
    title: 'unchanged incremental backup',
    quantity: { kind: 'wall', step: 'unchanged' },
    bars: [{ kind: 'ratio', against: ['restic'], least: 4, moonshot: 8 }],
  },
  {
    title: '… with a passphrase for every tool',
    quantity: { kind: 'wall', step: 'unchanged' },
    bars: [{ kind: 'ratio', against: ['restic'], least: 4, moonshot: 8 }],
    subject: holdfastPassphraseName,
  },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'unchanged' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'unchanged' }, bars: [peakLimit] },
  { title: '… the repository grew by', quantity: { kind: 'growth', step: 'unchanged' }, bars: [] },
]

const again = 'unchanged'

export const mixed: Workload = {
  name: 'mixed',
  about:
    'a copy of /usr/share and /usr/include, or --tree DIR: backup, restore, one file, lists, verify, size, unchanged',
  rows,
  async run(bench) {
    const { tree, smallFile } = chooseTree(bench)
    await bench.settle()
    const withPassphrase = await prepareWithPassphrase(bench, tree)
    // a second one: the one above is of one backup for as long as files are read out of it
    const againWithPassphrase = await prepareWithPassphrase(bench, tree, again)
    for (const round of bench.rounds()) {
      const ready: Tool[] = []
      for (const tool of bench.turns(bench.tools, round)) {
        if (!(await bench.prepare(tool, round))) continue
        if (!(await bench.measure('backup', tool, tool.backup(bench.place(tool), tree.path), round))) continue
        bench.recordSize(tool, round)
        ready.push(tool)
      }
      for (const tool of ready) await restoreAll(bench, tool, tree, round)
      for (const tool of [...ready, ...withPassphrase]) {
        if (await bench.measure('one-file', tool, tool.readFile(bench.place(tool), smallFile), round))
          bench.checkOnce(tool, 'the small file is the same', await sameContent(bench.outputOf(tool), smallFile))
      }
      for (const tool of ready) {
        const list = tool.listBackups(bench.place(tool))
        if (list !== null) await bench.measure('list', tool, list, round)
      }
      for (const tool of ready) await bench.measure('list-files', tool, tool.listFiles(bench.place(tool)), round)
      for (const tool of ready) await bench.measure('verify', tool, tool.verify(bench.place(tool)), round)
      // last, so that everything above reads a repository of one backup
      for (const tool of ready.filter(isIncremental)) {
        const name = await backupUnchanged(bench, 'unchanged', tool, tree, round)
        if (name !== null && round === 0) await restoreAll(bench, tool, tree, round, name)
      }
      for (const tool of againWithPassphrase.filter(isIncremental))
        await backupUnchanged(bench, 'unchanged', tool, tree, round, bench.place(tool, again))
    }
    return tree
  },
}

function chooseTree(bench: Bench): { tree: Tree; smallFile: string } {
  const { path, what } = mixedTree(bench, 'mixed')
  const { entries, bytes, picked } = walk(
    path,
    (file, size, links) => size >= 2048 && size <= 16_384 && links === 1 && /^[A-Za-z0-9._/-]+$/.test(file),
  )
  const smallFile = picked[Math.floor(picked.length / 2)]
  if (smallFile === undefined) throw new Error(`${path} holds no plain file of 2 to 16 KiB to pick out`)
  bench.notes.push(
    `The small file is the middle one, by name, of those of 2 to 16 KiB: ${smallFile.slice(path.length + 1)}.`,
  )
  return { tree: { path, what, entries, bytes }, smallFile }
}

/** restic and borg always derive their key from a passphrase; this is the repository that compares like with like. */
async function prepareWithPassphrase(bench: Bench, tree: Tree, label?: string): Promise<Tool[]> {
  const tool = bench.tool(holdfastPassphraseName)
  if (tool === undefined) return []
  const place = bench.place(tool, label)
  if (!(await bench.prepare(tool, 0, place))) return []
  if (!(await bench.measure('backup', tool, tool.backup(place, tree.path), 0))) return []
  bench.recordSize(tool, 0, true, 'backup', place) // what the next one grows from
  return [tool]
}

/** `backup` is the name of the unchanged one, where it is that which is looked at. */
async function restoreAll(bench: Bench, tool: Tool, tree: Tree, round: number, backup?: string): Promise<void> {
  const step = backup === undefined ? 'restore' : 'restore-unchanged'
  // Kept until the bench ends: ext4 does not give out an inode again for a minute or more after it was freed, and looks
  // for another one at every new file meanwhile, which would be charged to whoever restores next.
  const target = bench.freshDirectory(bench.path('restored', `${step}-${round}-${tool.name}`))
  const command = tool.restore(bench.place(tool), tree.path, target, backup)
  if (!(await bench.measure(step, tool, command, round)) || round > 0) return
  const what = backup === undefined ? 'restored tree' : 'the tree restored from the unchanged incremental'
  checkSameTree(bench, tool, tree.path, `${target}${tree.path}`, `source and ${what}`)
}
