import { setTimeout as wait } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { ConsolePty, cpuSecondsOf, memoryOf } from './console-pty.ts'
import { down, escapeKey, goTo, home, quick, type Stop, scan, stops, thorough } from './console-stops.ts'
import { holdfastName } from './tools/holdfast.ts'

/** What is measured of the console: its opening, what a key costs, what it costs while nobody presses one. */

export const histories = { few: 1000, many: 100_000 } as const
export type History = keyof typeof histories
export const nodeAlone = { name: 'node' }
export const idleMs = 30_000
const openings = 9
const longOpenings = 3
const downs = 40
const pages = 5
const scrolls = 200
const ends = 10
const scrollsWhileReading = 60
const firstReadingMs = 6000
const filterText = 'web0'

/** Each opened and closed again, beside node alone in the same terminal. */
export async function measureOpenings(bench: Bench, open: (history: History) => ConsolePty): Promise<void> {
  for (const round of bench.rounds(openings)) {
    bench.options.signal.throwIfAborted()
    const alone = new ConsolePty([process.execPath, '-e', '0'], bench.environment, bench.options.work)
    bench.record('first-picture', { seconds: await alone.ended(), round }, nodeAlone.name)
    for (const history of ['few', 'many'] as const) {
      if (history === 'many' && round > longOpenings) continue
      const pty = open(history)
      try {
        const first = await pty.wrote('HOLDFAST')
        if (history === 'few') bench.record('first-picture', { seconds: first, round })
        const seconds = await pty.shows(/iB in [\d,]+ backups/)
        bench.record(`dashboard-${history}`, { seconds, round })
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

export async function measureWalk(bench: Bench, history: History, pty: ConsolePty): Promise<void> {
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
  bench.record(`walk-${history}`, { peakBytes })
  bench.options.tell(`${history}: ${Math.round(nowBytes / 1e6)} MB, peak ${Math.round(peakBytes / 1e6)} MB`)
  await scan(pty)
  bench.record(`scan-${history}`, { peakBytes: memoryOf(pid).peakBytes })
  bench.options.tell(`${history}: peak after scans ${Math.round(memoryOf(pid).peakBytes / 1e6)} MB`)
}

async function measureKeys(bench: Bench, pty: ConsolePty, { name }: Stop): Promise<void> {
  const costs: number[] = []
  for (let round = 1; round <= downs; round++) {
    const { seconds, bytes } = await pty.press(down, thorough)
    bench.record(`down-${name}`, { seconds, writtenBytes: bytes, round })
    costs.push(bytes)
  }
  for (let round = 1; round <= pages; round++) {
    const { seconds, bytes } = await pty.press('\x1b[6~', thorough)
    bench.record('page', { seconds, writtenBytes: bytes, round })
  }
  await pty.press('/', thorough)
  for (const key of filterText) {
    const { seconds, bytes } = await pty.press(key, thorough)
    bench.record('filter', { seconds, writtenBytes: bytes })
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
  for (let round = 1; performance.now() - began < firstReadingMs; round++) {
    const { seconds } = await pty.press(round % 2 === 1 ? '6' : '2', quick)
    bench.record('first-reading', { seconds, round })
  }
  await pty.press('1', thorough)
}

async function measureScrolling(bench: Bench, pty: ConsolePty): Promise<void> {
  await pty.press('2', thorough)
  await pty.shows('Backups 100,000')
  for (let round = 1; round <= scrolls; round++) {
    const { seconds, bytes } = await pty.press(down, quick)
    bench.record('scroll', { seconds, writtenBytes: bytes, round })
  }
  for (let round = 1; round <= ends; round++) {
    const { seconds } = await pty.press(round % 2 === 1 ? 'G' : 'g', quick)
    bench.record('ends', { seconds, round })
  }
  pty.type('r')
  for (let round = 1; round <= scrollsWhileReading; round++) {
    const { seconds } = await pty.press(down, quick)
    bench.record('scroll-reading', { seconds, round })
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
  bench.record(`idle-${history}`, {
    seconds: (performance.now() - at) / 1000,
    cpuSeconds: cpuSecondsOf(pid) - cpu,
    writtenBytes: pty.bytes - bytes,
  })
}
