import type { Evidence, Operation } from '../operation.ts'
import { differences, lost, strangers, type Tree, withoutTemporaries } from '../witness.ts'
import { backedUpAndChanged, restoring } from './deeds.ts'

const wanted = ({ before }: Evidence): Tree => before.stored.get(before.backups[0]!)!

export const restoreInPlace: Operation = {
  name: 'restore --in-place --delete-extra',
  about:
    'A restore over the same tree after a third of it was changed and names were added and taken away; what the backup does not have is deleted.',
  changes: ['source', 'outside'],
  saves: true,
  prepare: backedUpAndChanged,
  perform: restoring('in place'),
  async judge(evidence) {
    const { place, before, answer, witness } = evidence
    const all = await witness.describe(place.source)
    const now = answer === null ? withoutTemporaries(all) : all
    return [
      ...strangers(before.source, wanted(evidence), now),
      ...lost(before.source, wanted(evidence), now),
      ...(answer?.exitCode === 0 ? differences(wanted(evidence), now) : []),
      ...(await outsideIsWhole(evidence)),
    ]
  },
  async judgeAgain(evidence) {
    const { place, witness } = evidence
    return [...differences(wanted(evidence), await witness.describe(place.source)), ...(await outsideIsWhole(evidence))]
  },
}

async function outsideIsWhole({ place, witness }: Evidence): Promise<string[]> {
  const names = Object.keys(await witness.describe(place.outside))
  return names.join() === ',precious' ? [] : [`outside there is ${names}`]
}
