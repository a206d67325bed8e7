import { readFileSync } from 'node:fs'
import type { Bench, Tree } from './bench.ts'
import type { IncrementalTool, Place } from './tool.ts'

/** What a backup needs for itself, however little it stores; and for each entry, in the lists that name them. */
const backupBytes = 64 * 1024
const bytesPerEntry = 2

/**
 * Backs up what has not changed since the tool's newest backup, and checks that nothing of it was stored again. Gives
 * the name of the new backup; null where it was not made.
 */
export async function backupUnchanged(
  bench: Bench,
  step: string,
  tool: IncrementalTool,
  tree: Pick<Tree, 'path' | 'entries'>,
  round: number,
  place: Place = bench.place(tool),
): Promise<string | null> {
  const label = `${step}-${round}`
  if (!(await bench.measure(step, tool, tool.backupAgain(place, tree.path, label), round))) return null
  const output = readFileSync(bench.outputOf(tool), 'utf8')
  const grownBytes = bench.recordSize(tool, round, round === 0, step, place)
  const said = tool.storedNothing(output)
  if (said !== null) bench.checkOnce(tool, `${step}: it says itself that no file’s content was stored`, said)
  const limit = backupBytes + bytesPerEntry * tree.entries
  bench.checkOnce(tool, `${step}: the repository grew by less than ${limit} bytes`, grownBytes < limit)
  return tool.backupName(output, label)
}
