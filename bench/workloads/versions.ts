import { resolve } from 'node:path'
import type { Bench } from '../bench.ts'
import { checkSameTree } from '../compare.ts'
import { requireRoom } from '../machine.ts'
import { downloadVersions } from '../npm-versions.ts'
import { peakLimit, type Row } from '../rows.ts'
import { type Switched, switchTree } from '../switch-tree.ts'
import type { IncrementalTool } from '../tool.ts'
import { holdfastName } from '../tools/holdfast.ts'
import { type Walked, walk } from '../trees.ts'
import type { Workload } from '../workload.ts'

/** Workload 2: a checkout that is backed up as it goes from version to version. */

const most = 4

const incrementalRows: readonly Row[] = [2, 3, 4].flatMap((version): Row[] => [
  {
    title: `version ${version}, incremental backup`,
    quantity: { kind: 'wall', step: `version-${version}` },
    bars: [],
  },
  { title: '… peak memory', quantity: { kind: 'peak', step: `version-${version}` }, bars: [peakLimit] },
  { title: '… the repository grew by', quantity: { kind: 'growth', step: `version-${version}` }, bars: [] },
])

const rows: readonly Row[] = [
  { title: 'version 1, full backup', quantity: { kind: 'wall', step: 'version-1' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'version-1' }, bars: [peakLimit] },
  { title: '… the repository grew by', quantity: { kind: 'growth', step: 'version-1' }, bars: [] },
  ...incrementalRows,
  { title: 'restore of the last version', quantity: { kind: 'wall', step: 'restore-last' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'restore-last' }, bars: [peakLimit] },
  { title: 'restore of the first version', quantity: { kind: 'wall', step: 'restore-first' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'restore-first' }, bars: [peakLimit] },
  {
    title: 'time of the last to the first',
    quantity: {
      kind: 'quotient',
      of: { kind: 'wall', step: 'restore-last' },
      by: { kind: 'wall', step: 'restore-first' },
      as: 'times',
    },
    bars: [{ kind: 'limit', most: 1.25, moonshot: null }],
  },
  {
    title: 'size of the repository, all versions',
    quantity: { kind: 'size' },
    bars: [{ kind: 'ratio', against: ['restic'], least: 1, moonshot: 1.11 }],
  },
]

export const versions: Workload = {
  name: 'versions',
  about: 'four versions of a source tree (npm pack, or --tree four times): incrementals, first and last restored, size',
  rows,
  async run(bench) {
    const paths = await chooseVersions(bench)
    if (paths === null) return { path: '', what: 'no versions', entries: 0, bytes: 0 }
    const walked = paths.map((path) => walk(path, () => false))
    checkRoom(bench, walked)
    const live = bench.path('trees', 'versions', 'live')
    for (const round of bench.rounds()) {
      const history = new Map<IncrementalTool, string[]>()
      for (const tool of bench.incrementalTools) if (await bench.prepare(tool, round)) history.set(tool, [])
      for (const [at, path] of paths.entries()) {
        const switched = switchTree(live, path)
        bench.changed()
        if (round === 0) bench.notes.push(describe(at, walked[at]!, switched))
        await bench.settle()
        await backUp(bench, history, live, at + 1, round)
      }
      for (const tool of bench.turns([...history.keys()], round)) {
        bench.recordSize(tool, round)
        await restoreVersions(bench, tool, history.get(tool)!, paths, live, round)
      }
    }
    return { path: live, what: `the last of ${paths.length} versions of a source tree`, ...walked.at(-1)! }
  },
}

async function chooseVersions(bench: Bench): Promise<readonly string[] | null> {
  const { trees } = bench.options
  if (trees.length === 0) return downloadVersions(bench)
  if (trees.length === 1 || trees.length > most) {
    bench.notes.push(
      `Not measured: --tree was given ${trees.length === 1 ? 'once' : `${trees.length} times`}, versions take it two to ${most} times.`,
    )
    return null
  }
  bench.notes.push('The versions are trees of the user’s choice.')
  return trees.map((tree) => resolve(tree))
}

function checkRoom(bench: Bench, versions: readonly Walked[]): void {
  const largest = Math.max(...versions.map((one) => one.bytes))
  const entries = Math.max(...versions.map((one) => one.entries))
  const tools = bench.incrementalTools.length
  // restored copies stay to the end; repositories hold two full ones at most
  const copies = 2 * tools * (bench.options.rounds + 1) + 2
  const blocks = 4096 * entries // the last one of a file is not full
  requireRoom(bench.options.work, 'the workload versions', {
    bytes: (copies + 1) * (largest + blocks) + 2 * tools * largest,
    files: (copies + 2) * entries,
  })
}

function describe(at: number, { entries, bytes }: Walked, switched: Switched): string {
  const size = `${entries.toLocaleString('en-US')} entries, ${bytes.toLocaleString('en-US')} bytes`
  if (at === 0) return `Version 1: ${size}.`
  const { added, changed, removed, unchanged, writtenBytes } = switched
  return `Version ${at + 1}: ${size}; ${added} files added, ${changed} changed, ${removed} removed, ${unchanged} not touched; ${writtenBytes.toLocaleString('en-US')} bytes written.`
}

/** Takes those out of `history` that could not. */
async function backUp(
  bench: Bench,
  history: Map<IncrementalTool, string[]>,
  live: string,
  version: number,
  round: number,
): Promise<void> {
  const step = `version-${version}`
  for (const tool of bench.turns([...history.keys()], round)) {
    const place = bench.place(tool)
    const command = version === 1 ? tool.backup(place, live, step) : tool.backupAgain(place, live, step)
    if (await bench.measure(step, tool, command, round)) {
      history.get(tool)!.push(bench.backupName(tool, step))
      bench.recordSize(tool, round, round === 0, step)
    } else history.delete(tool)
  }
}

/** The first and the last, in turns; in the warm-up, where they are compared, all of Holdfast's. */
async function restoreVersions(
  bench: Bench,
  tool: IncrementalTool,
  backups: readonly string[],
  paths: readonly string[],
  live: string,
  round: number,
): Promise<void> {
  const last = backups.length - 1
  const ends = round % 2 === 0 ? [last, 0] : [0, last]
  const between = round === 0 && tool.name === holdfastName ? backups.keys().filter((at) => !ends.includes(at)) : []
  for (const at of [...ends, ...between]) {
    const step = at === 0 ? 'restore-first' : at === last ? 'restore-last' : `restore-${at + 1}`
    // kept until the bench ends: see mixed
    const target = bench.freshDirectory(bench.path('restored', `versions-${step}-${round}-${tool.name}`))
    const command = tool.restore(bench.place(tool), live, target, backups[at])
    if ((await bench.measure(step, tool, command, round)) && round === 0)
      checkSameTree(bench, tool, paths[at]!, `${target}${live}`, `version ${at + 1} and what was restored of it`)
  }
}
