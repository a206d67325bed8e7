import { join } from 'node:path'
import type { Evidence, Operation } from '../operation.ts'
import { differences, strangers, type Tree, withoutTemporaries } from '../witness.ts'
import { creating, restoring } from './deeds.ts'
import { sized } from './sizes.ts'
import { makeSource } from './trees.ts'

const restored = ({ place, witness }: Evidence): Promise<Tree> => witness.describe(join(place.target, place.source))
const wanted = ({ before }: Evidence): Tree => before.stored.get(before.backups[0]!)!

export const restoreToDirectory = (files: number): Operation => ({
  ...sized('restore --target', files),
  about: `A restore of ${files} files into a directory that is not there yet.`,
  changes: ['target'],
  // A second try over what the first one has left replaces that.
  saves: ({ source, target }) => join(target, source),
  async prepare(engine, place, during) {
    makeSource(place, files)
    return (await creating('full')(engine, place, during)).backups ?? []
  },
  perform: restoring('target'),
  async judge(evidence) {
    const now = await restored(evidence)
    const found = strangers({}, wanted(evidence), evidence.answer === null ? withoutTemporaries(now) : now)
    return evidence.answer?.exitCode === 0 ? [...found, ...differences(wanted(evidence), now)] : found
  },
  async judgeAgain(evidence) {
    return differences(wanted(evidence), await restored(evidence))
  },
})
