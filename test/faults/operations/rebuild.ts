import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeTree } from '../../e2e/trees.ts'
import type { Operation } from '../operation.ts'
import { creating, inTurn } from './deeds.ts'

export const rebuild: Operation = {
  name: 'rebuild',
  about: 'The catalog anew, out of five backups, where the old one lists only three.',
  changes: [],
  async prepare(engine, place, during) {
    makeTree(place.source, 10, 0)
    const ids = await inTurn(Array(3).fill(creating('full')), engine, place, during)
    const older = readFileSync(join(place.root, 'metadata.json'))
    ids.push(...(await inTurn([creating('incremental'), creating('incremental')], engine, place, during)))
    writeFileSync(join(place.root, 'metadata.json'), older)
    return ids
  },
  async perform(engine, _, during) {
    return { exitCode: (await engine.rebuild(during)).exitCode }
  },
  async judge({ place, before, answer }) {
    const text = readFileSync(join(place.root, 'metadata.json'), 'utf8')
    if (text === before.catalog) return answer?.exitCode === 0 ? ['ended with 0, and the catalog is the old one'] : []
    const listed = idsOf(text)
    // One that could not be read is left out, and said.
    if (answer?.exitCode === 3) return []
    return listed.join() === before.backups.toSorted().join() ? [] : [`the catalog holds ${listed}`]
  },
  async judgeAgain({ place, before }) {
    const listed = idsOf(readFileSync(join(place.root, 'metadata.json'), 'utf8'))
    return listed.join() === before.backups.toSorted().join() ? [] : [`the catalog holds ${listed}`]
  },
}

function idsOf(text: string): string[] {
  const { backups } = JSON.parse(text) as { backups: { id: string }[] }
  return backups.map(({ id }) => id).sort()
}
