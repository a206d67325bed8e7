import type { CatalogEntry } from '../model/backup.ts'
import { BackupError } from '../model/errors.ts'
import type { BytePath } from '../model/path.ts'
import { acquireLock, type Lock } from './platform/lock.ts'
import type { Repository, World } from './repository.ts'
import type { Run } from './run.ts'

const waitMs = 60_000

export interface HeldServices {
  /** All services of the backup are held. */
  holds(backup: Pick<CatalogEntry, 'services'>): boolean
  release(): void
}

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
): Promise<HeldServices> {
  const held = new Held()
  try {
    for (const name of [...services].sort())
      held.add(name, await acquireLock(files, lockOf(repository, name), { waitMs, signal, holder, clock }))
  } catch (error) {
    held.release()
    throw error
  }
  return held
}

/** Holds those of them that are free within `patienceMs`, and says of the others who has them. @throws E_INTERRUPTED. */
export async function lockFreeServices(
  { files, clock }: World,
  repository: Repository,
  services: Iterable<string>,
  { signal, holder }: Run,
  patienceMs: number,
): Promise<{ readonly held: HeldServices; readonly busy: ReadonlyMap<string, string> }> {
  const held = new Held()
  const busy = new Map<string, string>()
  const deadline = clock.elapsed() + patienceMs
  try {
    for (const name of [...new Set(services)].sort()) {
      const waitMs = Math.max(0, deadline - clock.elapsed())
      try {
        held.add(name, await acquireLock(files, lockOf(repository, name), { waitMs, signal, holder, clock }))
      } catch (error) {
        if (!(error instanceof BackupError && error.code === 'E_BUSY')) throw error
        busy.set(name, error.message)
      }
    }
  } catch (error) {
    held.release()
    throw error
  }
  return { held, busy }
}

function lockOf(repository: Repository, service: string): BytePath {
  return repository.lock(`service-${service}`)
}

class Held implements HeldServices {
  readonly #locks = new Map<string, Lock>()

  add(service: string, lock: Lock): void {
    this.#locks.set(service, lock)
  }

  holds({ services }: Pick<CatalogEntry, 'services'>): boolean {
    return services.every((service) => this.#locks.has(service))
  }

  release(): void {
    for (const lock of this.#locks.values()) lock.release()
    this.#locks.clear()
  }
}
