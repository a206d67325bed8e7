import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, hashOf, type Tree } from '../bench.ts'
import { appendLog, cutLog, Database, hotPages, packedBytes, pageBytes, scatteredPages } from '../large-files.ts'
import { requireRoom } from '../machine.ts'
import { peakLimit, type Row } from '../rows.ts'
import type { IncrementalTool } from '../tool.ts'
import { holdfastName } from '../tools/holdfast.ts'
import { Generator, walk } from '../trees.ts'
import type { Workload } from '../workload.ts'

/** Workload 3: large files, of which a database changes in places and a log at its end. */

const usualBytes = 5.5e9
/** Of all bytes. */
const shares = { media: 0.1 / 5.5, database: 4 / 5.5, log: 0.5 / 5.5 }
const mediaFiles = 10
/** Source, three repositories and a restored database lie on the disk at their most. */
const diskPerByte = 4.2

const databaseBytes = 'database'
const logGrowth = 'growth of the log, packed'

function incrementalRows(step: string, title: string, stored: Row): readonly Row[] {
  return [
    { title, quantity: { kind: 'wall', step }, bars: [] },
    { title: '… CPU time', quantity: { kind: 'cpu', step }, bars: [] },
    { title: '… peak memory', quantity: { kind: 'peak', step }, bars: [peakLimit] },
    { title: '… the repository grew by', quantity: { kind: 'growth', step }, bars: [] },
    stored,
  ]
}

function shareOf(step: string, figure: string, as: 'percent' | 'times'): Row['quantity'] {
  return { kind: 'quotient', of: { kind: 'growth', step }, by: { kind: 'figure', name: figure }, as }
}

const notLarger: Row['bars'] = [{ kind: 'ratio', against: ['restic'], least: 1, moonshot: 1.11 }]

const rows: readonly Row[] = [
  { title: 'first full backup', quantity: { kind: 'wall', step: 'full' }, bars: [] },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'full' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'full' }, bars: [peakLimit] },
  { title: '… size of the repository', quantity: { kind: 'size', step: 'full' }, bars: notLarger },
  ...incrementalRows('hot', 'database: 1 % of its pages rewritten in hot ranges, incremental', {
    title: '… of the database’s size',
    quantity: shareOf('hot', databaseBytes, 'percent'),
    bars: [{ kind: 'limit', most: 0.025, moonshot: null }],
  }),
  ...incrementalRows('scattered', 'database: 1 % of its pages rewritten anywhere, incremental', {
    title: '… of the database’s size',
    quantity: shareOf('scattered', databaseBytes, 'percent'),
    bars: [],
  }),
  ...incrementalRows('log', 'log that grew by 10 %, incremental', {
    title: '… to its growth, packed alone',
    quantity: shareOf('log', logGrowth, 'times'),
    bars: [{ kind: 'limit', most: 1.25, moonshot: null }],
  }),
  { title: 'restore of the database, newest backup', quantity: { kind: 'wall', step: 'restore' }, bars: [] },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'restore' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'restore' }, bars: [peakLimit] },
  { title: 'size of the repository, all backups', quantity: { kind: 'size' }, bars: notLarger },
]

interface Source extends Tree {
  readonly database: string
  readonly pages: number
  readonly log: string
  readonly logBytes: number
}

export const large: Workload = {
  name: 'large',
  about: '10 files of 100 MB, a database of 4 GB of which 1 % changes, a log that grows; --size shrinks it all',
  rows,
  async run(bench) {
    const source = makeSource(bench)
    const changes = changesOf(source)
    bench.figures.push({ name: databaseBytes, value: source.pages * pageBytes })
    for (const round of bench.rounds(bench.options.rounds, 1)) {
      changes.reset()
      bench.changed()
      const firstHash = round === 1 ? await hashOf(source.database) : null
      const history = await backUpFull(bench, source, round)
      for (const step of ['hot', 'scattered', 'log'] as const) {
        if (bench.skips(step)) continue
        changes[step]()
        bench.changed()
        if (step === 'log' && round === 1)
          bench.figures.push({ name: logGrowth, value: packedBytes(source.log, source.logBytes) })
        await backUpAgain(bench, source, history, step, round)
      }
      for (const tool of history.keys()) bench.recordSize(tool, round)
      await restoreDatabase(bench, source, history, round)
      if (firstHash !== null) await checkOthers(bench, source, history, firstHash)
    }
    return source
  },
}

function makeSource(bench: Bench): Source {
  const wanted = bench.options.sizeBytes ?? usualBytes
  const path = bench.path('trees', `large-${wanted}`)
  const source = {
    path,
    what: `${mediaFiles} large files, a database of pages of ${pageBytes} bytes and a log, all generated`,
    database: join(path, 'database'),
    pages: Math.max(mediaFiles * 10, Math.round((wanted * shares.database) / pageBytes)),
    log: join(path, 'server.log'),
    logBytes: Math.ceil(wanted * shares.log),
  }
  const done = `${path}.complete`
  const need = wanted * (existsSync(done) ? diskPerByte - 1 : diskPerByte)
  requireRoom(bench.options.work, 'the workload large', { bytes: Math.ceil(need), files: 100_000 })
  if (!existsSync(done)) {
    bench.options.tell(`generating ${wanted} bytes`)
    bench.freshDirectory(path)
    mkdirSync(join(path, 'media'))
    const generator = new Generator(1)
    for (let at = 0; at < mediaFiles; at++)
      generator.writeFile(join(path, 'media', String(at)), Math.ceil(wanted * shares.media))
    new Database().write(source.database, source.pages)
    writeFileSync(source.log, '')
    appendLog(source.log, source.logBytes, 0)
    writeFileSync(done, '')
  }
  if (wanted < usualBytes)
    bench.notes.push(
      'The tree is smaller than the 5.5 GB of the plan: the shares that a few pages or lines take of a small file say nothing of a large one.',
    )
  const { entries, bytes } = walk(path, () => false)
  return { ...source, entries, bytes }
}

/** What happens to the source between the backups, and the way back. */
function changesOf({ database, pages, log, logBytes }: Source) {
  const content = new Database()
  const [hot, scattered] = [hotPages(pages), scatteredPages(pages)]
  return {
    hot: () => content.rewrite(database, hot, 1),
    scattered: () => content.rewrite(database, scattered, 2),
    log: () => appendLog(log, Math.ceil(logBytes / 10), 1),
    reset() {
      content.rewrite(database, new Set([...hot, ...scattered]), 0)
      cutLog(log, logBytes)
    },
  }
}

/** The names of its backups, for each tool that could make the first. */
type History = Map<IncrementalTool, string[]>

async function backUpFull(bench: Bench, source: Source, round: number): Promise<History> {
  const history: History = new Map()
  await bench.settle()
  for (const tool of bench.turns(bench.incrementalTools, round)) {
    if (!(await bench.prepare(tool, round))) continue
    if (!(await bench.measure('full', tool, tool.backup(bench.place(tool), source.path, 'full'), round))) continue
    history.set(tool, [bench.backupName(tool, 'full')])
    bench.recordSize(tool, round, false, 'full')
  }
  return history
}

/** Takes those out of `history` that could not. */
async function backUpAgain(bench: Bench, source: Source, history: History, step: string, round: number) {
  await bench.settle()
  for (const tool of bench.turns([...history.keys()], round)) {
    if (await bench.measure(step, tool, tool.backupAgain(bench.place(tool), source.path, step), round)) {
      history.get(tool)!.push(bench.backupName(tool, step))
      bench.recordSize(tool, round, false, step)
    } else history.delete(tool)
  }
}

async function restoreDatabase(bench: Bench, source: Source, history: History, round: number): Promise<void> {
  const expected = round === 1 ? await hashOf(source.database) : null
  for (const tool of bench.turns([...history.keys()], round))
    await restoreFile(bench, tool, 'restore', source.database, history.get(tool)!.at(-1)!, round, expected)
}

/** The log of the newest backup, and the database as Holdfast's first one has it; not in the table. */
async function checkOthers(bench: Bench, source: Source, history: History, firstHash: string): Promise<void> {
  const logHash = await hashOf(source.log)
  for (const [tool, backups] of history) {
    await restoreFile(bench, tool, 'restore-log', source.log, backups.at(-1)!, 1, logHash)
    if (tool.name === holdfastName)
      await restoreFile(bench, tool, 'restore-first', source.database, backups[0]!, 1, firstHash)
  }
}

/** `expected` is a SHA-256; null where nothing is to be compared. */
async function restoreFile(
  bench: Bench,
  tool: IncrementalTool,
  step: string,
  path: string,
  backup: string,
  round: number,
  expected: string | null,
): Promise<void> {
  const target = bench.freshDirectory(bench.path('restored', `large-${tool.name}`))
  const command = tool.restoreFile(bench.place(tool), path, target, backup)
  if ((await bench.measure(step, tool, command, round)) && expected !== null) {
    const found = await hashOf(`${target}${path}`)
    const what = `${step}: the file of ${statSync(`${target}${path}`).size} bytes came back with the same SHA-256`
    bench.check(tool, what, found === expected)
  }
  bench.remove(target)
}
