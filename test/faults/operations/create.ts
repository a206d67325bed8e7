import type { Operation } from '../operation.ts'
import { creating } from './deeds.ts'
import { makeSource } from './trees.ts'

export const create: Operation = {
  name: 'create',
  about: 'A full backup of 40 files, some of them links, one of them stored in parts, beside an older backup.',
  changes: [],
  async prepare(engine, place, during) {
    makeSource(place, 40)
    return (await creating('full')(engine, place, during)).backups ?? []
  },
  perform: creating('full'),
  makes: ({ source }) => source,
  corners: [
    { calls: 'sync', kind: 'EIO' },
    { calls: 'rename', kind: 'EIO' },
  ],
}
