import type { Bench } from '../bench.ts'
import {
  addRunsAndSchedules,
  copyPlace,
  historyTree,
  lengthenHistory,
  makeFirstBackups,
  runCount,
} from '../console-history.ts'
import { type History, histories, idleMs, measureOpenings, measureWalk, nodeAlone } from '../console-measures.ts'
import { ConsolePty } from '../console-pty.ts'
import { stops } from '../console-stops.ts'
import { requireRoom } from '../machine.ts'
import type { Bar, Quantity, Row } from '../rows.ts'
import type { Tool } from '../tool.ts'
import { holdfastName } from '../tools/holdfast.ts'
import type { Workload } from '../workload.ts'

/** The console in a real pseudoterminal of 100x30, over 1,000 and over 100,000 backups. No peer here has one. */

const usualFiles = 100_000
const bytesPerBackup = 9000
const inodesPerBackup = 2

const paintBar: Bar = { kind: 'limit', most: 0.25, moonshot: 0.12 }
const bytesBar: Bar = { kind: 'limit', most: 800, moonshot: 500 }
/** What a person takes for immediate; "without lag" was asked. */
const lagBar: Bar = { kind: 'limit', most: 0.1, moonshot: 0.05 }
const memoryBars: Record<History, Bar> = {
  few: { kind: 'limit', most: 180e6, moonshot: null },
  many: { kind: 'limit', most: 320e6, moonshot: null },
}

const keysOf = (name: string): Quantity => ({ kind: 'written', step: `down-${name}` })
const rows: readonly Row[] = [
  {
    title: 'first picture, from the start of the process',
    quantity: { kind: 'wall', step: 'first-picture' },
    bars: [paintBar],
    yardstick: { tool: nodeAlone.name, title: 'node -e 0, to its end' },
  },
  {
    title: '… the Dashboard with all its figures, 1,000 backups',
    quantity: { kind: 'wall', step: 'dashboard-few' },
    bars: [],
  },
  { title: '… 100,000 backups', quantity: { kind: 'wall', step: 'dashboard-many' }, bars: [] },
  ...stops.flatMap(({ name, title }): Row[] => [
    { title: `bytes for a Down key: ${title}`, quantity: keysOf(name), bars: [bytesBar] },
    { title: '… the most of 40', quantity: { kind: 'worst', of: keysOf(name) }, bars: [bytesBar] },
  ]),
  { title: 'bytes for a PageDown: all of these', quantity: { kind: 'written', step: 'page' }, bars: [] },
  {
    title: 'bytes for a key in a filter: all of these',
    quantity: { kind: 'written', step: 'filter' },
    bars: [bytesBar],
  },
  ...(['few', 'many'] as const).flatMap((history): Row[] => [
    {
      title: `idle for ${idleMs / 1000} s, ${histories[history].toLocaleString('en-US')} backups: bytes written`,
      quantity: { kind: 'written', step: `idle-${history}` },
      bars: [{ kind: 'limit', most: 0, moonshot: null }],
    },
    {
      title: '… CPU time',
      quantity: {
        kind: 'quotient',
        of: { kind: 'cpu', step: `idle-${history}` },
        by: { kind: 'wall', step: `idle-${history}` },
        as: 'percent',
      },
      // What a person's top shows as 0 %.
      bars: [{ kind: 'limit', most: 0.005, moonshot: 0 }],
    },
  ]),
  {
    title: '100,000 backups: from a Down key to its last byte',
    quantity: { kind: 'wall', step: 'scroll' },
    bars: [lagBar],
  },
  {
    title: '… the slowest of 200',
    quantity: { kind: 'worst', of: { kind: 'wall', step: 'scroll' } },
    bars: [lagBar],
  },
  {
    title: '… End and Home, the slowest',
    quantity: { kind: 'worst', of: { kind: 'wall', step: 'ends' } },
    bars: [lagBar],
  },
  {
    title: '… a Down key while the list is read anew, the slowest',
    quantity: { kind: 'worst', of: { kind: 'wall', step: 'scroll-reading' } },
    bars: [lagBar],
  },
  {
    title: '… a key while the list is read the first time, the slowest',
    quantity: { kind: 'worst', of: { kind: 'wall', step: 'first-reading' } },
    bars: [lagBar],
  },
  ...(['few', 'many'] as const).flatMap((history): Row[] => [
    {
      title: `memory after all screens, ${histories[history].toLocaleString('en-US')} backups`,
      quantity: { kind: 'figure', name: `memory-${history}` },
      bars: [memoryBars[history]],
    },
    {
      title: '… its peak until then',
      quantity: { kind: 'peak', step: `walk-${history}` },
      bars: [memoryBars[history]],
    },
    {
      title: '… its peak after a search and a comparison of all files',
      quantity: { kind: 'peak', step: `scan-${history}` },
      bars: [memoryBars[history]],
    },
  ]),
]

export const consoleScreens: Workload = {
  name: 'console',
  about: 'the console in a terminal of 100x30: first picture, bytes and time for a key, idle, memory',
  rows,
  async run(bench) {
    const files = bench.options.files ?? usualFiles
    const tree = historyTree(files)
    const tool = bench.tool(holdfastName)
    if (tool === undefined) {
      bench.notes.push('Holdfast was not there: nothing was measured.')
      return tree
    }
    const places = { few: bench.place(tool, 'few'), many: bench.place(tool, 'many') }
    requireRoom(bench.options.work, 'console', {
      bytes: histories.many * bytesPerBackup + files * bytesPerBackup,
      files: (histories.many + files) * inodesPerBackup,
    })
    if (!(await makeFirstBackups(bench, tool, places.few, files))) return tree
    addRunsAndSchedules(places.few.repository)
    copyPlace(bench, places.few, places.many)
    for (const history of ['few', 'many'] as const)
      await lengthenHistory(places[history].repository, histories[history])
    bench.notes.push(
      `Two backups are whole (not encrypted, so that their manifests can be copied); the others are a directory, a manifest and a line of the catalog each, written by the program's own store. ${runCount} runs are copies of one log.`,
      'No peer: restic and borg have no console, and neither rustic nor kopia, which have one or the like, were there.',
    )
    const open = (history: History): ConsolePty =>
      openConsole(bench, tool, places[history].directory, places[history].repository)
    await measureOpenings(bench, open)
    for (const history of ['few', 'many'] as const) {
      const pty = open(history)
      try {
        await measureWalk(bench, history, pty)
      } catch (error) {
        bench.failures.push({ step: `walk-${history}`, tool: holdfastName, round: 1, what: String(error) })
        bench.options.tell(String(error))
      } finally {
        pty.close()
      }
    }
    return tree
  },
}

function openConsole(bench: Bench, tool: Tool, directory: string, repository: string): ConsolePty {
  const program = tool.start().stages[0]![0]!
  return new ConsolePty([program, '--root', repository], bench.environment, directory)
}
