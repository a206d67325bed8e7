import type { Bench, Tree } from '../bench.ts'
import { killRestore } from '../kill-restore.ts'
import { requireRoom } from '../machine.ts'
import { makeRestoreTree, meanBytes } from '../restore-tree.ts'
import { restoredBy } from '../restored-by.ts'
import { peakLimit, type Quantity, type Row } from '../rows.ts'
import { changedBetween, filesOf, inPlace, seeTree } from '../seen-tree.ts'
import { extended, type Tool } from '../tool.ts'
import { holdfastName } from '../tools/holdfast.ts'
import { measureUndo, type Restorable, undoRows } from '../undo-measures.ts'
import type { Workload } from '../workload.ts'

/** A restore that was killed, asked for again; and a restore taken back. */

const usualFiles = 10_000
const kills = [
  { name: 'half', share: 0.5 },
  { name: 'most', share: 0.9 },
] as const
type Kill = (typeof kills)[number]
/** One peer is enough to show a second restore beside. */
const tools = [holdfastName, 'restic']
/** A restore is over soon where there is little to restore. */
const attempts = 5

const wall = (step: string): Quantity => ({ kind: 'wall', step })
const rows: readonly Row[] = [
  { title: 'a whole restore', quantity: wall('restore'), bars: [] },
  { title: '… CPU time', quantity: { kind: 'cpu', step: 'restore' }, bars: [] },
  { title: '… bytes its write calls took', quantity: { kind: 'written', step: 'restore' }, bars: [] },
  ...kills.flatMap(({ name, share }): Row[] => {
    const [placed, again]: Quantity[] = [
      { kind: 'size', step: `placed-${name}` },
      { kind: 'size', step: `again-${name}` },
    ]
    return [
      { title: `killed at ${share * 100} % of the files: bytes in place`, quantity: placed!, bars: [] },
      { title: '… the second run wrote', quantity: { kind: 'size', step: `wrote-${name}` }, bars: [] },
      {
        title: '… of what was in place, written again',
        quantity: { kind: 'quotient', of: again!, by: placed!, as: 'percent' },
        bars: [{ kind: 'limit', most: 0.01, moonshot: 0 }],
      },
      { title: '… bytes its write calls took', quantity: { kind: 'written', step: `resume-${name}` }, bars: [] },
      { title: '… time of the second run', quantity: wall(`resume-${name}`), bars: [] },
      {
        title: '… by that of a whole restore',
        quantity: { kind: 'quotient', of: wall(`resume-${name}`), by: wall('restore'), as: 'percent' },
        bars: [],
      },
      { title: '… CPU time', quantity: { kind: 'cpu', step: `resume-${name}` }, bars: [] },
      { title: '… peak memory', quantity: { kind: 'peak', step: `resume-${name}` }, bars: [peakLimit] },
    ]
  }),
  ...undoRows,
]

export const resume: Workload = {
  name: 'resume',
  about: 'a restore killed at a half and at nine tenths and asked for again; a restore in place, and its undo',
  rows,
  async run(bench) {
    const files = bench.options.files ?? usualFiles
    // of every tool a repository; in every round three restored trees
    const copies = tools.length * (1 + 3 * (bench.options.rounds + 1)) + 2
    requireRoom(bench.options.work, 'resume', { bytes: files * (meanBytes + 4096) * copies, files: files * copies })
    const path = bench.freshDirectory(bench.path('trees', 'resume'))
    bench.options.tell(`making ${files} files`)
    makeRestoreTree(path, files)
    bench.changed()
    const source = seeTree(path)
    const what = `generated files of 500 bytes to 100 kB, half random and half like a log, ${meanBytes / 1000} kB on average`
    const tree: Tree = { path, what, entries: source.size, bytes: filesOf(source).bytes }
    await bench.settle()
    const ready: Restorable[] = []
    for (const tool of bench.tools.filter(({ name }) => tools.includes(name))) {
      if (!(await bench.prepare(tool, 0))) continue
      if (!(await bench.measure('backup', tool, tool.backup(bench.place(tool), path, 'resume'), 0))) continue
      ready.push({ tool, backup: bench.backupName(tool, 'resume'), path, files, source })
    }
    bench.notes.push(
      'What is in place is what stands under its own name with its whole content, read after the kill. What Holdfast wrote is what its --json result says, what restic wrote is what its write calls took; written again is what of that was not missing. Write calls also take what a program notes down for itself: Holdfast its plan.',
      'The second run is the same command once more, for restic as well, which has no command to resume. borg and tar were left out.',
    )
    for (const round of bench.rounds())
      for (const one of bench.turns(ready, round)) {
        const target = bench.freshDirectory(bench.path('restored', `${one.tool.name}-${round}`))
        if (!(await bench.measure('restore', one.tool, restoreOf(bench, one, target), round))) continue
        checkRestored(bench, one, target)
        for (const kill of kills) await killAndGoOn(bench, one, kill, round)
      }
    const own = ready.find(({ tool }) => tool.name === holdfastName)
    if (own !== undefined) await measureUndo(bench, own)
    return tree
  },
}

async function killAndGoOn(bench: Bench, what: Restorable, { name, share }: Kill, round: number): Promise<void> {
  const { tool, path, source } = what
  const fail = (why: string) => bench.failures.push({ step: `kill-${name}`, tool: tool.name, round, what: why })
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const target = bench.freshDirectory(bench.path('restored', `${tool.name}-${round}-${name}-${attempt}`))
    const command = restoreOf(bench, what, target)
    if (!(await killRestore(bench, command, { source, root: `${target}${path}`, share }))) continue
    const placed = inPlace(seeTree(`${target}${path}`), source)
    const there = filesOf(placed)
    if (!(await bench.measure(`resume-${name}`, tool, command, round))) return
    const after = checkRestored(bench, what, target)
    const all = filesOf(source)
    const wrote = wroteBy(bench, tool)
    if (wrote === null) return
    const again = Math.min(Math.max(0, wrote.bytes - (all.bytes - there.bytes)), there.bytes)
    bench.recordBytes(`placed-${name}`, tool, round, there.bytes)
    bench.recordBytes(`wrote-${name}`, tool, round, wrote.bytes)
    bench.recordBytes(`again-${name}`, tool, round, again)
    const count = (files: number) => files.toLocaleString('en-US')
    const told = `${tool.name}, killed at ${share * 100} %, round ${round}: ${count(there.files)} of ${count(all.files)} files were in place`
    if (wrote.names === null) return bench.options.tell(told)
    bench.options.tell(`${told}; the second run wrote ${count(wrote.names)} names, ${count(wrote.bytes)} bytes`)
    if (round > 0)
      bench.notes.push(`${told}; the second run wrote ${count(wrote.names)} names, directories among them.`)
    // It writes under another name and renames: another inode is what was written again, whatever it says itself.
    const replaced = filesOf(placed, (at, seen) => after.get(at)?.inode !== seen.inode)
    bench.checkOnce(
      tool,
      'of what was in place no more has another inode than it says it wrote again',
      replaced.bytes <= again,
    )
    return
  }
  fail(`it ended ${attempts} times before it could be killed`)
}

/** The same words for the restore that is killed and for the one that goes on. */
function restoreOf(bench: Bench, { tool, backup, path }: Restorable, target: string) {
  const command = tool.restore(bench.place(tool), path, target, backup)
  return tool.name === holdfastName ? extended(command, '--json') : command
}

/** What the last measured restore wrote, by its own word where it gives one; null where nobody knows. */
function wroteBy(bench: Bench, tool: Tool): { names: number | null; bytes: number } | null {
  if (tool.name === holdfastName) {
    const { written, bytes } = restoredBy(bench, tool)
    return { names: written, bytes }
  }
  const { writtenBytes } = bench.measurements.at(-1)!
  return writtenBytes === undefined ? null : { names: null, bytes: writtenBytes }
}

function checkRestored(bench: Bench, { tool, path, source }: Restorable, target: string) {
  const after = seeTree(`${target}${path}`)
  const wrong = changedBetween(source, after)
  bench.checkOnce(tool, 'killed or not, every content, mode and time is restored in the end', wrong.length === 0)
  return after
}
