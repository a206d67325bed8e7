import { acquireLock, type Lock } from './platform/lock.ts'
import type { Repository, World } from './repository.ts'
import type { Run } from './run.ts'

const waitMs = 60_000

/**
 * Holds services: until release nobody else adds a backup to one of them or deletes one. In one order for everybody, so
 * that two never wait for each other.
 *
 * @throws E_BUSY after a minute, E_INTERRUPTED; nothing is held then.
 */
export async function lockServices(
  { files, clock }: World,
  repository: Repository,
  services: readonly string[],
  { signal, holder }: Run,
): Promise<Pick<Lock, 'release'>> {
  const locks: Lock[] = []
  const release = (): void => {
    for (const lock of locks) lock.release()
  }
  try {
    for (const name of [...services].sort())
      locks.push(await acquireLock(files, repository.lock(`service-${name}`), { waitMs, signal, holder, clock }))
  } catch (error) {
    release()
    throw error
  }
  return { release }
}
