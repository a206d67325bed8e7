import type { Operation } from '../operation.ts'
import { creating, inTurn } from './deeds.ts'
import { makeSource, workOnSource } from './trees.ts'

export const verify: Operation = {
  name: 'verify --all --level full',
  about: 'Everything read and checked, of a full backup and an incremental one of 40 files.',
  changes: [],
  async prepare(engine, place, during) {
    makeSource(place, 40)
    const ids = await inTurn([creating('full')], engine, place, during)
    workOnSource(place)
    return [...ids, ...(await inTurn([creating('incremental')], engine, place, during))]
  },
  async perform(engine, _, during) {
    return { exitCode: (await engine.verify({ backups: null, level: 'full', workers: 1 }, during)).exitCode }
  },
}
