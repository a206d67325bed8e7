import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, hashOf, type Tree } from '../bench.ts'
import { freeBytes } from '../machine.ts'
import { peakLimit, type Row } from '../rows.ts'
import type { Tool } from '../tool.ts'
import { holdfastName } from '../tools/holdfast.ts'
import { Generator, walk } from '../trees.ts'
import type { Workload } from '../workload.ts'

/** Workload 6, local: one small file out of a big archive; and, once, a member over 8 GiB there and back. */

const usualBytes = 10e9
/** 8.1 GiB: over what the size field of a plain tar header can say. */
const bigMemberBytes = Math.round(8.1 * 2 ** 30)
const smallBytes = 64 * 1024
/** Source, four repositories and a restored copy lie on the disk at their most. */
const diskPerByte = 4.2

const rows: readonly Row[] = [
  { title: 'one file of 64 KiB', quantity: { kind: 'wall', step: 'one-file' }, bars: [] },
  { title: '… bytes read', quantity: { kind: 'read', step: 'one-file' }, bars: [] },
  { title: '… of that, by the start of the program alone', quantity: { kind: 'read', step: 'start' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'one-file' }, bars: [peakLimit] },
  { title: 'start of the program alone', quantity: { kind: 'wall', step: 'start' }, bars: [] },
  { title: 'backup of it all (once)', quantity: { kind: 'wall', step: 'backup' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'backup' }, bars: [peakLimit] },
  { title: 'restore of it all (once)', quantity: { kind: 'wall', step: 'restore' }, bars: [] },
  { title: '… peak memory', quantity: { kind: 'peak', step: 'restore' }, bars: [peakLimit] },
  { title: 'size of the repository', quantity: { kind: 'size' }, bars: [] },
]

export const oneFile: Workload = {
  name: 'one-file',
  about: 'one small file out of a generated archive of 10 GB, and a member over 8 GiB there and back (--size BYTES)',
  rows,
  async run(bench) {
    const tree = makeTree(bench)
    const wanted = join(tree.path, 'late', '0050')
    const expected = await hashOf(wanted)
    const ready: Tool[] = []
    for (const tool of bench.tools) {
      if (!(await bench.prepare(tool, 0))) continue
      if (!(await bench.measure('backup', tool, tool.backup(bench.place(tool), tree.path), 1, false))) continue
      bench.recordSize(tool, 1, false)
      ready.push(tool)
      // now, while the peers' repositories do not yet need the room
      if (tool.name === holdfastName) await restoreBigMember(bench, tool, tree)
    }
    for (const round of bench.rounds()) {
      for (const tool of bench.turns(ready, round)) {
        await bench.measure('start', tool, tool.start(), round)
        if (await bench.measure('one-file', tool, tool.readFile(bench.place(tool), wanted), round))
          bench.checkOnce(tool, 'the file is the same', (await hashOf(bench.outputOf(tool))) === expected)
      }
    }
    bench.notes.push(
      'Bytes read are those of read calls of the process that reads the repository, from the page cache or not: the files of the program itself are among them, what it maps into memory is not.',
      'The backup of it all ran once for each tool, and the restore once for Holdfast: their figures are of little worth beside the others.',
    )
    return tree
  },
}

function makeTree(bench: Bench): Tree {
  const free = freeBytes(bench.options.work)
  const room = Math.floor(free / diskPerByte)
  const wanted = bench.options.sizeBytes ?? Math.min(usualBytes, room)
  if (wanted > room)
    throw new Error(`${wanted} bytes need ${Math.ceil(wanted * diskPerByte)} bytes of disk; ${free} are free`)
  if (wanted < usualBytes)
    bench.notes.push(
      `The tree is smaller than the 10 GB of the plan: ${free} bytes of disk were free, or --size said so.`,
    )
  const path = bench.path('trees', `one-file-${wanted}`)
  if (!existsSync(`${path}.complete`)) {
    bench.options.tell(`generating ${wanted} bytes`)
    generate(bench, path, wanted)
    writeFileSync(`${path}.complete`, '')
  }
  const { entries, bytes } = walk(path, () => false)
  return { path, what: 'generated, half random and half like a log', entries, bytes }
}

/** Small and middling files on either side, by name, of the big one. */
function generate(bench: Bench, path: string, sizeBytes: number): void {
  bench.freshDirectory(path)
  const generator = new Generator(1)
  const bigBytes = sizeBytes > bigMemberBytes * 1.05 ? bigMemberBytes : Math.floor(sizeBytes / 2)
  const smallFiles = Math.max(200, Math.min(1000, Math.floor((sizeBytes - bigBytes) / 4 / smallBytes)))
  for (let at = 0; at < smallFiles; at++) {
    const side = at % 2 === 0 ? 'early' : 'late'
    generator.writeFile(join(path, side, String(at >> 1).padStart(4, '0')), smallBytes)
  }
  generator.writeFile(join(path, 'giant'), bigBytes)
  const middling = Math.max(0, sizeBytes - bigBytes - smallFiles * smallBytes)
  const pieceBytes = Math.min(64e6, Math.ceil(middling / 4))
  for (let left = middling, at = 0; left > 0; left -= pieceBytes, at++)
    generator.writeFile(
      join(path, at % 2 === 0 ? 'even' : 'odd', String(at).padStart(4, '0')),
      Math.min(left, pieceBytes),
    )
}

async function restoreBigMember(bench: Bench, tool: Tool, tree: Tree): Promise<void> {
  const target = bench.freshDirectory(bench.path('restored'))
  const source = join(tree.path, 'giant')
  if (await bench.measure('restore', tool, tool.restore(bench.place(tool), tree.path, target), 1, false)) {
    const [before, after] = [await hashOf(source), await hashOf(`${target}${source}`)]
    const size = statSync(source).size
    const what = `the member of ${size} bytes (${size > 8 * 2 ** 30 ? 'over' : 'NOT over'} 8 GiB) came back with the same SHA-256`
    bench.check(tool, what, before === after, before)
  }
  bench.remove(target)
}
