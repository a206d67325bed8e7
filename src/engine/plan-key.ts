import { createHash } from 'node:crypto'
import { readText, replaceFile } from './platform/json-file.ts'
import type { Repository, World } from './repository.ts'

/** What binds a restore plan to its repository: nobody without the repository can make or renew one. */
export interface PlanKey {
  readonly key: Uint8Array
  /** Tells repositories apart without giving the key away. */
  readonly repositoryId: string
}

/**
 * The repository's plan key, made where it was lost. Where it can be neither read nor made, as on read-only media, the
 * plan is good for this run only.
 */
export async function planKeyOf(world: World, repository: Repository): Promise<PlanKey> {
  const text = readText(world.files, repository.planKey)?.trim() ?? ''
  let key: Uint8Array = Buffer.from(text, 'hex')
  if (key.length !== 32) {
    key = world.random.bytes(32)
    if (world.readOnly) return planKey(key)
    try {
      await replaceFile(world.files, repository.planKey, `${Buffer.from(key).toString('hex')}\n`)
    } catch {
      // Saving a plan is then of no use, and applying a saved one says that it belongs to another repository.
    }
  }
  return planKey(key)
}

function planKey(key: Uint8Array): PlanKey {
  return {
    key,
    repositoryId: createHash('sha256').update('holdfast/repository').update(key).digest('hex').slice(0, 32),
  }
}
