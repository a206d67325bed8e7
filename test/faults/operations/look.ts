import type { Operation } from '../operation.ts'
import { creating, inTurn } from './deeds.ts'
import { makeSource } from './trees.ts'

export const look: Operation = {
  name: 'list and inspect',
  about:
    'What only looks (list, status, doctor, inspect, a cleanup that is only planned) over a full backup and an incremental one.',
  changes: [],
  async prepare(engine, place, during) {
    makeSource(place, 10)
    return inTurn([creating('full'), creating('incremental')], engine, place, during)
  },
  async perform(engine) {
    await engine.list({ type: null, services: [], days: null })
    await engine.status()
    await engine.doctor()
    await engine.inspect({ backup: 'latest', services: [], path: null }, async () => {})
    await engine.planCleanup({ kind: 'by-hand', counts: { keep: 1 }, graceHours: 0 })
    return { exitCode: 0 }
  },
  corners: [{ calls: 'fileSystem', kind: 'EIO' }],
}
