import { writeFileSync } from 'node:fs'
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
      // Something of its own in each, so that all that come after it need it.
      writeFileSync(join(place.source, `new-${ids.length}`), `${ids.length} ${'x'.repeat(5000)}`)
      ids.push(...((await creating(type)(engine, place, during)).backups ?? []))
    }
    return ids
  },
  perform: keepOne,
  mayGo: (backups) => backups.slice(0, gone),
  async judge({ place, before }) {
    const there = backupIds(place.root)
    // The dependants go first: of the old lineage there is always a beginning.
    const old = before.backups.slice(0, gone)
    const left = old.filter((id) => there.includes(id))
    // One that could not be read makes a cleanup keep another in its place: that it ends with 0 says nothing here.
    return left.join() === old.slice(0, left.length).join() ? [] : [`of the old lineage there is ${left}`]
  },
  async judgeAgain({ place, before }) {
    const there = backupIds(place.root).join()
    return there === before.backups.slice(gone).toSorted().join() ? [] : [`the next cleanup left ${there}`]
  },
}
