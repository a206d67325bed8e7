import type { RestoreOptions } from '../../../src/model/planned-restore.ts'
import { plainly } from '../../engine-kit.ts'
import type { Act } from '../operation.ts'
import { changeSource, makeOutside, makeSource } from './trees.ts'

/** Deeds that several operations need. */

export function creating(type: 'full' | 'incremental'): Act {
  return async (engine, place, during) => {
    const made = await engine.create(plainly({ type, paths: [place.source] }), during)
    return { exitCode: made.exitCode, backups: [made.backup.id] }
  }
}

export const inPlaceOptions: RestoreOptions = {
  source: { kind: 'backup', backup: 'latest', services: [], paths: [] },
  target: { kind: 'in-place' },
  conflict: 'overwrite',
  deleteExtra: true,
  workers: 1,
}

/** Of the latest backup; in place what it does not have is deleted. */
export function restoring(to: 'target' | 'in place'): Act {
  return async (engine, place, during) => {
    const plan = await engine.planRestore(
      to === 'in place'
        ? inPlaceOptions
        : { ...inPlaceOptions, target: { kind: 'directory', path: place.target }, deleteExtra: false },
      during,
    )
    try {
      return { exitCode: (await plan.apply(during)).exitCode }
    } finally {
      await plan.drop()
    }
  }
}

/** A tree of `files` that was backed up, and then changed. */
export async function backedUpAndChanged(files: number, ...given: Parameters<Act>): Promise<string[]> {
  const [, place] = given
  makeOutside(place)
  makeSource(place, files)
  const ids = await inTurn([creating('full')], ...given)
  changeSource(place, files)
  return ids
}

/** Does deeds one after another, each of which must end well; gives the ids of all of them. */
export async function inTurn(acts: readonly Act[], ...given: Parameters<Act>): Promise<string[]> {
  const ids: string[] = []
  for (const act of acts) {
    const { exitCode, backups = [] } = await act(...given)
    if (exitCode !== 0) throw new Error(`a deed without faults ended with ${exitCode}`)
    ids.push(...backups)
  }
  return ids
}
