import { join } from 'node:path'
import { backupUnchanged } from '../backup-unchanged.ts'
import type { Bench } from '../bench.ts'
import { checkSameTree } from '../compare.ts'
import { requireRoom } from '../machine.ts'
import { peakLimit, type Row } from '../rows.ts'
import { entriesOf, makeSmallFiles, smallFileBytes } from '../small-files.ts'
import { type IncrementalTool, isIncremental } from '../tool.ts'
import type { Workload } from '../workload.ts'

/** Workload 4: very many small files, at three sizes of one tree: all of it, a fifth, and a tenth. */

const usualFiles = 1_000_000
/** The bar is against restic, and a first backup of a million files by one tool more is long for what it tells. */
const withoutAll = ['borg']
/** A block for each file of the tree and of the restored fifths; the repositories. */
const diskPerFile = 10_000
const inodesPerFile = 1.8

const rows: readonly Row[] = [
  {
    title: 'a fifth of the files: first full backup',
    quantity: { kind: 'wall', step: 'full-fifth' },
    bars: [{ kind: 'ratio', against: ['restic'], least: 1, moonshot: null }],
  },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'full-fifth' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'full-fifth' }, bars: [peakLimit] },
  { title: '… size of the repository', quantity: { kind: 'size', step: 'full-fifth' }, bars: [] },
  {
    title: 'a fifth of the files: unchanged incremental backup',
    quantity: { kind: 'wall', step: 'again-fifth' },
    bars: [],
  },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'again-fifth' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'again-fifth' }, bars: [peakLimit] },
  { title: '… the repository grew by', quantity: { kind: 'growth', step: 'again-fifth' }, bars: [] },
  { title: 'all files: first full backup (once)', quantity: { kind: 'wall', step: 'full-all' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'full-all' }, bars: [peakLimit] },
  {
    title: 'all files: unchanged incremental backup',
    quantity: { kind: 'wall', step: 'again-all' },
    bars: [{ kind: 'ratio', against: ['restic'], least: 1, moonshot: null }],
  },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'again-all' }, bars: [] },
  { title: '… the repository grew by', quantity: { kind: 'growth', step: 'again-all' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'again-all' }, bars: [peakLimit] },
  {
    title: '… peak memory, with a tenth of the files',
    quantity: { kind: 'peak', step: 'again-tenth' },
    bars: [peakLimit],
  },
  {
    title: '… peak memory, all to a tenth',
    quantity: {
      kind: 'quotient',
      of: { kind: 'peak', step: 'again-all' },
      by: { kind: 'peak', step: 'again-tenth' },
      as: 'times',
    },
    bars: [{ kind: 'limit', most: 1.25, moonshot: null }],
  },
  { title: '… time, with a tenth of the files', quantity: { kind: 'wall', step: 'again-tenth' }, bars: [] },
]

interface Part {
  readonly name: 'all' | 'fifth' | 'tenth'
  readonly path: string
  readonly entries: number
}

export const many: Workload = {
  name: 'many',
  about: 'a million files of 100 bytes (--files N): unchanged incremental of all and a tenth, first backup of a fifth',
  rows,
  async run(bench) {
    const { all, fifth, tenth, files } = makeTree(bench)
    await bench.settle()
    for (const round of bench.rounds()) await backUpFifth(bench, fifth, round)
    const ready = [...(await backUpOnce(bench, tenth)), ...(await backUpOnce(bench, all))]
    for (const round of bench.rounds())
      for (const { tool, part } of bench.turns(ready, round))
        await backupUnchanged(bench, `again-${part.name}`, tool, part, round, bench.place(tool, part.name))
    const count = (share: number) => Math.round(files / share).toLocaleString('en-US')
    const what = `generated files of ${smallFileBytes} bytes, ${count(1)}; a fifth of them is ${count(5)}, a tenth ${count(10)}`
    return { path: all.path, what, entries: all.entries, bytes: files * smallFileBytes }
  },
}

/** The tenth lies within the fifth, and the fifth within all. What lies only in all is not made where all is left out. */
function makeTree(bench: Bench): Record<Part['name'], Part> & { files: number } {
  const files = bench.options.files ?? usualFiles
  const [fifth, tenth] = [Math.round(files / 5), Math.round(files / 10)]
  if (tenth === 0) throw new Error(`--files must be at least 10, not ${files}`)
  requireRoom(bench.options.work, `the workload many with ${files} files`, {
    bytes: files * diskPerFile,
    files: Math.ceil(files * inodesPerFile),
  })
  const path = bench.path('trees', `many-${files}`)
  const paths = { all: path, fifth: join(path, 'fifth'), tenth: join(path, 'fifth', 'tenth') }
  bench.options.tell(`making ${files} files, where they are not there yet`)
  const make = (directory: string, first: number, count: number) => {
    const mark = `${path}.${first}.complete`
    if (makeSmallFiles(directory, first, count, mark)) bench.changed()
  }
  make(paths.tenth, 0, tenth)
  make(join(paths.fifth, 'rest'), tenth, fifth - tenth)
  if (!leftOut(bench, 'all')) make(join(path, 'rest'), fifth, files - fifth)
  if (files < usualFiles) bench.notes.push('Fewer files than the million of the plan: --files said so.')
  return {
    files,
    all: { name: 'all', path: paths.all, entries: entriesOf(files) },
    fifth: { name: 'fifth', path: paths.fifth, entries: entriesOf(fifth) },
    tenth: { name: 'tenth', path: paths.tenth, entries: entriesOf(tenth) },
  }
}

function leftOut(bench: Bench, part: Part['name']): boolean {
  return bench.skips(`full-${part}`)
}

async function backUpFifth(bench: Bench, part: Part, round: number): Promise<void> {
  const ready: IncrementalTool[] = []
  for (const tool of bench.turns(leftOut(bench, part.name) ? [] : bench.tools, round)) {
    if (!(await bench.prepare(tool, round))) continue
    if (!(await bench.measure('full-fifth', tool, tool.backup(bench.place(tool), part.path), round))) continue
    bench.recordSize(tool, round, round === 0, 'full-fifth')
    if (isIncremental(tool)) ready.push(tool)
  }
  for (const tool of ready) {
    const name = await backupUnchanged(bench, 'again-fifth', tool, part, round)
    if (name === null || round > 0) continue
    // kept until the bench ends: see mixed
    const target = bench.freshDirectory(bench.path('restored', `many-${tool.name}`))
    const command = tool.restore(bench.place(tool), part.path, target, name)
    if (await bench.measure('restore-fifth', tool, command, round))
      checkSameTree(bench, tool, part.path, `${target}${part.path}`, 'the fifth and what was restored of it')
  }
}

/** The backup that the unchanged ones of all rounds build on. */
async function backUpOnce(bench: Bench, part: Part): Promise<{ tool: IncrementalTool; part: Part }[]> {
  const ready: { tool: IncrementalTool; part: Part }[] = []
  if (leftOut(bench, part.name)) return ready
  for (const tool of bench.incrementalTools) {
    if (part.name === 'all' && withoutAll.includes(tool.name)) {
      bench.notes.push(`${tool.name} was left out of all files, to shorten the run: the bar is against restic.`)
      continue
    }
    const place = bench.place(tool, part.name)
    if (!(await bench.prepare(tool, 1, place))) continue
    if (!(await bench.measure(`full-${part.name}`, tool, tool.backup(place, part.path), 1))) continue
    bench.recordSize(tool, 1, false, `full-${part.name}`, place)
    ready.push({ tool, part })
  }
  return ready
}
