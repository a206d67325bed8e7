import { expect, test } from 'vitest'
import { deadline, Progress } from '../progress.ts'
import { commitDate, writeRows } from '../reliability-page.ts'
import type { Order } from './child.ts'
import { CorruptionProcess } from './corruption-process.ts'
import { subjects } from './subjects.ts'

/**
 * A file of the repository is damaged, and then read as people read it: there is no crash, no hang, and no wrong byte
 * is restored. HOLDFAST_LONG=1 does so 110,000 times and writes the table of docs/reliability.md; HOLDFAST_MINUTES
 * ends it earlier, and the next run goes on from there.
 */

const isLong = process.env['HOLDFAST_LONG'] === '1'
const cases = isLong ? { flip: 100_000, structure: 10_000 } : { flip: 200, structure: 100 }
const batch = isLong ? 50 : 10
/** For a batch; a case takes some milliseconds. */
const hangMs = 180_000
const day = 86_400_000
const manners = ['structure', 'flip'] as const
const sources = ['src/engine', 'src/model', 'src/store', 'test/faults/corruption', 'test/faults/in-process']

/** Batches of all kinds in turn, so that a run that ends early has something of everything. */
function orders(): Order[] {
  return manners
    .flatMap((manner) =>
      subjects.flatMap(({ name, share }) => {
        const count = Math.ceil((cases[manner] * share) / 100)
        const batches = Math.ceil(count / batch)
        return Array.from({ length: batches }, (_, at) => ({
          order: { subject: name, manner, from: at * batch, count: Math.min(batch, count - at * batch) },
          turn: at / batches,
        }))
      }),
    )
    .sort((a, b) => a.turn - b.turn)
    .map(({ order }) => order)
}

const inWords = ({ subject, manner, from, count }: Order): string => `${subject}: ${manner}: ${from} and ${count}`

test(
  'whatever is damaged, nothing crashes or hangs, and no wrong byte is restored',
  async () => {
    const waiting = orders()
    const all = [...waiting]
    const progress = isLong ? new Progress('corruption', sources) : null
    const isOver = deadline()
    const found: string[] = []
    const process = await CorruptionProcess.open()
    try {
      for (const order of waiting) {
        if (isOver()) break
        if (progress?.has(inWords(order))) continue
        const answer = await process.perform(order, hangMs)
        const problems = answer?.problems ?? [
          `${inWords(order)}: the process died, or did not answer within ${hangMs} ms`,
        ]
        found.push(...problems)
        progress?.note({ what: inWords(order), problems })
      }
    } finally {
      await process.close()
    }
    if (progress !== null) writeTable(all, progress)
    expect(progress === null ? found : progress.notes.flatMap(({ problems }) => problems ?? [])).toEqual([])
  },
  isLong ? day : 120_000,
)

function writeTable(all: readonly Order[], progress: Progress): void {
  const notes = new Map(progress.notes.map((note) => [note.what, note]))
  const rows = subjects.map(({ name }) => {
    const cells = (['flip', 'structure'] as const).map((manner) => {
      const done = all.filter((order) => order.subject === name && order.manner === manner && notes.has(inWords(order)))
      const tried = done.reduce((sum, { count }) => sum + count, 0)
      const failed = done.reduce((sum, order) => sum + (notes.get(inWords(order))?.problems?.length ?? 0), 0)
      return `${tried - failed} of ${tried}`
    })
    return [name, ...cells, commitDate()]
  })
  writeRows(
    'corruption',
    rows,
    subjects.map(({ name }) => name),
  )
}
