import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { backupIds } from '../../e2e/stage.ts'
import { makeTree } from '../../e2e/trees.ts'
import type { Act, Operation } from '../operation.ts'
import { creating } from './deeds.ts'

const keepOne: Act = async (engine, _, during) => {
  const order = { rules: { kind: 'by-hand', counts: { keep: 1 }, graceHours: 0 }, only: null } as const
  const { exitCode, deleted } = await engine.cleanup(order, during)
  return { exitCode, backups: deleted }
}
/** Two lineages, of three and of two; keeping one lets the first lineage go. */
const types = ['full', 'incremental', 'incremental', 'full', 'incremental'] as const
const gone = 3

export const cleanup: Operation = {
  name: 'cleanup',
  about: 'Two lineages, of three backups and of two; the older one is let go.',
  changes: [],
  async prepare(engine, place, during) {
    makeTree(place.source, 10, 0)
    const ids: string[] = []
    for (const type of types) {
      appendFileSync(join(place.source, 'directory-0', 'file-3'), type)
      ids.push(...((await creating(type)(engine, place, during)).backups ?? []))
    }
    return ids
  },
  perform: keepOne,
  mayGo: (backups) => backups.slice(0, gone),
  async judge({ place, before, answer }) {
    const there = backupIds(place.root)
    // The dependants go first: of the old lineage there is always a beginning.
    const old = before.backups.slice(0, gone)
    const left = old.filter((id) => there.includes(id))
    return [
      ...(left.join() === old.slice(0, left.length).join() ? [] : [`of the old lineage there is ${left}`]),
      ...(answer?.exitCode === 0 && left.length > 0 ? [`ended with 0, and ${left} are there`] : []),
    ]
  },
  async judgeAgain({ place, before }) {
    const there = backupIds(place.root).join()
    return there === before.backups.slice(gone).toSorted().join() ? [] : [`the next cleanup left ${there}`]
  },
}
