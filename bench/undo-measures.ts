import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, sizeOf } from './bench.ts'
import { changeThird } from './restore-tree.ts'
import { restoredBy } from './restored-by.ts'
import { peakLimit, type Quantity, type Row } from './rows.ts'
import { changedBetween, type SeenTree, seeTree } from './seen-tree.ts'
import { reworded, type Tool } from './tool.ts'

/** What it costs that a restore in place can be taken back, and to take it back. */

const replacedFigure = 'replaced-bytes'
const without: Quantity = { kind: 'wall', step: 'in-place-no-undo' }
const saving: Quantity = { kind: 'wall', step: 'in-place' }

export const undoRows: readonly Row[] = [
  { title: 'a restore in place, a third of the files changed, --no-undo', quantity: without, bars: [] },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'in-place-no-undo' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'in-place-no-undo' }, bars: [peakLimit] },
  { title: 'the same, saving what it replaces', quantity: saving, bars: [] },
  {
    title: '… by that with --no-undo',
    quantity: { kind: 'quotient', of: saving, by: without, as: 'times' },
    bars: [],
  },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'in-place' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'in-place' }, bars: [peakLimit] },
  { title: '… the safety backup', quantity: { kind: 'size', step: 'safety' }, bars: [] },
  {
    title: '… by what was replaced',
    quantity: {
      kind: 'quotient',
      of: { kind: 'size', step: 'safety' },
      by: { kind: 'figure', name: replacedFigure },
      as: 'percent',
    },
    bars: [],
  },
  { title: '… the repository grew by', quantity: { kind: 'growth', step: 'in-place' }, bars: [] },
  { title: 'undo', quantity: { kind: 'wall', step: 'undo' }, bars: [] },
  {
    title: '… by the restore it takes back',
    quantity: { kind: 'quotient', of: { kind: 'wall', step: 'undo' }, by: saving, as: 'times' },
    bars: [],
  },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'undo' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'undo' }, bars: [peakLimit] },
]

export interface Restorable {
  readonly tool: Tool
  /** Of the backup that is restored. */
  readonly backup: string
  readonly path: string
  readonly files: number
  /** The tree as it was backed up. */
  readonly source: SeenTree
}

/** In turns, each over the tree with its third written anew. */
export async function measureUndo(bench: Bench, what: Restorable): Promise<void> {
  for (const round of bench.rounds()) {
    for (const saves of bench.turns([true, false], round)) {
      const replaced = changeThird(what.path, what.files)
      if (!bench.figures.some(({ name }) => name === replacedFigure))
        bench.figures.push({ name: replacedFigure, value: replaced })
      if (!(await (saves ? restoreAndUndo(bench, what, round) : restoreInPlace(bench, what, round, false)))) return
    }
  }
}

async function restoreAndUndo(bench: Bench, what: Restorable, round: number): Promise<boolean> {
  const { tool, path } = what
  const place = bench.place(tool)
  const before = seeTree(path)
  const known = new Set(backupsOf(place.repository))
  bench.recordSize(tool, round, round === 0, 'before-in-place')
  if (!(await restoreInPlace(bench, what, round, true))) return false
  bench.recordSize(tool, round, round === 0, 'in-place')
  const safety = backupsOf(place.repository).filter((id) => !known.has(id))
  const bytes = safety.reduce((sum, id) => sum + sizeOf(join(place.repository, 'archives', id)).bytes, 0)
  bench.recordBytes('safety', tool, round, bytes)
  const { id } = restoredBy(bench, tool)
  const undo = reworded(tool.listBackups(place)!, 'list', ['undo', id, '--yes', '--json'])
  if (!(await bench.measure('undo', tool, undo, round))) return false
  const wrong = changedBetween(before, seeTree(path))
  bench.checkOnce(tool, 'undone, every content, mode and time is what it was before the restore', wrong.length === 0)
  return true
}

async function restoreInPlace(
  bench: Bench,
  { tool, backup, path, source }: Restorable,
  round: number,
  saves: boolean,
): Promise<boolean> {
  const words = ['restore', backup, '--in-place', '--yes', '--json', ...(saves ? [] : ['--no-undo'])]
  const command = reworded(tool.listBackups(bench.place(tool))!, 'list', words)
  if (!(await bench.measure(saves ? 'in-place' : 'in-place-no-undo', tool, command, round))) return false
  const wrong = changedBetween(source, seeTree(path))
  bench.checkOnce(tool, 'restored in place, everything is as it was backed up', wrong.length === 0)
  return true
}

function backupsOf(repository: string): string[] {
  return readdirSync(join(repository, 'archives'))
}
