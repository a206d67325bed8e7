import type { Operation } from '../operation.ts'
import { creating, inTurn } from './deeds.ts'
import { makeSource, workOnSource } from './trees.ts'

export const createIncremental: Operation = {
  name: 'create --type incremental',
  about: 'An incremental backup of the same tree, a quarter of it changed, that builds on a full one.',
  changes: [],
  async prepare(engine, place, during) {
    makeSource(place, 40)
    const ids = await inTurn([creating('full')], engine, place, during)
    workOnSource(place)
    return ids
  },
  perform: creating('incremental'),
  makes: ({ source }) => source,
}
