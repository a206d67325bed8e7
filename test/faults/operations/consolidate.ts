import { backupIds } from '../../e2e/stage.ts'
import type { Act, Operation } from '../operation.ts'
import { creating, inTurn } from './deeds.ts'
import { makeSource, workOnSource } from './trees.ts'

/** Of the incremental one, whether or not it was consolidated before. */
const theIncremental: Act = async (engine, { root }, during) => {
  const backup = backupIds(root).find((id) => id.includes('-incremental-')) as string // `prepare` made it
  const made = await engine.consolidate({ backup }, during)
  return made === null ? { exitCode: 0 } : { exitCode: made.exitCode, backups: [made.backup.id] }
}

export const consolidate: Operation = {
  name: 'consolidate',
  about: 'A backup that depends on nothing, made of an incremental one and the full one it builds on.',
  changes: [],
  async prepare(engine, place, during) {
    makeSource(place, 40)
    const full = await inTurn([creating('full')], engine, place, during)
    workOnSource(place)
    return [...full, ...(await inTurn([creating('incremental')], engine, place, during))]
  },
  perform: theIncremental,
  makes: ({ stored, backups }) => stored.get(backups[1]!)!,
}
