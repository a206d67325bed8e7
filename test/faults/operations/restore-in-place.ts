import { execFileSync } from 'node:child_process'
import type { During } from '../../../src/model/during.ts'
import type { Engine } from '../../../src/model/engine.ts'
import type { Act, Evidence, Operation } from '../operation.ts'
import { differences, lost, strangers, type Tree, withoutTemporaries } from '../witness.ts'
import { backedUpAndChanged, inPlaceOptions, restoring } from './deeds.ts'
import { sized } from './sizes.ts'

/** Restores in place, and what takes them back. What it looked like before is copied beside, where no case has business. */

/** All that can be taken back, the newest first: a restore that ended with warnings and was asked for again is two. */
const undoing: Act = async (engine, _place, during) => {
  const restores = (await engine.undoable()).filter(({ state }) => state !== 'undone')
  // It changed nothing, or is taken back: what it left in temp/ is for the next run to sweep, whatever that is.
  if (restores.length === 0) await (await engine.planRestore(inPlaceOptions, during)).drop()
  let exitCode = 0
  for (const { id } of restores) if (exitCode === 0) exitCode = await undone(engine, id, during)
  return { exitCode }
}

async function undone(engine: Engine, restore: string, during: During): Promise<number> {
  const plan = await engine.planUndo({ restore, workers: 1 }, during)
  if (plan === null) return 0
  try {
    return (await plan.apply(during)).exitCode
  } finally {
    await plan.drop()
  }
}

const overChangedTree = (files: number) =>
  ({
    changes: ['source', 'outside'],
    saves: ({ source }) => source,
    async prepare(engine, place, during) {
      const ids = await backedUpAndChanged(files, engine, place, during)
      execFileSync('cp', ['-a', place.source, place.target])
      return ids
    },
  }) satisfies Pick<Operation, 'changes' | 'saves' | 'prepare'>

const asInBackup = ({ before }: Evidence): Tree => before.stored.get(before.backups[0]!)!
const asBefore = ({ place, witness }: Evidence): Promise<Tree> => witness.describe(place.target)

/** What is neither as before nor as wanted, what is lost, and what is not as wanted where that was promised. */
async function wrongOnTheWay(evidence: Evidence, wanted: Tree): Promise<string[]> {
  const { place, before, answer, witness } = evidence
  const all = await witness.describe(place.source)
  const now = answer === null ? withoutTemporaries(all) : all
  return [
    ...strangers(before.source, wanted, now),
    ...lost(before.source, wanted, now),
    ...(answer?.exitCode === 0 ? differences(wanted, now) : []),
    ...(await wrongOutside(evidence)),
  ]
}

async function wrongAtTheEnd(evidence: Evidence, wanted: Tree): Promise<string[]> {
  const { place, witness } = evidence
  return [...differences(wanted, await witness.describe(place.source)), ...(await wrongOutside(evidence))]
}

async function wrongOutside({ place, witness }: Evidence): Promise<string[]> {
  const names = Object.keys(await witness.describe(place.outside))
  return names.join() === ',precious' ? [] : [`outside there is ${names}`]
}

export const restoreResumeUndo = (files: number): Operation => ({
  ...overChangedTree(files),
  ...sized('restore --in-place, resume, undo', files),
  about: `A restore over the same tree of ${files} files after a third of it was changed and names were added and taken away; what the backup does not have is deleted. It meets the fault, is gone on with to its end, and is then taken back: after each of the three everything is looked at.`,
  perform: restoring('in place'),
  judge: (evidence) => wrongOnTheWay(evidence, asInBackup(evidence)),
  judgeAgain: (evidence) => wrongAtTheEnd(evidence, asInBackup(evidence)),
  back: undoing,
  judgeBack: async (evidence) => wrongAtTheEnd(evidence, await asBefore(evidence)),
})

export const restoreThenUndo = (files: number): Operation => ({
  ...overChangedTree(files),
  ...sized('restore --in-place, undo', files),
  about: `The same restore of ${files} files meets the fault, and is taken back from where it stopped.`,
  perform: restoring('in place'),
  again: undoing,
  judgeAgain: async (evidence) => wrongAtTheEnd(evidence, await asBefore(evidence)),
})

export const undo = (files: number): Operation => ({
  ...overChangedTree(files),
  ...sized('undo', files),
  about: `The undo of that restore of ${files} files meets the fault, and is asked for once more.`,
  async prepare(engine, place, during) {
    const ids = await overChangedTree(files).prepare(engine, place, during)
    await restoring('in place')(engine, place, during)
    const { backups } = await engine.list({ type: 'safety', services: [], days: null })
    return [...ids, ...backups.map(({ id }) => id)]
  },
  perform: undoing,
  judge: async (evidence) => wrongOnTheWay(evidence, await asBefore(evidence)),
  judgeAgain: async (evidence) => wrongAtTheEnd(evidence, await asBefore(evidence)),
})
