import { setTimeout as wait } from 'node:timers/promises'
import type { Bench, Tree } from '../bench.ts'
import {
  addRunsAndSchedules,
  copyPlace,
  lengthenHistory,
  makeFirstBackups,
  runCount,
  scheduleCount,
} from '../console-history.ts'
import { ConsolePty, cpuSecondsOf, memoryOf } from '../console-pty.ts'
import { requireRoom } from '../machine.ts'
import type { Bar, Quantity, Row } from '../rows.ts'
import { entriesOf, smallFileBytes } from '../small-files.ts'
import type { Tool } from '../tool.ts'
import { holdfastName } from '../tools/holdfast.ts'
import type { Workload } from '../workload.ts'

/** The console in a real pseudoterminal of 100x30, over 1,000 and over 100,000 backups. No peer here has one. */

const histories = { few: 1000, many: 100_000 } as const
type History = keyof typeof histories
const usualFiles = 100_000
const nodeAlone = { name: 'node' }
const openings = 9
const downs = 40
const pages = 5
const scrolls = 200
const idleMs = 30_000
const bytesPerBackup = 9000
const inodesPerBackup = 2

const down = '\x1b[B'
const escapeKey = '\x1b'
/** For bytes: what a screen adds a moment later, a preview, is counted to its key. */
const thorough = { restMs: 130, patienceMs: 300 }
const patient = { restMs: 400, patienceMs: 3000 }
const quick = { restMs: 40, patienceMs: 5000 }
const filterText = 'web0'

const paintBar: Bar = { kind: 'limit', most: 0.25, moonshot: 0.12 }
const bytesBar: Bar = { kind: 'limit', most: 800, moonshot: 500 }
/** What a person takes for immediate; "without lag" was asked. */
const lagBar: Bar = { kind: 'limit', most: 0.1, moonshot: 0.05 }
const memoryBars: Record<History, Bar> = {
  few: { kind: 'limit', most: 180e6, moonshot: null },
  many: { kind: 'limit', most: 320e6, moonshot: null },
}

interface Stop {
  readonly name: string
  readonly title: string
  /** Each pressed until that is seen. */
  readonly way: readonly (readonly [key: string, shown: string | RegExp])[]
}

/** The screens with a list to go down in, and the way to each from the Dashboard. */
const stops: readonly Stop[] = [
  { name: 'backups', title: 'Backups', way: [['2', /Backups 10*[,0]*/]] },
  { name: 'schedules', title: 'Schedules', way: [['3', `Schedules ${scheduleCount}`]] },
  { name: 'cleanup', title: 'Cleanup', way: [['4', /(What goes|Backups) [\d,]+ /]] },
  { name: 'verify', title: 'Verify', way: [['5', /Backups [\d,]+:/]] },
  { name: 'activity', title: 'Activity', way: [['6', /Runs \d/]] },
  {
    name: 'inspect',
    title: 'Inspect',
    way: [
      ['2', /Backups [\d,]+ /],
      ['g', '▸'],
      ['\r', '0000000.json'],
    ],
  },
  {
    name: 'scope',
    title: 'Restore’s scope tree',
    way: [
      ['2', /Backups [\d,]+ /],
      ['g', '▸'],
      ['R', '▸ ● everything'],
      [`${down}\x1b[C`, '0000000.json'],
    ],
  },
]

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
    const tree: Tree = {
      path: '',
      what: 'generated files of 100 bytes, backed up twice',
      entries: entriesOf(files),
      bytes: files * smallFileBytes,
    }
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

interface Taken {
  readonly seconds?: number
  readonly cpuSeconds?: number
  readonly peakBytes?: number
  readonly writtenBytes?: number
  readonly round?: number
}

function record(bench: Bench, step: string, taken: Taken, tool = holdfastName as string): void {
  const { seconds = 0, cpuSeconds = 0, peakBytes = 0, writtenBytes, round = 1 } = taken
  bench.measurements.push({
    step,
    tool,
    round,
    warmUp: round === 0,
    wallSeconds: seconds,
    cpuSeconds,
    peakBytes,
    readBytes: null,
    ...(writtenBytes === undefined ? {} : { writtenBytes }),
  })
}

/** Each opened and closed again, beside node alone in the same terminal. */
async function measureOpenings(bench: Bench, open: (history: History) => ConsolePty): Promise<void> {
  for (const round of bench.rounds(openings)) {
    bench.options.signal.throwIfAborted()
    const alone = new ConsolePty([process.execPath, '-e', '0'], bench.environment, bench.options.work)
    record(bench, 'first-picture', { seconds: await alone.ended(), round }, nodeAlone.name)
    for (const history of ['few', 'many'] as const) {
      if (history === 'many' && round > 3) continue
      const pty = open(history)
      try {
        const first = await pty.wrote('HOLDFAST')
        if (history === 'few') record(bench, 'first-picture', { seconds: first, round })
        const seconds = await pty.shows(/iB in [\d,]+ backups/)
        record(bench, `dashboard-${history}`, { seconds, round })
        bench.options.tell(
          `round ${round}  ${history}  ${Math.round(first * 1000)} ms, ${Math.round(seconds * 1000)} ms`,
        )
      } finally {
        pty.close()
        await pty.ended()
      }
    }
  }
}

async function measureWalk(bench: Bench, history: History, pty: ConsolePty): Promise<void> {
  await pty.wrote('HOLDFAST')
  if (history === 'many') await measureFirstReading(bench, pty)
  await pty.shows(/iB in [\d,]+ backups/)
  await pty.rest(thorough)
  if (history === 'many') await measureScrolling(bench, pty)
  for (const stop of stops) {
    await goTo(pty, stop)
    if (history === 'few') await measureKeys(bench, pty, stop)
    await home(pty)
  }
  for (const digit of ['7', '1']) await pty.press(digit, thorough)
  const pid = pty.drawingProcess()
  await measureIdle(bench, history, pty, pid)
  const { nowBytes, peakBytes } = memoryOf(pid)
  bench.figures.push({ name: `memory-${history}`, value: nowBytes })
  record(bench, `walk-${history}`, { peakBytes })
  bench.options.tell(`${history}: ${Math.round(nowBytes / 1e6)} MB, peak ${Math.round(peakBytes / 1e6)} MB`)
  await scan(pty)
  record(bench, `scan-${history}`, { peakBytes: memoryOf(pid).peakBytes })
  bench.options.tell(`${history}: peak after scans ${Math.round(memoryOf(pid).peakBytes / 1e6)} MB`)
}

async function goTo(pty: ConsolePty, { way }: Stop): Promise<void> {
  for (const [key, shown] of way) {
    const isThere = (): boolean => (typeof shown === 'string' ? pty.screen.includes(shown) : shown.test(pty.screen))
    await pty.press(key, thorough)
    for (let tries = 0; tries < 30 && !isThere(); tries++) await pty.press(key, patient)
    await pty.shows(shown)
  }
  await pty.rest(thorough)
}

/** Back to the Dashboard, from wherever it is. */
async function home(pty: ConsolePty): Promise<void> {
  for (let tries = 0; tries < 6 && !/ Dashboard /.test(pty.screen.split('\n')[0]!); tries++) {
    await pty.press(escapeKey, thorough)
    await pty.press('1', thorough)
  }
}

async function measureKeys(bench: Bench, pty: ConsolePty, { name }: Stop): Promise<void> {
  const costs: number[] = []
  for (let round = 1; round <= downs; round++) {
    const { seconds, bytes } = await pty.press(down, thorough)
    record(bench, `down-${name}`, { seconds, writtenBytes: bytes, round })
    costs.push(bytes)
  }
  for (let round = 1; round <= pages; round++) {
    const { seconds, bytes } = await pty.press('\x1b[6~', thorough)
    record(bench, 'page', { seconds, writtenBytes: bytes, round })
  }
  await pty.press('/', thorough)
  for (const key of filterText) {
    const { seconds, bytes } = await pty.press(key, thorough)
    record(bench, 'filter', { seconds, writtenBytes: bytes })
  }
  await pty.press(escapeKey, thorough)
  const mean = Math.round(costs.reduce((sum, cost) => sum + cost, 0) / costs.length)
  bench.notes.push(`${name}: ${mean} bytes for a Down key on average.`)
  bench.options.tell(`${name}: ${costs.join(' ')}`)
  bench.checkOnce(
    bench.tool(holdfastName)!,
    `${name}: every key did something`,
    costs.filter(Boolean).length >= downs - 2,
  )
}

/** Screens that always answer, in turns, until the list is there. */
async function measureFirstReading(bench: Bench, pty: ConsolePty): Promise<void> {
  const began = performance.now()
  for (let round = 1; performance.now() - began < 6000; round++) {
    const { seconds } = await pty.press(round % 2 === 1 ? '6' : '2', quick)
    record(bench, 'first-reading', { seconds, round })
  }
  await pty.press('1', thorough)
}

async function measureScrolling(bench: Bench, pty: ConsolePty): Promise<void> {
  await pty.press('2', thorough)
  await pty.shows('Backups 100,000')
  for (let round = 1; round <= scrolls; round++) {
    const { seconds, bytes } = await pty.press(down, quick)
    record(bench, 'scroll', { seconds, writtenBytes: bytes, round })
  }
  for (let round = 1; round <= 10; round++) {
    const { seconds } = await pty.press(round % 2 === 1 ? 'G' : 'g', quick)
    record(bench, 'ends', { seconds, round })
  }
  pty.type('r')
  for (let round = 1; round <= 60; round++) {
    const { seconds } = await pty.press(down, quick)
    record(bench, 'scroll-reading', { seconds, round })
  }
  await pty.press('1', thorough)
}

/** From the turn of a minute on, when the clock is drawn: what that costs is told beside. */
async function measureIdle(bench: Bench, history: History, pty: ConsolePty, pid: number): Promise<void> {
  const intoMinuteMs = Date.now() % 60_000
  if (intoMinuteMs > 60_000 - idleMs - 2000) {
    const before = pty.bytes
    await wait(60_000 - intoMinuteMs + 1500)
    bench.notes.push(`At the turn of a minute the clocks are drawn anew: ${pty.bytes - before} bytes (${history}).`)
  }
  const [bytes, cpu, at] = [pty.bytes, cpuSecondsOf(pid), performance.now()]
  await wait(idleMs)
  record(bench, `idle-${history}`, {
    seconds: (performance.now() - at) / 1000,
    cpuSeconds: cpuSecondsOf(pid) - cpu,
    writtenBytes: pty.bytes - bytes,
  })
}

/** Finds a name that no file has in all of a backup, and compares the two that are whole. */
async function scan(pty: ConsolePty): Promise<void> {
  await pty.press('2', thorough)
  await pty.press('g', thorough)
  await pty.press('\r', patient)
  await pty.press('f', thorough)
  for (const key of 'nowhere') await pty.press(key, { restMs: 30, patienceMs: 300 })
  await pty.rest({ restMs: 2500, patienceMs: 4000 })
  await home(pty)
  await pty.press('2', thorough)
  for (const key of ['g', ' ', ' ', '=']) await pty.press(key, thorough)
  await pty.shows('+ 500')
  await pty.rest({ restMs: 1500, patienceMs: 4000 })
}
