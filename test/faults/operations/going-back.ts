import { execFileSync } from 'node:child_process'
import type { During } from '../../../src/model/during.ts'
import type { Engine } from '../../../src/model/engine.ts'
import type { Act, Evidence, Operation } from '../operation.ts'
import { differences, lost, strangers, withoutTemporaries } from '../witness.ts'
import { backedUpAndChanged, inPlaceOptions, restoring } from './deeds.ts'

/** Restores that are taken back, and what it looked like before them: a copy beside it, where no case has any business. */

/** All that can be taken back, the newest first: a restore that ended with warnings and was asked for again is two. */
const undoing: Act = async (engine, _place, during) => {
  const restores = await engine.undoable()
  // It died before it changed anything: what it left in temp/ is for the next run to sweep, whatever that is.
  if (restores.length === 0) await (await engine.planRestore(inPlaceOptions, during)).drop()
  let exitCode = 0
  for (const { id, state } of restores) {
    if (state !== 'undone' && exitCode === 0) exitCode = await undone(engine, id, during)
  }
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

const before: Pick<Operation, 'changes' | 'saves'> & { readonly prepare: Operation['prepare'] } = {
  changes: ['source', 'outside'],
  saves: true,
  async prepare(engine, place, during) {
    const ids = await backedUpAndChanged(engine, place, during)
    execFileSync('cp', ['-a', place.source, place.target])
    return ids
  },
}

async function asBefore({ place, witness }: Evidence): Promise<readonly string[]> {
  return differences(await witness.describe(place.target), await witness.describe(place.source))
}

export const restoreThenUndo: Operation = {
  ...before,
  name: 'restore then undo',
  about: 'The same restore in place, which meets the fault; it is taken back then, and all must be as it was before.',
  perform: restoring('in place'),
  again: undoing,
  judgeAgain: asBefore,
}

export const restoreResumeUndo: Operation = {
  ...before,
  name: 'restore then resume then undo',
  about: 'The same, but gone on with to its end before it is taken back.',
  perform: restoring('in place'),
  async again(engine, place, during) {
    const resumed = await restoring('in place')(engine, place, during)
    return resumed.exitCode === 0 ? undoing(engine, place, during) : resumed
  },
  judgeAgain: asBefore,
}

export const undo: Operation = {
  ...before,
  name: 'undo',
  about: 'The undo of that restore meets the fault, and is asked for once more.',
  async prepare(engine, place, during) {
    const ids = await before.prepare(engine, place, during)
    await restoring('in place')(engine, place, during)
    const { backups } = await engine.list({ type: 'safety', services: [], days: null })
    return [...ids, ...backups.map(({ id }) => id)]
  },
  perform: undoing,
  async judge({ place, before: { source }, answer, witness }) {
    const all = await witness.describe(place.source)
    const wanted = await witness.describe(place.target)
    const now = answer === null ? withoutTemporaries(all) : all
    return [
      ...strangers(source, wanted, now),
      ...lost(source, wanted, now),
      ...(answer?.exitCode === 0 ? differences(wanted, now) : []),
    ]
  },
  judgeAgain: asBefore,
}
